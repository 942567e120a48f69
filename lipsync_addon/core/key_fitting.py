"""The fewest Bezier keys that keep curves within an error at every frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .key_curve import KeyCurve
from .large_arrays import let_go

LENGTHS = (*range(1, 11), *range(12, 21, 2), *range(24, 33, 4), 40, 48)
"""Frames that there may be between two keys where something moves. Trying every length up to the longest would take
four times as long and save one key in fifty."""
CHUNK = 2000
"""Frames that are solved together: it bounds the memory of an hour and costs a key every minute."""
HOPELESS = 8.0
"""Errors allowed, at which a piece that grows is given up: hardly one comes back within the error from there."""
_WITHIN = 1 - 1e-5  # of the error: it is reckoned in single precision
_MOST_CHANGED = 0.25  # of the frames; if more of them differ, all keys are chosen anew


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Curves with what they were fitted to: see fitted()."""

    frames: NDArray[np.float64]
    values: NDArray[np.float32]
    limits: NDArray[np.float64]
    shares: NDArray[np.float64]
    curves: list[KeyCurve]


class Fitter:
    """fitted() of what is changed again and again: where nothing differs from the last time keys keep their bits, and
    only those around what does are chosen anew."""

    def __init__(self) -> None:
        self._last: Fit | None = None

    def __call__(
        self,
        frames: NDArray[np.float64],
        values: NDArray[np.float32],
        limits: NDArray[np.float64],
        shares: NDArray[np.float64],
    ) -> list[KeyCurve]:
        """See fitted()."""
        last, curves = self._last, None
        if last and last.values.shape == values.shape and (last.frames == frames).all() and len(values) >= 3:
            curves = _fitted_there(Fit(frames, values, limits, shares, last.curves), last)
        if curves is None:
            curves = fitted(frames, values, limits, shares)
        self._last = Fit(frames, values, limits, shares, curves)
        return curves


def _fitted_there(new: Fit, last: Fit) -> list[KeyCurve] | None:
    """fitted() with the keys of the `last` time wherever nothing changed; None where too much did."""
    frames, values, curves = new.frames, new.values, list(last.curves)
    differs = np.empty(values.shape, bool)
    for rows in _chunks(len(values)):
        differs[rows] = (values[rows] != last.values[rows]) | (new.shares[rows] != last.shares[rows])[:, None]
        let_go(values), let_go(last.values)
    differs |= new.limits != last.limits
    rows = np.flatnonzero(differs.any(1))
    if len(rows) == 0:
        return curves
    if len(rows) > _MOST_CHANGED * len(values):
        return None
    flat = [_still(each.values, each.limits, each.shares) for each in (new, last)]
    changed = differs.any(0)
    if len(whole := np.flatnonzero(changed & (flat[0] | flat[1]))):  # there keys were not chosen, or are not
        for k, curve in zip(whole, fitted(frames, values[:, whole], new.limits[whole], new.shares)):
            curves[k] = curve
    columns = np.flatnonzero(changed & ~flat[0] & ~flat[1])
    if len(columns) == 0:
        return curves
    old, spans = {}, {}
    for k in columns:
        first, last_row = np.flatnonzero(differs[:, k])[[0, -1]]
        old[k] = np.searchsorted(frames, last.curves[k].frames - 1e-6)
        # Slopes change beside the rows that differ.
        low, high = old[k][old[k] < first - 1], old[k][old[k] > last_row + 1]
        spans[k] = low[-1] if len(low) else 0, high[0] if len(high) else len(frames) - 1
    begin, end = min(low for low, _ in spans.values()), max(high for _, high in spans.values())
    if end - begin > CHUNK:
        return None
    part = slice(begin, end + 1)
    fixed = np.zeros((end + 1 - begin, len(columns)), bool)
    for place, k in enumerate(columns):
        beside = old[k][(old[k] <= spans[k][0]) | (old[k] >= spans[k][1])]
        fixed[beside[(beside >= begin) & (beside <= end)] - begin, place] = True
    lengths = [length for length in LENGTHS if length < len(fixed)]
    here, slopes = _with_slopes(values, part, columns)
    used = _edges(here, slopes, new.shares[part, None] * new.limits[columns], fixed, lengths)
    for k, path in zip(columns, _paths(used, lengths), strict=True):
        low, high = spans[k]
        inner = path + begin
        inner = inner[(inner > low) & (inner < high)]
        curves[k] = _through(
            frames, values[:, k], np.concatenate((old[k][old[k] <= low], inner, old[k][old[k] >= high]))
        )
    return curves


def fitted(
    frames: NDArray[np.float64],
    values: NDArray[np.floating],
    limits: NDArray[np.float64],
    shares: NDArray[np.float64] | None = None,
    kept: Sequence[int] = (),
) -> list[KeyCurve]:
    """A curve for each column of `values` [F, K], at none of the `frames` [F], which are equally far apart, off by more
    than its limit [K] times the frame's share [F]. Keys have the curve's own value and slope; `kept` are the indices of
    frames that every curve has a key at.

    The shortest path over all pairs of frames that a cubic piece may join (as core/key_reduction.py does it with
    straight lines). Slopes are those of the curve and flat at its peaks, so that nothing overshoots.
    """
    count = len(values)
    if count < 3:
        return [KeyCurve.plain(frames, column) for column in values.T]
    shares = np.ones(count) if shares is None else shares
    still = _still(values, limits, shares)
    fixed = np.zeros(count, bool)
    fixed[list(kept)] = True
    chosen = [np.array([0, count - 1])] * values.shape[1]
    moving = np.flatnonzero(~still)
    for part in _chunks(count, 1) if len(moving) else ():
        here, slopes = _with_slopes(values, part, moving)
        lengths = [length for length in LENGTHS if length < len(here)]
        there = np.repeat(fixed[part, None], len(moving), axis=1)
        used = _edges(here, slopes, shares[part, None] * limits[moving], there, lengths)
        for column, keys in zip(moving, _paths(used, lengths), strict=True):
            chosen[column] = np.union1d(chosen[column], keys + part.start)
    return [_through(frames, values[:, k], keys, flat=still[k]) for k, keys in enumerate(chosen)]


def _chunks(count: int, shared: int = 0) -> Iterator[slice]:
    """Of CHUNK frames each, and as many `shared` with the next."""
    return (slice(first, min(first + CHUNK + shared, count)) for first in range(0, count - shared, CHUNK))


def _still(values: NDArray[np.floating], limits: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[K] whether a curve may stay where it is all the time."""
    return values.max(0).astype(np.float64) - values.min(0) <= shares.min() * limits


def _with_slopes(
    values: NDArray[np.floating], part: slice, columns: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and slopes [f, k] of some frames and columns."""
    first, last = max(part.start - 1, 0), min(part.stop + 1, len(values))
    wide = values[first:last, columns].astype(np.float64)
    let_go(values)
    inner = slice(part.start - first, part.stop - first)
    return wide[inner], curve_slopes(wide)[inner]


def _through(
    frames: NDArray[np.float64], column: NDArray[np.floating], keys: NDArray[np.intp], flat: bool = False
) -> KeyCurve:
    """Bezier keys at these places of a column [F], with its slopes."""
    column = column.astype(np.float64)
    slopes = curve_slopes(column[:, None])[keys, 0] / (frames[1] - frames[0])
    return KeyCurve.smooth(frames[keys], column[keys], slopes * (not flat))


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
    ends at a frame; infinite where it is too far off or passes a frame that is `fixed` [F, K]."""
    count, curves = values.shape
    used = np.full((len(lengths), count, curves), np.inf, np.float32)
    used[0, 1:] = 0.0
    flat = tuple(np.ascontiguousarray(each, np.float32).ravel() for each in (values, slopes, 1 / errors))
    before = np.concatenate((np.zeros((1, curves), np.intp), np.cumsum(fixed, axis=0))).ravel()
    alive = np.arange(count * curves)  # where pieces start, in the flat arrays
    for length, found in zip(lengths[1:], used[1:], strict=True):
        alive = alive[alive < (count - length) * curves]
        alive = alive[before[alive + length * curves] == before[alive + curves]]
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
