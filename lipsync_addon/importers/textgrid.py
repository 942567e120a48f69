"""Praat TextGrid, of Praat, the Montreal Forced Aligner, WebMAUS or us: phones with their times become curves.

Both text formats of Praat are read, long and short: everything in them but free-standing numbers, quoted texts and
flags is decoration (Praat's manual, "TextGrid file formats"). The tier of phones is the one called so, else the only
one whose labels are phones; they may be IPA, ARPAbet or X-SAMPA. Each phone moves its viseme and the pose that stands
for it among Rhubarb's (data/mouth_shapes, data/mouth_poses).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.channels import VISEMES_15
from ..core.phones import VISEME_OF_PHONE, VOWELS, arpabet_to_units, ipa_to_units, spread
from ..core.timeline import SILENCE, Phone, PhonemeTimeline, without_gaps
from ..core.track import AnimationTrack
from ..core.xsampa import to_ipa
from .poses import faded, poses

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)|<(exists|absent)>')
_PHONES = ("phones", "phonemes", "phone", "phoneme", "phon", "mau", "segments")
_WORDS = ("words", "word", "ort", "orthography")
_OF_XSAMPA = re.compile(r"[@{}&\\`?~]|^[1-9]|[ACEHIJOQUX]")
"""What X-SAMPA has and ARPAbet has not; tested on labels that are no ARPAbet."""
_PAUSES = ("", "sil", "sp", "spn", "pau", "<p:>", "<eps>", "<nib>", "_", "#")
SHAPES = Path(__file__).parents[1] / "data" / "mouth_shapes" / "rhubarb.json"

Interval = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Tier:
    """An interval tier."""

    name: str
    intervals: tuple[Interval, ...]


def text_of(data: bytes) -> str:
    """Praat writes UTF-8 or UTF-16. Raises ValueError for what is neither."""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def timeline(text: str, source: str = "") -> PhonemeTimeline:
    """What is said. Raises ValueError that says what is wrong."""
    tiers = read_tiers(text)
    chosen = _tier_of_phones(tiers)
    words = _named(tiers, _WORDS, chosen)
    spoken = [each for each in words.intervals if each[2].strip().lower() not in _PAUSES] if words else []
    begins, phones = [begin for begin, _, _ in spoken], []
    for (start, end, _), units in zip(chosen.intervals, _units_of(chosen), strict=True):
        middle = (start + end) / 2
        nearest = bisect_right(begins, middle) - 1
        word = nearest if nearest >= 0 and middle < spoken[nearest][1] and units != (SILENCE,) else None
        phones += [Phone(unit, a, b, word=word) for a, b, unit in spread(start, end, units) if b > a]
    end = max((tier.intervals[-1][1] for tier in tiers if tier.intervals), default=0.0)
    filled = without_gaps(phones, end)
    return PhonemeTimeline(filled, tuple(label.strip() for _, _, label in spoken), source=source)


def from_text(text: str) -> AnimationTrack:
    """The curves. Raises ValueError that says what is wrong."""
    said = timeline(text)
    if not said.phones:
        raise ValueError("its phones are empty")
    shapes, known = json.loads(SHAPES.read_text(encoding="utf-8"))["shapes"], poses()
    mouth = tuple(dict.fromkeys(name for pose in known.values() for name in pose if name not in VISEMES_15))
    names = (*mouth, *VISEMES_15)
    rows = []
    for phone in said.phones:
        viseme = VISEME_OF_PHONE[phone.unit]
        pose = known[shapes[viseme]]
        rows.append([pose.get(name, 0.0) for name in mouth] + [float(name == viseme) for name in VISEMES_15])
    starts = [phone.start for phone in said.phones]
    return faded(names, np.array([*starts, said.end]), np.array([*rows, rows[-1]]))


def read_tiers(text: str) -> list[Tier]:
    """The interval tiers. Raises ValueError that says what is wrong."""
    tokens = iter([(None if m[1] is None else m[1].replace('""', '"'), m[2] or m[3]) for m in _TOKEN.finditer(text)])

    def string() -> str:
        quoted, _ = next(tokens)
        if quoted is None:
            raise ValueError("a text is missing where one should be")
        return quoted

    def number() -> float:
        _, plain = next(tokens)
        if plain is None:
            raise ValueError("a number is missing where one should be")
        return float(plain)

    try:
        if (string(), string()) != ("ooTextFile", "TextGrid"):
            raise ValueError("it is no TextGrid in text format")
        number(), number()
        if next(tokens)[1] != "exists":
            return []
        return [tier for _ in range(int(number())) if (tier := _read_tier(string, number))]
    except StopIteration:
        raise ValueError("it ends too early") from None


def _read_tier(string: Callable[[], str], number: Callable[[], float]) -> Tier | None:
    kind, name = string(), string()
    number(), number()
    count = int(number())
    if kind == "TextTier":
        for _ in range(count):
            number(), string()
        return None
    if kind != "IntervalTier":
        raise ValueError(f"the tier {name!r} is of an unknown class {kind!r}")
    intervals = [(number(), number(), string()) for _ in range(count)]
    reached = 0.0
    for start, end, label in intervals:
        if not (np.isfinite(end) and reached - 1e-6 <= start < end):
            raise ValueError(f"the interval {label!r} of the tier {name!r} at {start:g} s is not in order")
        reached = end
    return Tier(name, tuple(intervals))


def _tier_of_phones(tiers: Sequence[Tier]) -> Tier:
    if found := _named(tiers, _PHONES):
        return found
    fitting = [tier for tier in tiers if tier.intervals and _understood(tier)]
    if len(fitting) == 1 and fitting[0].name.lower() not in _WORDS:
        return fitting[0]
    names = ", ".join(repr(tier.name) for tier in tiers) or "none"
    raise ValueError(f"no tier is called `phones`; it has {names}")


def _named(tiers: Sequence[Tier], names: Sequence[str], beside: Tier | None = None) -> Tier | None:
    """By name, or by its end after a dash, as in "Anna - phones"; of several speakers the one of the tier `beside`."""
    found = [tier for tier in tiers if tier.name.lower().rpartition(" - ")[2] in names]
    speaker = beside.name.lower().rpartition(" - ")[0] if beside else None
    same = [tier for tier in found if speaker is not None and tier.name.lower().rpartition(" - ")[0] == speaker]
    return next(iter(same or found), None)


def _units_of(tier: Tier) -> list[tuple[str, ...]]:
    """The phones of each interval. Raises ValueError for a label that is none."""
    labels = [label.strip() for _, _, label in tier.intervals]
    if not _is_xsampa([label for label in labels if label.lower() not in _PAUSES]):
        return [_units(label) for label in labels]
    units = [_xsampa_units(label) for label in labels]
    # WebMAUS writes the glottal stop of German as Q; the vowel of that sign never stands before another one.
    return [
        ("ʔ",) if label == "Q" and after[0] in VOWELS else own
        for label, own, after in zip(labels, units, [*units[1:], (SILENCE,)])
    ]


def _is_xsampa(labels: Sequence[str]) -> bool:
    """Whether the labels of a tier are X-SAMPA: nothing in them is IPA or ARPAbet only, and something X-SAMPA only."""
    if not all(label.isascii() for label in labels) or all(label in VISEMES_OF_NAME for label in labels):
        return False
    own = [label for label in labels if not _is_arpabet(label)]
    arpabet = {label.rstrip("012") for label in set(labels) - set(own)} - {"OY"}  # German has that too
    if any(len(label) > 1 and label.isupper() for label in arpabet):
        return False
    return any(_OF_XSAMPA.search(label) for label in own)


def _is_arpabet(label: str) -> bool:
    try:
        return bool(arpabet_to_units(label))
    except KeyError:
        return False


def _xsampa_units(label: str) -> tuple[str, ...]:
    if label.lower() in _PAUSES:
        return (SILENCE,)
    units = ipa_to_units(to_ipa(label))
    if not units:
        raise ValueError(f"the label {label!r} is no phone in X-SAMPA")
    return units


def _units(label: str) -> tuple[str, ...]:
    """Raises ValueError for a label that is no phone."""
    plain = label.strip()
    if plain.lower() in _PAUSES:
        return (SILENCE,)
    if plain in VISEME_OF_PHONE:  # before ARPAbet in small letters, whose r and y are others
        return (plain,)
    try:
        return arpabet_to_units(plain)
    except KeyError:
        units = ipa_to_units(plain)
    if plain in VISEMES_OF_NAME:
        return (VISEMES_OF_NAME[plain],)
    if not units:
        raise ValueError(f"the label {label!r} is no phone in IPA, ARPAbet or X-SAMPA")
    return units


def _understood(tier: Tier) -> bool:
    try:
        return all(_units_of(tier))
    except ValueError:
        return False


VISEMES_OF_NAME = {viseme.removeprefix("viseme_"): unit for unit, viseme in reversed(VISEME_OF_PHONE.items())}
"""Labels of our own tier `visemes`: the first phone of each."""
