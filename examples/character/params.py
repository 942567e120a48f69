# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes, names and colours of the example character.

Lengths are metres. While modelling, the origin is the middle of the head; the finished objects are
moved up by `LIFT` so that the neck ends at z = 0. The face looks along -y, the character's left is +x.
"""
from __future__ import annotations

import math

CHARACTER_NAME = "Poppy"

ARKIT = tuple(
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft "
    "eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight "
    "jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight "
    "mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight "
    "mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper "
    "mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight "
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight noseSneerLeft noseSneerRight tongueOut".split())

LIFT = 0.185

# Jaw hinge (y, z) near the ear and the angle of jawOpen = 1.
HINGE = (0.012, -0.045)
JAW_OPEN_ANGLE = math.radians(21.0)
JAW_FORWARD = 0.006
JAW_SIDE = 0.007

# Eyes: centre of the left one, radius, half width and half heights of the opening.
EYE_CENTRE = (0.0385, -0.0625, 0.0020)
EYE_RADIUS = 0.0305
LID_RADIUS = 1.07 * EYE_RADIUS
LID_HALF_WIDTH = 0.0242
LID_UPPER = 0.0160
LID_LOWER = 0.0152

# Mouth: height of the line between the lips and how far its corners lie above its middle.
SEAM_Z = -0.0640
SEAM_CURVE = 0.0042

# Linear RGB.
COLOURS = {
    "Skin": (0.95, 0.62, 0.46, 1.0),
    "Lips": (0.80, 0.27, 0.25, 1.0),
    "MouthBag": (0.13, 0.022, 0.03, 1.0),
    "Lashes": (0.035, 0.018, 0.015, 1.0),
    "EyeWhite": (0.92, 0.92, 0.90, 1.0),
    "Iris": (0.10, 0.42, 0.36, 1.0),
    "IrisRim": (0.015, 0.08, 0.10, 1.0),
    "Pupil": (0.006, 0.006, 0.008, 1.0),
    "Glint": (1.0, 1.0, 1.0, 1.0),
    "Teeth": (0.90, 0.87, 0.80, 1.0),
    "Gums": (0.55, 0.16, 0.17, 1.0),
    "Tongue": (0.62, 0.17, 0.19, 1.0),
    "Hair": (0.50, 0.11, 0.03, 1.0),
    "HairTie": (0.07, 0.35, 0.36, 1.0),
    "Brows": (0.22, 0.045, 0.015, 1.0),
    "Freckles": (0.72, 0.36, 0.22, 1.0),
    "Sweater": (0.95, 0.62, 0.16, 1.0),
}
