"""Compares a run's network on the GPU with itself on the CPU, and measures how fast many lines go through at once.

    python -m model.gpu_check --run offline
"""

from __future__ import annotations

import copy
import time

import torch

from lipsync_addon.core.errors import LipsyncError

from .command import arguments, in_a_sentence
from .dataset import Pieces
from .export import load_checkpoint
from .network import HOP, SAMPLE_RATE, Lipsync
from .paths import RUNS


@torch.no_grad()
def worst_difference(network: Lipsync, samples: torch.Tensor, *, tensor_float: bool) -> float:
    """Largest difference of any phone or mouth unit; `tensor_float`: with products and convolutions in
    TensorFloat-32."""
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


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--run", default="offline")
    network = load_checkpoint(RUNS / parser.parse_args().run / "checkpoint.pt")
    if not torch.cuda.is_available():
        raise LipsyncError("PyTorch finds no GPU here.", "Run it on a machine with one.")
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
