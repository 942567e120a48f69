"""One talker's sound in other voices: pitch and vocal tract changed apart, timing and so the mouth unchanged.

WORLD (Morise, Yokomori, Ozawa 2016) takes speech apart into pitch, spectral envelope and aperiodicity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyworld
from numpy.typing import NDArray

from .network import SAMPLE_RATE

FRAME_MS = 5.0


def other_voices(samples: NDArray[np.float32], changes: Iterable[tuple[float, float]]) -> Iterator[NDArray[np.float32]]:
    """[N] the same words, once for each (pitch, formants): what both are multiplied by; (1.7, 1.15) makes a man a
    woman."""
    sound = samples.astype(np.float64)
    rough, times = pyworld.dio(sound, SAMPLE_RATE, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(sound, rough, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(sound, f0, times, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(sound, f0, times, SAMPLE_RATE)
    bins = np.arange(envelope.shape[1])
    for pitch, formants in changes:
        source = np.minimum(bins / formants, bins[-1])
        below, share = source.astype(int), source % 1
        above = np.minimum(below + 1, bins[-1])
        shape, breath = (
            np.ascontiguousarray(spectrum[:, below] * (1 - share) + spectrum[:, above] * share)
            for spectrum in (envelope, aperiodicity)
        )
        spoken = pyworld.synthesize(f0 * pitch, shape, breath, SAMPLE_RATE, FRAME_MS)
        yield np.pad(spoken, (0, max(len(samples) - len(spoken), 0)))[: len(samples)].astype(np.float32)


def random_changes(count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """So many voices, from a deep man to a child: higher pitch goes with a shorter vocal tract, roughly."""
    octaves = rng.uniform(-0.35, 1.2, count)
    formants = np.clip(1 + 0.17 * octaves + rng.normal(0, 0.05, count), 0.86, 1.3)
    return list(zip((2**octaves).tolist(), formants.tolist()))
