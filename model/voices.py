"""One talker's sound in other voices: pitch and vocal tract changed apart, timing and so the mouth unchanged.

WORLD (Morise, Yokomori, Ozawa 2016) takes speech apart into pitch, spectral envelope and aperiodicity.
"""

from __future__ import annotations

import numpy as np
import pyworld
from numpy.typing import NDArray

from .network import SAMPLE_RATE

FRAME_MS = 5.0


def other_voice(samples: NDArray[np.float32], pitch: float, formants: float) -> NDArray[np.float32]:
    """[N] the same words with the pitch and the formant frequencies multiplied; 1.7 and 1.15 make a man a woman."""
    sound = samples.astype(np.float64)
    rough, times = pyworld.dio(sound, SAMPLE_RATE, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(sound, rough, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(sound, f0, times, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(sound, f0, times, SAMPLE_RATE)
    bins = np.arange(envelope.shape[1])
    source = np.minimum(bins / formants, bins[-1])
    below, share = source.astype(int), source % 1
    above = np.minimum(below + 1, bins[-1])
    warp = lambda spectrum: spectrum[:, below] * (1 - share) + spectrum[:, above] * share  # noqa: E731
    spoken = pyworld.synthesize(
        f0 * pitch, np.ascontiguousarray(warp(envelope)), np.ascontiguousarray(warp(aperiodicity)), SAMPLE_RATE, FRAME_MS
    )
    return np.pad(spoken, (0, max(len(samples) - len(spoken), 0)))[: len(samples)].astype(np.float32)


def random_voice(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """[N] in a random voice, from a deep man to a child: higher pitch goes with a shorter vocal tract, roughly."""
    octaves = rng.uniform(-0.35, 1.2)
    return other_voice(samples, 2**octaves, float(np.clip(1 + 0.17 * octaves + rng.normal(0, 0.05), 0.86, 1.3)))
