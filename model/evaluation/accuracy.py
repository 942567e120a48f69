"""Does a program hear right: phones, visemes and drawn mouths by frame, and the phone string."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.training_frames import frame_phones
from lipsync_addon.exporters.cues import FOLDER

from .lines import Line
from .statistics import UNKNOWN, Figure, Measured, ratio, share

VISEME_INDEX = np.array([VISEMES_15.index(VISEME_OF_PHONE[phone]) for phone in PHONES])
"""[P] viseme of each phone."""


_DRAWN = json.loads((FOLDER / "rhubarb.json").read_text(encoding="utf-8"))["shapes"]
SAME_MOUTH = np.array([[_DRAWN[one] == _DRAWN[other] for other in VISEMES_15] for one in VISEMES_15])
"""[15, 15] whether the same of Rhubarb's nine drawn mouths stands for two visemes (data/mouth_shapes)."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a program has no channels for is nan."""

    phones: Measured
    """Share of frames, silence included."""
    visemes: Measured
    spoken_visemes: Measured
    """Share of the frames that are no silence."""
    mouths: Measured
    """Share of frames whose drawn mouth is right, one of Rhubarb's nine."""
    commonest: float
    """Share of frames of the viseme that is said most: always that one would be so good."""
    phone_errors: Measured
    """Insertions, deletions and substitutions over the phones that were said."""
    frames: int
    confusion: NDArray[np.intp]
    """[15, 15] frames: row said, column heard."""


def accuracy(lines: Sequence[Line], tracks: Mapping[str, AnimationTrack]) -> Accuracy:
    """Over all lines; errors by drawing lines again."""
    confusions = [confusion_of(line, tracks[line.name]) for line in lines]
    frames, spoken = ([int(c[rows].sum()) for c in confusions] for rows in (slice(None), slice(1, None)))
    together = sum(confusions)
    phones = errors = UNKNOWN
    if _gives(PHONES, tracks):
        phones = ratio([_right_phones(line, tracks[line.name]) for line in lines], frames)
        errors = ratio(*np.array([phone_errors(line, tracks[line.name]) for line in lines]).T)
    return Accuracy(
        phones=phones,
        visemes=ratio([int(c.trace()) for c in confusions], frames),
        spoken_visemes=ratio([int(c.trace() - c[0, 0]) for c in confusions], spoken),
        mouths=ratio([int(c[SAME_MOUTH].sum()) for c in confusions], frames),
        commonest=float(together.sum(1).max() / together.sum()),
        phone_errors=errors,
        frames=sum(frames),
        confusion=together,
    )


def hears(tracks: Mapping[str, AnimationTrack]) -> bool:
    """Whether a program's tracks say which viseme there is."""
    return _gives(VISEMES_15, tracks)


def _gives(names: Sequence[str], tracks: Mapping[str, AnimationTrack]) -> bool:
    return all(set(names) <= set(track.names) for track in tracks.values())


def right_frames(lines: Sequence[Line], tracks: Mapping[str, AnimationTrack]) -> dict[str, Figure]:
    """{"visemes" and "mouths" of accuracy()}, to be compared with another program's."""
    confusions = [confusion_of(line, tracks[line.name]) for line in lines]
    counted = {"visemes": np.eye(len(VISEMES_15), dtype=bool), "mouths": SAME_MOUTH}
    return {
        name: Figure(name, tuple((int(c[same].sum()), int(c.sum())) for c in confusions), share)
        for name, same in counted.items()
    }


def confusion_of(line: Line, track: AnimationTrack) -> NDArray[np.intp]:
    """[15, 15] frames whose phone is known: row said, column heard; silence first."""
    said = frame_phones(line.phones, len(track.values))
    known = said >= 0
    heard = track.select(VISEMES_15).values.argmax(1)
    return confusion_matrix(VISEME_INDEX[said[known]], heard[known], labels=range(len(VISEMES_15)))


def _right_phones(line: Line, track: AnimationTrack) -> int:
    """Frames."""
    said = frame_phones(line.phones, len(track.values))
    return int((track.select(PHONES).values.argmax(1) == said).sum())


def collapsed(units: Sequence[str]) -> str:
    """Phones parted by spaces, repeats joined and silence left out: what jiwer compares."""
    joined = [unit for i, unit in enumerate(units) if i == 0 or units[i - 1] != unit]
    return " ".join(unit for unit in joined if unit != "sil")


def phone_errors(line: Line, track: AnimationTrack) -> tuple[int, int]:
    """(errors, phones said) of the likeliest phones, without any language model."""
    said = collapsed([unit for _, _, unit in line.phones])
    heard = collapsed([PHONES[i] for i in track.select(PHONES).values.argmax(1)])
    found = jiwer.process_words(said, heard)
    return found.insertions + found.deletions + found.substitutions, len(said.split())


def worst_confusions(confusion: NDArray[np.intp], count: int = 5) -> list[tuple[str, str, float]]:
    """(said, heard, share of the frames said) of the largest mistakes by number of frames."""
    wrong = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    largest = np.argsort(wrong, axis=None)[::-1][:count]
    names = [name.removeprefix("viseme_") for name in VISEMES_15]
    pairs = [np.unravel_index(flat, wrong.shape) for flat in largest]
    return [(names[r], names[c], float(wrong[r, c] / confusion[r].sum())) for r, c in pairs if wrong[r, c]]
