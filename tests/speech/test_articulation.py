"""Every phoneme of every voice of espeak-ng has a unit with the same lips and the nearest articulation.

Not only those that sentences happen to hold: the phonemes are read from the library's own tables (phontab, as its
synthdata.c reads it) and spoken one by one. panphon's features (tests/data/panphon.json) judge the units.
"""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import IPA, PHONES, read_ipa
from lipsync_addon.speech.espeak import Voice, espeak
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce

DATA = Path(espeakng_loader.get_data_path())
LISTED = espeak().voices()
VOICES = {voice.identifier: voice for voice in LISTED if espeak().can_speak(voice.identifier)}
SPOKEN = range(2, 9)
"""Types of phonemes that sound: vowels, liquids, stops, fricatives, nasals; others are stresses, pauses and tones."""
AT_ONCE = 20
"""Phonemes that are spoken in one text, each as a word."""


@cache
def tables() -> dict[str, tuple[int, list[tuple[int, str, int]]]]:
    """name -> (number of the table that it builds on, from 1, [(code, mnemonic, type)])"""
    data, found, place = (DATA / "phontab").read_bytes(), {}, 4
    for _ in range(data[0]):
        count, base = data[place : place + 2]
        name = data[place + 4 : place + 36].split(b"\0")[0].decode()
        place += 36
        rows = []
        for start in range(place, place + 16 * count, 16):
            mnemonic, code, kind = struct.unpack_from("<4s6xBB", data, start)
            rows.append((code, mnemonic.split(b"\0")[0].decode("latin-1"), kind))
        found[name] = base, rows
        place += 16 * count
    assert place == len(data)
    return found


def phonemes(table: str) -> dict[int, tuple[str, int]]:
    """Code -> (mnemonic, type) with those of the tables that it builds on."""
    base, rows = tables()[table]
    found = phonemes(list(tables())[base - 1]) if base else {}
    return found | {code: (mnemonic, kind) for code, mnemonic, kind in rows}


def table_of(voice: Voice) -> str:
    text = (DATA / "lang" / voice.identifier).read_text(encoding="utf-8")
    named = re.search(r"^phonemes\s+(\S+)", text, re.MULTILINE)
    tags = [voice.identifier.split("/")[-1], voice.languages[0][0], voice.languages[0][0].split("-")[0], "en"]
    return next(name for name in [*([named[1]] if named else []), *tags] if name in tables())


@cache
def symbols(identifier: str) -> frozenset[str]:
    """IPA of each phoneme that the voice can say."""
    spoken = [f"[[{mnemonic}]]" for mnemonic, kind in phonemes(table_of(VOICES[identifier])).values() if kind in SPOKEN]
    texts = (" ".join(spoken[first : first + AT_ONCE]) for first in range(0, len(spoken), AT_ONCE))
    phones = (phone for text in texts for phone in espeak().speak(text, identifier, sound=False).phones)
    return frozenset(symbol for _, symbol in phones if "(" not in symbol)


def test_the_tables_are_read_as_the_library_reads_them() -> None:
    assert len(LISTED) >= 140 and len(tables()) >= 130
    assert {"p", "tS", "aI"} <= {mnemonic for mnemonic, _ in phonemes("en").values()}


def test_voices_without_a_dictionary_are_refused_by_name() -> None:
    silent = [voice for voice in LISTED if voice.identifier not in VOICES]
    assert len(silent) <= 3  # Faroese, Karakalpak and a test in espeakng-loader 0.2.4
    for voice in silent:
        with pytest.raises(LipsyncError, match=f"without its dictionary of {voice.name}"):
            reader_of(voice.languages[0][0])


@pytest.mark.parametrize("identifier", VOICES)
def test_no_phoneme_of_any_voice_is_unknown(identifier: str) -> None:
    found = symbols(identifier)
    assert len(found) >= 15
    for symbol in found:
        units, unknown = read_ipa(symbol)
        assert unknown == () and set(units) <= set(PHONES), symbol
        assert units or not symbol.strip("ˈˌːʲʰ "), symbol  # a mark alone says nothing


PANPHON = json.loads((Path(__file__).parents[1] / "data" / "panphon.json").read_text(encoding="utf-8"))
UNSEEN = ("long", "hitone", "hireg")
"""Features that no lips show."""
LIPS = ("lab", "round")
"""Features that everybody sees: they count three times."""
KIRSHENBAUM = json.loads(IPA.read_text(encoding="utf-8"))["espeak"]
"""Not IPA, so panphon takes the letters for others."""
FARTHER = {
    "ɱ": "the lip is on the teeth as in v; panphon has it beside m, whose lips close",
    "ɵ": "as round as ø; panphon has it nearer to the closer y",
    "ɘ": "central as ə",
    "ɭ": "a lateral as l; panphon has it nearer to r",
    "ʀ": "a trill where ʁ is said, and most languages have one or the other",
    "ʝ": "as open as j in most languages that have it",
    "χ": "voiceless as x; panphon has it nearer to ʁ",
}
"""Letters whose unit is not panphon's nearest, and why."""


def features(segment: str) -> np.ndarray | None:
    """[F] of one segment, -1, 0 and 1; None for what panphon takes for several, or for none."""
    signs = PANPHON["segments"].get(segment.strip("ˈˌ"))
    return np.array(["-0+".index(sign) - 1 for sign in signs]) if signs else None


def distance(one: np.ndarray, other: np.ndarray) -> float:
    weights = [0.0 if name in UNSEEN else 3.0 if name in LIPS else 1.0 for name in PANPHON["features"]]
    return float((np.abs(one - other) * weights).sum())


def test_units_are_the_nearest_by_articulatory_features() -> None:
    ours = {unit: features(unit) for unit in PHONES if unit != "sil"}
    judged = 0
    for symbol in sorted(frozenset().union(*(symbols(identifier) for identifier in VOICES))):
        (units, _), theirs = read_ipa(symbol), features(symbol)
        if theirs is None or len(units) != 1 or symbol.strip("ˈˌː") in ours:
            continue
        if any(part in symbol for part in KIRSHENBAUM):
            continue
        letter = symbol.strip("ˈˌːʰ̪")
        least = min(distance(theirs, each) for each in ours.values())
        judged += 1
        assert distance(theirs, ours[units[0]]) == least or letter in FARTHER, (symbol, units)
    assert judged > 60


def test_tones_clicks_and_nasal_vowels_move_the_mouth_as_they_sound() -> None:
    for tones, language in (("ma má mà mả mã mạ", "vi"), ("妈 麻 马 骂", "zh")):
        words = pronounce(tones, reader_of(language)).words
        assert {word.units[0] for word in words} == {"m"}, (language, words)
        assert len({word.units for word in words}) == 1, (language, words)
    assert [read_ipa(click)[0] for click in ("ʘ", "ǀ", "ǃ", "ǂ", "ǁ")] == [("p",), ("t",), ("t",), ("t",), ("l",)]
    for nasal, plain in (("ɑ̃", "ɑ"), ("ɛ̃", "ɛ"), ("õ", "o"), ("ɔ̃", "ɔ"), ("ũ", "u")):
        assert read_ipa(nasal) == read_ipa(plain)
    for symbol, units in (("tɕ", "tʃ"), ("dʑ", "dʒ"), ("t͡ʃ", "tʃ"), ("kʷ", "k w"), ("?", "ʔ")):
        assert read_ipa(symbol)[0] == tuple(units.split())
