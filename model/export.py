"""Exports a network for the add-on and proves that ONNX Runtime agrees with PyTorch.

    python -m model.export --run offline --version 0.2.0                     runs/offline/checkpoint.pt -> lipsync.*
    python -m model.export --run live --network live --version 0.2.0         -> lipsync_live.*
    python -m model.export --checkpoint model/checkpoints/0.2.0.pt --version 0.2.0

Writes <name>.hear.onnx, <name>.move.onnx and <name>.json (core/model_spec.py) into lipsync_addon/data/models. Weights
lie there in half precision; ONNX Runtime makes them single when it opens the file and computes in that. Fails, and
leaves what was there, if an output differs on real speech.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxscript import opset18 as op
from torch import nn

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.model_spec import ControlSpec, GraphSpec, ModelSpec
from lipsync_addon.core.phones import PHONES

from .command import arguments, in_a_sentence, needed
from .controls import EMOTIONS, INTENSITIES, STYLES
from .datasets.corpora import corpus_sound
from .network import ARKIT_CHANNELS, CONTROLS, HOP, SAMPLE_RATE, HearGraph, Lipsync, MoveGraph, NetworkConfig
from .paths import EXPORTED, RUNS

NAMES = {"offline": "lipsync", "live": "lipsync_live"}
TOLERANCE = 1e-4
"""Between PyTorch and ONNX Runtime with the same weights, as a share of an output's largest value if that is over 1."""
HALF_TOLERANCE = 1e-3
"""Between the trained weights and those in half precision, of phones, visemes and coefficients."""
SMALL = 64
"""Initialisers of fewer numbers stay in single precision: shapes, epsilons, biases."""
MEANINGS = {
    "filmed": "As the filmed talker speaks.",
    "captured": "As the captured face speaks.",
    "clear": "As the phones alone ask for, the jaw as the sound is heard.",
    "intensity": "How large the motion is; lips close all the same.",
} | {name: f"What a face in {name} does beside speaking, by rule and not from the sound." for name in EMOTIONS}


def load_checkpoint(path: Path) -> Lipsync:
    """The averaged network of a run's checkpoint or of a kept one (float16), ready to run.

    Raises LipsyncError where there is none.
    """
    needed(path, "Train a run first, or take one of model/checkpoints.")
    state = torch.load(path, weights_only=True, map_location="cpu")
    network = Lipsync(NetworkConfig.from_dict(state["network"]))
    network.load_state_dict(state["averaged"])
    return network.eval()


def controls() -> dict[str, ControlSpec]:
    """What *move* may be told."""
    kinds = dict.fromkeys(STYLES, "style") | {"intensity": "intensity"} | dict.fromkeys(EMOTIONS, "emotion")
    limits = {"intensity": INTENSITIES}
    return {
        name: ControlSpec(kinds[name], neutral, *limits.get(name, (0.0, 1.0)), MEANINGS[name])
        for name, neutral in CONTROLS.items()
    }


def outputs(config: NetworkConfig) -> dict[str, dict[str, tuple[str, ...]]]:
    """Channel names of every output of "hear" and "move"."""
    numbered = lambda name, count: tuple(f"{name}_{index}" for index in range(count))  # noqa: E731
    return {
        "hear": {"phones": PHONES, "residual": numbered("residual", config.residual)},
        "move": {
            "arkit": ARKIT_CHANNELS,
            "visemes": VISEMES_15,
            "log_variance": tuple(f"{name}_log_variance" for name in ARKIT_CHANNELS),
            "features": numbered("feature", config.move_width),
        },
    }


def to_onnx(network: Lipsync, part: str, path: Path) -> None:
    """Writes one graph of a network: inputs and outputs as ModelSpec names them, any batch, any number of frames."""
    least = sum(network.config.context(part)) + 1
    batch, frames = torch.export.Dim("batch", min=1), torch.export.Dim("frames", min=least)
    if part == "hear":
        graph: nn.Module = HearGraph(network)
        inputs, shapes = {"samples": torch.zeros(2, HOP * 100)}, ({0: batch, 1: HOP * frames},)
    else:
        graph = MoveGraph(network)
        sizes = {"phones": len(PHONES), "residual": network.config.residual, "controls": len(CONTROLS)}
        inputs = {name: torch.zeros(2, 100, size) for name, size in sizes.items()}
        shapes = ({0: batch, 1: frames},) * 3
    program = torch.onnx.export(
        graph.eval(),
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=list(outputs(network.config)[part]),
        dynamic_shapes=shapes,
        dynamo=True,
        opset_version=18,
        custom_translation_table={torch.ops.aten.gelu.default: _gelu},
        verbose=False,
    )
    program.optimize()
    onnx.save(_with_half_weights(program.model_proto), path)


def _gelu(x: Any, approximate: str = "none") -> Any:
    """GELU by tanh with its factors in the order that ONNX Runtime knows: it makes one operation, FastGelu, of these
    nine, where a provider has that. ONNX' own Gelu needs opset 20, which not every provider has."""
    assert approximate == "tanh"
    inner = op.Mul(op.Add(op.Mul(op.Mul(x, 0.044715), x), 1.0), op.Mul(x, 0.7978845608))
    return op.Mul(op.Add(op.Tanh(inner), 1.0), op.Mul(x, 0.5))


def _with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its weights in half precision, each cast to single before its use."""
    kept, casts = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALL:
            kept.append(weight)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{weight.name}.half"))
        casts.append(helper.make_node("Cast", [f"{weight.name}.half"], [weight.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    for node in nodes:  # the exporter notes where in which file of this machine each comes from
        del node.metadata_props[:]
        node.doc_string = ""
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, kept)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def in_half(network: Lipsync) -> Lipsync:
    """The network with its weights as they lie on disk, computing in single precision."""
    rounded = Lipsync(network.config)
    rounded.load_state_dict({name: weight.half().float() for name, weight in network.state_dict().items()})
    return rounded.eval()


@torch.no_grad()
def run_pytorch(network: Lipsync, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Every output of both graphs for one sound [N], under neutral controls."""
    phones, residual = HearGraph(network)(torch.from_numpy(samples[None]))
    told = network.move.neutral.expand(1, phones.shape[1], -1)
    values = [phones, residual, *MoveGraph(network)(phones, residual, told)]
    return dict(zip(_names(network), (value[0].numpy() for value in values), strict=True))


def run_onnx(network: Lipsync, files: dict[str, Path], samples: np.ndarray) -> dict[str, np.ndarray]:
    """The same by ONNX Runtime."""
    hear, move = (onnxruntime.InferenceSession(files[part], providers=["CPUExecutionProvider"]) for part in files)
    phones, residual = hear.run(["phones", "residual"], {"samples": samples[None]})
    told = np.tile(np.array(list(CONTROLS.values()), np.float32), (1, phones.shape[1], 1))
    moved = move.run(None, {"phones": phones, "residual": residual, "controls": told})
    return dict(zip(_names(network), (value[0] for value in (phones, residual, *moved)), strict=True))


def _names(network: Lipsync) -> list[str]:
    return [name for part in outputs(network.config).values() for name in part]


def differences(wanted: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest difference of each output, as a share of its largest value if that is over 1."""
    return {name: float(np.abs(w - found[name]).max() / max(1.0, np.abs(w).max())) for name, w in wanted.items()}


def export(checkpoint: Path, folder: Path, name: str, version: str) -> tuple[ModelSpec, float, float]:
    """The contract that was written, and the largest difference by ONNX Runtime and by half precision.

    Raises ValueError above TOLERANCE or HALF_TOLERANCE.
    """
    network = load_checkpoint(checkpoint)
    rounded, config = in_half(network), network.config
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        files = {part: Path(temporary) / f"{name}.{part}.onnx" for part in ("hear", "move")}
        for part, file in files.items():
            to_onnx(network, part, file)
        by_runtime = by_half = 0.0
        for samples in [*(samples for _, samples in corpus_sound("jfk_en")), np.zeros(2 * SAMPLE_RATE, np.float32)]:
            samples = samples[: len(samples) // HOP * HOP]
            wanted = run_pytorch(rounded, samples)
            runtime = differences(wanted, run_onnx(network, files, samples))
            half = differences(run_pytorch(network, samples), wanted)
            by_runtime = max(by_runtime, *runtime.values())
            by_half = max(by_half, half["phones"], half["visemes"], half["arkit"])
        if by_runtime > TOLERANCE:
            raise ValueError(f"PyTorch and ONNX Runtime differ by {by_runtime:.2g}, more than {TOLERANCE:g}")
        if by_half > HALF_TOLERANCE:
            raise ValueError(f"half precision changes the outputs by {by_half:.2g}, more than {HALF_TOLERANCE:g}")
        graphs = {
            part: GraphSpec(
                file.name, hashlib.sha256(file.read_bytes()).hexdigest(), *config.context(part), outputs(config)[part]
            )
            for part, file in files.items()
        }
        spec = ModelSpec(name, version, SAMPLE_RATE, HOP, **graphs, controls=controls())
        spec.save(Path(temporary) / f"{name}.json")
        for file in (*files.values(), Path(temporary) / f"{name}.json"):
            os.replace(file, folder / file.name)
    return spec, by_runtime, by_half


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", help="name of the folder under runs/")
    source.add_argument("--checkpoint", type=Path, help="a checkpoint, also one that was kept in half precision")
    parser.add_argument("--network", choices=NAMES, default="offline", help="which of the two it becomes")
    parser.add_argument("--version", required=True)
    parser.add_argument("--to", type=Path, default=EXPORTED, help="folder of the network")
    options = parser.parse_args()
    checkpoint = options.checkpoint or RUNS / options.run / "checkpoint.pt"
    spec, by_runtime, by_half = export(checkpoint, options.to, NAMES[options.network], options.version)
    size = sum((options.to / graph.file).stat().st_size for graph in (spec.hear, spec.move)) / 1e6
    print(f"{spec.name} {spec.version}: {size:.1f} MB, looks {spec.latency * 1000:.0f} ms ahead")
    print(f"PyTorch and ONNX Runtime differ by {by_runtime:.1e}, half precision changes {by_half:.1e}")


if __name__ == "__main__":
    main()
