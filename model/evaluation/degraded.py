"""The dev clips as they sound in a noisy room, on the telephone, from across the room, and too quiet."""

from __future__ import annotations

from functools import cache

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from scipy import signal

from ..augment import Chance, in_a_room, noise_for
from .bench import dev_sounds
from .performance import SAMPLE_RATE

CLEAN = "clean"
CONDITIONS = {
    CLEAN: "as recorded",
    "noise": "noise 10 dB below the speech (coloured noise, hum or babble, drawn per clip)",
    "telephone": "300 to 3400 Hz at 8 kHz",
    "room": "reverberation of 0.1 to 0.7 s, drawn per clip",
    "quiet": "30 dB quieter",
}


def degraded(condition: str, samples: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """[N] the sound under one of CONDITIONS; the same for the same seed."""
    if condition == "noise":
        others = np.stack([np.resize(speech, len(samples)) for speech in _speech_of_others()])
        together = torch.from_numpy(np.concatenate([samples[None], others]))
        noise = noise_for(together, _chance(seed, len(together)))[0].numpy()
        level = _rms(samples) * 10 ** (-10 / 20)
        return samples + (noise * (level / _rms(noise))).astype(np.float32)
    if condition == "telephone":
        band = signal.butter(4, [300, 3400], "bandpass", fs=SAMPLE_RATE, output="sos")
        narrow = soxr.resample(signal.sosfilt(band, samples), SAMPLE_RATE, 8000)
        return np.resize(soxr.resample(narrow, 8000, SAMPLE_RATE), len(samples)).astype(np.float32)
    if condition == "room":
        return in_a_room(torch.from_numpy(samples[None]), _chance(seed, 1))[0].numpy()
    if condition == "quiet":
        return samples * np.float32(10 ** (-30 / 20))
    if condition == CLEAN:
        return samples
    raise ValueError(condition)


def _chance(seed: int, batch: int) -> Chance:
    return Chance(torch.Generator().manual_seed(seed), batch)


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt((samples.astype(float) ** 2).mean() + 1e-12))


@cache
def _speech_of_others() -> list[NDArray[np.float32]]:
    """Eight sounds for babble: Dutch utterances, because nobody in the degraded clips says them."""
    paths = [path for name, path in dev_sounds().items() if path.suffix == ".opus"][:8]
    return [soundfile.read(path, dtype="float32")[0] for path in paths]
