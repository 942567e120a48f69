"""Sound: in memory (AudioClip) or read as it is used (anything that follows the Sound protocol)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import LipsyncError

SILENCE_PEAK = 10 ** (-60 / 20)
"""Sound whose loudest sample stays below this (-60 dB of full scale) holds no speech."""


BLOCK = 1 << 16
"""Samples in a block of an AudioClip."""


class Sound(Protocol):
    """Mono sound at one rate, read in blocks, so that its length does not cost memory."""

    @property
    def sample_rate(self) -> int: ...  # Hz

    @property
    def duration(self) -> float: ...  # seconds; may be an estimate, for progress only

    @property
    def source(self) -> str: ...  # the file's name, for messages

    def blocks(self) -> Iterator[NDArray[np.float32]]: ...  # [n] each, -1..1; a new pass at every call


@dataclass(frozen=True, slots=True, eq=False)
class JoinedSound:
    """Sounds of one rate, one after another on one clock. Where two overlap the later one is heard."""

    lines: tuple[tuple[float, Sound], ...]
    """(second where it begins, sound), by time."""
    source: str = ""

    @property
    def sample_rate(self) -> int:
        """Hz"""
        return self.lines[0][1].sample_rate

    @property
    def duration(self) -> float:
        """Seconds."""
        return max(start + sound.duration for start, sound in self.lines)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """[n] each; silence where no sound is."""
        place = 0
        starts = [round(start * self.sample_rate) for start, _ in self.lines]
        for (_, sound), start, end in zip(self.lines, starts, [*starts[1:], None], strict=True):
            while place < start:
                yield np.zeros(min(start - place, BLOCK), np.float32)
                place = min(start, place + BLOCK)
            for block in sound.blocks():
                block = block if end is None else block[: max(end - place, 0)]
                place += len(block)
                yield block


@dataclass(frozen=True, slots=True, eq=False)
class AudioClip:
    """Mono sound in memory."""

    samples: NDArray[np.float32]
    """[N], -1..1, read-only."""
    sample_rate: int
    """Hz"""
    source: str = ""
    """File name, for messages and for the headers of exports."""

    def __post_init__(self) -> None:
        samples = np.array(self.samples, np.float32)
        if samples.ndim != 1:
            raise ValueError(f"samples must be [N], got shape {samples.shape}")
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The clip in pieces, so that whoever works on one needs little memory."""
        for start in range(0, len(self.samples), BLOCK):
            yield self.samples[start : start + BLOCK]


class CheckedSound:
    """Passes the blocks of a sound on, refuses samples that are no numbers, and measures the peak."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self.sample_rate = sound.sample_rate
        self.duration = sound.duration
        self.source = sound.source
        self.peak = 0.0
        """Largest absolute sample of the blocks that were read so far."""

    @property
    def is_silent(self) -> bool:
        """Whether everything read so far stays below SILENCE_PEAK."""
        return self.peak < SILENCE_PEAK

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The sound's own blocks. Raises LipsyncError for NaN, infinity, or no samples at all."""
        count = 0
        for block in self._sound.blocks():
            if not np.isfinite(block).all():
                raise LipsyncError(
                    f"{self.source or 'The sound'} holds samples that are not numbers (NaN or infinity).",
                    "Export the sound again, for example as 16-bit WAV.",
                )
            count += len(block)
            self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
            yield block
        if count == 0:
            raise LipsyncError(
                f"{self.source or 'The sound'} has no samples.", "Choose a file that holds recorded speech."
            )
