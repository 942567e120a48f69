"""Words that are exchanged to see whether they are told, and numbers that ship and can be computed again."""

from __future__ import annotations

import json

import numpy as np

from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.word_odds import DATA
from model.calibrate_text_fit import log_ratios, per_mille
from model.evaluation.wrong_words import Line, difference, exchanged, exchanges

WORDS = [("mat", ("m", "a", "t")), ("sat", ("s", "a", "t")), ("sun", ("s", "ʌ", "n")), ("see", ("s", "i"))]


def line(words: list[tuple[str, tuple[str, ...]]]) -> Line:
    """Heard as it is written, three frames a phone."""
    units = [PHONES.index(unit) for _, phones in words for unit in phones]
    rows = np.full((3 * len(units), len(PHONES)), 0.05 / len(PHONES), np.float32)
    rows[np.arange(len(rows)), np.repeat(units, 3)] += 0.95
    return Line("line", words, rows)


def test_words_differ_by_the_phones_that_their_kind_says() -> None:
    assert [difference("mat", other) for other in ("mat", "sat", "sun", "see", "")] == [0, 1, 3, 3, 3]
    found = list(exchanges([line(WORDS)]))
    assert {kind for _, _, kind, _ in found} == {"one phone", "up to two thirds", "more"}
    for of, index, kind, (_, units) in found:
        phones, most = difference(WORDS[index][1], units), max(len(WORDS[index][1]), len(units))
        assert {
            "one phone": phones == 1,
            "up to two thirds": 1 < phones <= 2 * most / 3,
            "more": phones > 2 * most / 3,
        }[kind]
        assert [word for k, word in enumerate(exchanged(of, index, ("x", units))) if k != index] == [
            word for k, word in enumerate(WORDS) if k != index
        ]


def test_how_often_phones_are_said_is_what_ships() -> None:
    assert per_mille() == json.loads(DATA.read_text(encoding="utf-8"))["per_mille"]


def test_what_is_heard_speaks_for_its_phone() -> None:
    ratios = log_ratios([line(WORDS)] * 20)
    for unit in "m a t s ʌ n i".split():
        assert ratios[PHONES.index(unit)].argmax() == PHONES.index(unit)
    assert ratios[PHONES.index("m"), PHONES.index("i")] < -2
