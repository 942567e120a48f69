"""Performance settings and the steps that apply them: pure functions, track in, track out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .aperture import SEALED, lip_gap_weights
from .track import AnimationTrack


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How the animator wants the network's motion to be played."""

    intensity: float = 1.0
    """0 still .. 1 as predicted .. 2 twice as strong."""
    smoothing: float = 0.0
    """Standard deviation in seconds of a Gaussian over time; 0 leaves the curves as predicted."""


def apply_style(track: AnimationTrack, style: StyleSettings) -> AnimationTrack:
    """All steps in order. Weights stay within 0..1, and lips stay sealed wherever they were."""
    if style == StyleSettings():
        return track
    return with_lips_sealed(with_intensity(smoothed(track, style.smoothing), style.intensity), track)


def still(track: AnimationTrack) -> AnimationTrack:
    """A mouth at rest for as long: every weight 0, the viseme of silence 1."""
    values = np.zeros_like(track.values)
    if "viseme_sil" in track.names:
        values[:, track.names.index("viseme_sil")] = 1.0
    return track.with_values(values)


def with_intensity(track: AnimationTrack, intensity: float) -> AnimationTrack:
    """Every weight times `intensity`, within 0..1."""
    return track.with_values(np.clip(track.values * np.float32(intensity), 0.0, 1.0))


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

    Blurring over time and weights that stop at 1 both open short closures, and p, b, m without a closure look wrong.
    Lips a little apart may part as well, the more the wider, so that nothing jumps from frame to frame.
    """
    weights = lip_gap_weights(track.names)
    gap, gap_before = track.values @ weights, before.values @ weights
    allowed = np.maximum(gap_before, SEALED) + 4 * np.maximum(gap_before - SEALED, 0)
    share = np.clip((gap - allowed) / np.maximum(gap - gap_before, 1e-6), 0, 1)[:, None]
    return track.with_values(track.values * (1 - share) + before.values * share)
