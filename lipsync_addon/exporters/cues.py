"""Cues: one mouth at a time, for formats that switch drawings, out of the probabilities of the 15 visemes.

The labels chosen are those that explain the probabilities best while each is held for a while (a shortest path, like
Viterbi's with a minimum duration). Every closure (p, b, m) and every f, v that is the likeliest viseme of some frame is
kept, for 40 ms unless another one is as near; every other mouth stays for 70 ms, under which the eye sees flicker and
not a shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.channels import VISEMES_15
from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .base import ExportOptions

HOLD = 0.07
"""Seconds that a mouth is held at least."""
CLOSURE = 0.04
"""Seconds for the lips closed or on the teeth, which may be as short as in speech."""
KEPT = ("viseme_PP", "viseme_FF")
LEAST = 1e-3
"""Probabilities below count alike."""
FOLDER = Path(__file__).parents[1] / "data" / "mouth_shapes"


@dataclass(frozen=True, slots=True)
class Cue:
    """One mouth from start to end, in seconds on the file's clock."""

    start: float
    end: float
    shape: str


def check_visemes(track: AnimationTrack) -> None:
    """Raises LipsyncError unless the track has the 15 visemes."""
    if not set(VISEMES_15) <= set(track.names):
        raise LipsyncError(
            "This format shows visemes, and these curves have none.",
            "Bake from the sound, or choose a format of curves such as JSON.",
        )


def shape_cues(track: AnimationTrack, options: ExportOptions, table: str) -> list[Cue]:
    """The mouths of a table of data/mouth_shapes, without gaps from second 0 to the track's end."""
    shapes = json.loads((FOLDER / f"{table}.json").read_text(encoding="utf-8"))["shapes"]
    cues = (replace(cue, shape=shapes[cue.shape]) for cue in viseme_cues(track, options.offset))
    joined = []
    for _, same in groupby(cues, key=lambda cue: cue.shape):
        first, *rest = same
        joined.append(replace(first, end=rest[-1].end if rest else first.end))
    return joined


def viseme_cues(track: AnimationTrack, offset: float = 0.0) -> Iterator[Cue]:
    """The visemes by name. A frame stands for the time half way to its neighbours. Raises LipsyncError without them."""
    check_visemes(track)
    values = track.select(VISEMES_15).values
    labels = held_labels(values, track.fps)
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    times = [track.start + offset + max(edge - 0.5, 0.0) / track.fps for edge in edges]
    if times[0] > 0:
        yield Cue(0.0, times[0], "viseme_sil")
    for edge, start, end in zip(edges, times[:-1], times[1:]):
        if end > max(start, 0.0):
            yield Cue(max(start, 0.0), end, VISEMES_15[labels[edge]])


def held_labels(values: NDArray[np.float32], fps: float) -> NDArray[np.intp]:
    """[T] index into VISEMES_15 for every frame of `values` [T, 15]."""
    count = len(values)
    scores = np.log(np.maximum(values, LEAST)).astype(np.float64)
    _force_closures(scores, values, min(max(round(CLOSURE * fps), 1), count))
    least = np.array([0.0 if name in KEPT else HOLD for name in VISEMES_15])  # closures are long enough by force
    least = np.clip(np.round(least * fps).astype(int), 1, max(count, 1))
    total = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(scores, axis=0)])
    each = np.arange(scores.shape[1])
    best = np.full((count + 1, len(each)), -np.inf)
    before = np.full((count + 1, len(each)), -1, np.int8)  # the label before, where one begins; -1 where it goes on
    for end in range(1, count + 1):
        begin = end - least
        arrived = best[np.maximum(begin, 0)]  # [label, label before]
        arrived[each, each] = -np.inf
        previous = arrived.argmax(axis=1)
        reached = np.where(begin == 0, 0.0, np.where(begin > 0, arrived[each, previous], -np.inf))
        fresh = reached + total[end] - total[np.maximum(begin, 0), each]
        longer = best[end - 1] + scores[end - 1]
        best[end] = np.maximum(fresh, longer)
        before[end] = np.where(fresh > longer, previous, -1)
    labels, end, label = np.empty(count, np.intp), count, int(best[count].argmax())
    while end > 0:
        if before[end, label] < 0:
            labels[end - 1], end = label, end - 1
        else:
            begin, previous = end - least[label], int(before[end, label])
            labels[begin:end], end, label = label, begin, previous
    return labels


def _force_closures(scores: NDArray[np.float64], values: NDArray[np.float32], length: int) -> None:
    """Makes every other label impossible in the clearest `length` frames around each closure's clearest one."""
    likeliest = values.argmax(axis=1)
    kept = [VISEMES_15.index(name) for name in KEPT]
    for label in kept:
        here = np.flatnonzero(likeliest == label)
        for run in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1):
            if run.size:
                centre = int(run[values[run, label].argmax()])
                starts = range(max(centre - length + 1, 0), min(centre, len(values) - length) + 1)
                start = max(starts, key=lambda first: values[first : first + length, label].sum())
                frames = [f for f in range(start, start + length) if likeliest[f] == label or likeliest[f] not in kept]
                scores[np.ix_(frames, np.arange(scores.shape[1]) != label)] -= 1e3
