"""A text as words with the phones that they are spoken with, in any language of espeak-ng."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ..core.errors import LipsyncError
from ..core.phones import read_ipa
from .espeak import Spoken, espeak
from .languages import Reader

_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]")
"""SSML, HTML, {braces} and [directions]: marks that nobody says."""
_SWITCH = re.compile(r"\([a-z0-9-]+\)")
"""espeak-ng's sign for a word that it reads in another language."""
_LATIN = frozenset(
    """af an ca cs cy da de en eo es et eu fi fo fr ga gd gn haw hr ht hu ia id io is it kl la lb lfn lt ltg lv mi ms mt mto nb nci
    nl no om pap pl pt qu quc ro sk sl smj sq sv sw tn tr vi""".split()
)
"""Languages of espeak-ng that are written with Latin letters alone: words in others are spelled out, sign by sign."""
LONGEST = 250_000
"""Characters of a text; nobody says more in four hours, and a book is not the text of a line."""
MOST = 2000
"""Characters that are read at once: enough for a sentence, and an hour of text needs no more memory than a minute."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text; some short ones that are spoken as one ("of the") are one here too."""

    text: str
    units: tuple[str, ...]
    """Of phones.PHONES."""


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """The words of a text and what was not understood of it."""

    words: tuple[Word, ...]
    reader: Reader
    unknown: tuple[str, ...] = ()
    """IPA symbols without a unit: a fault of our table, which a test holds empty."""
    foreign: tuple[str, ...] = ()
    """Words that espeak-ng can only read as another language: kanji, a name in another script. Of a language with Latin
    letters not those that it knows from another with such letters, "Team" in German."""


def cleaned(text: str) -> str:
    """The text as it is said: without tags, directions in brackets, emoji and signs that control direction."""
    text = unicodedata.normalize("NFC", _TAG.sub(" ", text))
    if text.isupper() and len(text.split()) > 1:
        text = text.lower()  # shouted, not abbreviations
    kept = (letter if _is_said(letter) else " " for letter in text)
    return " ".join("".join(kept).split())


def pronounce(text: str, reader: Reader) -> Pronunciation:
    """The words of `text`; numbers and abbreviations are read as espeak-ng reads them in that language.

    Raises LipsyncError where nothing of it can be said.
    """
    words: list[Word] = []
    known: dict[Word, Word] = {}  # of an hour every word comes many times
    unknown, foreign = dict[str, None](), dict[str, None]()
    said = cleaned(text)
    if len(said) > LONGEST:
        characters = f"The text has {len(said)} characters, which nobody says in a line."
        raise LipsyncError(characters, "Give the words of the line.")
    for piece in pieces(said):
        spoken = espeak().speak(piece, reader.voice.identifier, sound=False)
        for word, symbols in spoken_words(piece, spoken):
            switched = any(_SWITCH.fullmatch(symbol) for symbol in symbols)
            if (switched and not _is_latin(reader)) or _is_spelled(word, reader):
                foreign[word] = None
            units, missed = units_of(symbols, reader)
            unknown |= dict.fromkeys(missed)
            if units:
                said_before = Word(word, units)
                words.append(known.setdefault(said_before, said_before))
    if not words:
        raise LipsyncError("The text has no words that can be said.", "Give the words that are said.")
    return Pronunciation(tuple(words), reader, tuple(unknown), tuple(foreign))


def pieces(text: str) -> list[str]:
    """The text cut at ends of sentences, else at spaces, into pieces of at most MOST characters."""
    found = []
    while len(text) > MOST:
        ends = [match.end() for match in re.finditer(r"[.!?।。！？؟]\s*", text[:MOST])]
        cut = ends[-1] if ends else (text.rfind(" ", 1, MOST) + 1 or MOST)
        found.append(text[:cut])
        text = text[cut:]
    return [*found, text] if text.strip() else found


def spoken_words(text: str, spoken: Spoken) -> list[tuple[str, list[str]]]:
    """(word as it stands in the text, IPA symbols) in order.

    The library says where each word begins, in the text and in the phones. Parts of one word ("42": forty, two) are
    joined, words of which it does not say where they begin (the "the" of "of the") belong to the one before.
    """
    starts: list[tuple[int, int]] = []
    for position, first in spoken.words:
        position = max(min(position, len(text)), starts[-1][0] if starts else 0)
        if starts and not _parts(text, starts[-1][0], position):
            continue
        starts.append((position, first))
    starts = [(0, 0), *(start for start in starts if start[0])]  # Korean: it does not say that the first word begins
    found = []
    for (position, first), (end, last) in zip(starts, [*starts[1:], (len(text), len(spoken.phones))]):
        symbols = [symbol for _, symbol in spoken.phones[first:last]]
        found.append((text[position:end].strip(), symbols))
    return found


def units_of(symbols: list[str], reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(units, symbols that have none) of a word, in the reader's accent."""
    units, unknown = [], []
    for symbol in symbols:
        if _SWITCH.fullmatch(symbol):
            continue
        found, missed = read_ipa(symbol)
        unknown += missed
        units += [part for unit in found for part in reader.changes.get(unit, unit).split()]
    return tuple(units), tuple(unknown)


def _is_spelled(word: str, reader: Reader) -> bool:
    """Whether a word has letters that the reader's language is not written with; one alone is a sign, such as π."""
    letters = [letter for letter in word if letter.isalpha() and unicodedata.category(letter) != "Lm"]
    others = sum(not unicodedata.name(letter, "LATIN").startswith("LATIN") for letter in letters)
    return others > 1 and _is_latin(reader)


def _is_latin(reader: Reader) -> bool:
    return any(tag.split("-")[0] in _LATIN for tag, _ in reader.voice.languages)


def _parts(text: str, before: int, after: int) -> bool:
    """Whether two words begin at these places, and not one of which the library says that it has two parts."""
    between = text[before:after]
    return any(letter.isspace() for letter in between) or any(_is_word_alone(letter) for letter in between)


def _is_word_alone(letter: str) -> bool:
    """Of scripts that leave no spaces between words: a letter of them is parted where the library says so."""
    name = unicodedata.name(letter, "")
    return name.startswith(("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "MYANMAR", "KHMER", "TIBETAN"))


def _is_said(letter: str) -> bool:
    category = unicodedata.category(letter)
    if category in ("So", "Sk", "Cs", "Co", "Cn") or "\ufe00" <= letter <= "\ufe0f":
        return letter in "°©®№™"
    return category not in ("Cc", "Cf") or letter in "\u200c\u200d"  # joiners change how Indic and Persian are read
