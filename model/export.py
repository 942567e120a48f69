"""Exports a run's averaged weights for the add-on and proves that ONNX Runtime agrees with PyTorch.

    python -m model.export --run first --version 0.1.0

Writes lipsync_addon/data/models/lipsync.onnx and lipsync.json (ModelSpec). Fails, and leaves what was there, if the
two differ by more than 1e-4 on real speech.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.core.phones import PHONES

from .datasets.corpora import corpus_sound
from .network import ARKIT_CHANNELS, HOP, SAMPLE_RATE, Lipsync, NetworkConfig
from .paths import EXPORTED, RUNS

TOLERANCE = 1e-4
OUTPUTS = {"arkit": ARKIT_CHANNELS, "visemes": VISEMES_15, "phones": PHONES}


def load_checkpoint(path: Path) -> Lipsync:
    """The averaged network of a checkpoint, ready to run."""
    state = torch.load(path, weights_only=True)
    network = Lipsync(NetworkConfig.from_dict(state["network"]))
    network.load_state_dict(state["averaged"])
    return network.eval()


def to_onnx(network: Lipsync, path: Path) -> None:
    """Writes the .onnx: input "samples" [B, N], outputs [B, N // HOP, channels]."""
    batch, frames = torch.export.Dim("batch", min=1), torch.export.Dim("frames", min=2)
    program = torch.onnx.export(
        network,
        (torch.zeros(2, HOP * 100),),
        input_names=["samples"],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: batch, 1: HOP * frames},),
        dynamo=True,
        opset_version=18,
        verbose=False,
    )
    program.optimize()
    onnx.save(program.model_proto, path)


def difference(network: Lipsync, path: Path, samples: np.ndarray) -> float:
    """Largest difference of any output between PyTorch and ONNX Runtime for one sound [N]."""
    samples = samples[None, : len(samples) // HOP * HOP]
    with torch.no_grad():
        wanted = network(torch.from_numpy(samples))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(list(OUTPUTS), {"samples": samples})
    return max(float(np.abs(w.numpy() - f).max()) for w, f in zip(wanted, found))


def export(checkpoint: Path, folder: Path, name: str, version: str) -> tuple[ModelSpec, float]:
    """The contract that was written and the difference that was found. Raises ValueError above TOLERANCE."""
    network = load_checkpoint(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary) / f"{name}.onnx"
        to_onnx(network, path)
        sounds = [samples for _, samples in corpus_sound("jfk_en")] + [np.zeros(SAMPLE_RATE, np.float32)]
        worst = max(difference(network, path, samples) for samples in sounds)
        if worst > TOLERANCE:
            raise ValueError(f"PyTorch and ONNX Runtime differ by {worst:.2g}, more than {TOLERANCE:g}")
        context = network.config.context
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        spec = ModelSpec(name, version, digest, SAMPLE_RATE, HOP, context, context, "samples", OUTPUTS)
        spec.save(Path(temporary) / f"{name}.json")
        os.replace(path, folder / path.name)
        os.replace(Path(temporary) / f"{name}.json", folder / f"{name}.json")
    return spec, worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="name of the folder under runs/")
    parser.add_argument("--version", required=True)
    parser.add_argument("--to", type=Path, default=EXPORTED, help="folder for lipsync.onnx and lipsync.json")
    options = parser.parse_args()
    spec, worst = export(RUNS / options.run / "checkpoint.pt", options.to, "lipsync", options.version)
    size = (options.to / "lipsync.onnx").stat().st_size / 1e6
    print(f"{spec.name} {spec.version}: {size:.1f} MB, PyTorch and ONNX Runtime differ by {worst:.1e}")


if __name__ == "__main__":
    main()
