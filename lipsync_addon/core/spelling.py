"""Names as rig makers write them: one spelling for all, and what may stand before and after it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}


class Reading(NamedTuple):
    """One way to read a name: a run of its words as the name proper, the rest as decoration."""

    spelling: str
    """Canonical."""
    affixes: tuple[str, str]
    """Words before and words after it, without numbers: ("blend shape", "") of "blendShape1.jawOpen"."""


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """Lower-case words of a name: "CC_JawOpen_L", "ccJawOpenL" and "cc.jaw open.l" give cc jaw open l."""
    return tuple(word.lower() for word in _WORD.findall(unicodedata.normalize("NFKC", name)))


def canonical(name_words: Sequence[str]) -> str:
    """One spelling for all: words joined, sides spelled out and last. mouth_L_smile -> mouthsmileleft."""
    sides = [_SIDES[word] for word in name_words if word in _SIDES]
    return "".join([word for word in name_words if word not in _SIDES] + sides)


@lru_cache(maxsize=8192)
def spelling(name: str) -> str:
    """The canonical spelling of a whole name."""
    return canonical(words(name))


@lru_cache(maxsize=8192)
def affix(text: str) -> str:
    """What stands before or after names, in the form of Reading.affixes."""
    return _without_numbers(words(text))


@lru_cache(maxsize=8192)
def readings(name: str) -> tuple[Reading, ...]:
    """Every way to read a name, the longest spelling first, of equally long ones the last."""
    parts = words(name)
    runs = [(start, end) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)]
    runs.sort(key=lambda run: (run[0] - run[1], -run[0]))
    return tuple(
        Reading(canonical(parts[start:end]), (_without_numbers(parts[:start]), _without_numbers(parts[end:])))
        for start, end in runs
    )


def _without_numbers(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if not part.isdigit())
