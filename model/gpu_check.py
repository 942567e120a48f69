"""Compares a run's network on the GPU with itself on the CPU, and measures how fast many lines go through at once.

    python -m model.gpu_check --run offline
"""

from __future__ import annotations

import argparse
import copy
import time

import torch

from .dataset import Pieces
from .network import HOP, SAMPLE_RATE, Lipsync, NetworkConfig
from .paths import RUNS


def averaged(run: str) -> Lipsync:
    """The averaged network of a run, on the CPU."""
    state = torch.load(RUNS / run / "checkpoint.pt", weights_only=True, map_location="cpu")
    network = Lipsync(NetworkConfig.from_dict(state["network"]))
    network.load_state_dict(state["averaged"])
    return network.eval()


@torch.no_grad()
def worst_difference(network: Lipsync, samples: torch.Tensor, *, tensor_float: bool) -> float:
    """Largest difference of any phone or mouth unit; `tensor_float`: with products and convolutions in TensorFloat-32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tensor_float
    on_gpu = copy.deepcopy(network).cuda()(samples.cuda())
    return max(float((a - b.cpu()).abs().max()) for a, b in zip(network(samples), on_gpu))


@torch.no_grad()
def throughput(network: Lipsync, lines: int, seconds: float, repeats: int = 10) -> float:
    """Seconds of sound per second, so many lines of that length at once, sound on the GPU already."""
    network = copy.deepcopy(network).cuda()
    samples = torch.randn(lines, int(seconds * SAMPLE_RATE) // HOP * HOP, device="cuda")
    for _ in range(2):
        network(samples)
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        network(samples)
    torch.cuda.synchronize()
    return lines * seconds * repeats / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="offline")
    network = averaged(parser.parse_args().run)
    torch.set_num_threads(4)
    samples = Pieces({"nathalie_nl": 1.0}, 200, 0, held_out=True).draw(16).samples
    print(torch.cuda.get_device_name())
    for tensor_float in (False, True):
        worst = worst_difference(network, samples, tensor_float=tensor_float)
        print(f"CPU and GPU differ by {worst:.1e}{' with TensorFloat-32' if tensor_float else ''}")
    for lines in (1, 16, 64):
        print(f"{lines} lines of 16 s at once: {throughput(network, lines, 16.0):.0f} times real time")


if __name__ == "__main__":
    main()
