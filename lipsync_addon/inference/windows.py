"""Cuts sound of any length into overlapping windows of few different sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

SIZE_STEP = 50
"""Frames. The last window is zero-padded to a multiple: GPUs plan anew for every size that they have not seen."""


def windows(
    blocks: Iterable[NDArray[np.float32]], *, hop: int, left: int, right: int, frames: int
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yields (samples [(left + f + right) * hop], count): the first `count` <= f frames after `left` are new.

    Frame k is at sample k * hop; beyond the sound's ends there are zeros. n samples give n // hop + 1 frames
    altogether. f is `frames` in every window but the last. Holds one window and one block at a time.
    """
    held = np.zeros(left * hop, np.float32)
    total = done = 0
    for block in blocks:
        total += len(block)
        held = np.concatenate([held, block])
        while len(held) >= (left + frames + right) * hop:
            yield held[: (left + frames + right) * hop], frames
            held = held[frames * hop :]
            done += frames
    while (rest := total // hop + 1 - done) > 0:
        count = min(rest, frames)
        size = min(-(-count // SIZE_STEP) * SIZE_STEP, frames)
        padded = np.zeros((left + size + right) * hop, np.float32)
        padded[: len(held)] = held[: len(padded)]
        yield padded, count
        held = held[count * hop :]
        done += count
