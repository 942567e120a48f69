"""Which bones turn with the head's angles and the eyeLook channels, and about which of their own axes by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .channels import EYES, HEAD_ANGLES, eye_turns
from .face_bones import EYE_BONES, HEAD_BONES, NECK_BONES, find_named
from .profile_match import RigInventory

NECK_SHARE = 0.35
"""Of the head's turn that the neck does, where there is one."""
REACH = 0.3
"""Radians that a bone turns at most about one axis."""
_LEAST = 0.05  # share of a turn about an axis that is worth a curve

_RIGHT, _DOWN, _TILT = (0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)
"""Axes about which a positive turn goes to the character's right, down, and tilts to its right shoulder: +Z is up
and the character looks along -Y."""


@dataclass(frozen=True, slots=True)
class BoneTurn:
    """A small turn of a bone about one of its own axes: radians are the sum of channel * weight."""

    armature: str
    bone: str
    axis: int
    """0..2"""
    weights: Mapping[str, float]


def head_turns(inventory: RigInventory, channels: Sequence[str], eyes: bool) -> list[BoneTurn]:
    """Of head and neck, and of the eyes unless shape keys move them (`eyes` False), for the channels that are there.

    Bones that somebody else turns, see RigInventory.taken, are left alone. The first armature with a head does it all.
    """
    for armature, names in inventory.bones.items():
        head = find_named(HEAD_BONES, names)
        if head is None:
            continue
        turns: list[BoneTurn] = []
        if set(HEAD_ANGLES) & set(channels):
            neck = find_named(NECK_BONES, names)
            neck = None if neck is None or _is_taken(inventory, armature, neck) else neck
            share = NECK_SHARE if neck else 0.0
            for bone, part in ((neck, share), (head, 1 - share)):
                angles = {name: (axis, part) for name, axis in zip(HEAD_ANGLES, (_RIGHT, _DOWN, _TILT), strict=True)}
                turns += _turns(inventory, armature, bone, angles)
        for side in EYES if eyes else ():
            yaw, pitch = eye_turns(side)
            angles = {name: (_RIGHT, radians) for name, radians in yaw.items()}
            angles |= {name: (_DOWN, radians) for name, radians in pitch.items()}
            if set(angles) & set(channels):
                turns += _turns(inventory, armature, find_named(EYE_BONES[side], names), angles)
        return turns
    return []


def _is_taken(inventory: RigInventory, armature: str, bone: str) -> bool:
    return (armature, bone) in inventory.taken or (armature, bone) in inventory.obstacles


def _turns(
    inventory: RigInventory, armature: str, bone: str | None, angles: Mapping[str, tuple[Sequence[float], float]]
) -> Iterator[BoneTurn]:
    """`angles`: channel -> the axis in the character's space, and radians at 1."""
    place = inventory.places.get(armature, {}).get(bone) if bone else None
    if place is None or place.axes is None or _is_taken(inventory, armature, bone):
        return
    for index, own in enumerate(place.axes):
        shares = {name: float(np.dot(own, axis)) * radians for name, (axis, radians) in angles.items()}
        weights = {name: share for name, share in shares.items() if abs(share) >= _LEAST * abs(angles[name][1])}
        if weights:
            yield BoneTurn(armature, bone, index, weights)
