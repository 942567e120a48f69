"""One mouth after another as curves: each pose fades over into the next, so that a drawn style becomes a motion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.track import AnimationTrack
from .tables import checked_end

FPS = 50.0
FADE = 0.08
"""Seconds from one mouth to the next, half before the change and half after."""
POSES = Path(__file__).parents[1] / "data" / "mouth_poses" / "rhubarb.json"


def poses() -> dict[str, dict[str, float]]:
    """Rhubarb's shapes as weights of ARKit coefficients and visemes."""
    return json.loads(POSES.read_text(encoding="utf-8"))["poses"]


def faded(names: Sequence[str], starts: NDArray[np.float64], values: NDArray[np.float64]) -> AnimationTrack:
    """[K, C] poses from `starts` [K] seconds on, which do not go back; the last is the end of the recording.

    Raises ValueError for an end that is none.
    """
    # Each change is a straight line between two knots; a mouth shorter than a fade is left at its middle.
    half = np.minimum(FADE, np.diff(starts, prepend=starts[0] - FADE, append=starts[-1] + FADE)) / 2
    begin, end = starts - half[:-1], starts + half[1:]
    knots = np.stack([begin[1:], end[1:]], axis=1).ravel()
    heights = np.stack([values[:-1], values[1:]], axis=1).reshape(-1, len(names))
    times = np.arange(round(checked_end(float(starts[-1])) * FPS) + 1) / FPS
    columns = [np.interp(times, knots, column) for column in heights.T]
    return AnimationTrack(tuple(names), np.stack(columns, axis=1), FPS)
