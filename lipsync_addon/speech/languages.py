"""Which of espeak-ng's voices reads a language, accents that it has not, and a guess at the language of a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ..core.errors import LipsyncError
from .espeak import Voice, espeak

ACCENTS = Path(__file__).parents[1] / "data" / "accents.json"
UNSURE = 0.9
"""Probability below which a guess is called unsure."""
SURELY, LETTERS = 0.999, 25
"""Probability and letters from which a text is in another language than was said: of 607 sentences in English, German,
Dutch and Spanish none was then taken for another, and 98 of 100 in ordinary writing were known for their own."""
ALIKE = ({"nb", "nn", "no", "da"}, {"zh", "cmn", "yue", "hak"}, {"hr", "bs", "sr"}, {"id", "ms"})
"""Languages that py3langid names otherwise than espeak-ng, or hardly tells apart."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a text."""

    language: str
    """BCP-47 tag that was asked for or guessed."""
    voice: Voice
    changes: Mapping[str, str] = field(default_factory=dict)
    """Unit -> units (parted by spaces) that an accent says instead."""
    accent: bool = False
    """Whether the language is an accent that the voice does not speak itself."""
    guessed: float | None = None
    """How sure the guess is, 0..1; None where the user said it."""

    def __str__(self) -> str:
        name = self.voice.name + (f" with the accent {self.language}" if self.accent else "")
        if self.guessed is None:
            return name
        advice = "" if self.guessed >= UNSURE else ", so better say it"
        return f"{name}, guessed from the text ({self.guessed:.0%} sure{advice})"


def reader_of(language: str) -> Reader:
    """The reader of a BCP-47 tag in any letter case: its accent, else its voice, else that of the language alone. A
    language by its English name will do.

    Raises LipsyncError for a language that espeak-ng does not know.
    """
    tag = language.strip().replace("_", "-").lower()
    accents = {key.lower(): value for key, value in _data()["accents"].items()}
    base = accents[tag]["voice"] if tag in accents else tag
    parts = base.split("-")
    for count in range(len(parts), 0, -1):
        wanted = "-".join(parts[:count])
        named = [(rank, voice, name) for voice in espeak().voices() for name, rank in voice.languages]
        ranked = [(rank, voice) for rank, voice, name in named if name == wanted]
        ranked = ranked or [(rank, voice) for rank, voice, name in named if name.startswith(f"{wanted}-")]
        if ranked:
            voice = min(ranked, key=lambda pair: (pair[0], pair[1].identifier))[1]
            if not espeak().can_speak(voice.identifier):
                raise LipsyncError(
                    f"espeak-ng came without its dictionary of {voice.name}.", "Use a language near to it."
                )
            own, accent = _data()["voices"].get(voice.identifier, {}), accents.get(tag, {}).get("changes", {})
            return Reader(language.strip(), voice, own | accent, bool(accent))
    if named := [voice for voice in espeak().voices() if voice.name.lower().split(" (")[0] == tag]:
        return reader_of(min(named, key=lambda voice: voice.languages[0][1]).languages[0][0])  # "English"
    known = ", ".join(sorted({name.split("-")[0] for voice in espeak().voices() for name, _ in voice.languages}))
    raise LipsyncError(f"espeak-ng does not read the language {language!r}.", f"Use a tag of one of {known}.")


def guessed_reader(text: str) -> Reader:
    """The reader of the language that the text seems to be in. Raises LipsyncError if there is nothing to go by."""
    if not any(letter.isalpha() for letter in text):
        raise LipsyncError("The text has no words.", "Give the words that are said.")
    for language, probability in _ranking(text)[:5]:
        try:
            reader = reader_of(language)
        except LipsyncError:
            continue
        return replace(reader, language=language, guessed=probability)
    raise LipsyncError("The language of the text cannot be guessed.", "Give the language, e.g. en-GB.")


def other_language(text: str, reader: Reader) -> str:
    """The name of the language that a text surely is in where that is not the reader's; else empty."""
    if sum(map(str.isalpha, text)) < LETTERS:
        return ""
    try:
        ranking = _ranking(text.lower() if text.isupper() else text)
    except LipsyncError:  # no py3langid
        return ""
    (guess, probability), known = ranking[0], {language for language, _ in ranking}
    own = {tag.split("-")[0] for tag, _ in reader.voice.languages} | {reader.language.lower().split("-")[0]}
    own = own.union(*(alike for alike in ALIKE if own & alike))
    if probability < SURELY or guess in own or not own & known:
        return ""
    try:
        return reader_of(guess).voice.name
    except LipsyncError:
        return guess


def _ranking(text: str) -> list[tuple[str, float]]:
    """(language, probability) by py3langid (Lui and Baldwin 2012: n-grams of 97 languages), the likeliest first."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise LipsyncError(f"The language cannot be guessed: {error}.", "Give the language, e.g. en-GB.") from error
    return _identifier(LanguageIdentifier, MODEL_FILE).rank(text)


@cache
def _identifier(kind, model):
    return kind.from_pickled_model(model, norm_probs=True)


@cache
def _data() -> dict[str, dict]:
    return json.loads(ACCENTS.read_text(encoding="utf-8"))
