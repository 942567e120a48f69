"""Cuts rows of any number (samples of sound, or frames) into overlapping windows of few different sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIZE_STEP = 50
"""Frames, for GPUs: filled up to a multiple, as they plan anew for every size that they have not seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some new frames with all that they depend on."""

    rows: NDArray[np.float32]
    """[(left + f + right) * hop, ...]"""
    first: int
    """Index of the first new frame, whose rows begin at left * hop."""
    count: int
    """New frames, at most f."""


class Windows:
    """Takes rows in blocks of any size and hands out windows; holds one window and one block at a time."""

    def __init__(
        self,
        *,
        left: int,
        right: int,
        frames: int,
        hop: int = 1,
        after: int = 0,
        beyond: ArrayLike = 0.0,
        at_once: bool = False,
        step: int = 1,
    ) -> None:
        """n rows give n // hop + `after` frames, frame k at row k * hop; a window has `frames` of them.

        `left`, `right`: frames of context. `beyond`: what lies before the first row and after the last one.
        `at_once`: hand frames out as soon as their context is there, in windows of whatever size. `step`: frames; the
        last window is filled up to a multiple.
        """
        self._left, self._right, self._frames, self._hop, self._after = left, right, frames, hop, after
        self._beyond = np.asarray(beyond, np.float32)
        self._at_once, self._step = at_once, step
        self._held = self._filler(left * hop)
        self._rows = self._done = 0

    def push(self, block: NDArray[np.float32]) -> Iterator[Window]:
        """The windows that these rows complete."""
        self._rows += len(block)
        self._held = np.concatenate([self._held, block])
        while (ready := len(self._held) // self._hop - self._left - self._right) >= (
            1 if self._at_once else self._frames
        ):
            count = min(ready, self._frames)
            yield self._next(self._held[: (self._left + count + self._right) * self._hop], count)

    def finish(self) -> Iterator[Window]:
        """The frames that are left once all rows have come."""
        while (rest := self._rows // self._hop + self._after - self._done) > 0:
            count = min(rest, self._frames)
            size = min(-(-count // self._step) * self._step, self._frames)
            wanted = (self._left + size + self._right) * self._hop
            rows = np.concatenate([self._held[:wanted], self._filler(max(wanted - len(self._held), 0))])
            yield self._next(rows, count)

    def of(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Window]:
        """All windows of these blocks."""
        for block in blocks:
            yield from self.push(block)
        yield from self.finish()

    def _next(self, rows: NDArray[np.float32], count: int) -> Window:
        window = Window(rows, self._done, count)
        self._held = self._held[count * self._hop :]
        self._done += count
        return window

    def _filler(self, count: int) -> NDArray[np.float32]:
        return np.broadcast_to(self._beyond, (count, *self._beyond.shape))
