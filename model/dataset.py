"""Random pieces of the prepared sources, augmented, in one form."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from lipsync_addon.core.phones import PHONES

from .augment import WARPS, augmented
from .network import HOP
from .paths import PREPARED

SILENCE = PHONES.index("sil")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line; arrays over its T frames (T * HOP samples)."""

    samples: NDArray[np.float32]
    phones: NDArray[np.int64]
    opening: NDArray[np.float32]
    units: NDArray[np.float32]
    seal: NDArray[np.bool_]


class Source:
    """One prepared source (model/prepare.py), read from disk as needed."""

    def __init__(self, name: str) -> None:
        folder = PREPARED / name
        self.name = name
        self.names: list[str] = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.starts = np.load(folder / "starts.npy")
        self.audio = np.load(folder / "audio.npy", mmap_mode="r")
        self.phones, self.opening, self.units, self.seal = (
            np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("phones", "opening", "units", "seal")
        )
        validation = np.array([zlib.crc32(n.encode()) % 32 == 0 for n in self.names])
        self.training_lines = np.flatnonzero(~validation)
        self.validation_lines = np.flatnonzero(validation)

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


def faster(piece: Piece, frames: int) -> Piece:
    """The piece squeezed or stretched to `frames`, as a tape would: pitch, formants and tempo together."""
    old = len(piece.phones)
    samples = soxr.resample(piece.samples, old, frames, quality="MQ")[: frames * HOP]
    samples = np.pad(samples, (0, frames * HOP - len(samples)))
    position = np.minimum(np.arange(frames) * (old / frames), old - 1)
    nearest = np.round(position).astype(int)
    index = np.arange(old)
    linear = lambda values: np.interp(position, index, values).astype(np.float32)  # noqa: E731
    units = np.stack([linear(column) for column in piece.units.T], axis=1)
    return Piece(samples, piece.phones[nearest], linear(piece.opening), units, piece.seal[nearest])


def padded(piece: Piece, frames: int, before: int) -> Piece:
    """The piece with digital silence around it, `before` frames of it in front."""
    after = frames - before - len(piece.phones)
    around = lambda values, fill: np.pad(values, [(before, after)] + [(0, 0)] * (values.ndim - 1), constant_values=fill)  # noqa: E731
    return Piece(
        np.pad(piece.samples, (before * HOP, after * HOP)),
        around(piece.phones, SILENCE),
        around(piece.opening, np.nan),
        around(piece.units, np.nan),
        around(piece.seal, False),
    )


class Pieces(IterableDataset):
    """Endless augmented pieces; the share of each source is given, the seed decides everything."""

    def __init__(self, shares: Mapping[str, float], frames: int, seed: int) -> None:
        self.shares, self.frames, self.seed = dict(shares), frames, seed

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        sources = [Source(name) for name in self.shares]
        weights = np.array(list(self.shares.values()))
        while True:
            index = int(rng.choice(len(sources), p=weights / weights.sum()))
            piece = self.draw(sources[index], rng)
            other = self.draw(sources[int(rng.integers(len(sources)))], rng).samples
            yield {
                "samples": torch.from_numpy(augmented(piece.samples, other, rng)),
                "phones": torch.from_numpy(piece.phones),
                "opening": torch.from_numpy(piece.opening),
                "units": torch.from_numpy(piece.units),
                "seal": torch.from_numpy(piece.seal),
                "source": torch.tensor(index),
                "warp": torch.tensor(int(rng.integers(WARPS)) if rng.random() < 0.65 else 0),
            }

    def draw(self, source: Source, rng: np.random.Generator) -> Piece:
        """A random piece at a random speed, padded with silence where the line is shorter."""
        line = int(rng.choice(source.training_lines))
        speed = float(np.exp(rng.uniform(np.log(0.85), np.log(1.18)))) if rng.random() < 0.5 else 1.0
        wanted = int(round(self.frames * speed))
        first = int(rng.integers(max(source.frames(line) - wanted, 0) + 1))
        piece = source.piece(line, first, wanted)
        frames = min(int(round(len(piece.phones) / speed)), self.frames)
        if frames != len(piece.phones):
            piece = faster(piece, frames)
        return padded(piece, self.frames, int(rng.integers(self.frames - frames + 1)))
