"""Words and phones of a timeline on the file's clock, for formats that say what is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..core.errors import LipsyncError
from ..core.timeline import SILENCE
from .base import ExportOptions


@dataclass(frozen=True, slots=True)
class Part:
    """A word, a phone or a pause, in seconds on the file's clock."""

    start: float
    end: float
    text: str


def said_words(options: ExportOptions) -> list[Part]:
    """The words that are said; none where the timeline knows none."""
    spans = options.said.word_spans() if options.said else ()
    return list(_moved((Part(span.start, span.end, span.text) for span in spans), options.offset))


def said_phones(options: ExportOptions) -> list[Part]:
    """Every phone in IPA; pauses are empty."""
    phones = options.said.phones if options.said else ()
    parts = (Part(each.start, each.end, "" if each.unit == SILENCE else each.unit) for each in phones)
    return list(_moved(parts, options.offset))


def needed_words(options: ExportOptions) -> list[Part]:
    """said_words(). Raises LipsyncError where there are none."""
    if words := said_words(options):
        return words
    unknown = "The words of this line are not known, and subtitles show words: none are given, or they do not fit."
    raise LipsyncError(unknown, "Give what is said (--text), or leave the subtitles out.")


def _moved(parts: Iterable[Part], offset: float) -> Iterator[Part]:
    """Later by `offset`; what would lie before second 0 is cut off."""
    for part in parts:
        if part.end + offset > 0:
            yield Part(max(part.start + offset, 0.0), part.end + offset, part.text)
