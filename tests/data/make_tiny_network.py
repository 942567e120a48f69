"""Writes tiny.json, tiny.hear.onnx, tiny.move.onnx and tiny_live.* beside this script: networks of a few kB.

    python tests/data/make_tiny_network.py        (needs the package onnx)

They have the contract of the real ones and know nothing about speech. *hear* makes phones of the loudness around each
frame with fixed random weights; *move* makes curves of those, the jaw open where something is said and all still in
silence. Both have zero padding inside, left and right context, and values beyond 0..1, so that windows and limits can
be tested. The live one looks two frames ahead altogether.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.model_spec import ControlSpec, GraphSpec, ModelSpec
from lipsync_addon.core.phones import PHONES

SAMPLE_RATE, HOP, HIDDEN, RESIDUAL, FEATURES = 16000, 320, 8, 3, 6
CONTROLS = {
    "quiet": ControlSpec("style", 0.0, 0.0, 1.0, "A tiny style."),
    "intensity": ControlSpec("intensity", 1.0, 0.4, 1.6, "How large the motion is."),
    "joy": ControlSpec("emotion", 0.0, 0.0, 1.0, "A tiny smile."),
}
OUTPUTS = {
    "hear": {"phones": PHONES, "residual": tuple(f"residual_{index}" for index in range(RESIDUAL))},
    "move": {
        "arkit": ARKIT_52,
        "visemes": VISEMES_15,
        "log_variance": tuple(f"{name}_log_variance" for name in ARKIT_52),
        "features": tuple(f"feature_{index}" for index in range(FEATURES)),
    },
}
node = helper.make_node


def random_values(*shape: int, seed: int, scale: float = 1.0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, scale, shape) / np.sqrt(np.prod(shape[1:]))
    return values.astype(np.float32)


def weights(name: str, *shape: int, seed: int, scale: float = 1.0) -> onnx.TensorProto:
    return numpy_helper.from_array(random_values(*shape, seed=seed, scale=scale), name)


def hear(ahead: int) -> onnx.ModelProto:
    """[B, N] samples -> phones [B, T, P] and residual [B, T, R], T = N / HOP; sees 3 frames back and 1 + `ahead` on."""
    nodes = [
        node("Unsqueeze", ["samples", "axis"], ["channel"]),
        node("Abs", ["channel"], ["rectified"]),
        # Samples k * HOP - HOP .. k * HOP + HOP - 1 for frame k, and N / HOP frames.
        node(
            "AveragePool", ["rectified"], ["loudness"],
            kernel_shape=[2 * HOP], strides=[HOP], pads=[HOP, HOP - 1], count_include_pad=1,
        ),
        node("Mul", ["loudness", "gain"], ["level"]),
        node("Conv", ["level", "listen"], ["heard"], kernel_shape=[3 + ahead], pads=[2, ahead]),
        node("Relu", ["heard"], ["hidden"]),
        node("Conv", ["hidden", "say", "quiet"], ["said"], kernel_shape=[1]),
        node("Transpose", ["said"], ["logits"], perm=[0, 2, 1]),
        node("Softmax", ["logits"], ["phones"], axis=-1),
        node("Conv", ["hidden", "hint"], ["hinted"], kernel_shape=[1]),
        node("Transpose", ["hinted"], ["hints"], perm=[0, 2, 1]),
        node("Tanh", ["hints"], ["residual"]),
    ]  # fmt: skip
    constants = [
        numpy_helper.from_array(np.array([1]), "axis"),
        numpy_helper.from_array(np.array(20.0, np.float32), "gain"),
        weights("listen", HIDDEN, 1, 3 + ahead, seed=1),
        weights("say", len(PHONES), HIDDEN, 1, seed=3, scale=20.0),
        numpy_helper.from_array(np.where(np.array(PHONES) == "sil", 20, 0).astype(np.float32), "quiet"),
        weights("hint", RESIDUAL, HIDDEN, 1, seed=4),
    ]
    return model(nodes, {"samples": ["B", "N"]}, OUTPUTS["hear"], constants)


def move(ahead: int) -> onnx.ModelProto:
    """phones, residual, controls -> the outputs of *move*; sees 3 frames back and `ahead` on."""
    count = len(PHONES) + RESIDUAL + len(CONTROLS)
    nodes = [
        node("Concat", ["phones", "residual", "controls"], ["told"], axis=-1),
        node("Transpose", ["told"], ["entered"], perm=[0, 2, 1]),
        node("Conv", ["entered", "articulate", "rest"], ["moved"], kernel_shape=[4 + ahead], pads=[3, ahead]),
        node("Transpose", ["moved"], ["features"], perm=[0, 2, 1]),
        node("MatMul", ["features", "to_arkit"], ["arkit"]),
        node("MatMul", ["phones", "to_viseme"], ["visemes"]),
        node("MatMul", ["features", "to_doubt"], ["doubted"]),
        node("Add", ["doubted", "sure"], ["log_variance"]),
    ]
    viseme = np.zeros((len(PHONES), len(VISEMES_15)), np.float32)
    others = len(VISEMES_15) - 2  # no phone is viseme_PP: no closures that this jaw would leave open
    viseme[np.arange(len(PHONES)), [0, *(2 + np.arange(len(PHONES) - 1) % others)]] = 1
    articulate = random_values(FEATURES, count, 4 + ahead, seed=5, scale=6.0)
    articulate[0], articulate[0, PHONES.index("sil"), 3] = 0, -1  # the first feature: something is said
    silent = np.concatenate([np.array(PHONES) == "sil", np.zeros(RESIDUAL), [c.neutral for c in CONTROLS.values()]])
    to_arkit = random_values(FEATURES, len(ARKIT_52), seed=6, scale=3.0)
    to_arkit[:, ARKIT_52.index("jawOpen")] = [0.8, *np.zeros(FEATURES - 1)]
    constants = [
        numpy_helper.from_array(articulate, "articulate"),
        numpy_helper.from_array(-(silent @ articulate.sum(2).T).astype(np.float32), "rest"),
        numpy_helper.from_array(to_arkit, "to_arkit"),
        numpy_helper.from_array(viseme, "to_viseme"),
        weights("to_doubt", FEATURES, len(ARKIT_52), seed=7),
        numpy_helper.from_array(np.array(-10.0, np.float32), "sure"),  # a standard deviation of 0.007
    ]
    inputs = {"phones": len(PHONES), "residual": RESIDUAL, "controls": len(CONTROLS)}
    return model(nodes, {name: ["B", "T", size] for name, size in inputs.items()}, OUTPUTS["move"], constants)


def model(nodes: list, inputs: dict[str, list], outputs: dict[str, tuple], constants: list) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "tiny",
        [value(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [value(name, TensorProto.FLOAT, ["B", "T", len(channels)]) for name, channels in outputs.items()],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def write(name: str, hear_ahead: int, move_ahead: int) -> None:
    """`hear_ahead` frames beside the one that the loudness reaches into."""

    def graph(part: str, made: onnx.ModelProto, left: int, right: int) -> GraphSpec:
        data = made.SerializeToString()
        (HERE / f"{name}.{part}.onnx").write_bytes(data)
        return GraphSpec(f"{name}.{part}.onnx", hashlib.sha256(data).hexdigest(), left, right, OUTPUTS[part])

    ModelSpec(
        name=name,
        version="1",
        sample_rate=SAMPLE_RATE,
        hop=HOP,
        hear=graph("hear", hear(hear_ahead), 3, 1 + hear_ahead),  # 1 of the pooling
        move=graph("move", move(move_ahead), 3, move_ahead),
        controls=CONTROLS,
    ).save(HERE / f"{name}.json")


if __name__ == "__main__":
    write("tiny", 2, 1)
    write("tiny_live", 0, 1)
