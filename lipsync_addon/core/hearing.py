"""Hearing: what the network heard, from which it moves the mouth. Edit the phones and the mouth follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phones import PHONES

EARLY = 0.25
"""Frames by which the network hears a new sound early, at boundaries of all kinds; measured with Dutch and English
lines that train it. Frame k of a Hearing so tells what sounds at k + EARLY."""


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """Phones of a line at a constant rate, frame k at k / fps seconds on the sound's clock.

    Beyond both ends there is silence. Made by Predictor.hear(), or from text alone: phones without a residual.
    """

    phones: NDArray[np.float32]
    """[T, P] probabilities in the order of core/phones.PHONES, each frame summing to 1; read-only."""
    fps: float
    """Frames per second; the network's own."""
    residual: NDArray[np.float32] | None = None
    """[T, R] how the phones are spoken, -1..1; read-only. None, or a frame of zeros: unknown, the mouth then moves as
    an average speaker's. Zero the frames of phones that were edited: the residual remembers what was heard there."""

    def __post_init__(self) -> None:
        phones = _frozen(self.phones)
        if phones.ndim != 2 or phones.shape[1] != len(PHONES):
            raise ValueError(f"phones {phones.shape} must be [T, {len(PHONES)}]")
        object.__setattr__(self, "phones", phones)
        if self.residual is not None:
            residual = _frozen(self.residual)
            if residual.ndim != 2 or len(residual) != len(phones):
                raise ValueError(f"residual {residual.shape} does not fit {len(phones)} frames")
            object.__setattr__(self, "residual", residual)

    def __len__(self) -> int:
        """Frames."""
        return len(self.phones)

    def part(self, first: int, last: int) -> Hearing:
        """Frames `first` to `last` - 1, as views."""
        return Hearing(
            self.phones[first:last], self.fps, None if self.residual is None else self.residual[first:last]
        )


def silence() -> NDArray[np.float32]:
    """[P] the phones of a frame in which nothing is said."""
    return np.eye(len(PHONES), dtype=np.float32)[PHONES.index("sil")]


def _frozen(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Copied, unless read-only already."""
    values = np.asarray(values, np.float32)
    if values.flags.writeable:
        values = values.copy()
        values.flags.writeable = False
    return values
