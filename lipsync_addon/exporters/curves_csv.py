"""Curves as a plain table: a column `time` in seconds on the file's clock, then one column per channel by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ..core.track import AnimationTrack
from .base import ExportOptions, blocks, named


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """One row per frame, five decimals, at the track's own rate unless another is asked for."""
    track = named(track, options, "all")
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(["time", *track.names])
    yield head.getvalue().encode()
    row = "%.6f" + ",%.5f" * len(track.names) + "\n"
    for block in blocks(track, options.fps or track.fps, options.offset):
        values = block.values.tolist()
        yield "".join(row % (time, *weights) for time, weights in zip(block.times.tolist(), values)).encode()
