"""Arrays of a line that lie in a temporary file once they are large, so that an hour needs no more memory than
minutes."""

from __future__ import annotations

import math
import mmap
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

LARGE = 2**22
"""Bytes from which an array lies in a file: of phones and residual four and a half minutes."""
ROWS = 4000
"""Of a piece."""
PIECE = 2**20
"""Bytes that are written at once."""


def room(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """An array with any values, in memory or in a file that goes with it; in memory, too, where the disk is full."""
    size = 4 * math.prod(shape)
    if size < LARGE:
        return np.empty(shape, np.float32)
    try:
        with tempfile.TemporaryFile() as file:
            for _ in range(-(-size // PIECE)):  # a file with holes would end the process when the disk is full
                file.write(bytes(PIECE))
            file.flush()
            return np.memmap(file, np.float32, "r+", shape=shape)
    except OSError:
        return np.empty(shape, np.float32)


def let_go(array: NDArray[np.float32]) -> None:
    """Tells the system that what was read or written of an array of room(), or of a view of it, need not stay in
    memory; it is read from the file again. Does nothing to other arrays, and where the system cannot be told (Windows):
    there it finds out by itself."""
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def pieces(array: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Its rows, ROWS at a time, each let go before the next."""
    for first in range(0, len(array), ROWS):
        yield array[first : first + ROWS]
        let_go(array)


def by_rows(
    shape: tuple[int, int],
    made: Callable[[slice], NDArray[np.floating]],
    *sources: NDArray[np.floating],
    columns: bool = False,
) -> NDArray[np.float32]:
    """An array of room(), read-only, `made` ROWS rows at a time; `sources`: of what, to be let go on the way.
    `columns`: those lie together, for what is read column by column."""
    values = room(shape[::-1]).T if columns else room(shape)
    for first in range(0, len(values), ROWS):
        rows = slice(first, first + ROWS)
        values[rows] = made(rows)
        for each in (values, *sources):
            let_go(each)
    values.flags.writeable = False
    return values
