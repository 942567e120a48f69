"""What speaks for another word than that of the text: the numbers that ship, and what they make of words."""

from __future__ import annotations

import numpy as np

from lipsync_addon.core.alignment import align
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.word_odds import word_model, word_odds

SAID = [["m", "a", "n"], ["d", "e", "k"], ["s", "o", "l"], ["t", "i", "p"]]


def heard(words: list[list[str]]) -> np.ndarray:
    """[T, P] every phone for five frames, rather surely."""
    units = [PHONES.index(unit) for word in words for unit in word]
    rows = np.full((5 * len(units), len(PHONES)), 0.1 / (len(PHONES) - 1), np.float32)
    rows[np.arange(len(rows)), np.repeat(units, 5)] = 0.9
    return rows


def odds(said: list[list[str]], text: list[list[str]]) -> np.ndarray:
    aligned = align(heard(said), text)
    assert aligned is not None
    return word_odds(heard(said), aligned)


def test_the_numbers_that_ship_fit_the_inventory() -> None:
    model = word_model()
    assert model.ratios.shape == (len(PHONES), len(PHONES))
    assert abs(sum(model.shares.values()) - 1) < 1e-9 and set(model.shares) < set(PHONES)
    assert model.limit > 0
    used = [PHONES.index(unit) for unit in model.shares]
    assert all(
        model.ratios[index].argmax() == index for index in used if PHONES[index] in "p b m f s t k n a i u".split()
    )


def test_right_words_are_far_below_the_limit_and_the_wrong_one_is_over_it() -> None:
    limit = word_model().limit
    assert odds(SAID, SAID).max() < 0
    for place in range(len(SAID)):
        text = [*SAID]
        text[place] = ["f", "u", "ʃ"]
        found = odds(SAID, text)
        assert found[place] > limit and max(np.delete(found, place)) < limit


def test_a_likely_neighbour_counts_less_than_a_far_one() -> None:
    near, far = (odds(SAID, [*SAID[:1], word, *SAID[2:]])[1] for word in (["t", "ɛ", "k"], ["ʃ", "u", "k"]))
    assert odds(SAID, SAID)[1] < near < far


def test_a_word_that_was_left_out_is_over_the_limit() -> None:
    found = odds(SAID, [*SAID[:2], ["ʃ", "u", "ʃ", "u", "ʃ", "u"], *SAID[2:]])
    assert found[2] > word_model().limit
