"""Writes tiny.onnx and tiny.json beside this script: a network of a few kB with the contract of the real one.

    python tests/data/make_tiny_network.py        (needs the package onnx)

Loudness around each frame goes through two convolutions with fixed random weights. It knows nothing about speech;
it has zero padding inside, left and right context, and values beyond 0..1, so that windows and limits can be tested.
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
from lipsync_addon.core.model_spec import ModelSpec

SAMPLE_RATE, HOP, HIDDEN = 16000, 320, 8


def weights(name: str, *shape: int, seed: int) -> onnx.TensorProto:
    values = np.random.default_rng(seed).normal(0, 1, shape) / np.sqrt(np.prod(shape[1:]))
    return numpy_helper.from_array(values.astype(np.float32), name)


def network() -> onnx.ModelProto:
    """[B, N] samples -> arkit [B, T, 52] and visemes [B, T, 15], T = N / HOP."""
    node = helper.make_node
    nodes = [
        node("Unsqueeze", ["audio", "axis"], ["channel"]),
        node("Abs", ["channel"], ["rectified"]),
        # Samples k * HOP - HOP .. k * HOP + HOP - 1 for frame k, and N / HOP frames.
        node(
            "AveragePool", ["rectified"], ["loudness"],
            kernel_shape=[2 * HOP], strides=[HOP], pads=[HOP, HOP - 1], count_include_pad=1,
        ),
        node("Mul", ["loudness", "gain"], ["level"]),
        node("Conv", ["level", "hear"], ["heard"], kernel_shape=[5], pads=[2, 2]),
        node("Relu", ["heard"], ["hidden"]),
        node("Conv", ["hidden", "move"], ["moved"], kernel_shape=[5], pads=[3, 1]),
        node("Transpose", ["moved"], ["arkit"], perm=[0, 2, 1]),
        node("Conv", ["hidden", "say"], ["said"], kernel_shape=[1]),
        node("Transpose", ["said"], ["logits"], perm=[0, 2, 1]),
        node("Softmax", ["logits"], ["visemes"], axis=-1),
    ]  # fmt: skip
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "tiny",
        [tensor("audio", TensorProto.FLOAT, ["B", "N"])],
        [
            tensor("arkit", TensorProto.FLOAT, ["B", "T", len(ARKIT_52)]),
            tensor("visemes", TensorProto.FLOAT, ["B", "T", len(VISEMES_15)]),
        ],
        [
            numpy_helper.from_array(np.array([1]), "axis"),
            numpy_helper.from_array(np.array(20.0, np.float32), "gain"),
            weights("hear", HIDDEN, 1, 5, seed=1),
            weights("move", len(ARKIT_52), HIDDEN, 5, seed=2),
            weights("say", len(VISEMES_15), HIDDEN, 1, seed=3),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    file = HERE / "tiny.onnx"
    file.write_bytes(network().SerializeToString())
    ModelSpec(
        name="tiny",
        version="1",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        sample_rate=SAMPLE_RATE,
        hop=HOP,
        left_context=6,  # 1 of the pooling, 2 and 3 of the convolutions
        right_context=4,  # 1, 2 and 1
        input="audio",
        outputs={"arkit": ARKIT_52, "visemes": VISEMES_15},
    ).save(HERE / "tiny.json")
    print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
