"""Unreal Rig Mapper CSV, the long table that `RigMapperEditorSubsystem.ConvertCsvToAnimSequence` reads.

Layout from that subsystem's own writer and reader: the header `curve_name, frame_number, value`, then a line for each
key; spaces are dropped, frames between keys are filled in by straight lines. Frames count at the rate of the sequence
that receives them, so give its rate with `fps`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .base import ExportOptions, curves, named, number, on_clock

USUAL_FPS = 30.0


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Curve after curve. Raises LipsyncError for a name with a comma or a space, which the reader takes apart."""
    track = on_clock(named(track, options, "unreal"), options.fps or USUAL_FPS, options.offset)
    for name in track.names:
        if "," in name or " " in name:
            raise LipsyncError(f"Rig Mapper cannot read the name {name!r}.", "Use names without commas and spaces.")
    yield b"curve_name, frame_number, value\n"
    for curve in curves(track, options.max_error):
        keys = zip(curve.frames.tolist(), curve.values.tolist())
        yield "".join(f"{curve.name}, {frame}, {number(value)}\n" for frame, value in keys).encode()
