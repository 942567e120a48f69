"""Which profile fits a character, and which of its keys and bones the profile means, however they are spelled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .rig_profile import KeyRule, RigProfile

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
COMMON_PREFIX = 3
"""A prefix that the profile does not list is believed when it stands before so many keys of one object."""


@dataclass(frozen=True, slots=True)
class JawHint:
    """What an armature says about its jaw bone, by custom properties that its maker set."""

    angle: float
    """Radians at jawOpen 1."""
    axis: str | None = None
    """X, Y, Z, -X, -Y or -Z of the bone."""


@dataclass(frozen=True, slots=True)
class RigInventory:
    """What was found on a character, as plain data."""

    shape_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mesh object -> names of its shape keys, without the basis."""
    bones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Armature object -> names of its bones."""
    jaws: Mapping[str, JawHint] = field(default_factory=dict)
    """Armature object -> what it says about its jaw."""


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """How well a profile fits an inventory."""

    profile: RigProfile
    found: int
    """Rules of the profile with at least one shape key."""
    objects: tuple[str, ...]
    """Mesh objects with at least one of the profile's shape keys, the fullest first."""

    @property
    def total(self) -> int:
        """Rules of the profile."""
        return len(self.profile.shape_keys)


def words(name: str) -> list[str]:
    """Lower-case words of a name: "CC_JawOpen_L", "ccJawOpenL" and "cc.jaw open.l" give cc jaw open l."""
    return [word.lower() for word in _WORD.findall(name)]


def canonical(name_words: Sequence[str]) -> str:
    """One spelling for all: words joined, sides spelled out and last. mouth_L_smile -> mouthsmileleft."""
    sides = [_SIDES[word] for word in name_words if word in _SIDES]
    return "".join([word for word in name_words if word not in _SIDES] + sides)


def match_keys(profile: RigProfile, names: Sequence[str]) -> dict[str, KeyRule]:
    """The rule for each of one object's shape keys that the profile knows.

    A name may have something before it, such as "blendShape1." or "A25_": the prefix must be listed in the
    profile or stand before COMMON_PREFIX keys; numbers in it do not count. If two prefixes lead to the same
    name, the commoner one is taken.
    """
    spellings = {canonical(words(key)): (key, rule) for rule in profile.shape_keys for key in rule.keys}
    readings = [(name, *reading) for name in names if (reading := _read(name, spellings))]
    counts = Counter(prefix for _, prefix, _ in readings)
    known = {"", *(_prefix(words(prefix)) for prefix in profile.prefixes)}
    believed = [r for r in readings if r[1] in known or counts[r[1]] >= COMMON_PREFIX]
    best: dict[str, tuple[str, str]] = {}
    for name, prefix, spelling in believed:
        if spelling not in best or counts[prefix] > counts[best[spelling][1]]:
            best[spelling] = (name, prefix)
    chosen = {name: spellings[spelling][1] for spelling, (name, _) in best.items()}
    return {name: chosen[name] for name in names if name in chosen}


def find_bone(profile: RigProfile, names: Sequence[str]) -> str | None:
    """The jaw bone among an armature's bones; None if there is none of the profile's names.

    A namespace such as "mixamorig:" does not count.
    """
    by_spelling = {canonical(words(name.rpartition(":")[2])): name for name in reversed(names)}
    wanted = profile.jaw.bones if profile.jaw else ()
    return next((by_spelling[s] for bone in wanted if (s := canonical(words(bone))) in by_spelling), None)


def match_profile(profile: RigProfile, inventory: RigInventory) -> ProfileMatch:
    """Counts what one profile finds."""
    matches = {owner: match_keys(profile, names) for owner, names in inventory.shape_keys.items()}
    found = {id(rule) for match in matches.values() for rule in match.values()}
    objects = sorted((owner for owner, match in matches.items() if match), key=lambda owner: -len(matches[owner]))
    return ProfileMatch(profile, len(found), tuple(objects))


def rank_profiles(inventory: RigInventory, profiles: Sequence[RigProfile]) -> list[ProfileMatch]:
    """Every profile with what it finds; most rules first, then the larger share of its rules."""
    matches = [match_profile(profile, inventory) for profile in profiles]
    return sorted(matches, key=lambda match: (-match.found, -match.found / max(match.total, 1)))


def _read(name: str, spellings: Mapping[str, object]) -> tuple[str, str] | None:
    """(prefix, spelling) of the longest ending of `name` that is a known spelling."""
    parts = words(name)
    for start in range(len(parts)):
        if (spelling := canonical(parts[start:])) in spellings:
            return _prefix(parts[:start]), spelling
    return None


def _prefix(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if not part.isdigit())
