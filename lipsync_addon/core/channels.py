"""Names of the channels: ARKit coefficients and Oculus visemes.

Match names, never positions: the same 52 names are in use in several orders.
"""

from __future__ import annotations

ARKIT_52: tuple[str, ...] = tuple(
    """eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft
    eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight
    jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight
    mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight
    mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper
    mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
    cheekSquintRight noseSneerLeft noseSneerRight tongueOut""".split()
)
"""In Apple's order (ARFaceAnchor.BlendShapeLocation)."""

VISEMES_15: tuple[str, ...] = tuple(
    f"viseme_{name}" for name in "sil PP FF TH DD kk CH SS nn RR aa E ih oh ou".split()
)
"""In Oculus/Meta order (OpenXR XR_META_face_tracking_visemes). Values are probabilities that sum to 1."""


def opposite(name: str) -> str:
    """The ARKit channel on the other side of the face; the name itself where there is none."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name[: -len(side)] + other
    return name
