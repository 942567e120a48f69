"""Whether a text is what is said: how much better its phones fit the sound than phones in any order would.

Every text can be laid over every sound, and how well it then fits depends on the voice, the accent and the noise. So it
is held against what chance gives with the same sound: texts of words of the same lengths, whose phones are
drawn as often as languages have them. Which score parts right from wrong was measured: docs/words.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import Alignment, align
from .word_odds import word_model, word_odds

TRIES = 4
"""Texts by chance for a line, or for each stretch of a long one."""
STRETCH, STRETCHES = 500, 3
"""Frames of a stretch, and how many of a long line are tried."""
FITS = 0.42
"""Score below which a text is of another line or language."""
FEW, SURE = 12, 0.6
"""Phones of a text, and score, below which a text that fits may still be another: a word or two fit much."""
FORGIVEN = 0.5
"""Share of the words that may not be said in a text that fits."""


@dataclass(frozen=True, slots=True)
class TextFit:
    """How well a text fits."""

    score: float
    """0: no better than chance; 1: nothing fits better. Without what is `wrong`, unless that is half of it."""
    wrong: tuple[tuple[int, int], ...]
    """(first word, one past the last) of what is not said although the rest is."""


def text_fit(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]], aligned: Alignment) -> TextFit:
    """`posteriors` [T, P] and `words` as align() took them to make `aligned`."""
    chance = _chance(posteriors, words, aligned)
    if not chance:
        return TextFit(0.0, ())
    wrong = tuple(_wrong(word_odds(posteriors, aligned)))
    gap = aligned.gap
    if sum(last - first for first, last in wrong) < FORGIVEN * len(words):
        gap = gap.copy()
        for first, last in wrong:
            if frames := aligned.frames_of(first, last):
                gap[frames] = np.nan
    gap = gap[~np.isnan(gap)]
    return TextFit(float(np.clip(1 - gap.mean() / chance, 0, 1)) if gap.size else 0.0, wrong)


def _chance(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]], aligned: Alignment) -> float:
    """Mean gap of texts by chance; of a long line, in some stretches of it."""
    random = np.random.default_rng(0)
    units, often = zip(*word_model().shares.items())
    gaps = []
    for part, lengths in _stretches(posteriors, words, aligned):
        for _ in range(TRIES):
            drawn = iter(random.choice(len(units), sum(lengths), p=often))
            tried = align(part, [[units[next(drawn)] for _ in range(length)] for length in lengths])
            if tried is not None:
                gaps.append(tried.gap[~np.isnan(tried.gap)])
    heard = np.concatenate(gaps) if gaps else np.zeros(0)
    return float(heard.mean()) if heard.size else 0.0


def _stretches(
    posteriors: NDArray[np.float32], words: Sequence[Sequence[str]], aligned: Alignment
) -> Iterator[tuple[NDArray[np.float32], list[int]]]:
    """(posteriors, length of each word in them)"""
    frames = len(posteriors)
    if frames <= STRETCH * STRETCHES:
        yield posteriors, [len(units) for units in words]
        return
    starts = np.where(aligned.said, aligned.frames[aligned.spans[:, 0]], -1)
    for place in np.linspace(0, frames - STRETCH, STRETCHES):
        first = int(place)
        lengths = [len(units) for units, start in zip(words, starts) if first <= start < first + STRETCH]
        if lengths:
            yield posteriors[first : first + STRETCH], lengths


def _wrong(odds: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of the words that were not said: runs whose log-odds are together over the limit, as
    long as they get."""
    limit = word_model().limit
    first, now, peak, last = 0, 0.0, 0.0, 0  # words first to last - 1 have `peak` together
    for word, each in enumerate([*odds, -np.inf]):
        now += each
        if now > peak:
            peak, last = now, word + 1
        elif now <= 0 or now < peak - limit:
            if peak > limit:
                yield first, last
            first, now, peak = word + 1, 0.0, 0.0
