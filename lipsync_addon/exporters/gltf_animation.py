"""Animation-only glTF (.glb): a triangle with the keys' names, the jaw if one is named, and the clips.

For three.js, Godot and Blender, which bind a clip to a character by the names of nodes and keys. Source: Khronos, glTF
2.0; key names in `mesh.extras.targetNames`, as Blender, three.js and Godot have them. Axes: y up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.track import AnimationTrack
from .base import ExportOptions
from .clip import CORNERS, LIFT, clips_of, keys_of, tree
from .gltf_clips import add_clips
from .gltf_file import Buffer, glb
from .rotations import from_degrees


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """ARKit's names at 60 frames a second, unless the options say otherwise; weights have their keys together."""
    clips, buffer = clips_of(track, options), Buffer()
    mesh, keys = keys_of(clips)
    lift = buffer.add(LIFT, "VEC3")
    primitive = {"attributes": {"POSITION": buffer.add(CORNERS, "VEC3")}}
    described = {
        "name": mesh,
        "primitives": [primitive | {"targets": [{"POSITION": lift}] * len(keys)}],
        "weights": [0.0] * len(keys),
        "extras": {"targetNames": list(keys)},
    }
    places = tree(options)
    nodes: list[dict[str, Any]] = [{"name": name} for name, _ in places.nodes]
    roots = [index for index, (_, parent) in enumerate(places.nodes) if parent < 0]
    for index, (_, parent) in enumerate(places.nodes):
        if parent >= 0:
            nodes[parent].setdefault("children", []).append(index)
    nodes[places.mesh]["mesh"] = 0
    if places.jaw is not None:
        w, x, y, z = from_degrees(options.jaw.rest).tolist()
        nodes[places.jaw]["rotation"] = [x, y, z, w]
    gltf = {
        "asset": {"version": "2.0", "generator": "Lipsync"},
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "nodes": nodes,
        "meshes": [described],
    }
    add_clips(gltf, buffer, clips, options.max_error)
    yield glb(gltf | buffer.parts(), bytes(buffer.data))
