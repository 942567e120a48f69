"""How far the lips are apart under given ARKit coefficients, on a reference head.

A closed mouth is not jawOpen = 0 but mouthClose about equal to jawOpen, so closure is measured as a gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .track import AnimationTrack

LIP_GAP: dict[str, float] = {
    "mouthClose": -0.4172,
    "jawOpen": 0.3243,
    "mouthFunnel": 0.1215,
    "mouthShrugLower": -0.0717,
    "mouthShrugUpper": 0.0512,
    "mouthUpperUpLeft": 0.0392,
    "mouthUpperUpRight": 0.0392,
    "noseSneerLeft": 0.0354,
    "noseSneerRight": 0.0354,
    "mouthLowerDownLeft": 0.0327,
    "mouthLowerDownRight": 0.0327,
    "mouthRollLower": -0.0276,
    "mouthRollUpper": 0.0177,
    "mouthPucker": -0.0145,
    "jawForward": 0.0124,
    "mouthPressLeft": -0.0122,
    "mouthPressRight": -0.0122,
    "mouthDimpleLeft": -0.0089,
    "mouthDimpleRight": -0.0089,
    "mouthLeft": -0.0052,
    "mouthRight": -0.0052,
}
"""Change of the inner-lip gap at weight 1, in distances between the outer corners of the eyes. Measured on
the generic head of ICT-FaceKit (Li et al., CVPR 2020; MIT)."""

SEALED = 0.03
"""A gap below this (same unit) reads as closed lips."""


def lip_gap_weights(names: tuple[str, ...]) -> NDArray[np.float32]:
    """[C] the gap that each channel adds; 0 for channels that do not move the lips."""
    return np.array([LIP_GAP.get(name, 0.0) for name in names], np.float32)


def lip_gap(track: AnimationTrack) -> NDArray[np.float32]:
    """[T] inner-lip gap in distances between the outer eye corners; lips in contact give 0."""
    return np.maximum(track.values @ lip_gap_weights(track.names), 0.0)
