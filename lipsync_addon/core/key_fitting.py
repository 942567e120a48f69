"""The fewest Bezier keys that keep curves within an error at every frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .key_curve import KeyCurve

LONGEST_PIECE = 48
"""Frames between two keys at most where something moves."""
CHUNK = 2000
"""Frames that are solved together: it bounds the memory of an hour and costs a key every minute."""
HOPELESS = 8.0
"""Errors allowed, at which a piece that grows is given up: hardly one comes back within the error from there."""


def fitted(
    frames: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64], kept: Sequence[int] = ()
) -> list[KeyCurve]:
    """A curve for each column of `values` [F, K], none off by more than `errors` [F, K] at any of the `frames` [F],
    which are equally far apart. Keys have the curve's own value and slope; `kept` are the indices of frames that
    every curve has a key at.

    The shortest path over all pairs of frames that a cubic piece may join (as core/key_reduction.py does it with
    straight lines). Slopes are those of the curve and flat at its peaks, so that nothing overshoots.
    """
    count = len(values)
    if count < 3:
        return [KeyCurve.plain(frames, column) for column in values.T]
    slopes = curve_slopes(values)
    step = frames[1] - frames[0]
    still = np.ptp(values, axis=0) <= errors.min(0)
    fixed = np.zeros(count, bool)
    fixed[list(kept)] = True
    chosen = [np.array([0, count - 1])] * values.shape[1]
    moving = np.flatnonzero(~still)
    for start in range(0, count - 1, CHUNK) if len(moving) else ():
        part = slice(start, min(start + CHUNK + 1, count))
        edges = _edges(values[part, moving], slopes[part, moving], errors[part, moving], fixed[part])
        for column, keys in zip(moving, _paths(edges), strict=True):
            chosen[column] = np.union1d(chosen[column], keys + start)
    return [
        KeyCurve.smooth(frames[keys], values[keys, k], slopes[keys, k] / step * (not still[k]))
        for k, keys in enumerate(chosen)
    ]


def refitted(
    frames: NDArray[np.float64], values: NDArray[np.float64], keys: Sequence[NDArray[np.intp]]
) -> list[KeyCurve]:
    """Curves for other values [F, K] with keys on the frames that were chosen before: quick, but without a bound."""
    slopes = curve_slopes(values) / (frames[1] - frames[0])
    return [KeyCurve.smooth(frames[at], values[at, k], slopes[at, k]) for k, at in enumerate(keys)]


def curve_slopes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F, K] change per frame: the mean of the steps before and after; 0 at peaks, where these disagree."""
    steps = np.diff(values, axis=0)
    slopes = np.concatenate((steps[:1], (steps[:-1] + steps[1:]) / 2, steps[-1:]))
    slopes[1:-1][steps[:-1] * steps[1:] <= 0] = 0
    return slopes


def _edges(
    values: NDArray[np.float64], slopes: NDArray[np.float64], errors: NDArray[np.float64], fixed: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """[F, L + 1, K] how much of its error the piece that ends at a frame and is 1..L frames long uses up; infinite
    where it is too far off or passes a fixed frame."""
    count, curves = values.shape
    longest = min(LONGEST_PIECE, count - 1)
    used = np.full((count, longest + 1, curves), np.inf, np.float32)
    used[1:, 1] = 0.0
    alive = np.ones((count, curves), bool)
    for length in range(2, longest + 1):
        alive[: count - length] &= ~fixed[length - 1 : count - 1, None]
        start, curve = np.nonzero(alive[: count - length])
        if len(start) == 0:
            break
        end = start + length
        share = np.arange(1, length)[:, None] / length
        far = share * share * (3 - 2 * share)
        drawn = values[start, curve] * (1 - far) + values[end, curve] * far
        drawn += slopes[start, curve] * (length * share * (1 - share) ** 2)
        drawn -= slopes[end, curve] * (length * share**2 * (1 - share))
        inner = start + np.arange(1, length)[:, None]
        worst = (np.abs(drawn - values[inner, curve]) / errors[inner, curve]).max(0)
        fits = worst <= 1
        used[end[fits], length, curve[fits]] = worst[fits]
        alive[start, curve] = worst <= HOPELESS
    return used


def _paths(used: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """For each curve the frames on the way with the fewest pieces, and among those the one that is least off."""
    count, longest, curves = used.shape[0], used.shape[1] - 1, used.shape[2]
    cost = np.full((longest + count, curves), np.inf)  # of the frames before the first, too, which nothing reaches
    cost[longest] = 0.0
    came = np.zeros((count, curves), np.intp)
    columns = np.arange(curves)
    for frame in range(1, count):
        # The frames at distance 1..L, the nearest first.
        ways = cost[frame : frame + longest][::-1] + 1 + 0.01 * used[frame, 1:]
        came[frame] = ways.argmin(0) + 1
        cost[longest + frame] = ways[came[frame] - 1, columns]
    paths = []
    for curve in columns:
        path = [count - 1]
        while path[-1] > 0:
            path.append(path[-1] - int(came[path[-1], curve]))
        paths.append(np.array(path[::-1]))
    return paths
