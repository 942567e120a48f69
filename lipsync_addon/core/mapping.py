"""From channels to the things of a rig: a mapping is a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import LipsyncError
from .profile_match import JawHint, RigInventory, find_bone, match_keys
from .rig_profile import JawRule, RigProfile, axis_sign
from .track import AnimationTrack

JawMode = Literal["auto", "beside", "instead", "off"]
"""Whether the jaw bone turns: "beside" the shape keys of jawOpen, "instead" of them, not at all ("off"), or
"auto": beside them where the armature says its angle, alone where there is no such key, else not at all
(such a key usually holds the jaw's motion already, and a bone beside it would open the mouth twice)."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing of a rig that is animated."""

    kind: Literal["shape_key", "bone_rotation"]
    owner: str
    """Object in the scene: the mesh, or the armature."""
    name: str
    """Shape key or bone."""
    axis: int | None = None
    """0..2, the bone's own X, Y or Z; the value is radians about it."""

    @property
    def id(self) -> str:
        """Unique name in a mapped track."""
        return f"{self.kind}:{self.owner}:{self.name}"


@dataclass(frozen=True, slots=True)
class JawSettings:
    """What the user decides about the jaw bone; None leaves it to the armature, then to the profile."""

    mode: JawMode = "auto"
    armature: str | None = None
    bone: str | None = None
    angle: float | None = None
    """Radians at jawOpen 1."""
    axis: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RigMapping:
    """A profile resolved against an inventory. values [T, C] @ weights + bias, within low..high, is [T, K]."""

    channels: tuple[str, ...]
    """C"""
    targets: tuple[Target, ...]
    """K"""
    weights: NDArray[np.float32]
    """[C, K]"""
    bias: NDArray[np.float32]
    """[K]"""
    low: NDArray[np.float32]
    """[K]"""
    high: NDArray[np.float32]
    """[K]"""
    missing: tuple[str, ...] = ()
    """First names of the rules that found no shape key."""


@dataclass(frozen=True, slots=True)
class _Column:
    target: Target
    channels: Mapping[str, float]
    bias: float
    low: float
    high: float


def resolve(
    profile: RigProfile, inventory: RigInventory, channels: Sequence[str], jaw: JawSettings = JawSettings()
) -> RigMapping:
    """Finds the targets for these channels. Rules that use none of them are left alone: a mouth track must
    not overwrite the eyes. Raises LipsyncError if the chosen bone does not exist or a bone is asked for and
    there is none."""
    columns: list[_Column] = []
    found: set[int] = set()
    for owner, names in inventory.shape_keys.items():
        for name, rule in match_keys(profile, names).items():
            found.add(id(rule))
            if _uses(rule.channels, channels):
                target = Target("shape_key", owner, name)
                columns.append(_Column(target, rule.channels, rule.bias, rule.low, rule.high))
    missing = [rule.keys[0] for rule in profile.shape_keys if id(rule) not in found and _uses(rule.channels, channels)]
    if profile.jaw and _uses(profile.jaw.channels, channels):
        columns = _with_jaw(columns, profile, profile.jaw, inventory, jaw)
    return _matrix(columns, tuple(channels), tuple(missing))


def map_track(track: AnimationTrack, mapping: RigMapping) -> AnimationTrack:
    """The track of the rig: its names are the target ids; weights 0..1, bone angles in radians."""
    values = track.filled(mapping.channels).values @ mapping.weights + mapping.bias
    names = tuple(target.id for target in mapping.targets)
    return AnimationTrack(names, np.clip(values, mapping.low, mapping.high), track.fps, track.start)


def _with_jaw(
    columns: list[_Column], profile: RigProfile, rule: JawRule, inventory: RigInventory, jaw: JawSettings
) -> list[_Column]:
    place = None if jaw.mode == "off" else _jaw_place(profile, inventory, jaw)
    has_key = any(set(column.channels) == set(rule.channels) for column in columns)
    if place is None or (jaw.mode == "auto" and has_key and place[0] not in inventory.jaws):
        return columns
    armature, bone = place
    hint = inventory.jaws.get(armature, JawHint(rule.angle, rule.axis))
    axis, sign = axis_sign(jaw.axis or hint.axis or rule.axis)
    angle = sign * (hint.angle if jaw.angle is None else jaw.angle)
    target = Target("bone_rotation", armature, bone, axis)
    weights = {channel: weight * angle for channel, weight in rule.channels.items()}
    if jaw.mode == "instead":
        columns = [column for column in columns if set(column.channels) != set(rule.channels)]
    return [*columns, _Column(target, weights, 0.0, min(angle, 0.0), max(angle, 0.0))]


def _jaw_place(profile: RigProfile, inventory: RigInventory, jaw: JawSettings) -> tuple[str, str] | None:
    """(armature, bone): the one chosen, else the first that the profile knows; armatures with a hint first."""
    armatures = [jaw.armature] if jaw.armature else sorted(inventory.bones, key=lambda a: a not in inventory.jaws)
    for armature in armatures:
        bones = inventory.bones.get(armature, ())
        bone = (jaw.bone if jaw.bone in bones else None) if jaw.bone else find_bone(profile, bones)
        if bone:
            return armature, bone
    if jaw.bone:
        raise LipsyncError(f"There is no bone '{jaw.bone}' on the character.", "Choose the jaw bone again.")
    if jaw.mode in ("beside", "instead"):
        raise LipsyncError(
            "No jaw bone was found on the character.", "Choose the jaw bone by name, or switch the jaw bone off."
        )
    return None


def _uses(rule_channels: Iterable[str], channels: Sequence[str]) -> bool:
    return any(channel in channels for channel in rule_channels)


def _matrix(columns: Sequence[_Column], channels: tuple[str, ...], missing: tuple[str, ...]) -> RigMapping:
    weights = np.zeros((len(channels), len(columns)), np.float32)
    for k, column in enumerate(columns):
        for channel, weight in column.channels.items():
            if channel in channels:
                weights[channels.index(channel), k] = weight
    row = [np.array([getattr(c, name) for c in columns], np.float32) for name in ("bias", "low", "high")]
    return RigMapping(channels, tuple(c.target for c in columns), weights, *row, missing=missing)
