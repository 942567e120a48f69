"""Changes to the sound that must not change what the mouth does; every one drawn from a seeded generator."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal

from .network import FFT, MELS, SAMPLE_RATE, mel_filters

WARPS = 96
"""Ready-made warps of the frequency axis; the first leaves it as it is."""
_KNOTS = np.array([0.0, 400.0, 900.0, 1600.0, 2400.0, 3500.0, 8000.0])  # Hz


def augmented(samples: NDArray[np.float32], other: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """[N] sound after room, telephone, noise, clipping and level. `other` [N] is speech to make babble of."""
    if rng.random() < 0.3:
        samples = in_a_room(samples, rng)
    if rng.random() < 0.1:
        samples = band_limited(samples, rng)
    if rng.random() < 0.5:
        samples = samples + noise_for(samples, other, rng)
    if rng.random() < 0.05:
        limit = np.abs(samples).max() * rng.uniform(0.2, 0.7)
        samples = np.clip(samples, -limit, limit)
    peak = np.abs(samples).max()
    if peak > 1e-4:
        samples = samples * (10 ** (rng.uniform(-30, 0) / 20) / peak)
    return samples.astype(np.float32)


def in_a_room(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Adds a synthetic reverberation: exponentially fading noise, 0.1 to 0.7 s to -60 dB."""
    decay = rng.uniform(0.1, 0.7)
    length = int(decay * SAMPLE_RATE)
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: int(0.002 * SAMPLE_RATE)] = 0
    tail *= 10 ** (rng.uniform(-15, 0) / 20) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1.0
    return signal.fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def band_limited(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A telephone, or a recorder with a low rate."""
    low, high = (300, 3400) if rng.random() < 0.5 else (60, rng.uniform(2500, 6500))
    return signal.sosfilt(_band(int(low), int(high) // 100 * 100), samples).astype(np.float32)


@cache
def _band(low: int, high: int) -> NDArray[np.float64]:
    return signal.butter(4, [low, high], "bandpass", fs=SAMPLE_RATE, output="sos")


def noise_for(samples: NDArray[np.float32], other: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of the same length: coloured (white to brown), hum or other people's speech, 3 to 35 dB below the sound."""
    kind = rng.random()
    if kind < 0.65:
        spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
        spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(0.0, 1.0)
        noise = np.fft.irfft(spectrum, len(samples))
    elif kind < 0.75:
        time = np.arange(len(samples)) / SAMPLE_RATE
        base = rng.uniform(45, 130)
        noise = sum(np.sin(2 * np.pi * base * k * time + rng.uniform(0, 6)) / k for k in range(1, 9))
    else:
        noise = sum(np.roll(other, int(rng.integers(len(other)))) for _ in range(4))[::-1]
    level = np.sqrt((samples**2).mean() + 1e-10) * 10 ** (-rng.uniform(3, 35) / 20)
    return (noise * (level / np.sqrt((noise**2).mean() + 1e-10))).astype(np.float32)


@cache
def warped_filters() -> torch.Tensor:
    """[WARPS, MELS, bins] mel filters for other vocal tracts and accents.

    The whole axis is scaled by 0.84 to 1.2 (a large man to a child), and single formant regions move by some 4 %
    more: a fronted /u/ must still be heard as rounded.
    """
    rng = np.random.default_rng(0)
    plain = mel_filters()
    bins = np.arange(plain.shape[1])
    banks = [plain]
    for _ in range(WARPS - 1):
        scale = np.exp(rng.uniform(np.log(0.84), np.log(1.2))) * (1 + rng.normal(0, 0.04, len(_KNOTS)))
        source = np.maximum.accumulate(bins / np.interp(bins * SAMPLE_RATE / FFT, _KNOTS, scale))
        banks.append(np.stack([np.interp(source, bins, row, right=0.0) for row in plain]))
    return torch.tensor(np.stack(banks), dtype=torch.float32)


def coloured(mel: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """[B, MELS, M] log-mel with a random microphone (smooth gain over frequency) and SpecAugment's masks."""
    batch, _, frames = mel.shape
    knots = torch.randn(batch, 1, 6, generator=generator) * 0.7  # natural log: about 3 dB
    mel = mel + torch.nn.functional.interpolate(knots, MELS, mode="linear", align_corners=True).transpose(1, 2)
    floor = mel.amin(dim=(1, 2), keepdim=True)
    bands, times = torch.arange(MELS)[None, :, None], torch.arange(frames)[None, None, :]
    for axis, most in ((bands, 14), (times, 12)):
        width = torch.randint(0, most, (batch, 1, 1), generator=generator)
        width = width * (torch.rand(batch, 1, 1, generator=generator) < 0.4)
        start = (torch.rand(batch, 1, 1, generator=generator) * (axis.numel() - most)).long()
        mel = torch.where((axis >= start) & (axis < start + width), floor, mel)
    return mel
