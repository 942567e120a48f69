"""Forced alignment: known phones laid over the frames in which the network hears them (Viterbi)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .hearing import EARLY
from .large_arrays import let_go
from .phones import PHONES, likeness

SILENCE = PHONES.index("sil")
_VOICELESS = frozenset(map(PHONES.index, ("p", "t", "k", "tʃ")))
FLOOR = 1e-4
"""Posteriors below this count alike: one frame that was heard wrong must not outweigh all others."""
FILLER = 0.1
"""A pause may hold sound that the text has not (a cough, another word), at this share of what is heard best there."""
UNSAID = -3.0
"""Log-score of leaving out a phone of the text, a word at a time: words that were not said are skipped."""
UNSAID_WORD = -3.0
"""Log-score of leaving out a word beside that of its phones: people swallow short words far oftener than they
drop them."""
SHARPNESS = 0.4
"""How far the frames decide where two phones meet: at 0 the middle of what both may have, above 1 one frame alone. What
is heard of frames beside each other is no evidence by itself each time, hence below 1. This and the next two were found
on lines of Nathalie and of GRID that train the network, never on those that judge it (docs/words.md)."""
FADE = 0.75
"""Frames that a sound lasts longer before a pause than it is heard: it fades away."""
SHUT = 4.0
"""Frames that a voiceless stop after a pause lasts at most, closure and breath. Its closure is silent, so that the
network takes silence before it for it as far back as it likes."""
REACH = 25
"""Frames from a boundary beyond which nothing says where it is."""
BEAM = 400.0
"""Log-score by which a state may lag behind the best and still be followed; an hour would not fit in memory
otherwise."""
BLOCK = 2000
"""Frames of which scores are in memory at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where each phone lies; numbers, for an hour has forty thousand."""

    units: NDArray[np.uint8]
    """[N] index into PHONES; pauses and what the text has not are "sil"."""
    frames: NDArray[np.int32]
    """[N + 1] the first frame of each phone, without gaps, and one past the last of all."""
    edges: NDArray[np.float64]
    """[N + 1] the boundaries in frames, between them too: where the phones beside them are likeliest to meet."""
    heard: NDArray[np.float64]
    """[N] of each phone: geometric mean of the posteriors of it and its like, 0..1."""
    spans: NDArray[np.int32]
    """[W, 2] of each word of the text: its first phone and one past its last; twice the same where it was not said."""
    gap: NDArray[np.float32]
    """[T] log of how much better another phone is heard than the one of the path; not a number where nothing
    is said."""
    confidence: float
    """Geometric mean of the posteriors along the path, times the share of the text's phones that were said, 0..1;
    text that does not fit the sound comes out low."""

    @property
    def said(self) -> NDArray[np.bool_]:
        """[W] which words were said."""
        return self.spans[:, 0] < self.spans[:, 1]

    def frames_of(self, first: int, last: int) -> slice | None:
        """The frames from word `first` to the word before `last`; None where none of them was said."""
        spans = self.spans[first:last][self.said[first:last]]
        return slice(int(self.frames[spans[0, 0]]), int(self.frames[spans[-1, 1]])) if len(spans) else None

    def timed(self, fps: float) -> list[tuple[float, float, str]]:
        """[(start s, end s, unit)]"""
        seconds = (self.edges / fps).tolist()
        return [(start, end, PHONES[unit]) for start, end, unit in zip(seconds, seconds[1:], self.units.tolist())]


def align(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]]) -> Alignment | None:
    """The best path through the words, with an optional pause before, between and after them.

    `posteriors` [T, P] over PHONES; `words` are units of each word in order. Words that the sound has not are left
    out, sound that the words have not becomes a pause. None where there is no sound or no word.
    """
    text = _Text.of(words)
    if len(posteriors) == 0 or len(text.states) == 1:
        return None
    path = _best_path(posteriors, text)
    first = np.flatnonzero(np.diff(path, prepend=-1))
    states = path[first]
    # Pauses on both sides of a word that was not said are one.
    joined = np.append(True, ~(text.pause[states[1:]] & text.pause[states[:-1]]))
    states, frames = states[joined], np.append(first[joined], len(path)).astype(np.int32)
    del path
    units = text.states[states]
    along, gap = _along(posteriors, frames, units)
    total = np.add.reduceat(along, frames[:-1])
    said = (~text.pause[states]).sum() / (~text.pause).sum()
    return Alignment(
        units.astype(np.uint8),
        frames,
        _boundaries(posteriors, frames, units),
        np.exp(total / np.diff(frames)).astype(np.float64),
        _word_spans(text, states, len(words)),
        gap,
        float(np.exp(total.sum() / len(posteriors)) * said),
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """The words as a row of S states: pause, phones of word 0, pause, phones of word 1, pause ..."""

    states: NDArray[np.intp]
    """[S] index into PHONES"""
    pause: NDArray[np.bool_]
    """[S]"""
    word: NDArray[np.intp]
    """[S] index of the word; -1 for pauses"""
    leap: NDArray[np.intp]
    """[S] the state before the one before from which a state can be reached too, -1: none. A word's first phone from
    the word before, without a pause; a pause from the pause before, leaving out the word."""
    toll: NDArray[np.float32]
    """[S] log-score of that"""

    @classmethod
    def of(cls, words: Sequence[Sequence[str]]) -> _Text:
        states, word, leap, toll = [SILENCE], [-1], [-1], [0.0]
        for index, units in enumerate(words):
            if units:
                before = len(states) - 1
                states += [*map(PHONES.index, units), SILENCE]
                word += [index] * len(units) + [-1]
                leap += [before - 1] + [-1] * (len(units) - 1) + [before]
                toll += [0.0] * len(units) + [UNSAID_WORD + UNSAID * len(units)]
        columns = np.array(states), np.array(word), np.array(leap), np.array(toll, np.float32)
        return cls(columns[0], columns[1] < 0, *columns[1:])


def _scores(posteriors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, P] log of how far each phone is heard."""
    return np.log(np.maximum(posteriors @ likeness(), FLOOR))


def _spoken(posteriors: NDArray[np.float32]) -> NDArray[np.float32]:
    """_scores(), in which a pause may hold what the text has not."""
    scores = _scores(posteriors)
    filler = np.log(np.maximum(FILLER * posteriors.max(1), FLOOR))
    scores[:, SILENCE] = np.maximum(scores[:, SILENCE], filler)
    return scores


def _best_path(posteriors: NDArray[np.float32], text: _Text) -> NDArray[np.int32]:
    """[T] state of every frame. Follows only the states from the first to the last that are within BEAM of the best.

    What all paths that are followed have in common is settled block by block (Bloit and Rodet 2008), so that only the
    way since then is kept.
    """
    frames, count = len(posteriors), len(text.states)
    path = np.empty(frames, np.int32)
    low, high = 0, min(2, count)  # the first pause is optional
    best = np.zeros(high)
    kept: list[tuple[int, NDArray[np.int8]]] = []  # of frame `settled` and those after it
    settled = 0
    for begin in range(0, frames, BLOCK):
        scores = _spoken(posteriors[begin : begin + BLOCK])
        for frame, row in enumerate(scores, begin):
            if frame == 0:
                came_from = np.zeros(high, np.int8)
                best = row[text.states[:high]].astype(np.float64)
            else:
                reach = min(high + 2, count)
                leap = text.leap[low:reach]
                padded = np.full(reach - low + 1, -np.inf)
                padded[1 : high - low + 1] = best  # padded[k]: state low + k - 1
                stay, step = padded[1:], padded[:-1]
                from_leap = np.where(leap >= low, leap - low + 1, 0)
                leapt = np.where(leap >= low, padded[from_leap] + text.toll[low:reach], -np.inf)
                choices = np.stack([stay, step, leapt])
                came_from = choices.argmax(0).astype(np.int8)
                best = choices.max(0) + row[text.states[low:reach]]
            kept.append((low, came_from))
            alive = np.flatnonzero(best >= best.max() - BEAM)
            low, high, best = low + alive[0], low + alive[-1] + 1, best[alive[0] : alive[-1] + 1]
        let_go(posteriors)
        if begin + BLOCK < frames:
            common = _traced(path, settled, kept, np.arange(low, high), text)
            del kept[: common - settled]
            settled = common
    if high >= count - 1:
        ends = np.arange(max(low, count - 2), high)
    else:  # too little sound for so many words: those after the last pause are left out
        ends = low + np.flatnonzero(text.pause[low:high])
    _traced(path, settled, kept, ends[best[ends - low].argmax()][None], text)
    return path


def _traced(
    path: NDArray[np.int32],
    settled: int,
    kept: list[tuple[int, NDArray[np.int8]]],
    states: NDArray[np.intp],
    text: _Text,
) -> int:
    """Follows `states` of the last frame back to frame `settled` and writes the path as far as they have it in common;
    the frame up to which that is."""
    common = settled
    for frame in range(settled + len(kept) - 1, settled - 1, -1):
        if len(states) > 1 and (states == states[0]).all():
            states = states[:1]
        if len(states) == 1:
            common = max(common, frame + 1)
            path[frame] = states[0]
        first, came_from = kept[frame - settled]
        choice = came_from[states - first]
        states = np.where(choice == 2, text.leap[states], states - choice)
    return common


def _along(
    posteriors: NDArray[np.float32], edges: NDArray[np.int32], units: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """([T] log of how far the phone at each frame is heard, Alignment.gap)"""
    frames = len(posteriors)
    along, gap = np.empty(frames, np.float32), np.full(frames, np.nan, np.float32)
    unit = np.repeat(units, np.diff(edges))
    for begin in range(0, frames, BLOCK):
        block = slice(begin, begin + BLOCK)
        scores, of_path = _scores(posteriors[block]), unit[block, None]
        along[block] = np.take_along_axis(scores, of_path, 1)[:, 0]
        speech = posteriors[block, SILENCE] < 0.5
        spoken = np.take_along_axis(_spoken(posteriors[block]), of_path, 1)[:, 0]
        gap[block][speech] = (scores.max(1) - spoken)[speech]
        let_go(posteriors)
    return along, gap


def _boundaries(
    posteriors: NDArray[np.float32], frames: NDArray[np.int32], units: NDArray[np.intp]
) -> NDArray[np.float64]:
    """[N + 1] where the phones of the path meet, in frames. Each is the mean of the places that it may have
    while the others stay, weighed by how well they fit: between frames, and in the middle where one phone
    comes twice."""
    edges, place = np.zeros(len(frames)), 0.0
    for index in range(1, len(units)):
        one, other, (before, start, last) = units[index - 1], units[index], frames[index - 1 : index + 2].tolist()
        # Each keeps half a frame at least: `place` is where the one before begins.
        least = max(before + 1, int(np.ceil(place + 0.5)), start - REACH)
        places = np.arange(least, min(last - 1, start + REACH) + 1)
        part = posteriors[least - 1 : places[-1]]
        fits = SHARPNESS * np.cumsum(_said(part, one, other) - _said(part, other, one), dtype=np.float64)
        weights = np.exp(fits - fits.max())
        place = float(weights @ places / weights.sum())
        edges[index] = place - 0.5 + EARLY
        if index % BLOCK == 0:
            let_go(posteriors)
    edges[-1] = frames[-1]
    for index in range(1, len(units)):
        if units[index] == SILENCE:
            edges[index] += min(FADE, (edges[index + 1] - edges[index]) / 2)
        elif units[index - 1] == SILENCE and units[index] in _VOICELESS:
            edges[index] = max(edges[index], edges[index + 1] - SHUT)
    return edges


def _said(posteriors: NDArray[np.float32], unit: int, beside: int) -> NDArray[np.float32]:
    """[n] log of how far a unit is heard; a pause may hold any sound but the one beside it."""
    heard = posteriors @ likeness()[:, unit]
    if unit == SILENCE:
        heard = np.maximum(heard, FILLER * np.delete(posteriors, beside, axis=1).max(1))
    return np.log(np.maximum(heard, FLOOR))


def _word_spans(text: _Text, states: NDArray[np.intp], count: int) -> NDArray[np.int32]:
    """[count, 2] of each word its first phone among `states` and one past its last."""
    words = text.word[states]
    spans = np.zeros((count, 2), np.int32)
    first = np.flatnonzero(np.diff(words, prepend=-2))
    ends = np.append(first[1:], len(words))
    of_word = words[first] >= 0
    spans[words[first][of_word]] = np.stack([first, ends], axis=1)[of_word]
    return spans
