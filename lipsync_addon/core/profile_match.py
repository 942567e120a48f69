"""Which profile fits a character, and which of its keys and bones the profile means, however they are spelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .face_bones import BonePlace, find_named
from .rig_profile import BoneRule, KeyRule, RigProfile
from .spelling import affix, readings, spelling

COMMON_AFFIX = 3
"""A prefix or suffix that the profile does not list is believed when it stands at so many keys of one object."""


@dataclass(frozen=True, slots=True)
class JawHint:
    """What an armature says about its jaw bone, by custom properties that its maker set."""

    angle: float
    """Radians at jawOpen 1."""
    axis: str | None = None
    """X, Y, Z, -X, -Y or -Z of the bone."""


class Obstacle(Enum):
    """Why a curve would not move the mouth."""

    MUTED = "muted"
    DRIVEN = "driven"
    RANGE = "range"
    """The slider ends below 1, or begins above 0."""
    PINNED = "pinned"
    """The object shows its active shape key only."""
    ABSOLUTE = "absolute"
    """Values of absolute shape keys do nothing."""
    REST = "rest"
    """The armature is shown in its rest position."""
    EMPTY = "empty"
    """A shape key that is shaped like the one that it is relative to."""
    MASKED = "masked"
    """A shape key whose vertex group has no weight where the key moves anything."""
    SOLO = "solo"
    """An NLA track plays alone."""


@dataclass(frozen=True, slots=True)
class RigInventory:
    """What was found on a character, as plain data."""

    shape_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mesh object -> names of its shape keys, without the basis."""
    bones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Armature object -> names of its bones."""
    jaws: Mapping[str, JawHint] = field(default_factory=dict)
    """Armature object -> what it says about its jaw."""
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Armature object -> its custom properties that are decimal numbers: sliders of a face rig."""
    places: Mapping[str, Mapping[str, BonePlace]] = field(default_factory=dict)
    """Armature object -> bone -> where it lies."""
    tops: Mapping[str, float] = field(default_factory=dict)
    """Armature object -> height of its highest mesh, measured as the places are."""
    obstacles: Mapping[tuple[str, str], Obstacle] = field(default_factory=dict)
    """(object, shape key or bone; "" for all of the object) -> what is in the way."""
    taken: frozenset[tuple[str, str]] = frozenset()
    """(armature, bone) whose turn is somebody else's: animated, or by angle about an axis, which has no parts."""
    ranges: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    """(mesh object, shape key) -> ends of its slider, where they are not 0 and 1."""


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """How well a profile fits an inventory."""

    profile: RigProfile
    found: int
    """Rules of the profile with at least one shape key, property or bone."""
    objects: tuple[str, ...]
    """Objects with at least one of them, the fullest first."""
    lacking: tuple[str, ...] = ()
    """First names of required rules that found nothing."""

    @property
    def total(self) -> int:
        """Rules of the profile."""
        return len(self.profile.shape_keys) + len(self.profile.bones)

    @property
    def complete(self) -> bool:
        """Whether all that the profile requires is there."""
        return self.found > 0 and not self.lacking

    def __str__(self) -> str:
        return f"{self.profile.label}: {self.found} of {self.total}"


def match_keys(profile: RigProfile, names: Sequence[str]) -> dict[str, KeyRule]:
    """The rule for each of one object's shape keys that the profile knows.

    A name may have something before or after it, such as "blendShape1.", "A25_" or "_div2": the profile must list
    it, or it must stand at COMMON_AFFIX keys; numbers in it do not count. If two names lead to the same spelling,
    the one with the commoner decoration is taken.
    """
    if profile.exact:
        meant = {key: rule for rule in profile.shape_keys for key in rule.keys}
        return {name: meant[name] for name in names if name in meant}
    rules = {spelling(key): rule for rule in profile.shape_keys for key in rule.keys}
    known = {name: ways for name in names if (ways := [way for way in readings(name) if way.spelling in rules])}
    before = _common((way.affixes[0] for way in ways) for ways in known.values())
    after = _common((way.affixes[1] for way in ways) for ways in known.values())
    before.update({"", *map(affix, profile.prefixes)})
    after.update({"", *map(affix, profile.suffixes)})
    believed = {
        name: way
        for name, ways in known.items()
        if (way := next((w for w in ways if w.affixes[0] in before and w.affixes[1] in after), None))
    }
    counts = Counter(way.affixes for way in believed.values())
    best: dict[str, str] = {}
    for name, way in believed.items():
        rival = best.get(way.spelling)
        if rival is None or counts[way.affixes] > counts[believed[rival].affixes]:
            best[way.spelling] = name
    return {name: rules[way.spelling] for name, way in believed.items() if best[way.spelling] == name}


def _common(of_names: Iterable[Iterable[str]]) -> set[str]:
    """Affixes that stand at COMMON_AFFIX names or more."""
    counts = Counter(text for texts in of_names for text in set(texts))
    return {text for text, count in counts.items() if count >= COMMON_AFFIX}


def find_bone(rule: BoneRule, names: Sequence[str]) -> str | None:
    """The bone of a rule among an armature's bones."""
    return find_named(rule.bones, names)


def match_profile(profile: RigProfile, inventory: RigInventory) -> ProfileMatch:
    """Counts what one profile finds."""
    found: dict[str, set[int]] = {}
    for owner, names in (*inventory.shape_keys.items(), *inventory.properties.items()):
        found.setdefault(owner, set()).update(id(rule) for rule in match_keys(profile, names).values())
    for owner, names in inventory.bones.items():
        found.setdefault(owner, set()).update(id(rule) for rule in profile.bones if find_bone(rule, names))
    everything = set().union(*found.values())
    objects = sorted((owner for owner, rules in found.items() if rules), key=lambda owner: -len(found[owner]))
    required = [(rule.keys[0], rule) for rule in profile.shape_keys if rule.required]
    required += [(rule.bones[0], rule) for rule in profile.bones if rule.required]
    lacking = tuple(name for name, rule in required if id(rule) not in everything)
    return ProfileMatch(profile, len(everything), tuple(objects), lacking)


def rank_profiles(inventory: RigInventory, profiles: Iterable[RigProfile]) -> list[ProfileMatch]:
    """Every profile with what it finds, the best first: complete ones, of these the finest; then the one that
    finds most, that lacks least, of which the larger share is found."""
    return sorted((match_profile(profile, inventory) for profile in profiles), key=_rank)


def explain(ranked: Sequence[ProfileMatch]) -> str:
    """Why the first of rank_profiles() is the first, in one or two sentences."""
    best = ranked[0]
    if not best.complete:
        return f"{best}, the closest. It lacks {_quoted(best.lacking)}."
    rival = next((match for match in ranked[1:] if match.complete), None)
    if rival is None:
        return f"{best}. No other profile is complete here."
    if best.profile.detail > rival.profile.detail:
        why = "the first moves the mouth more finely"
    elif best.found > rival.found:
        why = "the first knows more of the character"
    elif best.found / best.total > rival.found / rival.total:
        why = "more of what the first can have is there"
    else:
        why = "both fit equally well, choose as you like"
    return f"{best}. Also complete: {rival}; {why}."


def _rank(match: ProfileMatch) -> tuple[float, ...]:
    detail = match.profile.detail if match.complete else 0
    return not match.complete, -detail, -match.found, len(match.lacking), -match.found / max(match.total, 1)


def _quoted(names: Sequence[str], count: int = 5) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:count])
    return f"{shown} and {len(names) - count} more" if len(names) > count else shown
