"""Clips into a glTF: an animation each, every mesh and bone in all of them (Khronos: glTF 2.0, section 3.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import LipsyncError
from ..core.key_reduction import shared_keys
from .clip import Bone, Clip, check_names, everything
from .gltf_file import Buffer
from .rotations import continuous, product, rotated


def add_clips(gltf: dict[str, Any], buffer: Buffer, clips: Sequence[Clip], max_error: float = 0.0) -> None:
    """Appends an animation for each clip. Bones are taken to be at rest in the file.

    `max_error`: frames of which no weight needs a key, to be within it on straight lines, are left out; 0: none. All
    weights of a mesh share their keys in a glTF.
    Raises LipsyncError if the file lacks a mesh, key or bone of theirs.
    """
    check_names(clips)
    meshes, bones = everything(clips)
    mesh_nodes = {mesh: _mesh_node(gltf, mesh) for mesh in meshes}
    bone_nodes = {bone: _bone_node(gltf, bone) for bone in bones}
    animations = gltf.setdefault("animations", [])
    for clip in clips:
        adding = _Adding(gltf, buffer, clip)
        for mesh, node in mesh_nodes.items():
            adding.weights(mesh, node, max_error)
        for bone, node in bone_nodes.items():
            adding.bone(bone, node)
        animations.append({"name": clip.name, "channels": adding.channels, "samplers": adding.samplers})


class _Adding:
    """An animation under construction."""

    def __init__(self, gltf: dict[str, Any], buffer: Buffer, clip: Clip) -> None:
        self.gltf, self.buffer, self.clip = gltf, buffer, clip
        self.channels: list[dict[str, Any]] = []
        self.samplers: list[dict[str, Any]] = []
        self._times = buffer.add(clip.times, "SCALAR")

    def weights(self, mesh: str, node: int, max_error: float) -> None:
        described = self.gltf["meshes"][self.gltf["nodes"][node]["mesh"]]
        names = described.get("extras", {}).get("targetNames", [])
        values = np.tile(np.array(described.get("weights", [0.0] * len(names)), np.float32), (self.clip.count, 1))
        if track := self.clip.meshes.get(mesh):
            if absent := [name for name in track.names if name not in names]:
                raise LipsyncError(f"The mesh '{mesh}' in the file lacks the shape key '{absent[0]}'.", "Bake again.")
            values[:, [names.index(name) for name in track.names]] = track.values
            if max_error:
                frames = shared_keys(track, max_error)
                times = self.buffer.add(self.clip.times[frames], "SCALAR")
                self._channel(node, "weights", values[frames].ravel(), "SCALAR", times)
                return
        self._channel(node, "weights", values.ravel(), "SCALAR")

    def bone(self, bone: Bone, node: int) -> None:
        motion, rest = self.clip.bones.get(bone), self.gltf["nodes"][node]
        x, y, z, w = rest.get("rotation", (0.0, 0.0, 0.0, 1.0))
        turns = np.tile((w, x, y, z), (self.clip.count, 1))
        places = np.tile(np.array(rest.get("translation", (0.0, 0.0, 0.0))), (self.clip.count, 1))
        if motion and motion.places is not None:
            places += rotated((w, x, y, z), motion.places)
        if motion and motion.turns is not None:
            turns = continuous(product((w, x, y, z), motion.turns))
        self._channel(node, "translation", places, "VEC3")
        self._channel(node, "rotation", turns[:, [1, 2, 3, 0]], "VEC4")

    def _channel(self, node: int, path: str, values: np.ndarray, kind: str, times: int | None = None) -> None:
        self.channels.append({"sampler": len(self.samplers), "target": {"node": node, "path": path}})
        times = self._times if times is None else times
        self.samplers.append({"input": times, "output": self.buffer.add(values, kind)})


def _mesh_node(gltf: dict[str, Any], name: str) -> int:
    for index, node in enumerate(gltf["nodes"]):
        if node.get("name") == name and "mesh" in node:
            return index
    raise LipsyncError(f"The file lacks the mesh '{name}'.", "See whether it is a part of the character.")


def _bone_node(gltf: dict[str, Any], bone: Bone) -> int:
    above, name = bone
    nodes = gltf["nodes"]
    parents = {child: index for index, node in enumerate(nodes) for child in node.get("children", ())}
    for index, node in enumerate(nodes):
        if node.get("name") != name or "mesh" in node:
            continue
        parent = parents.get(index)
        while above and parent is not None and nodes[parent].get("name") != above:
            parent = parents.get(parent)
        if not above or parent is not None:
            return index
    raise LipsyncError(f"The file lacks the bone '{name}'.", "See whether the armature is a part of the character.")
