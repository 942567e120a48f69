"""RigProfile: what the shape keys and bones of a kind of rig are called. data/rigs/*.json, described in its README."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import LipsyncError

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One shape key: bias + sum of channel * weight, kept within low..high."""

    keys: tuple[str, ...]
    """Names that rig makers give it; the first is the one shown when it is missing. Every one found is animated."""
    channels: Mapping[str, float]
    """Channel name -> weight."""
    bias: float = 0.0
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class JawRule:
    """The bone that opens the mouth: it turns by `angle` times the sum of channel * weight."""

    bones: tuple[str, ...]
    """Bone names, the likeliest first; only the first found is animated."""
    channels: Mapping[str, float]
    """Channel name -> weight."""
    angle: float
    """Radians, where the armature itself does not say."""
    axis: str
    """X, Y or Z of the bone, -X for the opposite direction; where the armature itself does not say."""


@dataclass(frozen=True, slots=True)
class RigProfile:
    """One kind of rig."""

    id: str
    label: str
    """Shown to the user."""
    shape_keys: tuple[KeyRule, ...]
    jaw: JawRule | None = None
    prefixes: tuple[str, ...] = field(default=())
    """What rig makers put before the names, for example "blendShape1."."""


def load_profile(path: Path) -> RigProfile:
    """Reads a profile. Raises LipsyncError that names the file and the unknown, missing or wrong entry."""
    path = Path(path)
    hint = "The format is described in README.md beside the profiles that come with the add-on."
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LipsyncError(f"The rig profile {path} cannot be read.", "Choose another file.") from error
    except ValueError as error:
        raise LipsyncError(f"The rig profile {path} is not valid JSON: {error}.", hint) from error
    try:
        return _profile(data)
    except (TypeError, ValueError) as error:
        raise LipsyncError(f"The rig profile {path} is wrong: {error}.", hint) from error


def load_profiles(folder: Path) -> tuple[RigProfile, ...]:
    """All profiles of a folder, by file name."""
    return tuple(load_profile(path) for path in sorted(Path(folder).glob("*.json")))


def _profile(data: Any) -> RigProfile:
    entries = _entries(data, "the profile", {"format_version", "id", "label", "shape_keys"}, {"jaw", "prefixes"})
    if entries["format_version"] != FORMAT_VERSION:
        raise ValueError(f"format_version is {entries['format_version']}, this version reads {FORMAT_VERSION}")
    jaw = entries.get("jaw")
    return RigProfile(
        id=_text(entries["id"], "id"),
        label=_text(entries["label"], "label"),
        shape_keys=tuple(_key_rule(rule, f"shape_keys[{i}]") for i, rule in enumerate(entries["shape_keys"])),
        jaw=None if jaw is None else _jaw_rule(jaw),
        prefixes=_names(entries.get("prefixes", []), "prefixes"),
    )


def _key_rule(data: Any, where: str) -> KeyRule:
    entries = _entries(data, where, {"keys", "channels"}, {"bias", "low", "high"})
    names = _names(entries.pop("keys"), f"{where}.keys")
    if not names:
        raise ValueError(f"{where}.keys is empty")
    channels = _weights(entries.pop("channels"), f"{where}.channels")
    return KeyRule(names, channels, **{key: _number(value, f"{where}.{key}") for key, value in entries.items()})


def _jaw_rule(data: Any) -> JawRule:
    entries = _entries(data, "jaw", {"bones", "channels", "angle", "axis"}, set())
    axis_sign(entries["axis"])
    return JawRule(
        bones=_names(entries["bones"], "jaw.bones"),
        channels=_weights(entries["channels"], "jaw.channels"),
        angle=_number(entries["angle"], "jaw.angle"),
        axis=entries["axis"],
    )


def axis_sign(axis: str) -> tuple[int, float]:
    """Index of the axis and its direction: (1, -1.0) for "-Y". Raises ValueError for anything else."""
    letter = axis.removeprefix("-") if isinstance(axis, str) else ""
    if letter not in ("X", "Y", "Z"):
        raise ValueError(f"axis is {axis!r}, it must be X, Y, Z, -X, -Y or -Z")
    return "XYZ".index(letter), -1.0 if axis.startswith("-") else 1.0


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


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{where} must be a number")
    return float(value)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{where} must be a list of names")
    return tuple(_text(name, where) for name in value)


def _weights(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, dict) or not value:
        raise TypeError(f"{where} must name at least one channel")
    return {name: _number(weight, f"{where}.{name}") for name, weight in value.items()}
