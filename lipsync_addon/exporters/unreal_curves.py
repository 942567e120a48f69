"""Unreal curve table, as CSV or JSON: drop the file into the content browser, choose CurveTable and Linear.

Layout from the engine's reader, `UCurveTable::CreateTableFromCSVString` and `CreateTableFromJSONString`. CSV: a first
row of times whose first cell is ignored, then a row per curve, name first, every row as long as the first. JSON: a list
of objects, "Name" and one entry per key whose name is the time. Times are seconds.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from ..core.track import AnimationTrack
from .base import ExportOptions, curves, named, number, on_clock

USUAL_FPS = 60.0


def _prepared(track: AnimationTrack, options: ExportOptions) -> AnimationTrack:
    return on_clock(named(track, options, "unreal"), options.fps or USUAL_FPS, options.offset)


def table_csv(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A row per curve with a cell for every frame: this layout has no keys of its own for each curve."""
    track = _prepared(track, options)
    yield ",".join(["---", *map(number, track.times.tolist())]).encode() + b"\n"
    for name, values in zip(track.names, track.values.T.tolist()):
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow([name, *map(number, values)])
        yield row.getvalue().encode()


def table_json(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """An object per curve with its own keys."""
    track = _prepared(track, options)
    separator = "[\n"
    for curve in curves(track, options.max_error):
        keys = zip((curve.frames / track.fps).tolist(), curve.values.tolist())
        pairs = "".join(f', "{number(time)}": {number(value)}' for time, value in keys)
        yield f'{separator} {{"Name": {json.dumps(curve.name)}{pairs}}}'.encode()
        separator = ",\n"
    yield b"\n]\n"
