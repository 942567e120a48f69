"""Binary glTF as pygltflib reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib

Channels = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]
"""(node, path) -> times [T], values."""


def clips(path: Path) -> dict[str, Channels]:
    """Every animation of a file by name."""
    gltf = pygltflib.GLTF2().load(path)
    names = [animation.name for animation in gltf.animations]
    assert len(set(names)) == len(names)
    return {animation.name: channels(gltf, animation) for animation in gltf.animations}


def channels(gltf: pygltflib.GLTF2, animation: pygltflib.Animation) -> Channels:
    """What one animation moves."""
    return {
        (gltf.nodes[c.target.node].name, c.target.path): (
            numbers(gltf, animation.samplers[c.sampler].input)[:, 0],
            numbers(gltf, animation.samplers[c.sampler].output),
        )
        for c in animation.channels
    }


def key_names(path: Path) -> dict[str, list[str]]:
    """Names of the keys of every mesh."""
    gltf = pygltflib.GLTF2().load(path)
    return {node.name: gltf.meshes[node.mesh].extras["targetNames"] for node in gltf.nodes if node.mesh is not None}


def numbers(gltf: pygltflib.GLTF2, index: int) -> np.ndarray:
    """[count, width] of an accessor."""
    a = gltf.accessors[index]
    assert a.componentType == pygltflib.FLOAT
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[a.type]
    offset = (gltf.bufferViews[a.bufferView].byteOffset or 0) + (a.byteOffset or 0)
    return np.frombuffer(gltf.binary_blob(), "<f4", a.count * width, offset).reshape(a.count, width)
