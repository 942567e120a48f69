"""Do the lips close where they should: at p b m by the phones, and where the camera saw them closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.aperture import SEALED
from lipsync_addon.core.phones import BILABIALS, LABIODENTALS
from lipsync_addon.core.track import AnimationTrack

from ..paths import BENCH
from . import bench
from .lines import Line
from .performance import opening
from .statistics import UNKNOWN, Figure, Measured, ratio, share

STEP_S = 0.005
REACH_S = 0.04
"""A closure this far off its p, b or m still belongs to it."""


@dataclass(frozen=True, slots=True)
class BilabialCheck:
    """QUALITY's "p b m hit, precision": inner-lip aperture under SEALED inside each bilabial, and not elsewhere."""

    hit: Measured
    precision: Measured
    """Share of the closures in speech that lie at a p, b or m; those at f and v and in pauses count for neither."""
    chance_hit: Measured
    """With the curves of the five lines that follow."""
    chance_precision: Measured
    bilabials: int
    sealed_at: dict[str, int]
    """Closures that lie at another phone, by phone, most first."""
    ahead: Measured = UNKNOWN
    """The hit of our network less this one's, on the same lines."""


def check_bilabials(lines: Sequence[Line], tracks: Mapping[str, AnimationTrack]) -> BilabialCheck:
    """Precision is only right where `lines` know all phones."""
    astray: Counter[str] = Counter()
    right = np.array([bilabial_counts(line.phones, tracks[line.name], astray) for line in lines])
    wrong = np.array(
        [
            bilabial_counts(line.phones, tracks[lines[(index + step) % len(lines)].name], Counter())
            for step in range(1, min(6, len(lines)))
            for index, line in enumerate(lines)
        ]
    ).reshape(-1, 4)
    return BilabialCheck(
        ratio(right[:, 0], right[:, 1]),
        ratio(right[:, 2], right[:, 3]),
        ratio(wrong[:, 0], wrong[:, 1]),
        ratio(wrong[:, 2], wrong[:, 3]),
        int(right[:, 1].sum()),
        dict(astray.most_common()),
    )


def bilabial_hits(title: str, lines: Sequence[Line], tracks: Mapping[str, AnimationTrack]) -> Figure:
    """The hit of check_bilabials, to be compared with another program's."""
    return Figure(title, tuple(bilabial_counts(line.phones, tracks[line.name], Counter())[:2] for line in lines), share)


def bilabial_counts(phones: bench.Phones, track: AnimationTrack, astray: Counter[str]) -> tuple[int, int, int, int]:
    """(bilabials that find sealed lips, bilabials, closures at a bilabial, closures in speech).

    `astray` counts the phones at which the other closures lie.
    """
    times = np.arange(0, track.start + track.duration, STEP_S)
    gap = np.interp(times, track.times, opening(track))
    bilabials = [(a, b) for a, b, unit in phones if unit in BILABIALS and b <= times[-1]]
    hit = sum(gap[(times >= a) & (times <= b)].min(initial=1.0) < SEALED for a, b in bilabials)
    right = wrong = 0
    for begin, end in _runs(gap < SEALED):
        middle = (times[begin] + times[end - 1]) / 2
        at_bilabial = any(times[begin] <= b + REACH_S and times[end - 1] >= a - REACH_S for a, b in bilabials)
        there = next((unit for a, b, unit in phones if a <= middle < b), "sil")
        if at_bilabial:
            right += 1
        elif there != "sil" and there not in LABIODENTALS:
            astray[there] += 1
            wrong += 1
    return int(hit), len(bilabials), right, right + wrong


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past the last) of each stretch of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


@dataclass(frozen=True, slots=True)
class SeenClosure:
    """A moment at which the tracked lips were closed, or open."""

    clip: str
    start: float
    end: float
    kind: str
    """"found", "missed", or "wrongly shut" (the face was wide open there)."""
    aperture: float
    """Least (for wrongly shut: at that moment) lip opening of the curves over their own 95 % level."""


def seen_closures(clip: str, times: NDArray[np.floating], lips: NDArray[np.floating]) -> list[SeenClosure]:
    """Closures and opening peaks of the tracked face, judged as the bench does (eval_openness.py), without a shift.

    `lips`: the opening of a program at `times` (s).
    """
    tools = bench.script("eval_openness")
    face_times, face = tools.read_gt(str(BENCH / "dev" / "gt" / f"{clip}.csv"))
    face, lips = face / tools.level(face), lips / tools.level(lips)
    found = []
    for start, end in tools.closures(face_times, face, tools.G_CLOSED, tools.G_OPEN):
        near = (times >= start - 0.06) & (times <= end + 0.06)
        least = float(lips[near].min(initial=1.0))
        found.append(SeenClosure(clip, start, end, "found" if least < tools.P_CLOSED else "missed", least))
    for peak in tools.peaks(face_times, face):
        there = float(tools.at(times, lips, peak, 0.0))
        if there < tools.P_CLOSED:
            found.append(SeenClosure(clip, peak - 0.02, peak + 0.02, "wrongly shut", there))
    return found
