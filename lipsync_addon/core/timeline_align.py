"""From what the network hears, with or without the words of a text, to a PhonemeTimeline.

With words, the aligner (alignment.py) says where each phone of the text lies. Where the text has not what is said, the
sound wins: the phones heard there stand in the timeline, and a Mismatch says where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np

from .alignment import Alignment, align
from .hearing import EARLY
from .large_arrays import let_go
from .phones import PHONES
from .spoken import heard
from .text_fit import FEW, FITS, SURE, text_fit
from .timeline import OPEN, ROUNDING, SILENCE, Phone, PhonemeTimeline, PhoneRow, without_gaps
from .timeline_edits import LEAST
from .track import AnimationTrack

SUREST = 0.99
"""Confidence of what is heard; 1 is for what a person set."""
SHOWN = 8
"""Words at both ends of a mismatch that are told."""
EXTRA = 0.25
"""Seconds of speech between two words from which they are reported: shorter ones are breath and hesitation."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stretch where text and sound disagree."""

    start: float
    end: float
    text: str
    """Words that the sound has not; empty where the sound has something that the text has not."""
    heard: str
    """Phones that are heard there, in IPA; empty for silence."""

    def __str__(self) -> str:
        where = f"{self.start:.2f} to {self.end:.2f} s"
        sound = f"[{_shown(self.heard)}] is heard" if self.heard else "nothing is heard"
        if not self.text:
            return f"{where}: {sound}, which the text has not."
        return f"{where}: the text has {_shown(self.text)!r}, {sound}. The sound wins."


def _shown(text: str) -> str:
    """Its beginning and end, where it is long."""
    words = text.split()
    return text if len(words) <= 2 * SHOWN else " ".join([*words[:SHOWN], "…", *words[-SHOWN:]])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text laid over a sound."""

    timeline: PhonemeTimeline
    mismatches: tuple[Mismatch, ...]
    score: float
    """text_fit.TextFit.score: how much better the text fits the sound than chance, 0..1."""
    few: bool = False
    """Whether the text is so short that it can fit by chance."""

    @property
    def fits(self) -> bool:
        """False where the text is probably of another line or language."""
        return self.score >= FITS

    @property
    def doubtful(self) -> bool:
        """Whether nobody can tell."""
        return self.fits and self.few and self.score < SURE


def recognised(phones: AnimationTrack, language: str = "", source: str = "") -> PhonemeTimeline:
    """What is heard, without a text: the likeliest phones of a track of PHONES."""
    found = (_sure(phones, sound) for sound in _sounds(phones))
    return PhonemeTimeline(without_gaps(found, _end(phones), shortest=1 / phones.fps), (), language, source)


def fitted(phones: AnimationTrack, words: Sequence[tuple[str, Sequence[str]]], language: str, source: str) -> Fitted:
    """(word, units) in order laid over a track of PHONES. Where nothing fits, the timeline is what is heard."""
    texts = tuple(text for text, _ in words)
    result = align(phones.values, [units for _, units in words])
    if result is None or not result.said.any():
        return Fitted(replace(recognised(phones, language, source), words=texts), (), 0.0)
    fit = text_fit(phones.values, [units for _, units in words], result)
    kept, score = [True] * len(words), fit.score
    for first, last in fit.wrong:
        kept[first:last] = [False] * (last - first)
    if score < FITS:
        ours = recognised(phones, language, source)
        nothing = Mismatch(0.0, ours.end, " ".join(texts), " ".join(p.unit for p in ours.phones if p.unit != SILENCE))
        return Fitted(replace(ours, words=texts), (nothing,), score)
    row = PhoneRow(_phones(phones.fps, result, kept))
    sounds = PhoneRow(_sounds(phones))
    extra: list[Mismatch] = []
    filled = without_gaps(_with_heard(row, sounds, phones, extra), _end(phones), shortest=LEAST)
    unsaid = list(_unsaid(filled, kept, texts, sounds))
    unsaid += [each for each in extra if not any(m.start < each.end and each.start < m.end for m in unsaid)]
    mismatches = tuple(sorted(unsaid, key=lambda each: each.start))
    few = sum(len(units) for _, units in words) < FEW
    return Fitted(PhonemeTimeline(filled, texts, language, source), mismatches, score, few)


def _end(phones: AnimationTrack) -> float:
    return phones.start + len(phones.values) / phones.fps


def _sounds(phones: AnimationTrack) -> Iterator[Phone]:
    """The likeliest phones of a track of PHONES, from second 0 to its end; how sure they are is left open."""
    # A frame stands for half of the way to its neighbours.
    begin, end = phones.start + (EARLY - 0.5) / phones.fps, _end(phones)
    found = heard(AnimationTrack(phones.names, phones.values, phones.fps, begin))
    for sound, after in pairwise(chain(found, [None])):
        yield Phone(sound.unit, max(sound.start, 0.0), sound.end if after else end, OPEN)


def _sure(phones: AnimationTrack, sound: Phone) -> Phone:
    """The sound with the mean posterior of its unit over its time."""
    first, last = (round((seconds - phones.start) * phones.fps) for seconds in (sound.start, sound.end))
    part = phones.values[max(first, 0) : max(last, first + 1), phones.names.index(sound.unit)]
    share = float(np.clip(part.mean(), 0, SUREST)) if part.size else 0.0
    let_go(phones.values)
    return replace(sound, confidence=share)


def _phones(fps: float, result: Alignment, kept: Sequence[bool]) -> Iterator[Phone]:
    """The phones of the words that are said; the rest of the time is open."""
    word_of = np.full(len(result.units), -1)
    for word in np.flatnonzero(result.said & kept):
        word_of[slice(*result.spans[word])] = word
    confidences = np.clip(result.heard, 0, SUREST)
    seconds = result.edges / fps
    for index in np.flatnonzero((word_of >= 0) & (seconds[1:] > seconds[:-1])):
        start, end = seconds[index : index + 2].tolist()
        yield Phone(PHONES[result.units[index]], start, end, float(confidences[index]), int(word_of[index]))


def _with_heard(
    row: PhoneRow, sounds: PhoneRow, phones: AnimationTrack, extra: list[Mismatch]
) -> Iterator[Phone]:
    """The phones with what is heard in every gap between them, for LEAST or longer; `extra` gets the gaps in which
    somebody speaks."""
    reached = 0.0
    for phone in chain(row, [None]):
        start, stop = reached, phone.start if phone else _end(phones)
        inside = [
            replace(_sure(phones, sound), start=max(sound.start, start), end=min(sound.end, stop))
            for sound in (_within(sounds, start + ROUNDING, stop - ROUNDING) if stop - start > ROUNDING else ())
            if min(sound.end, stop) - max(sound.start, start) >= LEAST
        ]
        if inside and phone and inside[-1].unit == phone.unit:
            # A stop after a pause, which begins later than it is heard: alignment.SHUT.
            inside[-2:] = [replace(each, end=stop) for each in inside[-2:-1]]
        speech = [each for each in inside if each.unit != SILENCE]
        if sum(each.length for each in speech) >= EXTRA:
            yield from inside
            extra.append(Mismatch(speech[0].start, speech[-1].end, "", " ".join(each.unit for each in speech)))
        if phone:
            yield phone
            reached = phone.end


def _within(sounds: PhoneRow, start: float, end: float) -> PhoneRow:
    """Those that last beyond `start` and begin before `end`."""
    return sounds[np.searchsorted(sounds.ends, start, "right") : np.searchsorted(sounds.starts, end)]


def _unsaid(
    filled: PhoneRow, kept: Sequence[bool], texts: Sequence[str], sounds: PhoneRow
) -> Iterator[Mismatch]:
    """The words that are not said, those beside each other as one."""
    words = filled.chosen(filled.words >= 0)
    missing = [index for index, said in enumerate(kept) if not said]
    runs = np.split(np.array(missing), np.flatnonzero(np.diff(missing) > 1) + 1) if missing else []
    for run in runs:
        before, after = np.searchsorted(words.words, run[0]), np.searchsorted(words.words, run[-1], "right")
        start = words[before - 1].end if before else 0.0
        end = words[after].start if after < len(words) else filled[-1].end
        speech = [sound for sound in _within(sounds, start + 0.03, end - 0.03) if sound.unit != SILENCE]
        if speech and not before:
            start = max(start, speech[0].start)  # not the silence before the line, nor that behind it
        if speech and after == len(words):
            end = min(end, speech[-1].end)
        yield Mismatch(start, end, " ".join(texts[i] for i in run), " ".join(sound.unit for sound in speech))
