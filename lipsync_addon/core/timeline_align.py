"""From what the network hears, with or without the words of a text, to a PhonemeTimeline.

With words, the aligner (alignment.py) says where each phone of the text lies. Where the text has not what is said, the
sound wins: the phones heard there stand in the timeline, and a Mismatch says where.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .alignment import Alignment, align
from .hearing import EARLY
from .large_arrays import let_go
from .spoken import Heard, heard
from .text_fit import FEW, FITS, SURE, text_fit
from .timeline import ROUNDING, SILENCE, Phone, PhonemeTimeline, without_gaps
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
    found = [_phone(phones, sound) for sound in _sounds(phones)]
    return PhonemeTimeline(without_gaps(found, _end(phones), shortest=1 / phones.fps), (), language, source)


def fitted(phones: AnimationTrack, words: Sequence[tuple[str, Sequence[str]]], language: str, source: str) -> Fitted:
    """(word, units) in order laid over a track of PHONES. Where nothing fits, the timeline is what is heard."""
    texts = tuple(text for text, _ in words)
    result = align(phones.values, [units for _, units in words])
    if result is None or not any(result.words):
        return Fitted(replace(recognised(phones, language, source), words=texts), (), 0.0)
    fit = text_fit(phones.values, [units for _, units in words], result)
    kept, score = [True] * len(words), fit.score
    for first, last in fit.wrong:
        kept[first:last] = [False] * (last - first)
    if score < FITS:
        ours = recognised(phones, language, source)
        nothing = Mismatch(0.0, ours.end, " ".join(texts), " ".join(p.unit for p in ours.phones if p.unit != SILENCE))
        return Fitted(replace(ours, words=texts), (nothing,), score)
    row = list(_phones(phones.fps, result, kept))
    del result  # of an hour as large as all that follows
    sounds = _sounds(phones)
    filled, extra = _with_heard(row, sounds, phones)
    unsaid = list(_unsaid(filled, kept, texts, sounds))
    unsaid += [each for each in extra if not any(m.start < each.end and each.start < m.end for m in unsaid)]
    mismatches = tuple(sorted(unsaid, key=lambda each: each.start))
    few = sum(len(units) for _, units in words) < FEW
    return Fitted(PhonemeTimeline(filled, texts, language, source), mismatches, score, few)


def _end(phones: AnimationTrack) -> float:
    return phones.start + len(phones.values) / phones.fps


def _sounds(phones: AnimationTrack) -> list[Heard]:
    """The likeliest phones of a track of PHONES, from second 0 to its end."""
    # A frame stands for half of the way to its neighbours.
    start = phones.start + (EARLY - 0.5) / phones.fps
    sounds = [*heard(AnimationTrack(phones.names, phones.values, phones.fps, start))]
    if sounds:
        sounds[0] = replace(sounds[0], start=max(sounds[0].start, 0.0))
        sounds[-1] = replace(sounds[-1], end=_end(phones))
    return sounds


def _phone(phones: AnimationTrack, sound: Heard) -> Phone:
    return Phone(sound.unit, sound.start, sound.end, _share(phones, sound.start, sound.end, sound.unit))


def _share(phones: AnimationTrack, start: float, end: float, unit: str) -> float:
    """Mean posterior of a unit over that time."""
    first, last = (round((seconds - phones.start) * phones.fps) for seconds in (start, end))
    part = phones.values[max(first, 0) : max(last, first + 1), phones.names.index(unit)]
    share = float(np.clip(part.mean(), 0, SUREST)) if part.size else 0.0
    let_go(phones.values)
    return share


def _phones(fps: float, result: Alignment, kept: Sequence[bool]) -> Iterator[Phone]:
    """The phones of the words that are said; the rest of the time is open."""
    word_of: dict[int, int] = {}
    for word, span in enumerate(result.words):
        if span and kept[word]:
            word_of |= dict.fromkeys(range(*span), word)
    for index, (start, end, unit) in enumerate(result.timed(fps)):
        if index in word_of and end > start:
            yield Phone(unit, start, end, float(np.clip(result.heard[index], 0, SUREST)), word_of[index])


def _with_heard(
    row: list[Phone], sounds: Sequence[Heard], phones: AnimationTrack
) -> tuple[tuple[Phone, ...], list[Mismatch]]:
    """The phones with what is heard in every gap between them, and the gaps in which somebody speaks."""
    end = _end(phones)
    filled: list[Phone] = []
    extra: list[Mismatch] = []
    edges = [0.0, *(edge for phone in row for edge in (phone.start, phone.end)), end]
    for index, (start, stop) in enumerate(zip(edges[::2], edges[1::2])):
        inside = [
            replace(_phone(phones, sound), start=max(sound.start, start), end=min(sound.end, stop))
            for sound in (_within(sounds, start + ROUNDING, stop - ROUNDING) if stop - start > ROUNDING else ())
        ]
        if inside and index < len(row) and inside[-1].unit == row[index].unit:
            # A stop after a pause, which begins later than it is heard: alignment.SHUT.
            inside[-2:] = [replace(each, end=stop) for each in inside[-2:-1]]
        speech = [phone for phone in inside if phone.unit != SILENCE]
        if sum(phone.length for phone in speech) >= EXTRA:
            filled += inside
            extra.append(Mismatch(speech[0].start, speech[-1].end, "", " ".join(phone.unit for phone in speech)))
        if index < len(row):
            filled.append(row[index])
    return without_gaps(filled, end), extra


def _within(sounds: Sequence[Heard], start: float, end: float) -> Sequence[Heard]:
    """Those that last beyond `start` and begin before `end`."""
    first = bisect_right(sounds, start, key=lambda sound: sound.end)
    return sounds[first : bisect_left(sounds, end, key=lambda sound: sound.start)]


def _unsaid(
    filled: Sequence[Phone], kept: Sequence[bool], texts: Sequence[str], sounds: Sequence[Heard]
) -> Iterator[Mismatch]:
    """The words that are not said, those beside each other as one."""
    words = [phone for phone in filled if phone.word is not None]
    missing = [index for index, said in enumerate(kept) if not said]
    runs = np.split(np.array(missing), np.flatnonzero(np.diff(missing) > 1) + 1) if missing else []
    for run in runs:
        before = bisect_left(words, run[0], key=lambda phone: phone.word)
        after = bisect_right(words, run[-1], key=lambda phone: phone.word)
        start = words[before - 1].end if before else 0.0
        end = words[after].start if after < len(words) else filled[-1].end
        speech = [sound for sound in _within(sounds, start + 0.03, end - 0.03) if sound.unit != SILENCE]
        if speech and not before:
            start = max(start, speech[0].start)  # not the silence before the line, nor that behind it
        if speech and after == len(words):
            end = min(end, speech[-1].end)
        yield Mismatch(start, end, " ".join(texts[i] for i in run), " ".join(sound.unit for sound in speech))
