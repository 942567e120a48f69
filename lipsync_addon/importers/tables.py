"""What tables of curves have in common: names in any case, rows at uneven times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.channels import ARKIT_52, VISEMES_15
from ..core.track import AnimationTrack

_KNOWN = {name.lower(): name for name in (*ARKIT_52, *VISEMES_15)}


LONGEST = 24 * 3600.0
"""Seconds; a time beyond is damage, and would fill the memory with frames."""


def checked_rate(fps: float) -> float:
    """Frames per second as they are. Raises ValueError for what is none."""
    if not 1 <= fps <= 1000:
        raise ValueError(f"{fps:g} frames per second is not possible")
    return fps


def checked_end(seconds: float) -> float:
    """The end of a take as it is. Raises ValueError for what is none."""
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"it would end at {seconds:g} s")
    return seconds


def known_columns(names: Sequence[str]) -> dict[str, int]:
    """Our name -> column, for the names that are ours in any case. Raises ValueError if one comes twice."""
    columns: dict[str, int] = {}
    for column, name in enumerate(names):
        ours = _KNOWN.get(name.strip().lower())
        if ours in columns:
            raise ValueError(f"the column {name} is there twice")
        if ours:
            columns[ours] = column
    return columns


def evenly(names: Sequence[str], times: Sequence[float], values: NDArray[np.floating]) -> AnimationTrack:
    """Rows [T, C] at these seconds as a track: at their usual distance, on straight lines where rows are missing.

    Raises ValueError for times that do not ascend or values that are not numbers.
    """
    seconds = np.asarray(times, np.float64)
    values = np.asarray(values, np.float64).reshape(len(seconds), len(names))
    if not (np.isfinite(values).all() and np.isfinite(seconds).all()):
        raise ValueError("it holds values that are not numbers")
    if len(seconds) < 2:
        return AnimationTrack(tuple(names), values, 60.0)
    steps = np.diff(seconds)
    if (steps <= 0).any():
        raise ValueError(f"time does not go on after {seconds[int(np.argmax(steps <= 0))]:g} s")
    fps = 1 / float(np.median(steps))
    fps = checked_rate(round(fps) if abs(fps - round(fps)) < 0.02 else fps)
    checked_end(float(seconds[-1] - seconds[0]))
    even = seconds[0] + np.arange(round((seconds[-1] - seconds[0]) * fps) + 1) / fps
    columns = [np.interp(even, seconds, column) for column in values.T]
    return AnimationTrack(tuple(names), np.stack(columns, axis=1), fps, float(seconds[0]))
