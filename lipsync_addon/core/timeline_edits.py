"""What a person does to a PhonemeTimeline: pure functions, timeline in, timeline out.

The other phones keep their times, but for neighbours that give or take the time. What a person set has confidence 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .errors import LipsyncError
from .phones import ipa_to_units
from .timeline import ROUNDING, SILENCE, Phone, PhonemeTimeline, PhoneRow

KEPT = 0.001
"""Seconds, and parts of 1, that are no change; Blender keeps the times of a long line no finer."""
LEAST = 0.01
"""Seconds that a phone keeps at least, whatever is moved, inserted or divided."""


def with_boundary(timeline: PhonemeTimeline, index: int, seconds: float) -> PhonemeTimeline:
    """The boundary between phones `index` - 1 and `index` at another moment, as far as both keep some time."""
    if not 0 < index < len(timeline.phones):
        raise LipsyncError(f"There is no boundary before phone {index}.", "Choose one between two phones.")
    before, after = timeline.phones[index - 1 : index + 1]
    seconds = _between(before.start + LEAST, seconds, after.end - LEAST)
    both = [replace(before, end=seconds, confidence=1.0), replace(after, start=seconds, confidence=1.0)]
    return _with(timeline, index - 1, both, 2)


def with_unit(timeline: PhonemeTimeline, index: int, ipa: str) -> PhonemeTimeline:
    """Another phone in the same place. `ipa` may be any IPA; what it has several units for shares the time.

    Raises LipsyncError for what is no IPA and for more units than there is time for.
    """
    phone = _phone(timeline, index)
    units = units_of(ipa)
    if units == (SILENCE,):
        return _with(timeline, index, [replace(phone, unit=SILENCE, confidence=1.0)])
    if len(units) > 1:
        _check_room(phone, index, LEAST * len(units))
    step = phone.length / len(units)
    edges = [phone.start + step * part for part in range(len(units))] + [phone.end]
    new = [replace(phone, unit=u, start=a, end=b, confidence=1.0) for u, a, b in zip(units, edges, edges[1:])]
    return _with(timeline, index, new)


def with_inserted(timeline: PhonemeTimeline, index: int, ipa: str) -> PhonemeTimeline:
    """A new phone after phone `index`, in the second half of its time.

    Raises LipsyncError for what is no IPA and where there is no time for it.
    """
    phone = _phone(timeline, index)
    _check_room(phone, index, 2 * LEAST * len(units_of(ipa)))
    middle = (phone.start + phone.end) / 2
    both = [replace(phone, end=middle), replace(phone, start=middle, stress=1.0, mute=False)]
    return with_unit(_with(timeline, index, both), index + 1, ipa)


def without(timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
    """Phone `index` taken out; its neighbours take half of its time each. Raises LipsyncError for the last one left."""
    phone = _phone(timeline, index)
    if len(timeline.phones) == 1:
        raise LipsyncError("The only phone cannot be deleted.", "Change it to a pause instead.")
    middle = (phone.start + phone.end) / 2
    before, after = timeline.phones[max(index - 1, 0) : index], timeline.phones[index + 1 : index + 2]
    if not before or not after:
        middle = phone.end if before else phone.start
    left = [*(replace(each, end=middle) for each in before), *(replace(each, start=middle) for each in after)]
    return _with(timeline, index - len(before), left, len(left) + 1)


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
    places = np.flatnonzero(timeline.phones.words == word) if word >= 0 else ()
    if not len(places):
        raise LipsyncError(f"Word {word} is not said in this line.", "Choose a word that has phones.")
    first, last = int(places[0]), int(places[-1]) + 1  # a pause inside a word counts to it
    before, own = timeline.phones[max(first - 1, 0) : first], timeline.phones[first:last]
    after = timeline.phones[last : last + 1]
    length = own[-1].end - own[0].start
    least = length * min(LEAST / float((own.ends - own.starts).min()), 1)  # its shortest phone stays that long
    low = before[0].start + LEAST if before else timeline.start
    high = after[0].end - LEAST if after else timeline.end
    start = _between(low, start, high - least) if before else low
    end = _between(start + least, end, high) if after else high
    scale = (end - start) / length
    edges = [start + (phone.start - own[0].start) * scale for phone in own] + [end]
    new = [replace(phone, start=a, end=b, confidence=1.0) for phone, a, b in zip(own, edges, edges[1:])]
    new = [*(replace(each, end=start) for each in before), *new, *(replace(each, start=end) for each in after)]
    return _with(timeline, first - len(before), new, len(new))


def changed_span(old: PhonemeTimeline, new: PhonemeTimeline, within: float = 0.0) -> tuple[float, float] | None:
    """(start s, end s) outside which both say the same with the same times; None where they do everywhere. `within`:
    seconds, and parts of 1, that are no change."""
    sides = old.phones, new.phones
    count = min(map(len, sides))
    first = _alike(*(side[:count] for side in sides), within)
    if first == len(old.phones) == len(new.phones):
        return None
    last = _alike(*(side[first + len(side) - count :][::-1] for side in sides), within)
    touched = [side[first : len(side) - last] for side in sides]
    starts, ends = np.concatenate([each.starts for each in touched]), np.concatenate([each.ends for each in touched])
    return float(starts.min()), float(ends.max())


def units_of(ipa: str) -> tuple[str, ...]:
    """Our units for what a person typed: IPA, or "sil" for a pause. Raises LipsyncError for what is no IPA."""
    ipa = ipa.strip()
    if ipa == SILENCE:
        return (SILENCE,)
    units = ipa_to_units(ipa)
    if not units:
        raise LipsyncError(f"{ipa!r} is no IPA that is known here.", 'Type a phone such as "p", "tʃ" or "sil".')
    return units


def _alike(one: PhoneRow, other: PhoneRow, within: float) -> int:
    """How many phones at the beginning of two rows of one length are the same."""
    differs = (one.units != other.units) | (one.words != other.words) | (one.mutes != other.mutes)
    differs |= (one.confidences == 1) != (other.confidences == 1)
    for column in ("starts", "ends", "confidences", "stresses"):
        differs |= np.abs(getattr(one, column) - getattr(other, column)) > within
    return int(differs.argmax()) if differs.any() else len(one)


def _phone(timeline: PhonemeTimeline, index: int) -> Phone:
    if not 0 <= index < len(timeline.phones):
        raise LipsyncError(f"There is no phone {index}.", f"The line has {len(timeline.phones)}, counted from 0.")
    return timeline.phones[index]


def _check_room(phone: Phone, index: int, seconds: float) -> None:
    if phone.length < seconds - ROUNDING:
        told = f"Phone {index} ({phone.unit}) has {phone.length:.3f} s, and this takes {seconds:.2f} s."
        raise LipsyncError(told, "Make it longer first.")


def _with(timeline: PhonemeTimeline, index: int, new: list[Phone], count: int = 1) -> PhonemeTimeline:
    """`new` instead of `count` phones from `index` on."""
    return replace(timeline, phones=timeline.phones.with_part(index, index + count, new))


def _between(low: float, value: float, high: float) -> float:
    """`value` within the limits; the middle where they leave nothing."""
    return min(max(value, low), high) if high - low > -ROUNDING else (low + high) / 2
