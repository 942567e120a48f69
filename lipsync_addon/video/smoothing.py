"""Takes the tracker's tremble out of curves without moving them in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CUTOFF = 3.0
"""Hz below which a still face is left as it is."""
QUICKNESS = 12.0
"""Hz of cutoff for each unit (per second) of speed: a lip that snaps shut is hardly softened."""
SPEED_CUTOFF = 4.0
"""Hz, for the speed that decides."""


def smoothed(values: NDArray[np.floating], times: NDArray[np.floating], strength: float = 1.0) -> NDArray[np.float64]:
    """[T, C] after a One Euro filter (Casiez, Roussel and Vogel, 2012) forwards and backwards: no delay.

    `strength`: 0 leaves the curves as they are, 2 smooths twice as far.
    """
    if strength <= 0 or len(values) < 3:
        return np.asarray(values, np.float64)
    forward = _one_euro(np.asarray(values, np.float64), np.asarray(times), strength)
    return _one_euro(forward[::-1], -np.asarray(times)[::-1], strength)[::-1]


def _one_euro(values: NDArray[np.float64], times: NDArray[np.floating], strength: float) -> NDArray[np.float64]:
    result = values.copy()
    speed = np.zeros(values.shape[1])
    for frame in range(1, len(values)):
        step = max(float(times[frame] - times[frame - 1]), 1e-3)
        change = (values[frame] - result[frame - 1]) / step
        speed += _share(np.full_like(speed, SPEED_CUTOFF), step) * (change - speed)
        follow = _share((CUTOFF + QUICKNESS * np.abs(speed)) / strength, step)
        result[frame] = result[frame - 1] + follow * (values[frame] - result[frame - 1])
    return result


def _share(cutoff: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Of the way to a new value that a low-pass of that cutoff (Hz) goes in a step (s)."""
    turns = 2 * np.pi * cutoff * step
    return turns / (turns + 1)
