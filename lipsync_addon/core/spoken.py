"""What is said in a take, sound by sound, and which moment of one recording is which moment of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .channels import VISEMES_15
from .large_arrays import pieces
from .phones import PHONES, VISEME_OF_PHONE
from .timeline import ROUNDING, SILENCE, PhonemeTimeline
from .track import AnimationTrack

SHORTEST = 0.03
"""Seconds; what the network hears for less than that is a flicker between two sounds."""
SAME_SOUND = 0.8
"""Share of the time in which two takes of one length say the same, from which they are the same recording: nothing
is moved then, whatever smoothing did to the borders of the sounds."""
RUN = 3
"""Sounds in a row that have to agree before a stretch counts as the same words."""
SLIP = 0.25
"""Seconds between two sounds that agree, within which another one is forgiven: the network heard it differently."""
_SAME, _ALIKE, _OTHER, _GAP = 2.0, 1.0, -1.5, -1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound or pause, in seconds on the recording's clock."""

    start: float
    end: float
    unit: str
    """IPA, or the viseme's name without "viseme_"; "sil" for a pause."""
    word: int | None = None
    """Index of the word that it belongs to, where the words are known."""


def sounds_of(timeline: PhonemeTimeline) -> tuple[Heard, ...]:
    """What is said in a timeline, sound by sound."""
    return tuple(Heard(phone.start, phone.end, phone.unit, phone.word) for phone in timeline.phones)


def heard(track: AnimationTrack) -> Iterator[Heard]:
    """What is heard: the likeliest phones of a track, else its visemes; nothing for a track with neither."""
    names = [unit for unit in PHONES if unit in track.names]
    if len(names) < len(PHONES):
        names = [name for name in VISEMES_15 if name in track.names]
    if len(names) < 2 or len(track.values) < 2:
        return
    values = (track if track.names == tuple(names) else track.select(names)).values
    likeliest = np.concatenate([piece.argmax(1).astype(np.int8) for piece in pieces(values)])
    edges = np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1))
    before: Heard | None = None
    for first, last in pairwise(edges):
        unit = names[likeliest[first]].removeprefix("viseme_")
        start, end = (float(track.start + frame / track.fps) for frame in (first, last))
        if before and (end - start < SHORTEST or before.unit == unit):
            before = Heard(before.start, end, before.unit)
        else:
            if before:
                yield before
            before = Heard(start, end, unit)
    if before:
        yield before


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """From the seconds of one take to those of another."""

    old: NDArray[np.float64]
    """[M] seconds, rising."""
    new: NDArray[np.float64]
    """[M] the same moments in the other take."""
    same: NDArray[np.bool_]
    """[M - 1] whether the same is said between two of them."""

    @classmethod
    def unchanged(cls) -> TimeMap:
        """Every moment stays where it is."""
        return cls(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([True]))

    def forward(self, seconds: NDArray[np.floating]) -> NDArray[np.float64]:
        """Old moments on the new clock."""
        return _along(seconds, self.old, self.new)

    def back(self, seconds: NDArray[np.floating]) -> NDArray[np.float64]:
        """New moments on the old clock."""
        return _along(seconds, self.new, self.old)

    def span(self, start: float, end: float) -> tuple[float, float]:
        """Where a stretch of the old take lies in the new one, without the pauses that only the new one has beside
        it."""
        first, last = self.forward(np.array([start + ROUNDING, end - ROUNDING])).tolist()
        return first, last

    def leaps(self) -> list[tuple[float, float, float]]:
        """(old moment, the last and the first new moment that belong to it) wherever only the new take goes on."""
        stands = np.flatnonzero((np.diff(self.old) <= ROUNDING) & (np.diff(self.new) > ROUNDING))
        return [(float(self.old[k]), float(self.new[k]), float(self.new[k + 1])) for k in stands]

    def holds(self, start: float, end: float) -> bool:
        """Whether the same is said for nearly all of that time of the old take."""
        if len(self.old) < 3 and self.same.all():
            return True
        overlap = np.minimum(self.old[1:], end) - np.maximum(self.old[:-1], start)
        overlap = np.maximum(overlap, 0)
        return bool(overlap[self.same].sum() > 0.75 * max(overlap.sum(), 1e-9))


def time_map(
    old: Sequence[Heard], new: Sequence[Heard], old_words: Sequence[str] = (), new_words: Sequence[str] = ()
) -> TimeMap:
    """Lays two takes over each other: word on word where both know theirs, sound on sound within and between them.
    Without sounds in one of them every moment stays where it is."""
    if not old or not new or _are_one(old, new):
        return TimeMap.unchanged()
    bounds = [(old[0].start, new[0].start)]
    same: list[bool] = []
    run: list[bool] = []  # of the stretches in `same`: whether a sound that is no pause

    def reach(moment: tuple[float, float], holds: bool, counts: bool = False) -> None:
        if moment[0] > bounds[-1][0] + 1e-6 or moment[1] > bounds[-1][1] + 1e-6:
            bounds.append(moment)
            same.append(holds)
            run.append(counts)

    def slips(moment: tuple[float, float]) -> bool:
        return max(moment[0] - bounds[-1][0], moment[1] - bounds[-1][1]) <= SLIP

    for ours, theirs, matched in _blocks(old, new, old_words, new_words):
        if matched:
            start = (old[ours.start].start, new[theirs.start].start)
            reach(start, slips(start))
        pairs = aligned([sound.unit for sound in old[ours]], [sound.unit for sound in new[theirs]])
        for one, other in ((old[ours][i], new[theirs][j]) for i, j in pairs):
            if _likeness(one.unit, other.unit) > 0:
                start = (one.start, other.start)
                reach(start, matched or slips(start))
                reach((one.end, other.end), True, one.unit != SILENCE)
        if matched:
            reach((old[ours.stop - 1].end, new[theirs.stop - 1].end), True, True)
    reach((old[-1].end, new[-1].end), False)
    moments = np.array(bounds)
    return TimeMap(moments[:, 0], moments[:, 1], _long_enough(np.array(same), np.array(run)))


def same_words(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of indices of words that both lines have in the same order; case and punctuation do not count."""
    plain = [["".join(filter(str.isalnum, word.casefold())) for word in line] for line in (old, new)]
    blocks = SequenceMatcher(None, *plain, autojunk=False).get_matching_blocks()
    pairs = ((a + k, b + k) for a, b, size in blocks for k in range(size))
    return [(i, j) for i, j in pairs if plain[0][i]]


def _blocks(
    old: Sequence[Heard], new: Sequence[Heard], old_words: Sequence[str], new_words: Sequence[str]
) -> Iterator[tuple[slice, slice, bool]]:
    """Both takes from the beginning to the end in pieces: the sounds of one word in both (True), or what is between."""
    ours, theirs = _spans(old), _spans(new)
    said = ([*ours], [*theirs])
    reached = (0, 0)
    for i, j in same_words([old_words[w] for w in said[0]], [new_words[w] for w in said[1]]):
        one, other = ours[said[0][i]], theirs[said[1][j]]
        yield slice(reached[0], one.start), slice(reached[1], other.start), False
        yield one, other, True
        reached = one.stop, other.stop
    yield slice(reached[0], len(old)), slice(reached[1], len(new)), False


def _spans(sounds: Sequence[Heard]) -> dict[int, slice]:
    """Word -> its sounds, in order; a pause inside a word counts to it."""
    found: dict[int, slice] = {}
    for index, sound in enumerate(sounds):
        if sound.word is not None:
            found[sound.word] = slice(found[sound.word].start if sound.word in found else index, index + 1)
    return found


def aligned(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of indices of the best alignment in order (Needleman and Wunsch, 1970); what has no partner is left out."""
    if not old or not new:
        return []
    units = sorted({*old, *new})
    table = np.array([[_likeness(a, b) for b in units] for a in units])
    scores = table[np.ix_([units.index(unit) for unit in old], [units.index(unit) for unit in new])]
    rows, columns = scores.shape
    gaps = _GAP * np.arange(columns + 1)
    best = gaps.copy()
    way = np.zeros((rows + 1, columns + 1), np.int8)  # 0: beside, 1: from above, 2: both
    for row in range(rows):
        both = np.concatenate(([-np.inf], best[:-1] + scores[row]))
        above = best + _GAP
        entered = np.maximum(both, above)
        # Along the row a gap costs the same at every step: the running maximum of what is left.
        reached = np.maximum.accumulate(entered - gaps) + gaps
        way[row + 1] = np.where(reached > entered + 1e-9, 0, np.where(both >= above, 2, 1))
        best = reached
    pairs = []
    row, column = rows, columns
    while row and column:
        step = way[row, column]
        if step == 2:
            pairs.append((row - 1, column - 1))
        row, column = row - (step > 0), column - (step != 1)
    return pairs[::-1]


def _likeness(a: str, b: str) -> float:
    if a == b:
        return _SAME
    return _ALIKE if VISEME_OF_PHONE.get(a, a) == VISEME_OF_PHONE.get(b, b) else _OTHER


def _are_one(old: Sequence[Heard], new: Sequence[Heard]) -> bool:
    """Whether both come from one recording: as long, and the same is said nearly all the time."""
    if abs(old[-1].end - new[-1].end) > 0.03 or abs(old[0].start - new[0].start) > 0.03:
        return False
    moments = np.arange(old[0].start, old[-1].end, 0.01)
    said = [np.searchsorted([sound.start for sound in take], moments, "right") - 1 for take in (old, new)]
    agreed = [old[i].unit == new[j].unit for i, j in zip(*said)]
    return bool(np.mean(agreed) >= SAME_SOUND)


def _long_enough(same: NDArray[np.bool_], counts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only the stretches in a row with RUN sounds that agree."""
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
    result = np.zeros_like(same)
    for first, last in zip(edges[::2], edges[1::2]):
        result[first:last] = counts[first:last].sum() >= RUN
    return result


def _along(seconds: NDArray[np.floating], a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """From a to b piece by piece, at the same pace beyond the ends."""
    seconds = np.asarray(seconds, np.float64)
    inside = np.clip(seconds, a[0], a[-1])
    return np.interp(inside, a, b) + (seconds - inside)
