"""Curves as JSON for any engine or script: all channels by name, visemes included.

{
 "format_version": 1,
 "fps": 50.0,                 frames per second
 "start": 0.0,                seconds on the sound's clock of the first frame
 "names": ["jawOpen", ...],   C channels
 "values": [[0.0, ...], ...]  T frames of C values, five decimals
}
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from ..core.track import AnimationTrack
from .base import ROWS_AT_ONCE, ExportOptions, named

FORMAT_VERSION = 1


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """One line per frame, at the track's own rate unless another is asked for."""
    track = named(track, options, "all").resampled(options.fps or track.fps)
    start = track.start + options.offset
    head = {"format_version": FORMAT_VERSION, "fps": track.fps, "start": start, "names": track.names}
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    yield ("{\n" + lines + ',\n "values": [').encode()
    separator = "\n"
    for first in range(0, len(track.values), ROWS_AT_ONCE):
        rows = np.round(track.values[first : first + ROWS_AT_ONCE].astype(np.float64), 5).tolist()
        yield (separator + "  " + json.dumps(rows)[1:-1].replace("], [", "],\n  [")).encode()
        separator = ",\n"
    yield b"\n ]\n}\n"
