"""Godot 4 animation resource (.tres) with a blend shape track for each name: load it into an AnimationPlayer's library.

Layout: Godot's text resources, format 3; the keys of a `blend_shape` track are one array of (time in seconds,
transition, weight 0..1), as `Animation::_set` in the engine's `animation.cpp` reads them. `path` is the MeshInstance3D
as seen from the AnimationPlayer's root node; without it the mesh is expected to be called Face.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .base import ExportOptions, curves, named, number, on_clock

USUAL_FPS = 60.0
USUAL_PATH = "Face"
LINEAR = 1


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Track after track. Raises LipsyncError for a name or path with a colon: it separates names in Godot's paths."""
    if ":" in options.path:
        raise LipsyncError(f"Godot cannot address the mesh {options.path!r}.", "Give --path without colons.")
    track = on_clock(named(track, options, "arkit"), options.fps or USUAL_FPS, options.offset)
    for name in track.names:
        if ":" in name:
            raise LipsyncError(f"Godot cannot address the blend shape {name!r}.", "Use names without colons.")
    yield f"""[gd_resource type="Animation" format=3]

[resource]
resource_name = {_text(options.clip)}
length = {number(max(len(track.values) - 1, 0) / track.fps)}
step = {number(1 / track.fps)}
""".encode()
    for index, curve in enumerate(curves(track, options.max_error)):
        keys = zip((curve.frames / track.fps).tolist(), curve.values.tolist())
        array = ", ".join(f"{number(time)}, 1, {number(value)}" for time, value in keys)
        yield f"""tracks/{index}/type = "blend_shape"
tracks/{index}/imported = false
tracks/{index}/enabled = true
tracks/{index}/path = NodePath({_text(f"{options.path or USUAL_PATH}:{curve.name}")})
tracks/{index}/interp = {LINEAR}
tracks/{index}/loop_wrap = true
tracks/{index}/keys = PackedFloat32Array({array})
""".encode()


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
