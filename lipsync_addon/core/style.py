"""Performance settings and the order in which their steps apply (style_steps.py): track in, track out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .style_steps import (
    JAW,
    LIPS,
    earlier,
    pressed,
    smoothed,
    with_asymmetry,
    with_channel_gains,
    with_group_gain,
    with_intensity,
    with_lips_sealed,
)
from .track import AnimationTrack


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How the animator wants the network's motion to be played. Jaw, lips, closure and asymmetry act on ARKit
    coefficients; visemes follow intensity, smoothing, anticipation and their own gains."""

    intensity: float = 1.0
    """0 still .. 1 as predicted .. 2 twice as strong."""
    smoothing: float = 0.0
    """Standard deviation in seconds of a Gaussian over time; 0 leaves the curves as predicted."""
    jaw: float = 1.0
    """0 .. 2: gain of the jaw; the lips stay as far apart in closures."""
    lips: float = 1.0
    """0 .. 2: gain of rounding, spreading and parting."""
    closure: float = 1.0
    """1 as predicted .. 2: closed lips press together."""
    anticipation: float = 0.0
    """-0.2 .. 0.2 seconds that the mouth leads the sound."""
    asymmetry: float = 0.0
    """-1 the character's right half stronger .. 1 the left."""
    limit: float = 1.0
    """1 .. 2: no weight goes further, however strong the style. Keys are made for 1; beyond it their motion goes on."""
    channels: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Channel -> (gain, offset), after everything else but the sealing of the lips."""


def apply_style(track: AnimationTrack, style: StyleSettings) -> AnimationTrack:
    """All steps in order. Weights stay within 0..limit; lips stay sealed wherever they were, or `anticipation`
    earlier."""
    if style == StyleSettings():
        return track
    before = earlier(track, style.anticipation) if style.anticipation else track
    limit = style.limit
    new = with_intensity(smoothed(before, style.smoothing), style.intensity, limit)
    new = with_group_gain(with_group_gain(new, JAW, style.jaw, limit), LIPS, style.lips, limit)
    new = with_asymmetry(new, style.asymmetry, limit)
    new = with_channel_gains(new, style.channels, limit)
    return pressed(with_lips_sealed(new, before), style.closure, limit)


def still(track: AnimationTrack) -> AnimationTrack:
    """A mouth at rest for as long: every weight 0, the viseme of silence 1."""
    values = np.zeros_like(track.values)
    if "viseme_sil" in track.names:
        values[:, track.names.index("viseme_sil")] = 1.0
    return track.with_values(values)
