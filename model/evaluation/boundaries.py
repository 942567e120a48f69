"""How far the boundaries of our own aligner, and of others, lie from those of nathalie_nl (phones) and of GRID (words).

The phones come from the text alone, by espeak-ng; the network hears; core/alignment.py lays the one over the other.
Judged on lines that never trained the network: its training lines teach it these very times. Both references are other
aligners' work (Nathalie's on a 10 ms grid; GRID's first words start up to 0.5 s early where the talker breathes).
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import jiwer
import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.phones import VOWELS, ipa_to_units
from lipsync_addon.speech.sound_file import open_sound

from ..datasets.corpora import GRID_AUDIO, SAMPLE_RATE, corpus_sound, tar_sound
from ..datasets.espeak import word_units
from ..paths import FACES, SPEECH
from . import bench
from .performance import Phones, Program, clip
from .statistics import Measured, ratio

CLASSES: dict[str, frozenset[str]] = {
    "vowels": VOWELS,
    "p b m": frozenset("p b m".split()),
    "f v": frozenset("f v".split()),
    "other stops": frozenset("t d k ɡ ʔ tʃ dʒ".split()),
    "other fricatives": frozenset("θ ð s z ʃ ʒ x ɣ h ʁ ç".split()),
    "n ŋ, liquids, glides": frozenset("n ɲ ŋ l r ɾ ɹ j w".split()),
}
PAUSE = "pauses"


@dataclass(frozen=True, slots=True)
class Mark:
    """One stretch of the reference: a phone, with two units where it is a diphthong, or a word."""

    start: float
    end: float
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line to judge."""

    name: str
    samples: NDArray[np.float32]
    """[N] at 16 kHz"""
    language: str
    text: str
    words: list[tuple[str, ...]]
    """What an aligner is given: the text, and the units of each of its words."""
    marks: tuple[Mark, ...]
    """In order; between them there may be pauses."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Errors of one set of lines."""

    lines: int
    boundaries: int
    of_all: float
    """Share of the reference's boundaries that were judged: those between phones which the text's phones have too."""
    median: Measured
    """Seconds, without sign."""
    late: float
    """Median in seconds; below 0, ours are early."""
    within_20: Measured
    within_50: Measured
    """Shares within 20 and 50 ms."""


@dataclass(frozen=True, slots=True)
class _Error:
    line: int
    seconds: float
    kind: str
    """Class of the phone that begins; PAUSE where one does."""


def boundaries(programs: Sequence[Program], most: int) -> dict[str, dict[str, dict[str, Boundaries] | None]]:
    """{set: {program: {"all" or class of the phone that begins: errors}}}, at most so many lines each.

    None for programs that lay no text over the sound of this language.
    """
    sets = {
        "Dutch, held out of training": dutch_held_out,
        "Dutch, dev_nl": dutch_dev,
        "GRID words, dev and held out": grid_words,
    }
    found = {}
    for title, spoken in sets.items():
        if lines := list(islice(spoken(), most)):
            found[title] = {program.label: _judged(program, lines) for program in programs}
    return found


def _judged(program: Program, lines: Sequence[Spoken]) -> dict[str, Boundaries] | None:
    errors, total, laid = [], 0, 0
    for number, line in enumerate(lines):
        phones = program.lay(clip(line.samples, line.name), line.words, line.language, line.text)
        laid += phones is not None
        judged, possible = line_errors(line, phones or [])
        errors += [_Error(number, seconds, kind) for seconds, kind in judged]
        total += possible
    if not errors:
        return None
    kinds = {"all": errors} | {k: [e for e in errors if e.kind == k] for k in (*CLASSES, PAUSE)}
    return {kind: _summary(some, len(errors) / total, laid) for kind, some in kinds.items() if len(some) >= 10}


def line_errors(line: Spoken, laid: Phones) -> tuple[list[tuple[float, str]], int]:
    """(error in seconds, class of the phone that begins) of the boundaries that both have, and how many the reference
    has.

    A boundary is common where the phones on both sides are paired and neighbours in both. The two ends of the sound are
    no boundaries, and the middle of a diphthong is none in the reference.
    """
    ours = [phone for phone in laid if phone[2] != "sil"]
    said = [(mark, i) for mark in line.marks for i in range(len(mark.units))]
    duration = len(line.samples) / SAMPLE_RATE
    mates = _mates([mark.units[i] for mark, i in said], [unit for _, _, unit in ours])
    errors, possible = [], 0
    for index, (mark, part) in enumerate(said):
        mate = mates.get(index)
        after = said[index + 1][0] if index + 1 < len(said) else None
        if part == 0 and mark.start > 0.01:
            possible += 1
            if mate is not None and (index == 0 or mates.get(index - 1) == mate - 1):
                errors.append((ours[mate][0] - mark.start, _kind(mark.units[0])))
        pause_follows = after is None or after.start > mark.end + 0.001
        if part == len(mark.units) - 1 and pause_follows and mark.end < duration - 0.03:
            possible += 1
            if mate is not None and (after is None or mates.get(index + 1) == mate + 1):
                errors.append((ours[mate][1] - mark.end, PAUSE))
    return errors, possible


def _mates(said: Sequence[str], ours: Sequence[str]) -> dict[int, int]:
    """{index in `said`: index in `ours`} of phones that are the same or stand for each other."""
    if not said or not ours:
        return {}
    mates = {}
    for chunk in jiwer.process_words(" ".join(said), " ".join(ours)).alignments[0]:
        if chunk.type in ("equal", "substitute"):
            for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
                mates[chunk.ref_start_idx + i] = chunk.hyp_start_idx + i
    return mates


def _kind(unit: str) -> str:
    return next(kind for kind, units in CLASSES.items() if unit in units)


def within(sizes: NDArray[np.float64], limit: float) -> int:
    """How many errors [n] s, without sign, are no larger: frames are 20 ms, references whole hundredths, and both on
    the limit count."""
    return int((sizes <= limit + 1e-4).sum())


def _summary(errors: Sequence[_Error], of_all: float, lines: int) -> Boundaries:
    """Standard errors by drawing lines again."""
    sizes = np.abs([error.seconds for error in errors])
    numbers = np.array([error.line for error in errors])
    per_line = [sizes[numbers == number] for number in np.unique(numbers)]
    counts = [len(line) for line in per_line]
    rng = np.random.default_rng(0)
    medians = [
        np.median(np.concatenate([per_line[i] for i in rng.integers(0, len(per_line), len(per_line))]))
        for _ in range(200)
    ]
    share_within = lambda limit: ratio([within(line, limit) for line in per_line], counts)  # noqa: E731
    return Boundaries(
        lines=lines,
        boundaries=len(errors),
        of_all=of_all,
        median=Measured(float(np.median(sizes)), float(np.std(medians))),
        late=float(np.median([error.seconds for error in errors])),
        within_20=share_within(0.02),
        within_50=share_within(0.05),
    )


def _dutch_marks() -> dict[str, tuple[Mark, ...]]:
    """{utterance: phones} as the corpus' own aligner has them; its pauses and noises are left out."""
    found = {}
    with gzip.open(SPEECH / "nathalie_nl" / "nathalie_align.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            phones = [phone for word in entry["words"] for phone in word["phones"]]
            marks = [Mark(p["start"], p["start"] + p["duration"], ipa_to_units(p["phone"])) for p in phones]
            found[entry["id"]] = tuple(mark for mark in marks if mark.units)
    return found


def _dutch_texts() -> dict[str, str]:
    with open(SPEECH / "nathalie_nl" / "utterances.tsv", encoding="utf-8") as file:
        return {row["utt"]: row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def _is_held_out(name: str) -> bool:
    """As model/prepare.py decides for corpora of one speaker."""
    return zlib.crc32(name.encode()) % 32 == 0


def dutch_held_out() -> Iterator[Spoken]:
    """Lines that trained nothing."""
    marks, texts, dev = _dutch_marks(), _dutch_texts(), bench.dutch_phones()
    for name, samples in corpus_sound("nathalie_nl"):
        if _is_held_out(name) and name not in dev and name in marks:
            yield Spoken(name, samples, "nl", texts[name], word_units(texts[name], "nl"), marks[name])


def dutch_dev() -> Iterator[Spoken]:
    """The bench's."""
    marks, texts, sounds = _dutch_marks(), _dutch_texts(), bench.dev_sounds()
    for name in sorted(bench.dutch_phones()):
        if name in sounds:
            yield Spoken(
                name, _dev_samples(sounds[name]), "nl", texts[name], word_units(texts[name], "nl"), marks[name]
            )


def _dev_samples(path: Path) -> NDArray[np.float32]:
    return np.concatenate(list(open_sound(path, SAMPLE_RATE).blocks()))


def grid_words() -> Iterator[Spoken]:
    """Talker 1; each word spelled by itself, for espeak-ng draws short ones together."""
    words = defaultdict(list)
    with open(FACES / "grid_s1" / "alignments.tsv", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            words[row["clip"]].append((float(row["start_s"]), float(row["end_s"]), row["word"]))

    def line(name: str, samples: NDArray[np.float32], listed: Sequence[tuple[float, float, str]]) -> Spoken:
        spoken = [word for word in listed if word[2] not in ("sil", "sp")]
        units = [word_units(word, "en")[0] for _, _, word in spoken]
        marks = tuple(Mark(start, end, unit) for (start, end, _), unit in zip(spoken, units, strict=True))
        return Spoken(name, samples, "en", " ".join(word for _, _, word in spoken), units, marks)

    sounds = bench.dev_sounds()
    for name in sorted(bench.clip_sets()):
        if listed := bench.clip_words(name):
            yield line(name, _dev_samples(sounds[name]), listed)
    for name, samples in tar_sound(GRID_AUDIO):
        if _is_held_out(name) and name in words and f"s1_{name}" not in sounds:
            yield line(name, samples, words[name])
