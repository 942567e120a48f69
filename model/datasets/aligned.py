"""Phone times that align_english and align_own found."""

from __future__ import annotations

import json
from pathlib import Path

from ..paths import PREPARED
from ..targets import Phones, with_short_onsets


def alignment_files(corpus: str) -> list[Path]:
    """The files that are there, pocketsphinx's first."""
    names = (f"{corpus}.json", f"{corpus}.own.json")
    return [path for name in names if (path := PREPARED / "phones" / name).exists()]


def aligned_phones(corpus: str) -> dict[str, Phones]:
    """{utterance: [(start s, end s, unit)]}; pocketsphinx's where both have one."""
    found: dict[str, Phones] = {}
    for path in alignment_files(corpus):
        found = json.loads(path.read_text(encoding="utf-8")) | found
    return {name: with_short_onsets(phones) for name, phones in found.items()}
