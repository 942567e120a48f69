"""Soft rises over time, of which the layers of the face are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .track import AnimationTrack


def smoothstep(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, without a corner between."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def bumps(
    times: NDArray[np.float64], at: NDArray[np.float64], corners: Sequence[float], heights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[T] the highest bump at each time: around each of `at` (seconds) from corners[0] up to [1], down from [2] to
    [3]."""
    curve = np.zeros(len(times))
    for time, height in zip(at, heights, strict=True):
        first, last = np.searchsorted(times, (time + corners[0], time + corners[3]))
        part = slice(first, last)
        rise = smoothstep(np.interp(times[part], time + np.asarray(corners), [0, 1, 1, 0]))
        curve[part] = np.maximum(curve[part], height * rise)
    return curve


def raised(track: AnimationTrack, channels: Mapping[str, float], curve: NDArray[np.float64]) -> AnimationTrack:
    """These channels at least as high as gain times `curve` [T], raised to 1 at most; those that the track lacks are
    added."""
    track = with_channels(track, channels)
    values = track.values.copy()
    for name, gain in channels.items():
        column = track.names.index(name)
        values[:, column] = np.maximum(values[:, column], np.clip(gain * curve, 0, 1))
    return track.with_values(values)


def with_channels(track: AnimationTrack, names: Mapping[str, float] | Sequence[str]) -> AnimationTrack:
    """The track with these channels, 0 where it lacked them."""
    return track.filled([*track.names, *(name for name in names if name not in track.names)])
