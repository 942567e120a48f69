"""From channels to the things of a rig: a mapping is a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import LipsyncError
from .face_bones import FoundBone, find_jaw, find_named, find_tongue
from .head_bones import REACH, head_turns
from .large_arrays import by_rows
from .profile_match import JawHint, Obstacle, RigInventory, find_bone, match_keys
from .rig_profile import BoneRule, JawRule, KeyRule, RigProfile, axis_sign
from .track import AnimationTrack
from .visemes import blended, reach

JawMode = Literal["auto", "beside", "instead", "off"]
"""Whether the jaw bone turns: "beside" the shape keys of jawOpen, "instead" of them, not at all ("off"), or
"auto": beside them where the armature says its angle or the profile says that they need it, alone where there is no
such key, else not at all (such a key usually holds the jaw's motion already, and a bone beside it would open the
mouth twice)."""

TONGUE_LIFT = 0.3
"""Radians that a tongue bone lifts its tip at n, l."""
_TONGUE = {"viseme_nn": 1.0, "viseme_DD": 0.9, "viseme_TH": 0.4}

_NUMBERS = ("bias", "low", "high", "least", "most")
CUT = 0.01
"""A weight that is cut off by less is not worth a word."""
_PLAIN_JAW = JawRule({"jawOpen": 1.0}, 0.35, "X")
"""For a profile that says nothing of a jaw, where the user or the armature wants it turned."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing of a rig that is animated."""

    kind: Literal["shape_key", "property", "bone_rotation", "bone_location", "bone_turn"]
    """"bone_rotation" is the whole turn of its bone; "bone_turn" is a small one beside others about the other axes."""
    owner: str
    """Object in the scene: the mesh, or the armature."""
    name: str
    """Shape key, custom property of the armature, or bone."""
    axis: int | None = None
    """0..2, the bone's own X, Y or Z; the value is radians about it, or a distance along it."""

    @property
    def id(self) -> str:
        """Unique name in a mapped track."""
        axis = f".{'XYZ'[self.axis]}" if self.kind in ("bone_location", "bone_turn") else ""
        return f"{self.kind}:{self.owner}:{self.name}{axis}"


@dataclass(frozen=True, slots=True)
class JawSettings:
    """What the user decides about the bones of jaw and tongue; None leaves it to the armature, then to the profile."""

    mode: JawMode = "auto"
    armature: str | None = None
    bone: str | None = None
    angle: float | None = None
    """Radians at jawOpen 1."""
    axis: str | None = None
    tongue: bool = True
    """Whether a bone of the tongue, if there is one, lifts its tip at n, l, t, d."""


@dataclass(frozen=True, slots=True, eq=False)
class RigMapping:
    """A profile resolved against an inventory. values [T, C] @ weights + bias, within least..most, is [T, K]."""

    channels: tuple[str, ...]
    """C"""
    targets: tuple[Target, ...]
    """K"""
    weights: NDArray[np.float32]
    """[C, K]"""
    bias: NDArray[np.float32]
    """[K]"""
    low: NDArray[np.float32]
    """[K] what the targets are made for: with `high`, 0 and 1 of a shape key, the ends of a bone's turn."""
    high: NDArray[np.float32]
    """[K]"""
    least: NDArray[np.float32]
    """[K] where values are cut off: `low`, or below it where a key takes a channel as it is and its range goes
    there."""
    most: NDArray[np.float32]
    """[K] likewise above `high`."""
    plain: NDArray[np.bool_]
    """[K] whether it is a key that takes one channel as it is: where several meet, more than 1 is nobody's wish."""
    missing: tuple[str, ...] = ()
    """First names of the rules that found no shape key."""
    lacks: tuple[str, ...] = ()
    """What the mouth cannot do for want of them, in sentences."""
    jaw_bone: FoundBone | None = None
    """The one that turns, and how it was found."""
    tongue_bone: FoundBone | None = None


@dataclass(frozen=True, slots=True)
class _Column:
    target: Target
    channels: Mapping[str, float]
    bias: float
    low: float
    high: float
    range: tuple[float, float] = (0.0, 1.0)
    """Ends of a shape key's slider."""

    @property
    def least(self) -> float:
        """RigMapping.least"""
        return min(self.low, self.range[0]) if self.plain else self.low

    @property
    def most(self) -> float:
        """RigMapping.most"""
        return max(self.high, self.range[1]) if self.plain else self.high

    @property
    def plain(self) -> bool:
        """RigMapping.plain"""
        whole = (self.bias, self.low, self.high) == (0.0, 0.0, 1.0)
        return self.target.kind == "shape_key" and whole and list(self.channels.values()) == [1.0]


def resolve(
    profile: RigProfile, inventory: RigInventory, channels: Sequence[str], jaw: JawSettings = JawSettings()
) -> RigMapping:
    """Finds the targets for these channels. Rules that use none of them are left alone: a mouth track must
    not overwrite the eyes. Raises LipsyncError if the chosen bone does not exist or a bone is asked for and
    there is none."""
    found: set[int] = set()
    columns = _controls(profile, inventory, channels, found)
    columns += _bones(profile, inventory, channels, found)
    absent: list[KeyRule | BoneRule] = [
        rule for rule in (*profile.shape_keys, *profile.bones) if id(rule) not in found and _uses(rule, channels)
    ]
    columns, jaw_bone = _with_jaw(columns, profile, inventory, channels, jaw)
    tongue = _tongue(inventory, channels, {column.target.name for column in columns}) if jaw.tongue else None
    if tongue:
        columns.append(tongue)
    columns += _head(columns, inventory, channels)
    return RigMapping(
        tuple(channels),
        tuple(column.target for column in columns),
        _weights(columns, channels),
        *(np.array([getattr(each, name) for each in columns], np.float32) for name in _NUMBERS),
        plain=np.array([each.plain for each in columns], bool),
        missing=tuple(map(_first_name, absent)),
        lacks=_lacks(profile, absent, channels),
        jaw_bone=jaw_bone,
        tongue_bone=FoundBone(tongue.target.name, 1.0, "name") if tongue else None,
    )


def map_track(track: AnimationTrack, mapping: RigMapping) -> AnimationTrack:
    """The track of the rig: its names are the target ids; weights 0..1, or beyond where the track and the range of the
    key go there; bone angles in radians.

    Visemes are blended over time first, see visemes.py.
    """
    names, far, count = tuple(target.id for target in mapping.targets), reach(track.fps), len(track.values)

    def mapped(rows: slice) -> NDArray[np.float32]:
        first, last = max(rows.start - far, 0), min(rows.stop + far, count)
        mixed = _mixed(track.part(first, last), mapping)[rows.start - first : rows.stop - first]
        return np.clip(mixed, mapping.least, mapping.most)

    return AnimationTrack(names, by_rows((count, len(names)), mapped, track.values), track.fps, track.start)


def cut_off(track: AnimationTrack, mapping: RigMapping) -> dict[Target, tuple[float, float]]:
    """Shape keys that would go beyond the ends of their ranges, and from where to where they would go: what map_track()
    cuts off."""
    if not track.values.size or (track.values.min() >= 0 and track.values.max() <= 1):
        return {}
    values = _mixed(track, mapping)
    lowest, highest = values.min(axis=0), values.max(axis=0)
    over = mapping.plain & (np.maximum(mapping.least - lowest, highest - mapping.most) > CUT)
    return {mapping.targets[k]: (float(lowest[k]), float(highest[k])) for k in np.flatnonzero(over)}


def _mixed(track: AnimationTrack, mapping: RigMapping) -> NDArray[np.float32]:
    """[T, K] without limits."""
    return blended(track).filled(mapping.channels).values @ mapping.weights + mapping.bias


def _controls(profile: RigProfile, inventory: RigInventory, channels: Sequence[str], found: set[int]) -> list[_Column]:
    """Shape keys and custom properties. A key that a driver holds is left out where a property is there for it:
    the driver reads that."""
    columns: list[_Column] = []
    sliders: set[int] = set()
    for kind, owners in (("property", inventory.properties), ("shape_key", inventory.shape_keys)):
        for owner, names in owners.items():
            for name, rule in match_keys(profile, names).items():
                found.add(id(rule))
                driven = inventory.obstacles.get((owner, name)) is Obstacle.DRIVEN
                if not _uses(rule, channels) or (driven and id(rule) in sliders):
                    continue
                if kind == "property":
                    sliders.add(id(rule))
                ends = inventory.ranges.get((owner, name), (0.0, 1.0))
                target = Target(kind, owner, name)
                columns.append(_Column(target, rule.channels, rule.bias, rule.low, rule.high, ends))
    return sorted(columns, key=lambda column: column.target.kind == "property")


def _bones(profile: RigProfile, inventory: RigInventory, channels: Sequence[str], found: set[int]) -> list[_Column]:
    columns: list[_Column] = []
    for owner, names in inventory.bones.items():
        unit = _unit(profile, inventory, owner)
        for rule in profile.bones:
            if bone := find_bone(rule, names):
                found.add(id(rule))
                if _uses(rule, channels):
                    columns.append(_bone_column(rule, owner, bone, unit))
    return columns


def _bone_column(rule: BoneRule, owner: str, bone: str, unit: float) -> _Column:
    axis, sign = axis_sign(rule.axis)
    amount = sign * rule.amount * (unit if rule.motion == "location" else 1.0)
    weights = {channel: weight * amount for channel, weight in rule.channels.items()}
    ends = (amount, -amount if min(rule.channels.values()) < 0 else 0.0)
    target = Target("bone_location" if rule.motion == "location" else "bone_rotation", owner, bone, axis)
    return _Column(target, weights, 0.0, min(ends), max(ends))


def _unit(profile: RigProfile, inventory: RigInventory, armature: str) -> float:
    """Blender units that a distance of 1 in the profile is on this armature."""
    places = inventory.places.get(armature, {})
    ends = [find_named((name,), tuple(places)) for name in profile.unit or ()]
    if not ends or None in ends:
        return 1.0
    return float(np.linalg.norm(np.subtract(places[ends[0]].head, places[ends[1]].head)))


def _with_jaw(
    columns: list[_Column], profile: RigProfile, inventory: RigInventory, channels: Sequence[str], jaw: JawSettings
) -> tuple[list[_Column], FoundBone | None]:
    """The columns with the jaw bone's, and that bone if it turns."""
    wanted = jaw.mode in ("beside", "instead") or bool(inventory.jaws)
    rules = [rule for rule in profile.jaws or (_PLAIN_JAW,) * wanted if _uses(rule, channels)]
    place = None if jaw.mode == "off" or not rules else _jaw_place(rules, inventory, jaw)
    if place is None:
        return columns, None
    armature, found, rule = place
    bone = found.name
    has_key = any(set(column.channels) == set(rule.channels) for column in columns)
    asked = jaw.mode != "auto" or rule.beside or armature in inventory.jaws
    driven = inventory.obstacles.get((armature, bone)) is Obstacle.DRIVEN
    if (has_key and not asked) or (driven and jaw.mode == "auto"):
        return columns, None
    hint = inventory.jaws.get(armature, JawHint(rule.angle))
    seen = inventory.places.get(armature, {}).get(bone)
    axis, sign = axis_sign(jaw.axis or hint.axis or (seen and seen.hinge) or rule.axis)
    angle = sign * (hint.angle if jaw.angle is None else jaw.angle)
    weights = {channel: weight * angle for channel, weight in rule.channels.items()}
    if jaw.mode == "instead":
        columns = [column for column in columns if set(column.channels) != set(rule.channels)]
    target = Target("bone_rotation", armature, bone, axis)
    return [*columns, _Column(target, weights, 0.0, min(angle, 0.0), max(angle, 0.0))], found


def _tongue(inventory: RigInventory, channels: Sequence[str], taken: set[str]) -> _Column | None:
    """The first tongue bone that can be found by name, whose axis its geometry tells, and that is still free."""
    if not any(channel in channels for channel in _TONGUE):
        return None
    for armature, bones in inventory.bones.items():
        found = find_tongue(bones)
        place = found and inventory.places.get(armature, {}).get(found.name)
        if not place or not place.hinge or found.name in taken:
            continue
        if inventory.obstacles.get((armature, found.name)) is Obstacle.DRIVEN:
            continue
        axis, down = axis_sign(place.hinge)
        angle = -down * TONGUE_LIFT
        weights = {channel: weight * angle for channel, weight in _TONGUE.items()}
        target = Target("bone_rotation", armature, found.name, axis)
        return _Column(target, weights, 0.0, min(angle, 0.0), max(angle, 0.0))
    return None


def _head(columns: Sequence[_Column], inventory: RigInventory, channels: Sequence[str]) -> list[_Column]:
    """Head, neck and eyes, where these channels move them and no other column turns the bone."""
    eyes = not any(channel.startswith("eyeLook") for column in columns for channel in column.channels)
    taken = {(column.target.owner, column.target.name) for column in columns}
    return [
        _Column(Target("bone_turn", turn.armature, turn.bone, turn.axis), turn.weights, 0.0, -REACH, REACH)
        for turn in head_turns(inventory, channels, eyes)
        if (turn.armature, turn.bone) not in taken
    ]


def _jaw_place(
    rules: Sequence[JawRule], inventory: RigInventory, jaw: JawSettings
) -> tuple[str, FoundBone, JawRule] | None:
    """(armature, bone, its rule): the one chosen, else the first that a rule finds; armatures with a
    hint first."""
    armatures = [jaw.armature] if jaw.armature else sorted(inventory.bones, key=lambda a: a not in inventory.jaws)
    for armature in armatures:
        bones = inventory.bones.get(armature, ())
        if jaw.bone:
            if jaw.bone in bones:
                named = [rule for rule in rules if find_named(rule.bones, (jaw.bone,))]
                return armature, FoundBone(jaw.bone, 1.0, "name"), (named or rules[-1:])[0]
            continue
        for rule in rules:
            places, top = inventory.places.get(armature, {}), inventory.tops.get(armature)
            if found := find_jaw(bones, places, top, rule.bones):
                return armature, found, rule
    if jaw.bone:
        raise LipsyncError(f"There is no bone '{jaw.bone}' on the character.", "Choose the jaw bone again.")
    if jaw.mode in ("beside", "instead"):
        raise LipsyncError(
            "No jaw bone was found on the character.", "Choose the jaw bone by name, or switch the jaw bone off."
        )
    return None


def _lacks(profile: RigProfile, absent: Sequence[KeyRule | BoneRule], channels: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each purpose that nothing on the character serves."""
    served = {
        rule.purpose for rule in (*profile.shape_keys, *profile.bones) if rule not in absent and _uses(rule, channels)
    }
    names: dict[str, list[str]] = {}
    for rule in absent:
        if rule.purpose and rule.purpose not in served:
            names.setdefault(rule.purpose, []).append(_first_name(rule))
    return tuple(
        f"No {'bone' if profile.bones and not profile.shape_keys else 'shape'} for {purpose}: "
        + ", ".join(f"'{name}'" for name in found)
        + (" is" if len(found) == 1 else " are")
        + " missing."
        for purpose, found in names.items()
    )


def _first_name(rule: KeyRule | BoneRule) -> str:
    return rule.keys[0] if isinstance(rule, KeyRule) else rule.bones[0]


def _uses(rule: KeyRule | BoneRule | JawRule, channels: Sequence[str]) -> bool:
    return any(channel in channels for channel in rule.channels)


def _weights(columns: Sequence[_Column], channels: Sequence[str]) -> NDArray[np.float32]:
    """[C, K]"""
    weights = np.zeros((len(channels), len(columns)), np.float32)
    for k, column in enumerate(columns):
        for channel, weight in column.channels.items():
            if channel in channels:
                weights[channels.index(channel), k] = weight
    return weights
