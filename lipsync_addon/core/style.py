"""Performance settings and the steps that apply them: pure functions, track in, track out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .track import AnimationTrack


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How the animator wants the network's motion to be played."""

    intensity: float = 1.0
    """0 still .. 1 as predicted .. 2 twice as strong."""
    smoothing: float = 0.0
    """Standard deviation in seconds of a Gaussian over time; 0 leaves the curves as predicted."""


def apply_style(track: AnimationTrack, style: StyleSettings) -> AnimationTrack:
    """All steps in order; weights stay within 0..1."""
    track = smoothed(track, style.smoothing)
    return with_intensity(track, style.intensity)


def with_intensity(track: AnimationTrack, intensity: float) -> AnimationTrack:
    """Every weight times `intensity`. jawOpen and mouthClose scale alike, so sealed lips stay sealed."""
    return track.with_values(np.clip(track.values * np.float32(intensity), 0.0, 1.0))


def smoothed(track: AnimationTrack, seconds: float) -> AnimationTrack:
    """Gaussian over time with this standard deviation; the ends are held."""
    sigma = seconds * track.fps
    if sigma <= 0 or len(track.values) < 2:
        return track
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(track.values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel, mode="valid") for column in padded.T]
    return track.with_values(np.stack(columns, axis=1).astype(np.float32))
