"""The single steps of a style: pure functions, track in, track out; weights within 0..`limit`. Their order:
style.py."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap_weights
from .track import AnimationTrack

JAW = frozenset("jawOpen mouthClose jawForward jawLeft jawRight".split())
"""mouthClose goes with jawOpen, which it undoes: a wider jaw alone would open every closure."""
LIPS = frozenset(
    """mouthFunnel mouthPucker mouthStretchLeft mouthStretchRight mouthSmileLeft mouthSmileRight mouthDimpleLeft
    mouthDimpleRight mouthUpperUpLeft mouthUpperUpRight mouthLowerDownLeft mouthLowerDownRight""".split()
)
"""What rounds, spreads and parts the lips."""
_PRESSES: dict[str, float] = {"mouthPressLeft": 0.5, "mouthPressRight": 0.5, "mouthRollLower": 0.25}
"""Weight that a closure of 2 adds; each of them narrows the gap."""
_LEAN = 0.3
"""Share that an asymmetry of 1 adds to one side and takes from the other."""


def with_intensity(track: AnimationTrack, intensity: float, limit: float = 1.0) -> AnimationTrack:
    """Every weight times `intensity`."""
    return track.with_values(np.clip(track.values * np.float32(intensity), 0, limit))


def smoothed(track: AnimationTrack, seconds: float) -> AnimationTrack:
    """Gaussian over time with this standard deviation; the ends are held."""
    sigma = seconds * track.fps
    if sigma < 0.1 or len(track.values) < 2:  # frames; narrower than that it changes nothing
        return track
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(track.values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel, mode="valid") for column in padded.T]
    return track.with_values(np.stack(columns, axis=1).astype(np.float32))


def with_lips_sealed(track: AnimationTrack, before: AnimationTrack) -> AnimationTrack:
    """`track`, but each frame as far back towards `before` as it takes to seal lips that were sealed there.

    Blurring over time and weights that stop at a limit both open short closures, and p, b, m without a closure look
    wrong. Lips a little apart may part as well, the more the wider, so that nothing jumps from frame to frame.
    """
    weights = lip_gap_weights(track.names)
    gap, gap_before = track.values @ weights, before.values @ weights
    allowed = np.maximum(gap_before, SEALED) + 4 * np.maximum(gap_before - SEALED, 0)
    share = np.clip((gap - allowed) / np.maximum(gap - gap_before, 1e-6), 0, 1)[:, None]
    return track.with_values(track.values * (1 - share) + before.values * share)


def with_group_gain(track: AnimationTrack, names: frozenset[str], gain: float, limit: float = 1.0) -> AnimationTrack:
    """These channels times `gain`, the others as they are."""
    factors = np.array([gain if name in names else 1.0 for name in track.names], np.float32)
    return track.with_values(np.clip(track.values * factors, 0, limit))


def with_channel_gains(
    track: AnimationTrack, channels: Mapping[str, tuple[float, float]], limit: float = 1.0
) -> AnimationTrack:
    """Each named channel times its gain plus its offset; names that the track lacks say nothing about it."""
    pairs = np.array([channels.get(name, (1.0, 0.0)) for name in track.names], np.float32).reshape(-1, 2)
    return track.with_values(np.clip(track.values * pairs[:, 0] + pairs[:, 1], 0, limit))


def with_asymmetry(track: AnimationTrack, share: float, limit: float = 1.0) -> AnimationTrack:
    """The character's left half of mouth and cheeks stronger and the right weaker; the reverse below 0."""
    factors = np.ones(len(track.names), np.float32)
    for column, name in enumerate(track.names):
        if name.startswith(("mouth", "cheek")) and name not in ("mouthLeft", "mouthRight"):
            side = name.endswith("Left") - name.endswith("Right")
            factors[column] += side * share * _LEAN
    return track.with_values(np.clip(track.values * factors, 0, limit))


def pressed(track: AnimationTrack, closure: float, limit: float = 1.0) -> AnimationTrack:
    """Closed lips pressed together by `closure` - 1, not in silence (where the track has a viseme for it)."""
    closed = closedness(track)
    if "viseme_sil" in track.names:
        closed = closed * (1 - np.clip(track.channel("viseme_sil"), 0, 1))
    more = np.array([_PRESSES.get(name, 0.0) for name in track.names], np.float32) * np.float32(closure - 1)
    return track.with_values(np.clip(track.values + closed[:, None] * more, 0, limit))


def closedness(track: AnimationTrack) -> NDArray[np.float32]:
    """[T] 1 for sealed lips, 0 from twice that gap on."""
    gap = track.values @ lip_gap_weights(track.names)
    return np.clip((2 * SEALED - gap) / SEALED, 0, 1).astype(np.float32)


def earlier(track: AnimationTrack, seconds: float) -> AnimationTrack:
    """The same motion so much earlier (later below 0) at the same times; the ends are held.

    Between two frames a closure of one frame would open, so sealed lips are taken from the nearest frame.
    """
    if len(track.values) == 0:
        return track
    nearest = np.arange(len(track.values)) + int(np.floor(seconds * track.fps + 0.5))
    whole = track.with_values(track.values[np.clip(nearest, 0, len(track.values) - 1)])
    return with_lips_sealed(track.with_values(track.at(track.times + seconds)), whole)
