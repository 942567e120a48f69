"""Prosody: how loud and how high a voice is over time, for what the face does beside the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .audio_clip import Sound

LOWEST, HIGHEST = 60.0, 500.0
"""Hz: where the fundamental of a voice is looked for."""

VOICED = 0.6
"""Least height of the peak of the normalised autocorrelation for a frame to have a fundamental."""

FLOOR = -100.0
"""dB of full scale: the level of digital silence."""

_WINDOW = 0.05  # seconds: three periods of the lowest voice
_AT_ONCE = 512  # frames whose spectra are in memory together


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """One value for each of T times."""

    level: NDArray[np.float32]
    """[T] dB of full scale (RMS), -100 for digital silence."""
    pitch: NDArray[np.float32]
    """[T] Hz, 0 where there is no voice."""


def prosody_of(sound: Sound, times: NDArray[np.float64]) -> Prosody:
    """Level and pitch around each of `times` (ascending seconds on the sound's clock); silence beyond the sound's ends.
    Holds a few seconds of sound at a time.

    Pitch: the first high peak of the normalised square difference
    (McLeod and Wyvill, A Smarter Way to Find Pitch, 2005).
    """
    rate = sound.sample_rate
    size = int(_WINDOW * rate)
    first = np.round(np.asarray(times) * rate).astype(np.intp) - size // 2
    reader = _Reader(sound)
    level = np.empty(len(first), np.float32)
    pitch = np.empty(len(first), np.float32)
    for start in range(0, len(first), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        held = reader.read(int(first[part][0]), int(first[part][-1]) + size)
        windows = held[first[part, None] - first[part][0] + np.arange(size)].astype(np.float64)
        power = np.maximum((windows**2).mean(axis=1), 10 ** (FLOOR / 10))
        level[part] = 10 * np.log10(power)
        pitch[part] = _pitch(windows - windows.mean(axis=1, keepdims=True), rate)
    return Prosody(level, pitch)


class _Reader:
    """Parts of a sound, each of which begins no earlier than the one before."""

    def __init__(self, sound: Sound) -> None:
        self._blocks = iter(sound.blocks())
        self._held = np.zeros(0, np.float32)
        self._begin = 0

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Samples `first` to before `last`, zeros beyond the ends."""
        while self._begin + len(self._held) < last and (block := next(self._blocks, None)) is not None:
            done = min(max(first - self._begin, 0), len(self._held))
            self._held, self._begin = np.concatenate([self._held[done:], block]), self._begin + done
        part = np.zeros(last - first, np.float32)
        start, end = max(first, self._begin), min(last, self._begin + len(self._held))
        if start < end:
            part[start - first : end - first] = self._held[start - self._begin : end - self._begin]
        return part


def _pitch(windows: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """[n, size] -> [n] Hz, 0 without voice."""
    size = windows.shape[1]
    shortest, longest = int(rate / HIGHEST), min(int(rate / LOWEST), size // 2)
    spectrum = np.fft.rfft(windows, 3 * size // 2)  # room for lags of half a window
    products = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, 3 * size // 2)[:, : longest + 2]
    sums = np.pad(np.cumsum(windows**2, axis=1), ((0, 0), (1, 0)))
    lags = np.arange(longest + 2)
    powers = sums[:, size - lags] + sums[:, -1:] - sums[:, lags]
    alike = 2 * products / np.maximum(powers, 1e-9)
    middle = alike[:, shortest : longest + 1]
    peaks = (middle >= alike[:, shortest - 1 : longest]) & (middle > alike[:, shortest + 1 : longest + 2])
    heights = np.where(peaks, middle, 0)
    best = heights.max(axis=1, keepdims=True)
    lag = np.argmax(heights >= 0.9 * best, axis=1) + shortest
    rows = np.arange(len(windows))
    before, at, after = alike[rows, lag - 1], alike[rows, lag], alike[rows, lag + 1]
    bend = before - 2 * at + after
    shift = np.where(bend < 0, (before - after) / (2 * np.minimum(bend, -1e-9)), 0)
    return np.where(best[:, 0] >= VOICED, rate / (lag + shift), 0.0)
