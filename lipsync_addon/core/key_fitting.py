"""The fewest Bezier keys that keep curves within an error at every frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .key_curve import KeyCurve

LENGTHS = (*range(1, 11), *range(12, 21, 2), *range(24, 33, 4), 40, 48)
"""Frames that there may be between two keys where something moves. Trying every length up to the longest would take
four times as long and save one key in fifty."""
CHUNK = 2000
"""Frames that are solved together: it bounds the memory of an hour and costs a key every minute."""
HOPELESS = 8.0
"""Errors allowed, at which a piece that grows is given up: hardly one comes back within the error from there."""
_WITHIN = 1 - 1e-5  # of the error: it is reckoned in single precision


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
        lengths = [length for length in LENGTHS if length < len(values[part])]
        used = _edges(values[part, moving], slopes[part, moving], errors[part, moving], fixed[part], lengths)
        for column, keys in zip(moving, _paths(used, lengths), strict=True):
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
    values: NDArray[np.float64],
    slopes: NDArray[np.float64],
    errors: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    lengths: Sequence[int],
) -> NDArray[np.float32]:
    """[L, F, K] how much of its error the piece uses up that has one of the `lengths` (frames, the first of them 1) and
    ends at a frame; infinite where it is too far off or passes a fixed frame."""
    count, curves = values.shape
    used = np.full((len(lengths), count, curves), np.inf, np.float32)
    used[0, 1:] = 0.0
    flat = tuple(np.ascontiguousarray(each, np.float32).ravel() for each in (values, slopes, 1 / errors))
    before = np.concatenate(([0], np.cumsum(fixed)))
    alive = np.arange(count * curves)  # where pieces start, in the flat arrays
    for length, found in zip(lengths[1:], used[1:], strict=True):
        alive = alive[alive < (count - length) * curves]
        first = alive // curves
        alive = alive[before[first + length] == before[first + 1]]
        middle = length // 2
        worst = _off(flat, curves, alive, length, [middle])  # tells most of those that are off
        start, worst, alive = alive[worst <= _WITHIN], worst[worst <= _WITHIN], alive[worst <= HOPELESS]
        worst = np.maximum(worst, _off(flat, curves, start, length, {*range(1, length)} - {middle}))
        fits = worst <= _WITHIN
        found.ravel()[start[fits] + length * curves] = worst[fits]
    return used


def _off(
    flat: tuple[NDArray[np.float32], ...], curves: int, start: NDArray[np.intp], length: int, inner: Iterable[int]
) -> NDArray[np.float32]:
    """[n] how many errors the pieces of this length are off at most on these frames from their start. `flat`: values,
    slopes and 1 / errors [F * curves]; `start` [n]: places there."""
    value, slope, per_error = flat
    end, worst = start + length * curves, np.zeros(len(start), np.float32)
    ends = value[start], value[end], slope[start], slope[end]
    for frame in inner:
        share = frame / length
        far = share * share * (3 - 2 * share)
        weights = 1 - far, far, length * share * (1 - share) ** 2, -length * share**2 * (1 - share)
        at = start + frame * curves
        drawn = sum(np.float32(weight) * each for weight, each in zip(weights, ends, strict=True))
        np.maximum(worst, np.abs(drawn - value[at]) * per_error[at], out=worst)
    return worst


def _paths(used: NDArray[np.float32], lengths: Sequence[int]) -> list[NDArray[np.intp]]:
    """For each curve the frames on the way with the fewest pieces, and among those the one that is least off."""
    (_, count, curves), longest = used.shape, lengths[-1]
    cost = np.full((longest + count, curves), np.inf)  # of the frames before the first, too, which nothing reaches
    cost[longest] = 0.0
    came = np.zeros((count, curves), np.intp)
    columns, steps = np.arange(curves), np.array(lengths)
    price = 1 + 0.01 * used
    for frame in range(1, count):
        ways = cost[longest + frame - steps] + price[:, frame]
        best = ways.argmin(0)
        came[frame] = steps[best]
        cost[longest + frame] = ways[best, columns]
    paths = []
    for curve in columns:
        path = [count - 1]
        while path[-1] > 0:
            path.append(path[-1] - int(came[path[-1], curve]))
        paths.append(np.array(path[::-1]))
    return paths
