"""Live Link Face CSV: captures of the iPhone app, NeuroSync, OpenFaceFX and our own.

Columns are taken by name, because their order differs. A timecode HH:MM:SS:FF.mmm counts frames at a rate that the file
does not say. Where all frames follow each other from 00:00:00:00 on, as programs write them, the rows tell the rate;
for captures it is the first rate of cameras above the highest frame number; 60 where no second is full. The take begins
at second 0 with its first row; frames that the app dropped are filled in. Head and eye rotations are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..core.track import AnimationTrack
from .tables import evenly, known_columns

RATES = (24, 25, 30, 48, 50, 60, 90, 100, 120, 144, 240)
"""Of cameras."""
USUAL_RATE = 60
DAY = 24 * 3600


def from_rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> AnimationTrack:
    """The ARKit coefficients. Raises ValueError for a table that is not like that."""
    columns, width = known_columns(head), len(",".join(head).rstrip(",").split(","))
    for number, row in enumerate(rows, 1):
        if len(row) < width:
            raise ValueError(f"row {number} of {len(rows)} has {len(row)} of {width} columns, as if it was cut off")
    values = [[float(row[column]) for column in columns.values()] for row in rows]
    return evenly(list(columns), seconds([row[0] for row in rows]), values)


def seconds(timecodes: Sequence[str]) -> list[float]:
    """Since the first, over midnight too."""
    clocks, frames = [], []
    for timecode in timecodes:
        hours, minutes, second, frame = timecode.split(":")
        clocks.append(int(hours) * 3600 + int(minutes) * 60 + int(second))
        frames.append(float(frame))
    rate = _rate(clocks, frames)
    times = [clock + frame / rate for clock, frame in zip(clocks, frames)]
    return [(time - times[0]) % DAY for time in times]


def _rate(clocks: Sequence[int], frames: Sequence[float]) -> float:
    if not any(b != a for a, b in pairwise(clocks)):
        return USUAL_RATE
    if clocks[0] == frames[0] == 0 and clocks[-1] > 0:
        rate = (len(frames) - 1 - frames[-1]) / clocks[-1]
        if all(abs(clock * rate + frame - row) < 0.01 for row, (clock, frame) in enumerate(zip(clocks, frames))):
            return rate
    return next((rate for rate in RATES if max(frames) < rate), USUAL_RATE)
