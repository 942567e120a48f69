"""What a sound looks like: its lowest and highest sample in every short stretch. Small, however long the sound is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .audio_clip import Sound
from .progress import Progress, no_progress

RATE = 200
"""Stretches a second, of a sound that is not too long for that."""
MOST = 1 << 17
"""Stretches at most; those of a sound longer than eleven minutes are joined, two and two, until they fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """The outline of a sound."""

    low: NDArray[np.int8]
    """[N] lowest sample of each stretch, -127..127 for -1..1."""
    high: NDArray[np.int8]
    """[N] highest one."""
    rate: float
    """Stretches a second."""

    @property
    def peak(self) -> float:
        """The loudest sample, 0..1."""
        return max(int(self.high.max(initial=0)), -int(self.low.min(initial=0))) / 127

    def between(self, start: float, end: float, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(lowest, highest) of each of `columns` equal parts of the time from `start` to `end` seconds, -1..1; 0 where
        there is no sound."""
        edges = np.linspace(start, end, columns + 1) * self.rate
        first = np.floor(edges[:-1]).astype(np.intp)
        last = np.maximum(np.ceil(edges[1:]).astype(np.intp), first + 1)
        inside = (last > 0) & (first < len(self.low))
        low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
        if inside.any():
            pairs = np.stack((first, last), axis=1)[inside].clip(0, len(self.low)).ravel()
            # reduceat() takes every pair as from-to, which must lie within: hence one more at the end
            low[inside] = np.minimum.reduceat(np.append(self.low, 0), pairs)[::2] / 127
            high[inside] = np.maximum.reduceat(np.append(self.high, 0), pairs)[::2] / 127
        return low, high


def waveform(sound: Sound, *, progress: Progress = no_progress, most: int = MOST) -> Waveform:
    """Reads the sound once, block by block. `most`: an even number."""
    step, seen = max(sound.sample_rate // RATE, 1), 0
    low, high, held = np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32)
    for block in sound.blocks():
        seen += len(block)
        held = np.concatenate((held, block))
        whole = held[: len(held) // step * step].reshape(-1, step)
        low, high, held = np.append(low, whole.min(1)), np.append(high, whole.max(1)), held[whole.size :]
        while len(low) > most:
            if len(low) % 2:  # the last stretch waits for its neighbour, with samples that reach as far as its own did
                held = np.concatenate((high[-1:], np.full(step - 1, low[-1]), held))
            pairs = len(low) // 2
            low, high = low[: 2 * pairs].reshape(pairs, 2).min(1), high[: 2 * pairs].reshape(pairs, 2).max(1)
            step *= 2
        progress(min(seen / sound.sample_rate / max(sound.duration, 1e-3), 1.0))
    if len(held):
        low, high = np.append(low, held.min()), np.append(high, held.max())
    low, high = (np.round(np.clip(values, -1, 1) * 127).astype(np.int8) for values in (low, high))
    return Waveform(low, high, sound.sample_rate / step)
