"""What every frame of a training line is labelled with; used by model/ and by `lipsync dataset build` alike."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .phones import BILABIALS, PHONES

FRAME_RATE = 50.0
"""Hz of prepared sources (model/prepare.py)."""
MOUTH_UNITS: tuple[str, ...] = tuple(
    "jawForward jawOpen mouthClose mouthFunnel mouthPucker mouthSmile mouthFrown mouthDimple mouthStretch "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPress mouthLowerDown mouthUpperUp "
    "tongueOut".split()
)
"""Columns of a prepared source's units.npy, and what the network's *move* predicts: both sides of a face in one, for
real faces speak symmetrically (r 0.987 between the sides)."""
TimedPhones = Sequence[tuple[float, float, str]]
"""[(start s, end s, unit)]"""


def frame_phones(phones: TimedPhones, frames: int) -> NDArray[np.int16]:
    """[T] index into PHONES of the phone in which each frame's centre lies; -1 where there is none."""
    labels = np.full(frames, -1, np.int16)
    for start, end, unit in phones:
        labels[int(np.ceil(start * FRAME_RATE - 1e-6)) : int(np.ceil(end * FRAME_RATE - 1e-6))] = PHONES.index(unit)
    return labels


def bilabial_core(phones: TimedPhones, frames: int) -> NDArray[np.bool_]:
    """[T] the middle of every p, b, m (at least one frame each), where the lips must be sealed."""
    core = np.zeros(frames, bool)
    for start, end, unit in phones:
        if unit in BILABIALS:
            first = int(np.round((start + 0.25 * (end - start)) * FRAME_RATE))
            last = int(np.round((start + 0.75 * (end - start)) * FRAME_RATE))
            core[first : max(last, first) + 1] = True
    return core


def is_held_out(name: str, speaker: str = "") -> bool:
    """Every 32nd line, or all lines of every 16th speaker, by a hash. `speaker`: empty where there is one."""
    if speaker:
        return zlib.crc32(speaker.encode()) % 16 == 0
    return zlib.crc32(name.encode()) % 32 == 0
