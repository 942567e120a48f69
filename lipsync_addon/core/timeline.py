"""PhonemeTimeline: what is said in a line, phone by phone, as data that can be shown, edited, saved and played.

Made by speech/ from a transcript or from what the network hears; edits are in timeline_edits.py, the file in
timeline_file.py, the way back to the network in timeline_posteriors.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from .phone_row import Phone, PhoneRow

__all__ = ["OPEN", "ROUNDING", "SILENCE", "Phone", "PhoneRow", "PhonemeTimeline", "WordSpan", "without_gaps"]

SILENCE = "sil"
OPEN = 0.5
"""Confidence of pauses that only fill the time that phones leave: nobody set them and nothing says how sure they
are."""
ROUNDING = 1e-6
"""Seconds; ends that differ by less are one."""


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word that is said."""

    index: int
    """Into the timeline's words."""
    text: str
    start: float
    end: float
    first: int
    """Index of its first phone."""
    last: int
    """One past the index of its last phone."""


@dataclass(frozen=True, slots=True)
class PhonemeTimeline:
    """The phones of a line without gaps, from second 0 to its end, and the words that they belong to."""

    phones: PhoneRow
    """Made of any phones in order."""
    words: tuple[str, ...] = ()
    """As they stand in the text, in order; one to which no phone belongs was not said."""
    language: str = ""
    """BCP-47, for example "en-GB"; empty where nobody knows."""
    source: str = ""
    """Name of the sound file."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is no timeline."""
        object.__setattr__(self, "phones", phones := PhoneRow(self.phones))
        if (wrong := np.flatnonzero(~(phones.ends > phones.starts))).size:
            phone = phones[wrong[0]]
            raise ValueError(f"phone {wrong[0]} ({phone.unit}) ends at {phone.end:g} s, before it starts")
        if (wrong := np.flatnonzero(phones.words >= len(self.words))).size:
            phone = phones[wrong[0]]
            raise ValueError(f"phone {wrong[0]} ({phone.unit}) belongs to word {phone.word}, which is not there")
        if (wrong := np.flatnonzero(~(np.abs(phones.ends[:-1] - phones.starts[1:]) <= ROUNDING))).size:
            before, after = phones[wrong[0]], phones[wrong[0] + 1]
            raise ValueError(
                f"phone {wrong[0] + 1} ({after.unit}) starts at {after.start:g} s, not at {before.end:g} s"
            )
        if (np.diff(phones.words[phones.words >= 0]) < 0).any():
            raise ValueError("its words are not in order")

    @property
    def start(self) -> float:
        """Seconds."""
        return self.phones[0].start if self.phones else 0.0

    @property
    def end(self) -> float:
        """Seconds."""
        return self.phones[-1].end if self.phones else 0.0

    def index_at(self, seconds: float) -> int | None:
        """Index of the phone at that moment; None before the first and after the last."""
        if not self.start <= seconds < self.end:
            return None
        return int(np.searchsorted(self.phones.starts, seconds, "right")) - 1

    def word_spans(self) -> tuple[WordSpan, ...]:
        """The words that are said, with their times. A pause inside a word counts to it."""
        phones = self.phones
        said = np.flatnonzero(phones.words >= 0)
        words = phones.words[said]
        begins = said[np.diff(words, prepend=-1) != 0].tolist()
        ends = said[np.diff(words, append=-1) != 0].tolist()
        return tuple(
            WordSpan(word, self.words[word], start, end, first, last + 1)
            for word, start, end, first, last in zip(
                phones.words[begins].tolist(), phones.starts[begins].tolist(), phones.ends[ends].tolist(), begins, ends
            )
        )


def without_gaps(phones: Iterable[Phone], end: float, *, shortest: float = ROUNDING) -> PhoneRow:
    """Phones in order with pauses wherever they leave time between 0 and `end`; gaps shorter than `shortest` seconds
    go to the phone before. What overlaps is cut where the later phone starts; phones of which nothing is left go.
    """
    return PhoneRow(_filled(phones, end, shortest))


def _filled(phones: Iterable[Phone], end: float, shortest: float) -> Iterator[Phone]:
    last: Phone | None = None  # it may still be made longer
    for phone, after in pairwise(chain(phones, [None])):
        reached = last.end if last else 0.0
        later = after.start if after else phone.end
        start, stop = max(phone.start, reached), min(phone.end, max(later, phone.start))
        if stop - start <= ROUNDING:
            continue
        between = _bridged(last, start, shortest)
        yield from between
        last = _placed(phone, between[-1].end if between else 0.0, stop)
    reached = last.end if last else 0.0
    if end - reached > ROUNDING and end > 0:
        yield from _bridged(last, end, shortest)
    elif last:
        yield last


def _bridged(last: Phone | None, start: float, shortest: float) -> list[Phone]:
    """The last phone, and the pause from its end to `start` if that is long enough; else it is made longer."""
    before, reached = ([last], last.end) if last else ([], 0.0)
    if start - reached <= ROUNDING:
        return before
    if last and start - reached < shortest:
        return [_placed(last, last.start, start)]
    return [*before, Phone(SILENCE, reached, start, OPEN)]


def _placed(phone: Phone, start: float, end: float) -> Phone:
    if (phone.start, phone.end) == (start, end):
        return phone  # an hour has forty thousand
    return Phone(phone.unit, start, end, phone.confidence, phone.word, phone.stress, phone.mute)
