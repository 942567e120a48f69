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

PER_MILLE = {
    "a": 100, "n": 68, "i": 64, "t": 55, "s": 51, "e": 46, "d": 43, "l": 36, "ə": 36, "m": 33, "r": 32, "k": 32,
    "u": 31, "v": 30, "o": 29, "ɪ": 28, "j": 20, "ɛ": 20, "ɡ": 18, "h": 18, "b": 16, "ɾ": 16, "ɔ": 14, "ʌ": 12, "p": 12,
    "z": 11, "w": 11, "ɐ": 10, "ɑ": 10, "ʃ": 10, "æ": 10, "ʊ": 9, "ŋ": 7, "ð": 6, "f": 6, "y": 6, "x": 5, "ɲ": 5, "ɨ": 5, "ɹ": 5,
    "ʔ": 4, "ʒ": 4, "ɯ": 3, "ø": 2, "ɣ": 2, "ɒ": 2, "ʁ": 2, "dʒ": 1, "ç": 1, "œ": 1, "tʃ": 1, "θ": 1, "ɚ": 1,
}  # fmt: skip
"""How often phones are said: the mean of 82 languages (article 1 of the Universal Declaration of Human Rights
as espeak-ng reads it, tests/data/sentences.json)."""
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
WRONG = 30.0
"""Log-score by which some words in a row must fit worse than FITS asks, to be taken for words that were not said."""
WORSE = 5.0
"""The same for a single word of which the sound has little: then a short one too was not said, and not swallowed."""


@dataclass(frozen=True, slots=True)
class TextFit:
    """How well a text fits."""

    score: float
    """0: no better than chance; 1: nothing fits better. Without what is `wrong`, unless that is half of it."""
    wrong: tuple[tuple[int, int], ...]
    """(first word, one past the last) of what is not said although the rest is."""
    worse: tuple[bool, ...] = ()
    """Of each word: whether it fits worse than a text of another line may."""


def text_fit(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]], aligned: Alignment) -> TextFit:
    """`posteriors` [T, P] and `words` as align() took them to make `aligned`."""
    chance = _chance(posteriors, words, aligned)
    if not chance:
        return TextFit(0.0, ())
    wrong = tuple(_wrong(aligned, (1 - FITS) * chance))
    gap = aligned.gap
    if sum(last - first for first, last in wrong) < FORGIVEN * len(words):
        gap = gap.copy()
        for first, last in wrong:
            gap[_frames(aligned, first, last)] = np.nan
    gap = gap[~np.isnan(gap)]
    excess = np.nan_to_num(aligned.gap - (1 - FITS) * chance)
    worse = tuple(not span or excess[_frames(aligned, i, i + 1)].sum() > WORSE for i, span in enumerate(aligned.words))
    return TextFit(float(np.clip(1 - gap.mean() / chance, 0, 1)) if gap.size else 0.0, wrong, worse)


def _frames(aligned: Alignment, first: int, last: int) -> slice:
    """From the first frame of word `first` to the last one of the word before `last`."""
    spans = [span for span in aligned.words[first:last] if span]
    return slice(aligned.phones[spans[0][0]][0], aligned.phones[spans[-1][1] - 1][1])


def _chance(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]], aligned: Alignment) -> float:
    """Mean gap of texts by chance; of a long line, in some stretches of it."""
    random = np.random.default_rng(0)
    units, often = list(PER_MILLE), np.array(list(PER_MILLE.values()), np.float64)
    gaps = []
    for part, lengths in _stretches(posteriors, words, aligned):
        for _ in range(TRIES):
            drawn = iter(random.choice(len(units), sum(lengths), p=often / often.sum()))
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
    starts = [aligned.phones[span[0]][0] if span else -1 for span in aligned.words]
    for place in np.linspace(0, frames - STRETCH, STRETCHES):
        first = int(place)
        lengths = [len(units) for units, start in zip(words, starts) if first <= start < first + STRETCH]
        if lengths:
            yield posteriors[first : first + STRETCH], lengths


def _wrong(aligned: Alignment, allowed: float) -> Iterator[tuple[int, int]]:
    """Runs of words whose time has a gap that is larger than `allowed` by more than WRONG in all, as long as
    they get."""
    ends = [(word, aligned.phones[span[1] - 1][1]) for word, span in enumerate(aligned.words) if span]
    excess = np.nan_to_num(aligned.gap - allowed)
    total = np.concatenate([[0.0], np.cumsum(excess, dtype=np.float64)])
    first, begin, peak, last = 0, 0.0, 0.0, 0  # words first to last - 1 are `peak` worse than allowed
    for word, end in [*ends, (len(aligned.words), None)]:
        now = total[end] - begin if end is not None else -np.inf
        if now > peak:
            peak, last = now, word + 1
        elif now <= 0 or now < peak - WRONG:
            if peak > WRONG:
                yield first, last
            first, peak, begin = word + 1, 0.0, total[end] if end is not None else 0.0
