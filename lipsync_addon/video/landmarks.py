"""The landmarks of a face over a film, on disk: an hour of film is half a gigabyte of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .tracker import LANDMARKS

CHUNK = 500
"""Frames that are worked on at a time."""
_SIZE = LANDMARKS * 3 * 4


class Landmarks:
    """Grows by a picture at a time; only what is asked for is in memory."""

    def __init__(self) -> None:
        """Empty. The file goes with the object."""
        self._file = tempfile.TemporaryFile(prefix="lipsync-", suffix=".landmarks")  # noqa: SIM115
        self._count = 0

    def append(self, points: NDArray[np.floating]) -> None:
        """[478, 3] as a tracker gives them."""
        self._file.seek(self._count * _SIZE)
        self._file.write(np.ascontiguousarray(points, np.float32).tobytes())
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def read(self, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
        """[last - first, 478, 3]"""
        last = self._count if last is None else min(last, self._count)
        self._file.seek(first * _SIZE)
        data = self._file.read(max(last - first, 0) * _SIZE)
        return np.frombuffer(data, np.float32).reshape(-1, LANDMARKS, 3)

    def rows(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """[len(rows), 478, 3] of these rows."""
        return np.concatenate([np.empty((0, LANDMARKS, 3), np.float32), *(self.read(row, row + 1) for row in rows)])

    def chunks(self, size: int = CHUNK) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(number of the first row, [up to size, 478, 3]) from first to last."""
        for first in range(0, self._count, size):
            yield first, self.read(first, first + size)
