"""Changes to the sound that must not change what the mouth does; every one drawn from a seeded generator.

All work on a batch at once, on whatever device it lies.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .network import FFT, MELS, SAMPLE_RATE, mel_filters

WARPS = 96
"""Ready-made warps of the frequency axis; the first leaves it as it is."""
_KNOTS = np.array([0.0, 400.0, 900.0, 1600.0, 2400.0, 3500.0, 8000.0])  # Hz
LONGEST_ROOM = 0.7  # s


class Chance:
    """Random numbers on the generator's device."""

    def __init__(self, generator: torch.Generator, batch: int) -> None:
        self.generator, self.batch = generator, batch

    def uniform(self, low: float, high: float) -> Tensor:
        """[B, 1]"""
        drawn = torch.rand(self.batch, 1, generator=self.generator, device=self.generator.device)
        return low + (high - low) * drawn

    def happens(self, share: float) -> Tensor:
        """bool [B, 1], true for about this share."""
        return self.uniform(0, 1) < share

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.generator.device)


def augmented(samples: Tensor, generator: torch.Generator) -> Tensor:
    """[B, N] sound after room, recorder, noise, clipping, telephone codec and level."""
    chance = Chance(generator, len(samples))
    samples = torch.where(chance.happens(0.3), in_a_room(samples, chance), samples)
    samples = torch.where(chance.happens(0.12), band_limited(samples, chance), samples)
    samples = samples + noise_for(samples, chance) * chance.happens(0.5)
    peak = samples.abs().amax(1, keepdim=True).clamp(min=1e-4)
    limit = peak * torch.where(chance.happens(0.05), chance.uniform(0.2, 0.7), 1.0)
    samples = samples.clamp(-limit, limit) / peak
    samples = torch.where(chance.happens(0.06), mu_law(samples), samples)
    return samples * 10 ** (chance.uniform(-45, 0) / 20)


def in_a_room(samples: Tensor, chance: Chance) -> Tensor:
    """Adds a synthetic reverberation: exponentially fading noise, 0.1 to 0.7 s to -60 dB."""
    length = int(LONGEST_ROOM * SAMPLE_RATE)
    time = torch.arange(length, device=samples.device) / SAMPLE_RATE
    tail = chance.normal(len(samples), length) * 10 ** (-3 * time / chance.uniform(0.1, LONGEST_ROOM))
    tail[:, : int(0.002 * SAMPLE_RATE)] = 0
    tail *= 10 ** (chance.uniform(-15, 0) / 20) / tail.norm(dim=1, keepdim=True)
    tail[:, 0] = 1.0
    size = 1 << (samples.shape[1] + length).bit_length()
    both = torch.fft.rfft(samples, size) * torch.fft.rfft(tail, size)
    return torch.fft.irfft(both, size)[:, : samples.shape[1]]


def band_limited(samples: Tensor, chance: Chance) -> Tensor:
    """A telephone (300 to 3400 Hz), or a recorder with a low rate; slopes as of a fourth-order Butterworth filter."""
    telephone = chance.happens(0.5)
    low, high = torch.where(telephone, 300.0, 60.0), torch.where(telephone, 3400.0, chance.uniform(2500, 6500))
    spectrum = torch.fft.rfft(samples)
    frequency = torch.linspace(0, SAMPLE_RATE / 2, spectrum.shape[1], device=samples.device)
    slope = lambda ratio: (1 + ratio**8).rsqrt()  # noqa: E731
    return torch.fft.irfft(spectrum * slope(low / frequency.clamp(min=1)) * slope(frequency / high), samples.shape[1])


def noise_for(samples: Tensor, chance: Chance) -> Tensor:
    """Noise: coloured (white to brown), hum or other pieces' speech, 3 to 35 dB below the sound."""
    batch, count = samples.shape
    spectrum = torch.fft.rfft(chance.normal(batch, count))
    bins = torch.arange(spectrum.shape[1], device=samples.device).clamp(min=1)
    coloured_noise = torch.fft.irfft(spectrum / bins ** chance.uniform(0, 1), count)
    time = torch.arange(count, device=samples.device) / SAMPLE_RATE
    base = chance.uniform(45, 130)
    hum = sum(torch.sin(2 * torch.pi * base * k * time + chance.uniform(0, 6)) / k for k in range(1, 9))
    babble = sum(samples.roll((step, 4001 * step), (0, 1)) for step in (1, 2, 3, 5)).flip(1)
    kind = chance.uniform(0, 1)
    noise = torch.where(kind < 0.65, coloured_noise, torch.where(kind < 0.75, hum, babble))
    rms = lambda sound: (sound.square().mean(1, keepdim=True) + 1e-10).sqrt()  # noqa: E731
    return noise * (rms(samples) * 10 ** (-chance.uniform(3, 35) / 20) / rms(noise))


def mu_law(samples: Tensor) -> Tensor:
    """8 bits a sample on the curve of ITU-T G.711 (mu = 255), as telephones carry; samples within -1..1."""
    compressed = samples.sign() * torch.log1p(255 * samples.abs()) / np.log(256)
    steps = (compressed * 127).round() / 127
    return steps.sign() * torch.expm1(steps.abs() * np.log(256)) / 255


@cache
def warped_filters(device: str) -> Tensor:
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
    return torch.tensor(np.stack(banks), dtype=torch.float32, device=device)


def drawn_filters(batch: int, generator: torch.Generator, share: float = 0.65) -> Tensor:
    """[B, MELS, bins] filters of another vocal tract for this share of the pieces."""
    device = generator.device
    warp = torch.randint(0, WARPS, (batch,), generator=generator, device=device)
    return warped_filters(str(device))[warp * (torch.rand(batch, generator=generator, device=device) < share)]


def coloured(mel: Tensor, generator: torch.Generator) -> Tensor:
    """[B, MELS, M] log-mel with a random microphone (smooth gain over frequency) and SpecAugment's masks."""
    batch, _, frames = mel.shape
    device = generator.device
    knots = torch.randn(batch, 1, 6, generator=generator, device=device) * 0.7  # natural log: about 3 dB
    mel = mel + F.interpolate(knots, MELS, mode="linear", align_corners=True).transpose(1, 2)
    floor = mel.amin(dim=(1, 2), keepdim=True)
    bands, times = torch.arange(MELS, device=device)[None, :, None], torch.arange(frames, device=device)[None, None, :]
    draw = lambda: torch.rand(batch, 1, 1, generator=generator, device=device)  # noqa: E731
    for axis, most in ((bands, 14), (times, 12)):
        width = (draw() * most).long() * (draw() < 0.4)
        start = (draw() * (axis.numel() - most)).long()
        mel = torch.where((axis >= start) & (axis < start + width), floor, mel)
    return mel
