"""PhonemeTimeline: what is said in a line, phone by phone, as data that can be shown, edited, saved and played.

Made by speech/ from a transcript or from what the network hears; edits are in timeline_edits.py, the file in
timeline_file.py, the way back to the network in timeline_posteriors.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from .phones import VISEME_OF_PHONE

SILENCE = "sil"
OPEN = 0.5
"""Confidence of pauses that only fill the time that phones leave: nobody set them and nothing says how sure they are."""
ROUNDING = 1e-6
"""Seconds; ends that differ by less are one."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone or pause."""

    unit: str
    """One of phones.PHONES, in IPA; "sil" for a pause."""
    start: float
    """Seconds on the sound's clock."""
    end: float
    """Seconds; where the next phone starts."""
    confidence: float = 1.0
    """0..1: how surely the sound has it; 1 for what a person set."""
    word: int | None = None
    """Index into the timeline's words; None for pauses and for phones without a word."""
    stress: float = 1.0
    """How strongly the mouth plays it: 0 not .. 1 as spoken .. 2 twice."""
    mute: bool = False
    """The mouth goes from the phone before to the phone after as if this one were not there."""

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


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

    phones: tuple[Phone, ...]
    words: tuple[str, ...] = ()
    """As they stand in the text, in order; one to which no phone belongs was not said."""
    language: str = ""
    """BCP-47, for example "en-GB"; empty where nobody knows."""
    source: str = ""
    """Name of the sound file."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is no timeline."""
        for index, phone in enumerate(self.phones):
            if phone.unit not in VISEME_OF_PHONE:
                raise ValueError(f"phone {index} is {phone.unit!r}, which is no unit of ours")
            if not phone.end > phone.start:
                raise ValueError(f"phone {index} ({phone.unit}) ends at {phone.end:g} s, before it starts")
            if phone.word is not None and not 0 <= phone.word < len(self.words):
                raise ValueError(f"phone {index} ({phone.unit}) belongs to word {phone.word}, which is not there")
        for index, (before, after) in enumerate(pairwise(self.phones)):
            if abs(before.end - after.start) > ROUNDING:
                raise ValueError(
                    f"phone {index + 1} ({after.unit}) starts at {after.start:g} s, not at {before.end:g} s"
                )
        numbers = [phone.word for phone in self.phones if phone.word is not None]
        if any(after < before for before, after in pairwise(numbers)):
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
        return bisect_right(self.phones, seconds, key=lambda phone: phone.start) - 1

    def word_spans(self) -> tuple[WordSpan, ...]:
        """The words that are said, with their times. A pause inside a word counts to it."""
        found = []
        numbered = [(index, phone) for index, phone in enumerate(self.phones) if phone.word is not None]
        for word, group in groupby(numbered, key=lambda pair: pair[1].word):
            phones = list(group)
            (first, begins), (last, ends) = phones[0], phones[-1]
            found.append(WordSpan(word, self.words[word], begins.start, ends.end, first, last + 1))
        return tuple(found)


def without_gaps(phones: Sequence[Phone], end: float, *, shortest: float = ROUNDING) -> tuple[Phone, ...]:
    """Phones in order with pauses wherever they leave time between 0 and `end`; gaps shorter than `shortest` seconds
    go to the phone before. What overlaps is cut where the later phone starts; phones of which nothing is left go.
    """
    filled: list[Phone] = []
    reached = 0.0
    for index, phone in enumerate(phones):
        later = min((other.start for other in phones[index + 1 : index + 2]), default=phone.end)
        start, stop = max(phone.start, reached), min(phone.end, max(later, phone.start))
        if stop - start <= ROUNDING:
            continue
        filled += _bridged(filled, start, shortest)
        filled.append(_placed(phone, filled[-1].end if filled else 0.0, stop))
        reached = stop
    if end - reached > ROUNDING or not filled:
        filled += _bridged(filled, max(end, reached), shortest) if end > 0 else []
    return tuple(filled)


def _bridged(filled: list[Phone], start: float, shortest: float) -> list[Phone]:
    """The pause from the end of `filled` to `start`, if it is long enough; else the last phone is made longer."""
    reached = filled[-1].end if filled else 0.0
    if start - reached <= ROUNDING:
        return []
    if filled and start - reached < shortest:
        filled[-1] = _placed(filled[-1], filled[-1].start, start)
        return []
    return [Phone(SILENCE, reached, start, OPEN)]


def _placed(phone: Phone, start: float, end: float) -> Phone:
    if (phone.start, phone.end) == (start, end):
        return phone  # an hour has forty thousand
    return Phone(phone.unit, start, end, phone.confidence, phone.word, phone.stress, phone.mute)
