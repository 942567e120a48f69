"""The network: *hear* turns sound into phonetic posteriors, *move* turns those into mouth motion.

    samples [B, N] ─LogMel─▶ [B, M, 2T] ─Hear─▶ phones [B, T, P], residual [B, T, R]
    phones, residual, controls [B, T, K] ─Move─▶ arkit [B, T, C], visemes [B, T, 15], log_variance, features

T = N // 320: one output frame every 20 ms, frame k centred on sample k * 320. Everything is a convolution with
zero padding, so a frame depends on a fixed number of neighbours and long sound can be cut into windows. The two are
exported as two files: curves can be made again from edited phones, or from text alone, without any sound.

ONNX Runtime multiplies matrices as fast as the processor can, and hardly anything else. So all but the depthwise
convolutions is written as products of rows, a row being a frame; as convolutions, spectrum and stem copied the sound
400 times over on one thread. export.py has the activation made one operation, and model/EXPERIMENTS.md has the times of
each.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import NamedTuple

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE
from lipsync_addon.core.training_frames import MOUTH_UNITS

SAMPLE_RATE = 16000
HOP = 320
"""Samples per output frame."""
MEL_HOP = 160
FFT = 512
WINDOW = 400
MELS = 80
MEL_RANGE = (40.0, 7600.0)  # Hz
LOG_FLOOR = 1e-6
"""60 dB below a loud voice; quieter sound would sink into it."""
SLOPE = 0.05
"""Of mouth units below 0."""
STEM = 2
"""Frames that *hear* needs on both sides beside those of its blocks: 5 mel frames and a window of 400 samples, 20 ms +
12.5 ms."""
SILENT = (0.5, 0.9)
"""Share of silence among the phones from which, and in full, small units rest: NetworkConfig.rest."""

UNITS = [*MOUTH_UNITS]
"""What *move* predicts."""
CONTROLS: dict[str, float] = {
    "filmed": 0.0, "captured": 0.0, "clear": 0.0, "intensity": 1.0,
    "joy": 0.0, "sadness": 0.0, "anger": 0.0, "fear": 0.0, "disgust": 0.0, "surprise": 0.0,
}  # fmt: skip
"""What *move* may be told beside the phones, and its neutral value; drawn and explained in model/controls.py."""
EMOTIONS = slice(list(CONTROLS).index("joy"), None)
ARKIT_CHANNELS = tuple(name for name in ARKIT_52 if name.removesuffix("Left").removesuffix("Right") in UNITS)


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Size of the network. Widths in channels, reach in frames of 20 ms."""

    hear_width: int = 232
    hear_dilations: tuple[int, ...] = (1, 1, 2, 1, 2, 1, 2, 1)
    move_width: int = 144
    move_dilations: tuple[int, ...] = (1, 1, 2, 1)
    residual: int = 16
    kernel: int = 7
    hear_ahead: tuple[int, ...] = ()
    """Future frames that each block sees; empty: as many as past ones."""
    move_ahead: tuple[int, ...] = ()

    @property
    def rest(self) -> tuple[float, float]:
        """In silence units up to the first are 0 and from the second on as predicted: what does not show shall not
        tremble.

        Openings for breath stay. Less rests where little of the future is seen: a word is heard late there, the lips
        part before.
        """
        return (0.02, 0.06) if self.hear_ahead else (0.03, 0.09)

    def reaches(self, part: str) -> list[tuple[int, int]]:
        """(past, future) frames of each block of "hear" or "move"."""
        dilations, ahead = getattr(self, f"{part}_dilations"), getattr(self, f"{part}_ahead")
        both = [(self.kernel - 1) * d for d in dilations]
        future = ahead or [reach // 2 for reach in both]
        return [(reach - after, after) for reach, after in zip(both, future, strict=True)]

    def context(self, part: str) -> tuple[int, int]:
        """Past and future frames on which an output frame of "hear" or "move" depends."""
        stem = STEM if part == "hear" else 0
        past, future = (sum(reach) + stem for reach in zip(*self.reaches(part)))
        return past, future

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> NetworkConfig:
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})


OFFLINE = NetworkConfig()
LIVE = NetworkConfig(
    hear_width=192, hear_dilations=(1, 1, 2, 1, 2, 1), move_width=128, move_dilations=(1, 1, 2),
    hear_ahead=(1, 1, 0, 0, 0, 0), move_ahead=(1, 0, 0),
)  # fmt: skip
"""Looks 5 frames ahead, 100 ms, of which the stem takes two."""


def mel_filters() -> np.ndarray:
    """[MELS, FFT // 2 + 1] librosa's Slaney filters."""
    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT, n_mels=MELS, fmin=MEL_RANGE[0], fmax=MEL_RANGE[1])


def sliding(rows: Tensor, size: int) -> Tensor:
    """[B, R, C] -> [B, T, size]: the first `size` values of each row and those after it, for all rows that have so
    many."""
    width = rows.shape[2]
    more = -(-size // width) - 1
    parts = [rows[:, after : after - more or None] for after in range(more)]
    return torch.cat([*parts, rows[:, more:, : size - more * width]], dim=-1)


class LogMel(nn.Module):
    """Log-mel energies by matrix products (ONNX Runtime has no STFT on CUDA); equals librosa's melspectrogram."""

    def __init__(self) -> None:
        super().__init__()
        time = np.arange(WINDOW)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * time / WINDOW)
        phase = 2 * np.pi * np.outer(np.arange(FFT // 2 + 1), time) / FFT
        basis = np.concatenate([np.cos(phase) * window, -np.sin(phase) * window])
        # To half precision and back, as they lie on disk: the error is 60 dB below the sound.
        self.register_buffer("basis", torch.tensor(basis[:, None, :]).half().float())
        self.register_buffer("filters", torch.tensor(mel_filters()).half().float())

    def power(self, samples: Tensor) -> Tensor:
        """[B, N] -> [B, FFT // 2 + 1, N // MEL_HOP] power spectrum, frame m centred on sample m * MEL_HOP."""
        padded = F.pad(samples, (WINDOW // 2, -(WINDOW // 2) % MEL_HOP))
        frames = sliding(padded.unflatten(1, (-1, MEL_HOP)), WINDOW)
        real, imaginary = (F.linear(frames, basis) for basis in self.basis[:, 0].chunk(2))
        return (real * real + imaginary * imaginary).transpose(1, 2)

    def forward(self, samples: Tensor, filters: Tensor | None = None) -> Tensor:
        """[B, N] -> [B, MELS, 2T]. `filters` [B, MELS, bins] replaces the filters (vocal tract augmentation)."""
        mel = torch.matmul(self.power(samples).transpose(1, 2), (self.filters if filters is None else filters).mT).mT
        return torch.log(mel + LOG_FLOOR)


class Block(nn.Module):
    """ConvNeXt block over time (Liu et al., A ConvNet for the 2020s, 2022): [B, T, W] -> [B, T, W]."""

    def __init__(self, width: int, reach: tuple[int, int], kernel: int, dropout: float) -> None:
        super().__init__()
        self.reach = reach
        self.depthwise = nn.Conv1d(width, width, kernel, dilation=sum(reach) // (kernel - 1), groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.inside(F.pad(x, (0, 0, *self.reach)))

    def inside(self, x: Tensor) -> Tensor:
        """The frames alone whose neighbours are all there: [B, past + T + future, W] -> [B, T, W]."""
        past, future = self.reach
        y = self.norm(self.depthwise(x.transpose(1, 2)).transpose(1, 2))
        y = self.narrow(F.gelu(self.widen(y), approximate="tanh"))
        return x[:, past : -future or None] + self.dropout(y) * self.scale


def through(blocks: nn.Sequential, x: Tensor, inside: bool) -> Tensor:
    """[B, T, W] -> [B, T, W] with zeros beyond the ends, or the frames alone whose neighbours are all there."""
    for block in blocks:
        x = block.inside(x) if inside else block(x)
    return x


class Hear(nn.Module):
    """Log-mel [B, MELS, 2T] -> phone logits [B, T, P] and residual [B, T, R] (how the phones are spoken)."""

    def __init__(self, config: NetworkConfig, dropout: float) -> None:
        super().__init__()
        width = config.hear_width
        self.stem = nn.Conv1d(MELS, width, 5, stride=2, padding=2)
        self.blocks = nn.Sequential(*[Block(width, r, config.kernel, dropout) for r in config.reaches("hear")])
        self.norm = nn.LayerNorm(width)
        self.phones = nn.Linear(width, len(PHONES))
        self.residual = nn.Linear(width, config.residual)

    def forward(self, mel: Tensor, inside: bool = False) -> tuple[Tensor, Tensor]:
        """`inside`: the frames alone whose context is all there."""
        return self.heads(self.features(mel, inside))

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, W] -> phone logits, residual."""
        return self.phones(features), torch.tanh(self.residual(features))

    def features(self, mel: Tensor, inside: bool = False) -> Tensor:
        """[B, MELS, 2T] -> [B, T, W], which both heads read."""
        x = (mel.transpose(1, 2) + 5.0) / 4.0  # about zero mean and unit spread for speech
        rows = F.pad(x, (0, 0, 2, 2)).unflatten(1, (-1, 2)).flatten(2)  # two mel frames each
        weight = self.stem.weight.transpose(1, 2).flatten(1)
        x = F.linear(sliding(rows, weight.shape[1]), weight, self.stem.bias)
        return self.norm(through(self.blocks, x[:, STEM:-STEM] if inside else x, inside))


def smooth_step(x: Tensor, low: float, high: float) -> Tensor:
    """0 up to `low`, 1 from `high`, smooth between."""
    share = ((x - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


class Move(nn.Module):
    """Phone posteriors [B, T, P], residual [B, T, R] and controls [B, T, K] -> Motion."""

    def __init__(self, config: NetworkConfig, dropout: float) -> None:
        super().__init__()
        width = config.move_width
        self.enter = nn.Linear(len(PHONES) + config.residual, width)
        self.control = nn.Linear(len(CONTROLS), width, bias=False)
        self.blocks = nn.Sequential(*[Block(width, r, config.kernel, dropout) for r in config.reaches("move")])
        self.norm = nn.LayerNorm(width)
        self.units = nn.Linear(width, len(UNITS))
        self.log_variance = nn.Linear(width, len(UNITS))
        nn.init.normal_(self.units.weight, std=0.01)
        nn.init.constant_(self.units.bias, 0.03)
        nn.init.constant_(self.log_variance.bias, -6.0)
        self.register_buffer("neutral", torch.tensor(list(CONTROLS.values())))
        self.rest = config.rest

    def forward(self, phones: Tensor, residual: Tensor, controls: Tensor, inside: bool = False) -> Motion:
        """`inside`: the frames alone whose context is all there."""
        x = self.enter(torch.cat([phones, residual], dim=-1)) + self.control(controls - self.neutral)
        features = self.norm(through(self.blocks, x, inside))
        if inside:
            past, future = (sum(reach) for reach in zip(*(block.reach for block in self.blocks)))
            phones, controls = (rows[:, past : -future or None] for rows in (phones, controls))
        # A slope below 0 too: a unit that training once pushed under 0 (the jaw, early on) must find back.
        units = F.leaky_relu(self.units(features), SLOPE)
        if not self.training:  # which would learn to get past it
            emotion = controls[..., EMOTIONS].sum(-1, keepdim=True).clamp(0, 1)  # it shows in silence too
            silent = smooth_step(phones[..., :1], *SILENT) * (1 - emotion)
            units = units * (1 - silent * (1 - smooth_step(units, *self.rest)))
        return Motion(units, self.log_variance(features.detach()), features)


class Motion(NamedTuple):
    """What *move* says."""

    units: Tensor
    """[B, T, U]; slightly below 0 means 0; in silence without what is near 0"""
    log_variance: Tensor
    """[B, T, U] natural logarithm of the squared error that is to be expected of each unit; learned without moving
    them"""
    features: Tensor
    """[B, T, W] of which the units are a linear function (then the slope below 0, and silence): a face of one's own is
    fitted on them"""


class Lipsync(nn.Module):
    """The whole network."""

    def __init__(self, config: NetworkConfig = OFFLINE, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel()
        self.hear = Hear(config, dropout)
        self.move = Move(config, dropout)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, N] -> phones [B, T, P], which sum to 1, and mouth units [B, T, U] under neutral controls."""
        logits, residual = self.hear(self.mel(samples))
        phones = torch.softmax(logits, dim=-1)
        controls = self.move.neutral.expand(*phones.shape[:2], -1)
        return phones, self.move(phones, residual, controls).units


class HearGraph(nn.Module):
    """*hear* as it is exported: of the spectrum only what the mel filters take, of the frames only those whose context
    is there.

    The others, which nobody reads, are 0. They would be a quarter of the work of a short line and half of live sound's.
    """

    def __init__(self, network: Lipsync) -> None:
        super().__init__()
        self.context = network.config.context("hear")
        self.mel, self.hear = deepcopy(network.mel), network.hear
        heard = self.mel.filters.any(0)
        self.mel.filters, self.mel.basis = self.mel.filters[:, heard], self.mel.basis[heard.repeat(2)]

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, N] -> phones [B, T, P], which sum to 1, and residual [B, T, R]."""
        logits, residual = self.hear(self.mel(samples), inside=True)
        return _framed(torch.softmax(logits, dim=-1), self.context), _framed(residual, self.context)


def _framed(rows: Tensor, context: tuple[int, int]) -> Tensor:
    """[B, T, C] -> [B, past + T + future, C]."""
    return F.pad(rows, (0, 0, *context))


class MoveGraph(nn.Module):
    """*move* as it is exported: units on both sides of the face, visemes of the phones; frames whose context is not
    there are 0."""

    def __init__(self, network: Lipsync) -> None:
        super().__init__()
        self.context = network.config.context("move")
        self.move = network.move
        to_arkit = np.zeros((len(UNITS), len(ARKIT_CHANNELS)), np.float32)
        for column, name in enumerate(ARKIT_CHANNELS):
            to_arkit[UNITS.index(name.removesuffix("Left").removesuffix("Right")), column] = 1
        to_viseme = np.zeros((len(PHONES), len(VISEMES_15)), np.float32)
        for row, phone in enumerate(PHONES):
            to_viseme[row, VISEMES_15.index(VISEME_OF_PHONE[phone])] = 1
        self.register_buffer("to_arkit", torch.tensor(to_arkit))
        self.register_buffer("to_viseme", torch.tensor(to_viseme))

    def forward(self, phones: Tensor, residual: Tensor, controls: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """-> arkit [B, T, C] in 0..1, visemes [B, T, 15], log_variance [B, T, C], features [B, T, W]."""
        motion = self.move(phones, residual, controls, inside=True)
        arkit = torch.clamp(motion.units, 0.0, 1.0) @ self.to_arkit
        whole = (_framed(rows, self.context) for rows in (arkit, motion.log_variance @ self.to_arkit, motion.features))
        arkit, log_variance, features = whole
        return arkit, phones @ self.to_viseme, log_variance, features
