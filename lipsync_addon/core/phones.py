"""Our inventory of IPA units, the Oculus viseme of each, and how other notations map to it."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .channels import VISEMES_15

_UNITS_OF_VISEME: dict[str, str] = {
    "sil": "sil",
    "PP": "p b m",
    "FF": "f v",
    "TH": "θ ð",
    "DD": "t d",
    "kk": "k ɡ ŋ x ɣ h ʔ ʁ",
    "CH": "tʃ dʒ ʃ ʒ",
    "SS": "s z",
    "nn": "n ɲ l",
    "RR": "r ɾ ɹ ɚ",
    "aa": "a ɑ ɐ æ ʌ",
    "E": "e ɛ ə ɜ",
    "ih": "i ɪ ɨ ɯ j ç",
    "oh": "o ɔ ɒ ø œ ɤ",
    "ou": "u ʊ ʉ y ʏ w",
}
PHONES: tuple[str, ...] = tuple(" ".join(_UNITS_OF_VISEME.values()).split())
"""The IPA units that the network tells apart, silence ("sil") first."""
VISEME_OF_PHONE: dict[str, str] = {
    unit: f"viseme_{viseme}" for viseme, units in _UNITS_OF_VISEME.items() for unit in units.split()
}
assert set(VISEME_OF_PHONE.values()) == set(VISEMES_15)

VOWELS = frozenset("a ɑ ɐ æ ʌ e ɛ ə ɜ ɚ i ɪ ɨ ɯ o ɔ ɒ ø œ ɤ u ʊ ʉ y ʏ".split())
BILABIALS = frozenset("p b m".split())
LABIODENTALS = frozenset("f v".split())

_MANNERS: tuple[frozenset[str], ...] = (
    VOWELS,
    frozenset("p b t d k ɡ ʔ".split()),
    frozenset("m n ŋ ɲ".split()),
    frozenset("f v θ ð s z ʃ ʒ x ɣ h ʁ ç".split()),
    frozenset("tʃ dʒ".split()),
    frozenset("j w l r ɾ ɹ".split()),
)


@cache
def likeness() -> NDArray[np.float32]:
    """[P, P] how far one phone heard speaks for another: 1 for itself, 0.6 for the same viseme and manner, 0.05 for the
    same manner. Accents and dictionaries differ by such neighbours more than by others."""
    alike = np.eye(len(PHONES), dtype=np.float32)
    for i, one in enumerate(PHONES):
        for j, other in enumerate(PHONES):
            if i != j and any(one in manner and other in manner for manner in _MANNERS):
                alike[i, j] = 0.6 if VISEME_OF_PHONE[one] == VISEME_OF_PHONE[other] else 0.05
    alike.flags.writeable = False
    return alike


IPA = Path(__file__).parents[1] / "data" / "ipa.json"
"""Letters without a unit of their own, with the unit that has the nearest articulation."""


def _nearest() -> dict[str, str]:
    data = json.loads(IPA.read_text(encoding="utf-8"))
    return {**data["letters"], **data["espeak"]}


_SAME_AS = _nearest()
"""Letter, or two -> units, parted by spaces."""

_ARPABET: dict[str, str] = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "a ʊ", "AX": "ə", "AY": "a ɪ", "B": "b", "CH": "tʃ", "D": "d",
    "DH": "ð", "EH": "ɛ", "ER": "ɚ", "EY": "e ɪ", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "dʒ",
    "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "o ʊ", "OY": "ɔ ɪ", "P": "p", "R": "ɹ", "S": "s",
    "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
    "SIL": "sil", "SPN": "sil", "PAU": "sil", "<SIL>": "sil", "+SPN+": "sil", "+NSN+": "sil",
}  # fmt: skip


def arpabet_to_units(name: str) -> tuple[str, ...]:
    """("a", "ɪ") for "AY1". Raises KeyError for a name that is no ARPAbet."""
    return tuple(_ARPABET[name.upper().rstrip("012")].split())


def ipa_to_units(ipa: str) -> tuple[str, ...]:
    """Units of one IPA symbol or word, e.g. ("tʃ", "a", "ɪ") for "tʃˈaɪ̯"; marks that the lips do not show are dropped.

    Letters that are not IPA are dropped too: an empty result means that nothing was understood.
    """
    return read_ipa(ipa)[0]


def read_ipa(ipa: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(units, letters that are not known here). Marks of stress, length, tone, nasality, breath and palate, which the
    lips do not show, are known and say nothing; rounding (ʷ) is a w of its own."""
    units: list[str] = []
    unknown: list[str] = []
    ipa = ipa.replace("͡", "").replace("͜", "")
    position = 0
    while position < len(ipa):
        pair, letter = ipa[position : position + 2], ipa[position]
        if letter not in VISEME_OF_PHONE and letter not in _SAME_AS:
            letter = unicodedata.normalize("NFD", letter)[0]  # "ũ" is a nasal u
        if pair in VISEME_OF_PHONE or len(pair) == 2 and pair in _SAME_AS:
            units.append(_SAME_AS.get(pair, pair))
            position += 2
            continue
        if letter in VISEME_OF_PHONE:
            units.append(letter)
        elif letter in _SAME_AS:
            units.extend(_SAME_AS[letter].split())
        elif not _is_mark(letter):
            unknown.append(letter)
        position += 1
    return tuple(units), tuple(unknown)


def _is_mark(letter: str) -> bool:
    """Diacritics, modifier letters, tones as digits or strokes, punctuation between syllables."""
    return unicodedata.category(letter)[0] in "MNPZSC" or unicodedata.category(letter) == "Lm"


def spread(start: float, end: float, units: tuple[str, ...]) -> list[tuple[float, float, str]]:
    """(start s, end s, unit) with the time shared out evenly, as for the halves of a diphthong."""
    step = (end - start) / max(len(units), 1)
    return [(start + i * step, start + (i + 1) * step, unit) for i, unit in enumerate(units)]
