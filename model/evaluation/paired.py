"""Two networks on the same sounds: what one is better by, and how sure that is, by drawing the sounds again for both together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.speech.sound_file import open_sound

from ..network import ARKIT_CHANNELS
from ..paths import BENCH
from . import bench
from .accuracy import confusion_of
from .closures import bilabial_counts
from .lines import LineSet, dutch_lines, english_never_heard, speakers_never_heard
from .performance import SAMPLE_RATE, clip
from .statistics import ROUNDS, Measured

Perform = Callable[[Sound], AnimationTrack]
"""Sound to coefficients, visemes and phones, from time 0 on."""
SPEAKER_LINES = 120
Part = Any
"""What one line adds to a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure on a set of sounds."""

    title: str
    parts: tuple[Part, ...]
    """One for each sound, in the same order for every network."""
    value: Callable[[Sequence[Part]], float]
    """Of some of the parts, drawn with repetition."""

    def measured(self) -> Measured:
        return Measured(self.value(self.parts), float(np.nanstd([self.value(draw) for draw in _drawn(self.parts)])))

    def minus(self, other: Figure) -> Measured:
        """This less the other, of the same sounds."""
        draws = zip(_drawn(self.parts), _drawn(other.parts))  # one seed: the same sounds of both
        differences = [self.value(mine) - self.value(theirs) for mine, theirs in draws]
        return Measured(self.value(self.parts) - self.value(other.parts), float(np.nanstd(differences)))


def _drawn(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """ROUNDS times as many parts as there are, always the same ones of so many."""
    rng, count = np.random.default_rng(0), len(parts)
    for _ in range(ROUNDS):
        yield [parts[i] for i in rng.integers(0, count, count)]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _share(counts: Sequence[tuple[float, float]]) -> float:
    """Of (counted, of) a line."""
    counted, of = np.sum(counts, axis=0)
    return float(counted / of) if of else float("nan")


def _closure_auc(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Of (opening at closures, at opening peaks) a clip: how often the first is the smaller."""
    closed, open_ = (np.concatenate(side) for side in zip(*parts))
    return float(np.mean(closed[:, None] < open_[None]))


def figures(perform: Perform) -> list[Figure]:
    """Opening against faces, articulation in Dutch, visemes of voices never heard; the same sounds in the same order always."""
    return [*_of_faces(perform), *_of_dutch(perform), *_of_hearing(perform)]


def _of_faces(perform: Perform) -> Iterator[Figure]:
    tools, sounds, sets = bench.script("eval_openness"), bench.dev_sounds(), bench.clip_sets()
    for title, key in (("talker 1", "grid_s1"), ("others", "gridx")):
        rs, ends = [], []
        for name in (name for name, member in sets.items() if member == key):
            track = perform(open_sound(sounds[name], SAMPLE_RATE))
            curve = track.times, np.maximum(lip_gap(track), 0)
            truth = tools.read_gt(str(BENCH / "dev" / "gt" / f"{name}.csv"))
            result = tools.clip_scores(name, *curve, *truth)
            tools.at_lag([result], 0.0)
            rs.append(float(result["r_sp0"]))
            ends.append(tools.closure_scores(*truth, *curve, 0.0)[1:])
        yield Figure(f"r_sp0, {title}", tuple(rs), _mean)
        yield Figure(f"closure AUC, {title}", tuple(ends), _closure_auc)


def _of_dutch(perform: Perform) -> Iterator[Figure]:
    lines = tuple(dutch_lines())
    tracks = {line.name: perform(clip(line.samples, line.name)) for line in lines}
    counts = [bilabial_counts(line.phones, tracks[line.name], Counter()) for line in lines]
    yield Figure("p b m hit, Dutch", tuple(row[:2] for row in counts), _share)
    yield Figure("p b m precision, Dutch", tuple(row[2:] for row in counts), _share)
    tools, listed = bench.script("articulation"), bench.listed_dutch_phones()
    parts = tuple(tools.collect(_at_60(tracks[line.name]), listed[line.name], "nl") for line in lines)
    for title, key in (("vowels wrongly shut, Dutch", "overclose"), ("rounding AUC, Dutch", "round_auc")):
        yield Figure(title, parts, lambda drawn, key=key: tools.measures(drawn)[0][key])


def _at_60(track: AnimationTrack) -> tuple[np.ndarray, np.ndarray, Mapping[str, np.ndarray]]:
    """(times, opening, curves by lower-case name) as articulation.py reads them from a file."""
    times = np.arange(0, track.times[-1] + 1 / 60, 1 / 60)
    curves = track.select(ARKIT_CHANNELS).at(times)
    opening = np.interp(times, track.times, np.maximum(lip_gap(track), 0))
    return times, opening, {name.lower(): curves[:, i] for i, name in enumerate(ARKIT_CHANNELS)}


def _of_hearing(perform: Perform) -> Iterator[Figure]:
    sets: list[LineSet] = [english_never_heard(), speakers_never_heard(SPEAKER_LINES)]
    for lines in sets:
        confusions = [confusion_of(line, perform(clip(line.samples, line.name))) for line in lines.lines]
        parts = tuple((int(c.trace()), int(c.sum())) for c in confusions)
        yield Figure(f"visemes, {lines.title}", parts, _share)
