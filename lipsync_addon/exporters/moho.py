"""Moho switch data (.dat), as Papagayo and Rhubarb write it: `File > Import` on a switch layer, also read by Blender
add-ons.

Layout from Rhubarb's `DatExporter.cpp` and Papagayo: the line `MohoSwitch1`, then frame and shape where each shape
begins, frames counted from 1, and the closed mouth at the end. Papagayo's shapes are Preston Blair's.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..core.track import AnimationTrack
from .base import ExportOptions
from .cues import shape_cues

USUAL_FPS = 24.0


def preston_blair(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """AI, E, O, U, etc, L, MBP, FV, rest. Raises LipsyncError without visemes."""
    return _switch(track, options, "preston_blair", "rest")


def rhubarb(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A to H and X. Raises LipsyncError without visemes."""
    return _switch(track, options, "rhubarb", "X")


def _switch(track: AnimationTrack, options: ExportOptions, table: str, rest: str) -> Iterator[bytes]:
    fps, lines, last = options.fps or USUAL_FPS, ["MohoSwitch1"], 0
    cues = shape_cues(track, options, table)
    for time, shape in [*((cue.start, cue.shape) for cue in cues), (cues[-1].end, rest)]:
        last = max(1 + int(time * fps + 1e-6), last + 1)  # a short mouth still gets a frame of its own
        lines.append(f"{last} {shape}")
    yield ("\n".join(lines) + "\n").encode()
