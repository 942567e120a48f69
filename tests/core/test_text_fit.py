"""Whether a text is that of a sound is judged against chance, and words that are not said among others are found."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.alignment import align
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.text_fit import FITS, TextFit, text_fit
from lipsync_addon.core.word_odds import word_model

UNITS = list(word_model().shares)


def words(count: int, seed: int) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [[str(unit) for unit in random.choice(UNITS[:30], random.integers(2, 7))] for _ in range(count)]


def heard(said: list[list[str]], noise: float, seed: int = 0) -> np.ndarray:
    """[T, P] of words that are spoken five frames a phone, each heard as often wrong as `noise` says."""
    random = np.random.default_rng(seed)
    columns = [PHONES.index(unit) for word in said for unit in word]
    rows = random.dirichlet(np.full(len(PHONES), 0.1), 5 * len(columns))
    right = np.repeat(columns, 5)
    sure = random.uniform(size=len(right)) > noise
    rows[np.arange(len(right)), right] += 4 * sure
    return (rows / rows.sum(1, keepdims=True)).astype(np.float32)


def fit(sound: np.ndarray, text: list[list[str]]) -> TextFit:
    aligned = align(sound, text)
    assert aligned is not None
    return text_fit(sound, text, aligned)


@pytest.mark.parametrize("noise", [0.0, 0.25, 0.4])
def test_a_right_text_scores_high_and_others_low_however_well_it_is_heard(noise: float) -> None:
    for seed in range(5):
        text = words(12, seed)
        sound = heard(text, noise, seed)
        assert fit(sound, text).score > FITS + 0.05 > FITS - 0.05 > fit(sound, words(12, seed + 100)).score
    assert fit(heard(words(12, 0), 0.0), words(12, 0)).score > 0.9


def test_a_long_line_is_judged_by_some_stretches() -> None:
    text = words(700, 1)
    sound = heard(text, 0.25)
    assert len(sound) > 10_000
    assert fit(sound, text).score > FITS + 0.1 and fit(sound, words(700, 2)).score < FITS - 0.1


@pytest.mark.parametrize("first", [0, 20, 40])
def test_a_sentence_that_was_exchanged_is_found(first: int) -> None:
    said, other = words(60, 3), words(20, 4)
    text = [*said[:first], *other, *said[first + 20 :]]
    found = fit(heard(said, 0.25), text)
    assert found.score > FITS
    wrong = {word for begin, end in found.wrong for word in range(begin, end)}
    exchanged = set(range(first, first + 20))
    assert len(wrong & exchanged) > 16 and len(wrong - exchanged) <= 3
    assert fit(heard(said, 0.25), said).wrong == ()


def test_silence_fits_no_text() -> None:
    silence = np.eye(len(PHONES), dtype=np.float32)[np.zeros(50, int)]
    assert fit(silence, [["m", "a"]]) == TextFit(0.0, ())
