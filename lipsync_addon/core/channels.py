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

VISEMES_15: tuple[str, ...] = tuple(f"viseme_{name}" for name in "sil PP FF TH DD kk CH SS nn RR aa E ih oh ou".split())
"""In Oculus/Meta order (OpenXR XR_META_face_tracking_visemes). Values are probabilities that sum to 1."""

HEAD_ANGLES: tuple[str, ...] = ("headYaw", "headPitch", "headRoll")
"""Radians that the head turns: to the character's right, down, and tilts to its right shoulder. The signs of yaw and
pitch are those that the eye columns of Live Link Face have in captures."""

EYE_YAW = 0.6
"""Radians that an eye turns sideways at eyeLookIn or eyeLookOut 1 (Live Link Face captures: 0.57 to 0.63)."""
EYE_DOWN, EYE_UP = 0.61, 0.45
"""Radians at eyeLookDown 1 and eyeLookUp 1 (the same captures)."""

EYES: dict[str, tuple[str, str]] = {"Left": ("In", "Out"), "Right": ("Out", "In")}
"""Side of the eye -> which eyeLook channel turns it to the character's right, which to its left."""


def eye_turns(side: str) -> tuple[dict[str, float], dict[str, float]]:
    """Channel -> radians of an eye's yaw and of its pitch, signed as the head's. `side`: "Left" or "Right"."""
    right, left = EYES[side]
    yaw = {f"eyeLook{right}{side}": EYE_YAW, f"eyeLook{left}{side}": -EYE_YAW}
    return yaw, {f"eyeLookDown{side}": EYE_DOWN, f"eyeLookUp{side}": -EYE_UP}


def opposite(name: str) -> str:
    """The ARKit channel on the other side of the face; the name itself where there is none."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name[: -len(side)] + other
    return name
