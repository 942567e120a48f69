"""Random pieces of the prepared sources, all of one length, as batches on the device that trains."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipsync_addon.core.hearing import silence
from lipsync_addon.core.phones import PHONES

from .command import needed
from .network import HOP
from .paths import PREPARED

SILENCE = PHONES.index("sil")
SLOWEST, FASTEST = 0.85, 1.18
"""Tempo of pieces that are played slower or faster."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line; arrays over its T frames (T * HOP samples)."""

    samples: NDArray[np.float32]
    phones: NDArray[np.int64]
    opening: NDArray[np.float32]
    units: NDArray[np.float32]
    seal: NDArray[np.bool_]


def prepared(name: str) -> Path:
    """The folder of a prepared source. Raises LipsyncError where there is none."""
    needed(PREPARED / name / "names.json", f"Prepare the source first: python -m model.prepare {name}")
    return PREPARED / name


class Source:
    """One prepared source (model/prepare.py), read from disk as needed."""

    def __init__(self, name: str) -> None:
        folder = prepared(name)
        self.name = name
        self.names: list[str] = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.starts = np.load(folder / "starts.npy")
        self.audio = np.load(folder / "audio.npy", mmap_mode="r")
        self.phones, self.opening, self.units, self.seal = (
            np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("phones", "opening", "units", "seal")
        )
        held_out = np.load(folder / "held_out.npy")
        self.training_lines = np.flatnonzero(~held_out)
        self.validation_lines = np.flatnonzero(held_out)

    def frames(self, line: int) -> int:
        return int(self.starts[line + 1] - self.starts[line]) // HOP

    def piece(self, line: int, first: int, count: int) -> Piece:
        """Frames first .. first + count of a line, shorter where the line ends."""
        begin = int(self.starts[line]) // HOP
        part = slice(begin + first, begin + min(first + count, self.frames(line)))
        return Piece(
            self.audio[part.start * HOP : part.stop * HOP].astype(np.float32) / 32768,
            self.phones[part].astype(np.int64),
            self.opening[part].astype(np.float32),
            self.units[part].astype(np.float32),
            np.array(self.seal[part]),
        )


def is_filmed(name: str) -> bool:
    """Whether `lipsync dataset build` made the source, from mouths that were tracked in films."""
    return (PREPARED / name / "datasheet.json").is_file()


@dataclass(frozen=True, slots=True)
class Batch:
    """B pieces of T frames; the sound is at its own tempo, long enough for the fastest."""

    samples: Tensor
    """[B, L * HOP]; in batches of HeardPieces [B, L, P + R], what *hear* made of the sound"""
    tempo: Tensor
    """[B] frames of the sound to one frame of the piece"""
    phones: Tensor
    """int64 [B, T]; -1 unknown"""
    opening: Tensor
    """[B, T]; nan unknown"""
    units: Tensor
    """[B, T, U]; nan unknown"""
    seal: Tensor
    """bool [B, T]"""
    source: Tensor
    """int64 [B] which of the shares"""

    def at_tempo(self, rows: Tensor, rate: int = 2) -> Tensor:
        """[B, M, rate * L], as log-mel of the samples (rate 2) -> [B, M, rate * T] at the pieces' tempo: longer, not
        lower."""
        position = torch.arange(rate * self.phones.shape[1], device=rows.device) * self.tempo[:, None]
        before = position.long()
        share = (position - before)[:, None]
        pick = lambda index: rows.gather(2, index[:, None].expand(-1, rows.shape[1], -1))  # noqa: E731
        return pick(before) * (1 - share) + pick((before + 1).clamp(max=rows.shape[2] - 1)) * share


class Pieces:
    """Endless random pieces of some sources, held on the device; shares and seed decide which.

    A line that is shorter than a piece stands in silence. `held_out`: of the lines that never train.
    """

    def __init__(
        self, shares: Mapping[str, float], frames: int, seed: int, device: str = "cpu", *, held_out: bool = False
    ) -> None:
        sources = [Source(name) for name in shares]
        self.frames, self.device = frames, device
        self.weights = np.array(list(shares.values())) / sum(shares.values())
        self.rng = np.random.default_rng(seed)
        lines = [source.validation_lines if held_out else source.training_lines for source in sources]
        self.counts = np.array([len(of_source) for of_source in lines])
        starts = [(source.starts // HOP + first) for source, first in zip(sources, _firsts(sources))]
        self.begins = np.concatenate([start[:-1][of_source] for start, of_source in zip(starts, lines)])
        self.lengths = np.concatenate([np.diff(start)[of_source] for start, of_source in zip(starts, lines)])
        joined = lambda part: torch.from_numpy(  # noqa: E731
            np.concatenate([getattr(s, part) for s in sources])
        ).to(device)
        self.phones, self.opening, self.units, self.seal = map(joined, ("phones", "opening", "units", "seal"))
        self.sound = self._sound(sources)

    def _sound(self, sources: list[Source]) -> Tensor:
        """int16 [N] of all sources."""
        return torch.from_numpy(np.concatenate([source.audio for source in sources])).to(self.device)

    def draw(self, count: int) -> Batch:
        """So many pieces."""
        rng = self.rng
        chosen = rng.choice(len(self.weights), count, p=self.weights)
        tempo = np.where(rng.random(count) < 0.5, np.exp(rng.uniform(math.log(SLOWEST), math.log(FASTEST), count)), 1.0)
        line = (np.cumsum(self.counts) - self.counts)[chosen] + rng.integers(self.counts[chosen])
        length = self.lengths[line]
        spare = length - np.ceil(self.frames * tempo).astype(np.int64)
        first = np.where(spare >= 0, 1, -1) * rng.integers(np.abs(spare) + 1)
        tempo = tempo.astype(np.float32)
        return self.gather(*map(self.to_device, (self.begins[line], length, first, tempo, chosen)))

    def to_device(self, values: NDArray) -> Tensor:
        return torch.from_numpy(values).to(self.device, non_blocking=True)

    def gather(self, begin: Tensor, length: Tensor, first: Tensor, tempo: Tensor, source: Tensor) -> Batch:
        """Pieces that begin at frame `first` [B] of the lines at `begin` [B] of so many frames; below 0: in silence."""
        samples = self._samples(begin, length, first, math.ceil(self.frames * FASTEST) + 1)
        exact = torch.arange(self.frames, device=self.device) * tempo[:, None]
        nearest = first[:, None] + exact.round().long()
        inside = (nearest >= 0) & (nearest < length[:, None])
        nearest = begin[:, None] + nearest.clamp(min=0).minimum(length[:, None] - 1)
        before = (first[:, None] + exact.floor().long()).clamp(min=0).minimum(length[:, None] - 1)
        after = begin[:, None] + (before + 1).minimum(length[:, None] - 1)
        before = begin[:, None] + before
        share = exact - exact.floor()
        opening = self.opening[before].float() * (1 - share) + self.opening[after].float() * share
        share = share[..., None]
        units = self.units[before].float() * (1 - share) + self.units[after].float() * share
        return Batch(
            samples=samples,
            tempo=tempo,
            phones=torch.where(inside, self.phones[nearest].long(), SILENCE),
            opening=torch.where(inside, opening, torch.nan),
            units=torch.where(inside[..., None], units, torch.nan),
            seal=self.seal[nearest] & inside,
            source=source,
        )

    def _samples(self, begin: Tensor, length: Tensor, first: Tensor, count: int) -> Tensor:
        """[B, count * HOP] sound of the pieces and what follows, silent beyond their lines."""
        sample = first[:, None] * HOP + torch.arange(count * HOP, device=self.device)
        heard = (sample >= 0) & (sample < length[:, None] * HOP)
        return self.sound[(begin[:, None] * HOP + sample).clamp(0, len(self.sound) - 1)].float() / 32768 * heard


class HeardPieces(Pieces):
    """Pieces whose sound a network has heard already (model/heard.py)."""

    def __init__(
        self, shares: Mapping[str, float], frames: int, seed: int, device: str = "cpu", *, held_out: bool = False,
        folder: Path,
    ) -> None:  # fmt: skip
        self.folder = folder
        super().__init__(shares, frames, seed, device, held_out=held_out)

    def _sound(self, sources: list[Source]) -> Tensor:
        """float16 [F, P + R]"""
        heard = [np.load(self.folder / f"{source.name}.npy", mmap_mode="r") for source in sources]
        return torch.from_numpy(np.concatenate(heard)).to(self.device)

    def _samples(self, begin: Tensor, length: Tensor, first: Tensor, count: int) -> Tensor:
        """[B, count, P + R], silence beyond the lines."""
        frame = first[:, None] + torch.arange(count, device=self.device)
        inside = (frame >= 0) & (frame < length[:, None])
        rows = self.sound[(begin[:, None] + frame).clamp(0, len(self.sound) - 1)].float()
        beyond = torch.zeros(rows.shape[-1], device=self.device)
        beyond[: len(PHONES)] = torch.from_numpy(silence())
        return torch.where(inside[..., None], rows, beyond)


def _firsts(sources: list[Source]) -> list[int]:
    """Frame at which each source begins when all are joined."""
    return [0, *np.cumsum([int(source.starts[-1]) // HOP for source in sources[:-1]]).tolist()]
