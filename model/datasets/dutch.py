"""Phone times of nathalie_nl (CC0): word and IPA times from the repository's own aligner."""

from __future__ import annotations

import gzip
import json

from lipsync_addon.core.phones import ipa_to_units, spread

from ..paths import SPEECH


def dutch_phones() -> dict[str, list[tuple[float, float, str]]]:
    """{utterance: [(start s, end s, unit)]}; the gaps between words are silence."""
    found = {}
    with gzip.open(SPEECH / "nathalie_nl" / "nathalie_align.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            phones, last = [], 0.0
            for phone in (p for word in entry["words"] for p in word["phones"]):
                start, end = phone["start"], phone["start"] + phone["duration"]
                if start - last > 0.01:
                    phones.append((last, start, "sil"))
                phones += spread(start, end, ipa_to_units(phone["phone"]) or ("sil",))
                last = end
            found[entry["id"]] = phones
    return found
