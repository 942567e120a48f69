"""Spoken lines with known phones that never trained the network, in sets by voice and language."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.alignment import align
from lipsync_addon.core.phones import PHONES
from lipsync_addon.speech.sound_file import open_sound

from ..dataset import Source
from ..datasets.align_english import EnglishAligner, to_units
from ..datasets.corpora import corpus_sound, utterances
from ..datasets.espeak import speak, word_units
from ..datasets.synthetic import ESPEAK_LANGUAGES, sentences
from ..paths import PREPARED, SPEECH
from ..targets import FPS
from .bench import Phones, dev_sounds, dutch_phones
from .performance import SAMPLE_RATE, Network, clip

NEW_VARIANTS = ("+f5", "+m4", "+m6", "+m8")
"""Voice variants of espeak-ng that datasets/synthetic.py does not use."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    samples: NDArray[np.float32]
    """[N] at 16 kHz"""
    phones: Phones


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines of one voice, kind of voice or language."""

    title: str
    language: str
    """In words."""
    phones_from: str
    """Who says which phone is where; "own aligner" hears with the network under test, and so flatters it."""
    unheard: str
    """What of it the network never heard: "voice and text", "lines" ..."""
    lines: tuple[Line, ...]

    @property
    def tag(self) -> str:
        """BCP-47, for programs that know some languages only; empty for other languages and for many at once."""
        tags = {"English": "en", "Dutch": "nl", "German": "de", "Spanish": "es"}
        return tags.get(self.language, self.language if len(self.language) < 8 else "")


def every_set(network: Network, most: int) -> Iterator[LineSet]:
    """All sets that the data at hand allows, at most so many lines each. `network` hears for the aligner."""
    yield english_never_heard(most)
    yield LineSet("Dutch, dev", "Dutch", "the corpus", "lines", tuple(islice(dutch_lines(), most)))
    yield spanish(network, most)
    if _prepared("speechocean762_en"):
        speakers = _speakers()
        for title, belongs in _KINDS.items():
            chosen = lambda name: belongs(*speakers[name])  # noqa: B023, E731
            yield speakers_never_heard(most, title, chosen)
    for source, (title, language, phones_from) in _SOURCES.items():
        if _prepared(source):
            yield _held_out(source, title, language, phones_from, most)


def english_never_heard(most: int | None = None) -> LineSet:
    """Readers whom no source of training holds."""
    lines = tuple(islice(_unheard_english(), most))
    return LineSet("English, other readers", "English", "pocketsphinx", "voice", lines)


def speakers_never_heard(
    most: int, title: str = "Accented English, all", chosen: Callable[[str], bool] = lambda name: True
) -> LineSet:
    """Men, women and children of speechocean762 no line of whom trains."""
    return _held_out("speechocean762_en", title, "English", "pocketsphinx, own aligner", most, chosen, "voice")


def spanish(network: Network, most: int) -> LineSet:
    """A voice and a language that no source of training has, as far as real speech goes. `network` hears for the
    aligner."""
    return LineSet("Spanish", "Spanish", "own aligner", "voice, language", tuple(_spanish(network, most)))


def synthetic_languages(lines: int) -> Iterator[LineSet]:
    """A set for each language of espeak-ng, in voice variants that never trained."""
    texts = sentences(seed=9)
    for number, language in enumerate(ESPEAK_LANGUAGES):
        spoken = []
        for index in range(lines):
            voice = language + NEW_VARIANTS[index % len(NEW_VARIANTS)]
            text = texts[(number * lines + index) % len(texts)]
            try:
                samples, phones = speak(text, voice)
            except ValueError:
                break  # this build of espeak-ng has no such voice
            spoken.append(Line(f"{language}_{index}", samples, phones))
        if spoken:
            yield LineSet(language, language, "exact", "voice variants", tuple(spoken))


_KINDS: dict[str, Callable[[int, str], bool]] = {
    "Men, accented English": lambda age, gender: age >= 18 and gender == "m",
    "Women, accented English": lambda age, gender: age >= 18 and gender == "f",
    "Children to 12, accented English": lambda age, gender: age <= 12,
    "Youths of 13 to 17, accented English": lambda age, gender: 12 < age < 18,
}
_SOURCES = {
    "kathleen_en": ("English, one woman", "English", "pocketsphinx, own aligner"),
    "kerstin_de": ("German, one woman", "German", "own aligner"),
    "flite": ("Synthetic: flite", "English", "exact"),
    "festival": ("Synthetic: festival", "English", "exact"),
    "espeak": ("Synthetic: espeak-ng", "60 voices of 56 languages", "exact"),
}


def lines_missing() -> list[str]:
    """A sentence for each source whose held-out lines cannot be measured."""
    sources = ("speechocean762_en", *_SOURCES)
    return [f"{s}: not prepared on this machine (python -m model.prepare {s})." for s in sources if not _prepared(s)]


def _prepared(source: str) -> bool:
    return (PREPARED / source / "names.json").exists()


def _held_out(
    source: str,
    title: str,
    language: str,
    phones_from: str,
    most: int,
    chosen: Callable[[str], bool] = lambda name: True,
    unheard: str = "lines",
) -> LineSet:
    """The first held-out lines of a prepared source that have phones."""
    data = Source(source)
    lines = []
    for index in data.validation_lines:
        piece = data.piece(index, 0, data.frames(index))
        if (piece.phones >= 0).any() and chosen(data.names[index]):
            lines.append(Line(data.names[index], piece.samples, _intervals(piece.phones)))
        if len(lines) == most:
            break
    return LineSet(title, language, phones_from, unheard, tuple(lines))


def _intervals(labels: NDArray[np.int64]) -> Phones:
    """Phone of each frame [T] to [(start s, end s, unit)]; frames without a label are left out."""
    edges = np.flatnonzero(np.diff(labels, prepend=-2, append=-2))
    return [(a / FPS, b / FPS, PHONES[labels[a]]) for a, b in zip(edges[:-1], edges[1:]) if labels[a] >= 0]


def _speakers() -> dict[str, tuple[int, str]]:
    """{utterance of speechocean762: (age, "m" or "f")}"""
    with open(SPEECH / "speechocean762_en" / "utterances.tsv", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["utt"]: (int(row["age"]), row["gender"]) for row in rows}


def dutch_lines() -> Iterator[Line]:
    """The bench's Dutch utterances: real speech with the corpus' own phone times."""
    phones, sounds = dutch_phones(), dev_sounds()
    for name in sorted(phones):
        samples = np.concatenate(list(open_sound(sounds[name], SAMPLE_RATE).blocks()))
        yield Line(name, samples, phones[name])


def _unheard_english() -> Iterator[Line]:
    """Readers whom no source of training holds: LJ Speech and John F. Kennedy, aligned by pocketsphinx."""
    aligner = EnglishAligner()
    for corpus in ("ljspeech32_en", "jfk_en"):
        texts = {u.name: u.text for u in utterances(corpus) if u.text}
        for name, samples in corpus_sound(corpus):
            if name in texts and (phones := aligner.align(samples, texts[name], {})):
                yield Line(name, samples, to_units(phones))


def _spanish(network: Network, most: int) -> Iterator[Line]:
    """danieldona_es, which must not train: espeak-ng's phonemes of the text over what the network hears."""
    texts = {u.name: u.text for u in utterances("danieldona_es") if u.text}
    for name, samples in islice(corpus_sound("danieldona_es"), most):
        if name in texts:
            track = network.perform(clip(samples, name))
            if result := align(track.select(PHONES).values, word_units(texts[name], "es")):
                yield Line(name, samples, result.timed(track.fps))
