"""Reads the speech corpora of shared/data/speech and the sound of the face captures: tar files of Ogg Opus."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..command import shared
from ..paths import BENCH, FACES, SPEECH

SAMPLE_RATE = 16000
TRAINING_SPEECH = ("speechocean762_en", "kathleen_en", "kerstin_de", "nathalie_nl", "ljspeech32_en")
"""Corpora whose licence lets a released network be trained on them (shared/data/README.md)."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of a corpus' utterances.tsv."""

    corpus: str
    name: str
    speaker: str
    language: str
    text: str
    phones: str
    """ARPAbet without times, words parted by " | "; empty where the corpus has none."""


def utterances(corpus: str) -> list[Utterance]:
    """All lines of one corpus that may be trained on: the bench's dev utterances are left out."""
    with open(shared(SPEECH / corpus / "utterances.tsv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kept_back = dev_utterances()
    return [
        Utterance(corpus, r["utt"], f"{corpus}/{r['speaker']}", r["language"], r["text"] or "", r.get("phones") or "")
        for r in rows
        if r["utt"] not in kept_back
    ]


def dev_utterances() -> frozenset[str]:
    """Names of everything in shared/bench: clips, takes and utterances that must never train."""
    with open(shared(BENCH / "dev" / "clips.tsv"), encoding="utf-8") as file:
        clips = {r["clip"] for r in csv.DictReader(file, delimiter="\t")}
    with open(BENCH / "dev_nl" / "phones.json", encoding="utf-8") as file:
        dutch = set(json.load(file))
    return frozenset(clips | {c.removeprefix("s1_") for c in clips} | dutch | {"1114_2_05"})


def corpus_sound(corpus: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(utterance, samples [N] at 16 kHz) of every file of one speech corpus."""
    for path in sorted(shared(SPEECH / corpus).glob("*.tar")):
        yield from tar_sound(path)


def tar_sound(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(name without ending, samples [N] at 16 kHz) of every sound in a tar file."""
    with tarfile.open(shared(path)) as archive:
        for member in archive:
            if member.isfile():
                samples, rate = soundfile.read(io.BytesIO(archive.extractfile(member).read()), dtype="float32")
                if rate != SAMPLE_RATE:
                    raise ValueError(f"{path}: {member.name} is at {rate} Hz, not {SAMPLE_RATE}")
                yield Path(member.name).stem, samples


GRID_AUDIO = FACES / "grid_s1" / "grid_s1_audio.tar"
FACEGOOD_AUDIO = FACES / "facegood" / "facegood_audio.tar"
