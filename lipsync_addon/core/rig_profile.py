"""RigProfile: what the shape keys and bones of a kind of rig are called. data/rigs/*.json, described in its README."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .channels import ARKIT_52, VISEMES_15
from .errors import LipsyncError

FORMAT_VERSION = 1
PROFILES = Path(__file__).parent.parent / "data" / "rigs"
"""The profiles that come with the add-on."""

_HINT = "The format is described in README.md beside the profiles that come with the add-on."
_CHANNELS = frozenset((*ARKIT_52, *VISEMES_15))


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One shape key, or one number among an armature's custom properties: bias + sum of channel * weight, kept
    within low..high."""

    keys: tuple[str, ...]
    """Names that rig makers give it; the first is the one shown when it is missing. Every one found is animated."""
    channels: Mapping[str, float]
    """Channel name -> weight."""
    bias: float = 0.0
    low: float = 0.0
    high: float = 1.0
    purpose: str = ""
    """What it is for in the user's words, told when it is missing: "closed lips (p, b, m)"."""
    required: bool = False
    """The profile is complete only with this one."""

    @property
    def plain(self) -> bool:
        """One channel as it is, which may go beyond 0..1 as the track does; mixtures stop at their limits."""
        return (self.bias, self.low, self.high) == (0.0, 0.0, 1.0) and list(self.channels.values()) == [1.0]


@dataclass(frozen=True, slots=True)
class BoneRule:
    """One axis of one bone: amount * sum of channel * weight; the sum is kept within 0..1, with a negative weight
    among them within -1..1."""

    bones: tuple[str, ...]
    """Names, the likeliest first; only the first found is animated."""
    motion: Literal["rotation", "location"]
    axis: str
    """X, Y or Z of the bone, -X for the opposite direction."""
    amount: float
    """Radians; or distance in the profile's `unit`."""
    channels: Mapping[str, float]
    """Channel name -> weight."""
    purpose: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class JawRule:
    """The bone that opens the mouth: it turns by `angle` times the sum of channel * weight."""

    channels: Mapping[str, float]
    """Channel name -> weight."""
    angle: float
    """Radians, where the armature itself does not say."""
    axis: str
    """X, Y or Z of the bone, -X for the opposite direction; where neither the armature nor its geometry says."""
    bones: tuple[str, ...] = ()
    """Bone names, the likeliest first; empty: face_bones.JAW_BONES, then by position."""
    beside: bool = False
    """The shapes do not hold the jaw's motion: the bone turns beside them without being asked."""


@dataclass(frozen=True, slots=True)
class RigProfile:
    """One kind of rig."""

    id: str
    label: str
    """Shown to the user."""
    shape_keys: tuple[KeyRule, ...]
    jaws: tuple[JawRule, ...] = ()
    """Tried in this order."""
    bones: tuple[BoneRule, ...] = ()
    prefixes: tuple[str, ...] = ()
    """What rig makers put before the names, for example "blendShape1."."""
    suffixes: tuple[str, ...] = ()
    """What rig makers put after the names."""
    unit: tuple[str, str] | None = None
    """Two bones whose distance is 1 for locations; None: Blender units."""
    detail: int = 0
    """How finely the rig moves the mouth; of two complete profiles the finer is taken."""
    source: str = ""
    """Where the names are from."""
    unverified: tuple[str, ...] = ()
    """What in the profile has not been checked against a real rig."""
    exact: bool = False
    """Made for one mesh: its names are meant letter for letter."""


def load_profile(path: Path) -> RigProfile:
    """Reads a profile. Raises LipsyncError that names the file and the unknown, missing or wrong entry."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LipsyncError(f"The rig profile {path} cannot be read.", "Choose another file.") from error
    except ValueError as error:
        raise LipsyncError(f"The rig profile {path} is not valid JSON: {error}.", _HINT) from error
    try:
        return _profile(data)
    except (TypeError, ValueError) as error:
        raise LipsyncError(f"The rig profile {path} is wrong: {error}.", _HINT) from error


def load_profiles(folder: Path = PROFILES) -> tuple[RigProfile, ...]:
    """All profiles of a folder, by file name. Raises LipsyncError for the first that is wrong."""
    return tuple(load_profile(path) for path in sorted(Path(folder).glob("*.json")))


def gather_profiles(folders: Iterable[Path]) -> tuple[tuple[RigProfile, ...], tuple[str, ...]]:
    """The profiles that come with the add-on and those of the user's folders, and what is wrong with the latter.

    A profile of the user with the id of another one takes its place. Folders that do not exist are passed over.
    """
    profiles = {profile.id: profile for profile in load_profiles()}
    problems: list[str] = []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            try:
                profile = load_profile(path)
            except LipsyncError as error:
                problems.append(str(error))
            else:
                profiles[profile.id] = profile
    return tuple(profiles.values()), tuple(problems)


def _profile(data: Any) -> RigProfile:
    entries = _entries(
        data,
        "the profile",
        {"format_version", "id", "label"},
        {"shape_keys", "jaw", "bones", "unit", "prefixes", "suffixes", "detail", "source", "unverified"},
    )
    if entries["format_version"] != FORMAT_VERSION:
        raise ValueError(f"format_version is {entries['format_version']}, this version reads {FORMAT_VERSION}")
    if not entries.get("shape_keys") and not entries.get("bones"):
        raise ValueError("it has neither shape_keys nor bones")
    jaw = entries.get("jaw", [])
    return RigProfile(
        id=_text(entries["id"], "id"),
        label=_text(entries["label"], "label"),
        shape_keys=tuple(_key_rule(rule, where) for rule, where in _rules(entries, "shape_keys")),
        jaws=tuple(_jaw_rule(rule) for rule in (jaw if isinstance(jaw, list) else [jaw])),
        bones=tuple(_bone_rule(rule, where) for rule, where in _rules(entries, "bones")),
        prefixes=_names(entries.get("prefixes", []), "prefixes"),
        suffixes=_names(entries.get("suffixes", []), "suffixes"),
        unit=_unit(entries.get("unit")),
        detail=int(_number(entries.get("detail", 0), "detail")),
        source=_text(entries.get("source", "-"), "source"),
        unverified=_names(entries.get("unverified", []), "unverified"),
    )


def _rules(entries: dict[str, Any], name: str) -> list[tuple[Any, str]]:
    rules = entries.get(name, [])
    if not isinstance(rules, list):
        raise TypeError(f"{name} must be a list")
    return [(rule, f"{name}[{index}]") for index, rule in enumerate(rules)]


def _key_rule(data: Any, where: str) -> KeyRule:
    entries = _entries(data, where, {"keys", "channels"}, {"bias", "low", "high", "for", "required"})
    return KeyRule(
        keys=_some_names(entries["keys"], f"{where}.keys"),
        channels=_weights(entries["channels"], f"{where}.channels"),
        **{name: _number(entries[name], f"{where}.{name}") for name in ("bias", "low", "high") if name in entries},
        **_meaning(entries, where),
    )


def _bone_rule(data: Any, where: str) -> BoneRule:
    entries = _entries(data, where, {"bones", "motion", "axis", "amount", "channels"}, {"for", "required"})
    if entries["motion"] not in ("rotation", "location"):
        raise ValueError(f"{where}.motion is {entries['motion']!r}, it must be rotation or location")
    axis_sign(entries["axis"])
    return BoneRule(
        bones=_some_names(entries["bones"], f"{where}.bones"),
        motion=entries["motion"],
        axis=entries["axis"],
        amount=_number(entries["amount"], f"{where}.amount"),
        channels=_weights(entries["channels"], f"{where}.channels"),
        **_meaning(entries, where),
    )


def _jaw_rule(data: Any) -> JawRule:
    entries = _entries(data, "jaw", {"channels", "angle", "axis"}, {"bones", "beside"})
    axis_sign(entries["axis"])
    return JawRule(
        channels=_weights(entries["channels"], "jaw.channels"),
        angle=_number(entries["angle"], "jaw.angle"),
        axis=entries["axis"],
        bones=_names(entries.get("bones", []), "jaw.bones"),
        beside=_truth(entries.get("beside", False), "jaw.beside"),
    )


def _meaning(entries: dict[str, Any], where: str) -> dict[str, Any]:
    meaning: dict[str, Any] = {}
    if "for" in entries:
        meaning["purpose"] = _text(entries["for"], f"{where}.for")
    if "required" in entries:
        meaning["required"] = _truth(entries["required"], f"{where}.required")
    return meaning


def _entries(data: Any, where: str, needed: set[str], allowed: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError(f"{where} must be an object")
    if unknown := sorted(set(data) - needed - allowed):
        raise ValueError(f"{where} has the unknown key {', '.join(unknown)}")
    if missing := sorted(needed - set(data)):
        raise ValueError(f"{where} lacks the key {', '.join(missing)}")
    return dict(data)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{where} must be text")
    return value


def _truth(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{where} must be true or false")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{where} must be a number")
    return float(value)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{where} must be a list of names")
    return tuple(_text(name, where) for name in value)


def _some_names(value: Any, where: str) -> tuple[str, ...]:
    names = _names(value, where)
    if not names:
        raise ValueError(f"{where} is empty")
    return names


def _unit(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    names = _names(value, "unit")
    if len(names) != 2:
        raise ValueError("unit must name two bones")
    return names


def _weights(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, dict) or not value:
        raise TypeError(f"{where} must name at least one channel")
    if unknown := sorted(set(value) - _CHANNELS):
        raise ValueError(f"{where} has the unknown channel {', '.join(unknown)}")
    return {name: _number(weight, f"{where}.{name}") for name, weight in value.items()}


def axis_sign(axis: str) -> tuple[int, float]:
    """Index of the axis and its direction: (1, -1.0) for "-Y". Raises ValueError for anything else."""
    letter = axis.removeprefix("-") if isinstance(axis, str) else ""
    if letter not in ("X", "Y", "Z"):
        raise ValueError(f"axis is {axis!r}, it must be X, Y, Z, -X, -Y or -Z")
    return "XYZ".index(letter), -1.0 if axis.startswith("-") else 1.0
