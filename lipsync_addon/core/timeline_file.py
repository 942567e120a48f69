"""The phoneme track as a file of our own: JSON, described in docs/words.md."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .errors import LipsyncError
from .timeline import ROUNDING, Phone, PhonemeTimeline
from .writing import whole_file

FORMAT_VERSION = 1
KIND = "lipsync phonemes"
_HINT = "Save it again with `lipsync bake LINE --timeline FILE.json`, or mend what is named here."
_DEFAULTS = {field.name: field.default for field in fields(Phone)}


def to_json(timeline: PhonemeTimeline) -> str:
    """A line per phone, without what is as usual; times in seconds with six decimals."""
    phones = []
    for phone in timeline.phones:
        entry = {key: value for key in _DEFAULTS if (value := getattr(phone, key)) != _DEFAULTS[key]}
        entry |= {key: round(entry[key], 6) for key in ("start", "end", "confidence") if key in entry}
        phones.append("  " + json.dumps(entry, ensure_ascii=False))
    head = {
        "format": KIND,
        "format_version": FORMAT_VERSION,
        "language": timeline.language,
        "source": timeline.source,
        "words": timeline.words,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    return "\n".join(["{", *lines, ' "phones": [', ",\n".join(phones), " ]", "}"]) + "\n"


def rounded(timeline: PhonemeTimeline) -> PhonemeTimeline:
    """As it would come back from to_json()."""
    phones = (
        Phone(p.unit, round(p.start, 6), round(p.end, 6), round(p.confidence, 6), p.word, p.stress, p.mute)
        for p in timeline.phones
    )
    return replace(timeline, phones=tuple(phones))


def from_json(data: Any) -> PhonemeTimeline:
    """The reverse, from parsed JSON. Raises ValueError that says what is wrong."""
    if not isinstance(data, dict) or data.get("format") != KIND:
        raise ValueError(f'it has no "format": "{KIND}"')
    if data.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"it has format_version {data.get('format_version')!r}, and {FORMAT_VERSION} is known here")
    if unknown := sorted(set(data) - {"format", "format_version", "language", "source", "words", "phones"}):
        raise ValueError(f"it has an unknown key {unknown[0]!r}")
    words, entries = data.get("words", []), data.get("phones")
    if not isinstance(entries, list) or not entries:
        raise ValueError("it has no phones")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are not a list of texts")
    texts = {key: data[key] for key in ("language", "source") if data.get(key) is not None}
    if wrong := [key for key, text in texts.items() if not isinstance(text, str)]:
        raise ValueError(f"its {wrong[0]} is no text")
    timeline = PhonemeTimeline(
        tuple(_phone(index, entry) for index, entry in enumerate(entries)), tuple(words), **texts
    )
    if timeline.start > ROUNDING:
        raise ValueError(f"its first phone starts at {timeline.start:g} s, not at 0")
    return timeline


def save(timeline: PhonemeTimeline, path: Path) -> None:
    """Writes the file whole or not at all. Raises LipsyncError where that is impossible."""
    with whole_file(path) as temporary:
        temporary.write_text(to_json(timeline), encoding="utf-8")


def load(path: Path) -> PhonemeTimeline:
    """Reads the file. Raises LipsyncError that names it and what is wrong with it."""
    try:
        return from_json(json.loads(Path(path).read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise LipsyncError(f"{path} cannot be read: {error.strerror}.", "Check the path and its spelling.") from error
    except (ValueError, OverflowError) as error:  # of JSON, of UTF-8, of ours, and of a word's number
        raise LipsyncError(f"{path} is no phoneme track: {error}.", _HINT) from error


def _phone(index: int, entry: Any) -> Phone:
    where = f"phone {index}"
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is no object")
    if unknown := sorted(set(entry) - set(_DEFAULTS)):
        raise ValueError(f"{where} has an unknown key {unknown[0]!r}")
    if missing := [key for key in ("unit", "start", "end") if key not in entry]:
        raise ValueError(f"{where} has no {missing[0]!r}")
    for key, low, high in (("start", 0, math.inf), ("end", 0, math.inf), ("confidence", 0, 1), ("stress", 0, 2)):
        value = entry.get(key, 1.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{where}: {key} is {value!r}")
        if value > sys.float_info.max:  # a whole number may be, too
            raise ValueError(f"{where}: {key} is not finite")
    if not isinstance(entry["unit"], str) or not isinstance(entry.get("mute", False), bool):
        raise ValueError(f"{where}: unit or mute is of the wrong kind")
    word = entry.get("word")
    if word is not None and (isinstance(word, bool) or not isinstance(word, int)):
        raise ValueError(f"{where}: word is {word!r}")
    return Phone(**entry)
