"""What a person does to a PhonemeTimeline: pure functions, timeline in, timeline out.

The other phones keep their times, but for neighbours that give or take the time. What a person set has confidence 1.
"""

from __future__ import annotations

from dataclasses import replace

from .errors import LipsyncError
from .phones import ipa_to_units
from .timeline import ROUNDING, SILENCE, Phone, PhonemeTimeline

KEPT = 0.001
"""Seconds, and parts of 1, that are no change; Blender keeps the times of a long line no finer."""
LEAST = 0.01
"""Seconds that a phone keeps at least, whatever is moved."""


def with_boundary(timeline: PhonemeTimeline, index: int, seconds: float) -> PhonemeTimeline:
    """The boundary between phones `index` - 1 and `index` at another moment, as far as both keep some time."""
    phones = list(timeline.phones)
    if not 0 < index < len(phones):
        raise LipsyncError(f"There is no boundary before phone {index}.", "Choose one between two phones.")
    before, after = phones[index - 1], phones[index]
    seconds = _between(before.start + LEAST, seconds, after.end - LEAST)
    phones[index - 1 : index + 1] = [
        replace(before, end=seconds, confidence=1.0),
        replace(after, start=seconds, confidence=1.0),
    ]
    return replace(timeline, phones=tuple(phones))


def with_unit(timeline: PhonemeTimeline, index: int, ipa: str) -> PhonemeTimeline:
    """Another phone in the same place. `ipa` may be any IPA; what it has several units for shares the time.

    Raises LipsyncError for what is no IPA.
    """
    phone = _phone(timeline, index)
    units = units_of(ipa)
    if units == (SILENCE,):
        return _with(timeline, index, [replace(phone, unit=SILENCE, confidence=1.0)])
    step = phone.length / len(units)
    edges = [phone.start + step * part for part in range(len(units))] + [phone.end]
    new = [replace(phone, unit=u, start=a, end=b, confidence=1.0) for u, a, b in zip(units, edges, edges[1:])]
    return _with(timeline, index, new)


def with_inserted(timeline: PhonemeTimeline, index: int, ipa: str) -> PhonemeTimeline:
    """A new phone after phone `index`, in the second half of its time. Raises LipsyncError for what is no IPA."""
    phone = _phone(timeline, index)
    middle = (phone.start + phone.end) / 2
    both = [replace(phone, end=middle), replace(phone, start=middle, stress=1.0, mute=False)]
    return with_unit(_with(timeline, index, both), index + 1, ipa)


def without(timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
    """Phone `index` taken out; its neighbours take half of its time each. Raises LipsyncError for the last one left."""
    phone = _phone(timeline, index)
    if len(timeline.phones) == 1:
        raise LipsyncError("The only phone cannot be deleted.", "Change it to a pause instead.")
    phones = list(timeline.phones)
    middle = (phone.start + phone.end) / 2
    if index == 0 or index == len(phones) - 1:
        middle = phone.start if index == 0 else phone.end
    if index > 0:
        phones[index - 1] = replace(phones[index - 1], end=middle)
    if index + 1 < len(phones):
        phones[index + 1] = replace(phones[index + 1], start=middle)
    del phones[index]
    return replace(timeline, phones=tuple(phones))


def with_mute(timeline: PhonemeTimeline, index: int, mute: bool) -> PhonemeTimeline:
    """Whether the mouth leaves phone `index` out."""
    return _with(timeline, index, [replace(_phone(timeline, index), mute=mute)])


def with_stress(timeline: PhonemeTimeline, index: int, stress: float) -> PhonemeTimeline:
    """How strongly the mouth plays phone `index`, 0..2. Raises LipsyncError beyond."""
    if not 0 <= stress <= 2:
        raise LipsyncError(f"A stress of {stress:g} is not within 0 to 2.", "1 is as spoken.")
    return _with(timeline, index, [replace(_phone(timeline, index), stress=float(stress))])


def with_word_times(timeline: PhonemeTimeline, word: int, start: float, end: float) -> PhonemeTimeline:
    """Word number `word` from `start` to `end` seconds: its phones stretch alike, its two neighbours give or take.

    The times are kept inside what the neighbours can give. Raises LipsyncError for a word that is not said.
    """
    span = next((each for each in timeline.word_spans() if each.index == word), None)
    if span is None:
        raise LipsyncError(f"Word {word} is not said in this line.", "Choose a word that has phones.")
    phones = list(timeline.phones)
    least = LEAST * (span.last - span.first)
    low = phones[span.first - 1].start + LEAST if span.first else timeline.start
    high = phones[span.last].end - LEAST if span.last < len(phones) else timeline.end
    start = _between(low, start, high - least) if span.first else low
    end = _between(start + least, end, high) if span.last < len(phones) else high
    scale = (end - start) / (span.end - span.start)
    edges = [start + (phone.start - span.start) * scale for phone in phones[span.first : span.last]] + [end]
    for index in range(span.last - span.first):
        place = span.first + index
        phones[place] = replace(phones[place], start=edges[index], end=edges[index + 1], confidence=1.0)
    if span.first:
        phones[span.first - 1] = replace(phones[span.first - 1], end=start)
    if span.last < len(phones):
        phones[span.last] = replace(phones[span.last], start=end)
    return replace(timeline, phones=tuple(phones))


def changed_span(old: PhonemeTimeline, new: PhonemeTimeline, within: float = 0.0) -> tuple[float, float] | None:
    """(start s, end s) outside which both say the same with the same times; None where they do everywhere. `within`:
    seconds, and parts of 1, that are no change."""
    count = min(len(old.phones), len(new.phones))
    first = next((i for i in range(count) if not _same(old.phones[i], new.phones[i], within)), count)
    if first == len(old.phones) == len(new.phones):
        return None
    rest = count - first + 1
    last = next((i for i in range(1, rest) if not _same(old.phones[-i], new.phones[-i], within)), rest)
    sides = (old.phones[first : len(old.phones) - last + 1], new.phones[first : len(new.phones) - last + 1])
    touched = [phone for side in sides for phone in side]
    return min(phone.start for phone in touched), max(phone.end for phone in touched)


def units_of(ipa: str) -> tuple[str, ...]:
    """Our units for what a person typed: IPA, or "sil" for a pause. Raises LipsyncError for what is no IPA."""
    ipa = ipa.strip()
    if ipa == SILENCE:
        return (SILENCE,)
    units = ipa_to_units(ipa)
    if not units:
        raise LipsyncError(f"{ipa!r} is no IPA that is known here.", 'Type a phone such as "p", "tʃ" or "sil".')
    return units


def _same(one: Phone, other: Phone, within: float) -> bool:
    return one is other or (
        (one.unit, one.word, one.mute, one.confidence == 1) == (other.unit, other.word, other.mute, other.confidence == 1)
        and abs(one.start - other.start) <= within
        and abs(one.end - other.end) <= within
        and abs(one.confidence - other.confidence) <= within
        and abs(one.stress - other.stress) <= within
    )


def _phone(timeline: PhonemeTimeline, index: int) -> Phone:
    if not 0 <= index < len(timeline.phones):
        raise LipsyncError(f"There is no phone {index}.", f"The line has {len(timeline.phones)}, counted from 0.")
    return timeline.phones[index]


def _with(timeline: PhonemeTimeline, index: int, new: list[Phone]) -> PhonemeTimeline:
    phones = list(timeline.phones)
    phones[index : index + 1] = new
    return replace(timeline, phones=tuple(phones))


def _between(low: float, value: float, high: float) -> float:
    """`value` within the limits; the middle where they leave nothing."""
    return min(max(value, low), high) if high - low > -ROUNDING else (low + high) / 2
