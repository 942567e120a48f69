"""What the user knows about a line: its words, or its phones with their times."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..core.pipeline import Known, LineWords
from ..core.timeline import PhonemeTimeline
from ..core.text_fit import FITS, SURE
from ..core.timeline_align import Fitted, fitted
from ..core.track import AnimationTrack
from .languages import Reader, guessed_reader, other_language, reader_of
from .pronunciation import Pronunciation, cleaned, pronounce

MOST_TOLD = 8
"""Mismatches that are told one by one."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of a line, ready to be laid over its sound."""

    pronunciation: Pronunciation

    @classmethod
    def of(cls, text: str, language: str = "") -> Transcript:
        """`language`: BCP-47; guessed where empty. Raises LipsyncError for text without words or a language that
        espeak-ng does not read."""
        reader = reader_of(language) if language.strip() else guessed_reader(cleaned(text))
        return cls(pronounce(text, reader))

    def timeline(self, phones: AnimationTrack, source: str) -> tuple[PhonemeTimeline, tuple[str, ...]]:
        """The phones of the line and what the user should know. `phones`: what the network hears."""
        said = self.pronunciation
        words = [(word.text, word.units) for word in said.words]
        notices = tuple(reading(said))  # first: what guesses the language takes room that is used again
        result = fitted(phones, words, said.reader.language, source)
        return result.timeline, tuple(_told(result, notices, source))


def line_words(text: str, language: str = "") -> LineWords:
    """What is known of a line with this text, in which there may be no words, such as "[laughs]". Raises LipsyncError
    like Transcript.of()."""
    if not any(letter.isalnum() for letter in cleaned(text)):
        return Known(notices=("the text has no words, so it is left out and what is heard is used.",))
    return Transcript.of(text, language)


def reading(said: Pronunciation) -> Iterator[str]:
    """What the user should know of how a text is read."""
    reader: Reader = said.reader
    if reader.guessed is not None:
        yield f"the text is read as {reader}. Give the language where it is another."
    elif other := other_language(" ".join(word.text for word in said.words), reader):
        yield f"the text seems to be {other}, and it is read as {reader}."
    latin = [word for word in said.foreign if _has_latin(word)]  # espeak-ng has English for them
    if latin:
        verb = "is" if len(latin) == 1 else "are"
        yield f"{_quoted(latin)} {verb} read as in English. Write how it sounds where it is said otherwise."
    if others := [word for word in said.foreign if word not in latin]:
        yield f"{reader.voice.name} has no reading for {_quoted(others)}. Write how it sounds."


def _has_latin(word: str) -> bool:
    """Whether there are Latin letters in it."""
    return any(unicodedata.name(letter, "").startswith("LATIN") for letter in word)


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{bare(word)}'" for word in words[:5])


def bare(word: str) -> str:
    """A word without the punctuation around it."""
    inside = [index for index, letter in enumerate(word) if unicodedata.category(letter)[0] in "LMN"]
    return word[inside[0] : inside[-1] + 1] if inside else word


def _told(result: Fitted, notices: Sequence[str], source: str) -> Iterator[str]:
    yield from (f"{source}: {notice}" for notice in notices)
    if not result.fits:
        yield (
            f"{source}: the text does not fit the sound (score {result.score:.2f}; right texts have more than "
            f"{FITS:.2f}, phones by chance 0): is it of another line or language? It is left out, "
            "what is heard is used."
        )
        return
    if result.doubtful:
        yield (
            f"{source}: the text is so short that nobody can tell whether it is what is said (score "
            f"{result.score:.2f}, sure from {SURE:.2f} on). It is used."
        )
    for mismatch in result.mismatches[:MOST_TOLD]:
        yield f"{source}: {mismatch}"
    if more := len(result.mismatches) - MOST_TOLD:
        if more > 0:
            yield f"{source}: {more} more places where text and sound differ."
