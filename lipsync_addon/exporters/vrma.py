"""VRM animation (.vrma): mouth expressions for any VRM avatar, as glTF binary with the extension VRMC_vrm_animation
1.0.

Layout from the specification (vrm-c/vrm-specification, VRMC_vrm_animation-1.0) and its reader in @pixiv/three-vrm: an
expression's weight is the X translation of a node. The specification also wants VRM's required bones in T-pose; they
are here without animation, so the body keeps what it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.track import AnimationTrack
from .base import ExportOptions, curves, named, on_clock
from .gltf_file import Buffer, glb

USUAL_FPS = 30.0
PRESETS = ("aa", "ih", "ou", "ee", "oh", "blink")

_BONES = {  # name: (parent, place relative to it in metres)
    "hips": (None, (0.0, 1.0, 0.0)),
    "spine": ("hips", (0.0, 0.1, 0.0)),
    "head": ("spine", (0.0, 0.45, 0.0)),
} | {
    side + bone: (parent if parent in ("hips", "spine") else side + parent, (x if side == "left" else -x, y, z))
    for side in ("left", "right")
    for bone, parent, (x, y, z) in (
        ("UpperLeg", "hips", (0.1, -0.1, 0.0)),
        ("LowerLeg", "UpperLeg", (0.0, -0.4, 0.0)),
        ("Foot", "LowerLeg", (0.0, -0.4, 0.0)),
        ("UpperArm", "spine", (0.15, 0.35, 0.0)),
        ("LowerArm", "UpperArm", (0.25, 0.0, 0.0)),
        ("Hand", "LowerArm", (0.25, 0.0, 0.0)),
    )
}
"""VRM's required bones."""


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """The presets of VRM 1.0, and as custom expressions all other names. Raises LipsyncError if there is neither."""
    track = on_clock(named(track, options, "vrm"), options.fps or USUAL_FPS, options.offset)
    buffer = Buffer()
    nodes, expressions = _skeleton(), {"preset": {}, "custom": {}}
    roots, channels, samplers = [0], [], []
    for curve in curves(track, options.max_error):
        places = np.zeros((len(curve.values), 3), np.float32)
        places[:, 0] = np.clip(curve.values, 0, 1)
        samplers.append({"input": buffer.add(curve.frames / track.fps, "SCALAR"), "output": buffer.add(places, "VEC3")})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": len(nodes), "path": "translation"}})
        expressions["preset" if curve.name in PRESETS else "custom"][curve.name] = {"node": len(nodes)}
        roots.append(len(nodes))
        nodes.append({"name": curve.name})
    bones = {name: {"node": index} for index, name in enumerate(_BONES)}
    used = {kind: names for kind, names in expressions.items() if names}
    extension = {"specVersion": "1.0", "humanoid": {"humanBones": bones}, "expressions": used}
    gltf = {
        "asset": {"version": "2.0", "generator": "Lipsync"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": extension},
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "nodes": nodes,
        "animations": [{"name": options.clip, "channels": channels, "samplers": samplers}],
    }
    yield glb(gltf | buffer.parts(), bytes(buffer.data))


def _skeleton() -> list[dict[str, Any]]:
    names = list(_BONES)
    nodes: list[dict[str, Any]] = [{"name": name, "translation": list(place)} for name, (_, place) in _BONES.items()]
    for name, (parent, _) in _BONES.items():
        if parent:
            nodes[names.index(parent)].setdefault("children", []).append(names.index(name))
    return nodes
