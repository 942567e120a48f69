"""The network: *hear* turns sound into phonetic posteriors, *move* turns those into mouth motion.

    samples [B, N] ─LogMel─▶ [B, 2T, M] ─Hear─▶ phones [B, T, P], residual [B, T, R] ─Move─▶ arkit [B, T, C]
                                                     └─viseme of each phone─▶ visemes [B, T, 15]

T = N // 320: one output frame every 20 ms, frame k centred on sample k * 320. Everything is a convolution with
zero padding, so a frame depends on a fixed number of neighbours and long sound can be cut into windows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE

SAMPLE_RATE = 16000
HOP = 320
"""Samples per output frame."""
MEL_HOP = 160
FFT = 512
WINDOW = 400
MELS = 80
MEL_RANGE = (40.0, 7600.0)  # Hz
LOG_FLOOR = 1e-5

UNITS = (
    "jawForward jawOpen mouthClose mouthFunnel mouthPucker mouthSmile mouthFrown mouthDimple mouthStretch "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPress mouthLowerDown mouthUpperUp tongueOut"
).split()
"""What *move* predicts: real faces speak symmetrically (r 0.987 between the sides), so a side is not told apart."""
ARKIT_CHANNELS = tuple(name for name in ARKIT_52 if name.removesuffix("Left").removesuffix("Right") in UNITS)


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Size of the network. Widths in channels, reach in frames of 20 ms."""

    hear_width: int = 192
    hear_dilations: tuple[int, ...] = (1, 1, 2, 1, 2, 1)
    move_width: int = 128
    move_dilations: tuple[int, ...] = (1, 1, 2)
    residual: int = 16
    kernel: int = 7

    @property
    def context(self) -> int:
        """Frames on each side that an output frame depends on, the stem's and the FFT's reach included."""
        blocks = (self.kernel // 2) * (sum(self.hear_dilations) + sum(self.move_dilations))
        stem = 2  # 5 mel frames and a 512-sample window around them: 20 ms + 16 ms
        return blocks + stem

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> NetworkConfig:
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


def mel_filters() -> np.ndarray:
    """[MELS, FFT // 2 + 1] librosa's Slaney filters."""
    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT, n_mels=MELS, fmin=MEL_RANGE[0], fmax=MEL_RANGE[1])


class LogMel(nn.Module):
    """Log-mel energies by convolution (ONNX Runtime has no STFT on CUDA); equals librosa's melspectrogram."""

    def __init__(self) -> None:
        super().__init__()
        time = np.arange(FFT)
        window = np.zeros(FFT)
        start = (FFT - WINDOW) // 2
        window[start : start + WINDOW] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
        phase = 2 * np.pi * np.outer(np.arange(FFT // 2 + 1), time) / FFT
        basis = np.concatenate([np.cos(phase) * window, -np.sin(phase) * window])
        self.register_buffer("basis", torch.tensor(basis[:, None, :], dtype=torch.float32))
        self.register_buffer("filters", torch.tensor(mel_filters()))

    def power(self, samples: Tensor) -> Tensor:
        """[B, N] -> [B, FFT // 2 + 1, N // MEL_HOP] power spectrum, frame m centred on sample m * MEL_HOP."""
        padded = F.pad(samples, (FFT // 2, FFT // 2 - MEL_HOP))[:, None]
        real, imaginary = F.conv1d(padded, self.basis, stride=MEL_HOP).chunk(2, dim=1)
        return real * real + imaginary * imaginary

    def forward(self, samples: Tensor, filters: Tensor | None = None) -> Tensor:
        """[B, N] -> [B, MELS, 2T]. `filters` [B, MELS, bins] replaces the filters (vocal tract augmentation)."""
        mel = torch.matmul(self.filters if filters is None else filters, self.power(samples))
        return torch.log(mel + LOG_FLOOR)


class Block(nn.Module):
    """ConvNeXt block over time (Liu et al., A ConvNet for the 2020s, 2022): [B, W, T] -> [B, W, T]."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        reach = (kernel // 2) * dilation
        self.depthwise = nn.Conv1d(width, width, kernel, padding=reach, dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).transpose(1, 2))
        y = self.narrow(F.gelu(self.widen(y), approximate="tanh"))
        return x + (self.dropout(y) * self.scale).transpose(1, 2)


class Hear(nn.Module):
    """Log-mel [B, MELS, 2T] -> phone logits [B, T, P] and residual [B, T, R] (how the phones are spoken)."""

    def __init__(self, config: NetworkConfig, dropout: float) -> None:
        super().__init__()
        width = config.hear_width
        self.stem = nn.Conv1d(MELS, width, 5, stride=2, padding=2)
        self.blocks = nn.Sequential(*[Block(width, config.kernel, d, dropout) for d in config.hear_dilations])
        self.norm = nn.LayerNorm(width)
        self.phones = nn.Linear(width, len(PHONES))
        self.residual = nn.Linear(width, config.residual)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(self.stem((mel + 5.0) / 4.0))  # about zero mean and unit spread for speech
        x = self.norm(x.transpose(1, 2))
        return self.phones(x), torch.tanh(self.residual(x))


class Move(nn.Module):
    """Phone posteriors [B, T, P] and residual [B, T, R] -> mouth units [B, T, U]; slightly below 0 means 0."""

    def __init__(self, config: NetworkConfig, dropout: float) -> None:
        super().__init__()
        width = config.move_width
        self.enter = nn.Linear(len(PHONES) + config.residual, width)
        self.blocks = nn.Sequential(*[Block(width, config.kernel, d, dropout) for d in config.move_dilations])
        self.norm = nn.LayerNorm(width)
        self.units = nn.Linear(width, len(UNITS))
        nn.init.normal_(self.units.weight, std=0.01)
        nn.init.constant_(self.units.bias, 0.03)

    def forward(self, phones: Tensor, residual: Tensor) -> Tensor:
        x = self.enter(torch.cat([phones, residual], dim=-1)).transpose(1, 2)
        x = self.norm(self.blocks(x).transpose(1, 2))
        # A slope below 0 too: a unit that training once pushed under 0 (the jaw, early on) must find back.
        return F.leaky_relu(self.units(x), 0.05)


class Lipsync(nn.Module):
    """The whole network, as it is exported."""

    def __init__(self, config: NetworkConfig = NetworkConfig(), dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel()
        self.hear = Hear(config, dropout)
        self.move = Move(config, dropout)
        to_arkit = np.zeros((len(UNITS), len(ARKIT_CHANNELS)), np.float32)
        for column, name in enumerate(ARKIT_CHANNELS):
            to_arkit[UNITS.index(name.removesuffix("Left").removesuffix("Right")), column] = 1
        to_viseme = np.zeros((len(PHONES), len(VISEMES_15)), np.float32)
        for row, phone in enumerate(PHONES):
            to_viseme[row, VISEMES_15.index(VISEME_OF_PHONE[phone])] = 1
        self.register_buffer("to_arkit", torch.tensor(to_arkit))
        self.register_buffer("to_viseme", torch.tensor(to_viseme))

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, N] -> arkit [B, T, C], visemes [B, T, 15], phones [B, T, P]; the last two sum to 1."""
        logits, residual = self.hear(self.mel(samples))
        phones = torch.softmax(logits, dim=-1)
        units = self.move(phones, residual)
        return torch.clamp(units, 0.0, 1.0) @ self.to_arkit, phones @ self.to_viseme, phones
