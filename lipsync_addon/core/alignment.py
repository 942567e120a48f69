"""Forced alignment: known phones laid over the frames in which the network hears them (Viterbi)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phones import PHONES, likeness

SILENCE = PHONES.index("sil")
FLOOR = 1e-4
"""Posteriors below this count alike: one frame that was heard wrong must not outweigh all others."""
FILLER = 0.1
"""A pause may hold sound that the text has not (a cough, another word), at this share of what is heard best there."""
UNSAID = -3.0
"""Log-score of leaving out a phone of the text, a word at a time: words that were not said are skipped."""
UNSAID_WORD = -3.0
"""Log-score of leaving out a word beside that of its phones: people swallow short words far oftener than they drop them."""
FADE = 1.25
"""Frames that a sound lasts longer before a pause than it is heard: it fades away. Measured on Dutch and on GRID."""
BEAM = 400.0
"""Log-score by which a state may lag behind the best and still be followed; an hour would not fit in memory otherwise."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where each phone lies."""

    phones: tuple[tuple[int, int, str], ...]
    """(first frame, one past the last, unit), without gaps; pauses and what the text has not are "sil"."""
    edges: tuple[float, ...]
    """[len(phones) + 1] the boundaries in frames, between them too: where both neighbours are heard alike."""
    heard: tuple[float, ...]
    """Of each phone: geometric mean of the posteriors of it and its like, 0..1."""
    words: tuple[tuple[int, int] | None, ...]
    """Of each word of the text: its first phone and one past its last; None where it was not said."""
    confidence: float
    """Geometric mean of the posteriors along the path, times the share of the text's phones that were said, 0..1;
    text that does not fit the sound comes out low."""

    def timed(self, fps: float) -> list[tuple[float, float, str]]:
        """[(start s, end s, unit)]"""
        return [(self.edges[i] / fps, self.edges[i + 1] / fps, unit) for i, (_, _, unit) in enumerate(self.phones)]


def align(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]]) -> Alignment | None:
    """The best path through the words, with an optional pause before, between and after them.

    `posteriors` [T, P] over PHONES; `words` are units of each word in order. Words that the sound has not are left
    out, sound that the words have not becomes a pause. None where there is no sound or no word.
    """
    text = _Text.of(words)
    if len(posteriors) == 0 or len(text.states) == 1:
        return None
    alike = posteriors @ likeness()
    scores = np.log(np.maximum(alike, FLOOR))
    spoken = scores.copy()
    spoken[:, SILENCE] = np.log(np.maximum(np.maximum(alike[:, SILENCE], FILLER * posteriors.max(1)), FLOOR))
    path = _best_path(spoken, text)
    edges = np.flatnonzero(np.diff(path, prepend=-1, append=-1))
    states, first, last = path[edges[:-1]], edges[:-1], edges[1:]
    # Pauses on both sides of a word that was not said are one.
    joined = np.concatenate([[True], ~(text.pause[states[1:]] & text.pause[states[:-1]])])
    states, first, last = states[joined], first[joined], np.append(first[joined][1:], len(path))
    units = text.states[states]
    heard = [float(np.exp(scores[a:b, u].mean())) for a, b, u in zip(first, last, units)]
    along = np.exp(sum(np.log(h) * (b - a) for h, a, b in zip(heard, first, last)) / len(path))
    said = (~text.pause[states]).sum() / (~text.pause).sum()
    return Alignment(
        tuple((int(a), int(b), PHONES[u]) for a, b, u in zip(first, last, units)),
        _crossings(scores, first, units),
        tuple(heard),
        _word_spans(text, states, len(words)),
        float(along * said),
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


def _best_path(scores: NDArray[np.float32], text: _Text) -> NDArray[np.intp]:
    """[T] state of every frame. Follows only the states from the first to the last that are within BEAM of the best."""
    frames, count = len(scores), len(text.states)
    low, high = 0, min(2, count)
    best = scores[0, text.states[:high]].astype(np.float64)  # the first pause is optional
    kept: list[tuple[int, NDArray[np.int8]]] = [(0, np.zeros(high, np.int8))]
    for frame in range(1, frames):
        reach = min(high + 2, count)
        leap = text.leap[low:reach]
        padded = np.full(reach - low + 1, -np.inf)
        padded[1 : high - low + 1] = best  # padded[k]: state low + k - 1
        stay, step = padded[1:], padded[:-1]
        from_leap = np.where(leap >= low, leap - low + 1, 0)
        leapt = np.where(leap >= low, padded[from_leap] + text.toll[low:reach], -np.inf)
        choices = np.stack([stay, step, leapt])
        came_from = choices.argmax(0).astype(np.int8)
        best = choices.max(0) + scores[frame, text.states[low:reach]]
        alive = np.flatnonzero(best >= best.max() - BEAM)
        kept.append((low, came_from))
        low, high, best = low + alive[0], low + alive[-1] + 1, best[alive[0] : alive[-1] + 1]
    path = np.empty(frames, np.intp)
    if high >= count - 1:
        ends = np.arange(max(low, count - 2), high)
    else:  # too little sound for so many words: those after the last pause are left out
        ends = low + np.flatnonzero(text.pause[low:high])
    state = int(ends[best[ends - low].argmax()])
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        first, came_from = kept[frame]
        if frame:
            choice = int(came_from[state - first])
            state = int(text.leap[state]) if choice == 2 else state - choice
    return path


def _crossings(scores: NDArray[np.float32], first: NDArray[np.intp], units: NDArray[np.intp]) -> tuple[float, ...]:
    """Boundaries in frames: a frame hears what sounds at its time, so they lie between frames, nearer to the less sure."""
    edges, lasts = [0.0], [*first[1:], len(scores)][1:]
    for frame, last, before, after in zip(first[1:], lasts, units, units[1:]):
        lead = scores[frame - 1, before] - scores[frame - 1, after]
        lag = scores[frame, after] - scores[frame, before]
        share = lead / (lead + lag) if lead > 0 and lag > 0 else 0.5
        fade = min(FADE, (last - frame) / 2) if after == SILENCE else 0.0
        edges.append(float(frame - 1 + share + fade))
    return (*edges, float(len(scores)))


def _word_spans(text: _Text, states: NDArray[np.intp], count: int) -> tuple[tuple[int, int] | None, ...]:
    """Of each word its first phone among `states` and one past its last."""
    words = text.word[states]
    spans: list[tuple[int, int] | None] = [None] * count
    edges = np.flatnonzero(np.diff(words, prepend=-2, append=-2))
    for a, b in zip(edges[:-1], edges[1:]):
        if words[a] >= 0:
            spans[words[a]] = int(a), int(b)
    return tuple(spans)
