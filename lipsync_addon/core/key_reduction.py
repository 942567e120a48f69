"""The fewest keys that keep a curve within an error, for formats and F-curves that hold keys and not every frame."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap_weights
from .track import AnimationTrack

LONGEST_STEP = 256
"""Frames between two keys at most: it bounds the work on long stillness and costs a key every few seconds."""
ROUNDING = 1e-4
"""Of the lip gap: 32-bit sums differ by less."""


def reduced_keys(track: AnimationTrack, max_error: float) -> list[NDArray[np.intp]]:
    """For each channel the frames to key, from first to last, joined by straight lines.

    No frame of a channel is off by more than `max_error`. Closures are kept: a frame whose lips are sealed
    (core/aperture.py) in the track is sealed under the keys as well.
    """
    keys = [fewest_keys(column, max_error) for column in track.values.T]
    weights = lip_gap_weights(track.names)
    lips, kept = np.flatnonzero(weights), set[int]()
    sealed = track.values @ weights < SEALED
    while lips.size:
        opened = sealed & (_drawn(track.values, keys) @ weights > SEALED + ROUNDING)
        if not opened.any():
            break
        # One more key in the middle of every closure that came apart, until none does.
        edges = np.flatnonzero(np.diff(opened, prepend=False, append=False))
        kept.update(((edges[::2] + edges[1::2] - 1) // 2).tolist())
        for column in lips:
            keys[column] = fewest_keys(track.values[:, column], max_error, kept)
    return keys


def shared_keys(track: AnimationTrack, max_error: float) -> NDArray[np.intp]:
    """reduced_keys() where all channels have their keys on the same frames: those that any of them needs."""
    frames = np.unique(np.concatenate(reduced_keys(track, max_error)))
    weights = lip_gap_weights(track.names)
    sealed = track.values @ weights < SEALED
    while True:  # a key of another channel in the middle of a line makes two lines of it, which may be further off
        drawn = _drawn(track.values, [frames] * len(track.names))
        off = np.abs(drawn - track.values).max(axis=1, initial=0.0) > max_error + ROUNDING
        off |= sealed & (drawn @ weights > SEALED + ROUNDING)
        if not off.any():
            return frames
        frames = np.union1d(frames, np.flatnonzero(off))


def fewest_keys(values: NDArray[np.float32], max_error: float, kept: Iterable[int] = ()) -> NDArray[np.intp]:
    """Frames to key of one curve [T]: the fewest whose straight lines stay within `max_error` at every frame.

    Keys take the curve's own values. Both ends, the frames in `kept` and the ends of every stretch of equal
    values are always among them. The shortest path over all pairs of frames that a line may join.
    """
    count = len(values)
    if max_error <= 0 or count < 3:
        return np.arange(count)
    # Still frames inside a stretch of equal values change nothing and would cost most of the time.
    still = np.flatnonzero((values[1:-1] == values[:-2]) & (values[1:-1] == values[2:])) + 1
    ends_of_still = np.setdiff1d(np.union1d(still - 1, still + 1), still)
    fixed = sorted({0, count - 1, *kept, *ends_of_still.tolist()})
    curve, moves, keys = values.tolist(), np.diff(values) != 0, [0]
    for start, end in pairwise(fixed):
        keys += _path(curve, start, end, max_error) if moves[start:end].any() else [end]
    return np.array(keys, np.intp)


def _path(curve: list[float], start: int, end: int, max_error: float) -> list[int]:
    """The frames after `start` up to `end` on the way with the fewest lines: breadth first, frame by frame."""
    steps, came_from, unreached = {start: 0}, {}, len(curve)
    for frame in range(start, end):
        if frame not in steps:
            continue
        here, low, high = curve[frame], -float("inf"), float("inf")
        for ahead in range(frame + 1, min(end, frame + LONGEST_STEP) + 1):
            distance = ahead - frame
            slope = (curve[ahead] - here) / distance
            if low <= slope <= high and steps[frame] + 1 < steps.get(ahead, unreached):
                steps[ahead], came_from[ahead] = steps[frame] + 1, frame
            low = max(low, slope - max_error / distance)
            high = min(high, slope + max_error / distance)
            if low > high:
                break
    path, frame = [], end
    while frame != start:
        path.append(frame)
        frame = came_from[frame]
    return path[::-1]


def _drawn(values: NDArray[np.float32], keys: list[NDArray[np.intp]]) -> NDArray[np.float32]:
    """[T, C] the curves that the keys draw."""
    frames = np.arange(len(values))
    return np.stack([np.interp(frames, at, column[at]) for at, column in zip(keys, values.T)], axis=1)
