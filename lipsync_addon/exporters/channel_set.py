"""Sets: the channels under the names of another program or character, with the weights of a rig profile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack

if TYPE_CHECKING:
    from ..core.rig_profile import RigProfile

FOLDER = Path(__file__).parents[1] / "data" / "sets"
ALL = "all"
"""Not a file: every channel of the track as it is."""


@dataclass(frozen=True, slots=True)
class NameSet:
    """One file of data/sets, or one of the user's."""

    label: str
    """Shown to the user."""
    profile: RigProfile
    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """First key of a rule -> its name here, where that differs."""


def set_ids() -> tuple[str, ...]:
    """The sets that come along."""
    return (ALL, *sorted(path.stem for path in FOLDER.glob("*.json")))


def load_set(names: str) -> NameSet:
    """A set that comes along, by its id, or by its path a file of the user's: one like those of data/sets, or a rig
    profile, whose first names are taken. Raises LipsyncError that names the file and what is wrong with it."""
    from ..core.rig_profile import PROFILES, load_profile  # the command lists the sets whenever it starts

    ours = names in set_ids()
    if not ours and not names.lower().endswith(".json"):
        raise LipsyncError(
            f"There is no set of names {names!r}.",
            f"Use one of {', '.join(set_ids())}, or the path of a rig profile or of a set (.json).",
        )
    path = FOLDER / f"{names}.json" if ours else Path(names)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = None  # load_profile() says what is wrong
    if not isinstance(data, dict) or "profile" not in data:
        profile = load_profile(path)
        return NameSet(profile.label, profile)
    profiles = {each.stem: each for each in PROFILES.glob("*.json")}
    prefix, spelling = data.get("prefix", ""), data.get("names", {})
    if data["profile"] not in list(profiles):
        raise LipsyncError(f"{path}: there is no profile {data['profile']!r}.", f"Use one of {', '.join(profiles)}.")
    profile = load_profile(profiles[data["profile"]])
    known = {rule.keys[0] for rule in profile.shape_keys}
    if not isinstance(prefix, str) or not _is_table(spelling):
        raise LipsyncError(f"{path}: prefix must be text, and names a table of texts.", 'Such as {"jawOpen": "Open"}.')
    if unknown := sorted(set(spelling) - known):
        raise LipsyncError(
            f"{path}: the profile {profile.label} has no {', '.join(unknown)}.", "Left of each colon goes a name of it."
        )
    return NameSet(data.get("label") or path.name, profile, prefix, spelling)


def with_set(track: AnimationTrack, set_id: str) -> AnimationTrack:
    """The names of a set that this track can fill, in the profile's order, with the weights that a rig would get.

    A name whose channels the track lacks is left out, so that a mouth track does not overwrite the eyes. Raises
    LipsyncError for an unknown or wrong set, or if nothing is left.
    """
    from ..core.visemes import blended

    if set_id == ALL:
        return track
    chosen = load_set(set_id)
    if not chosen.profile.shape_keys:
        raise LipsyncError(
            f"The set {chosen.label} names bones only, and curves are written for shape keys.",
            "Bake onto the character itself, or give a profile with shape_keys.",
        )
    rules = [rule for rule in chosen.profile.shape_keys if any(name in track.names for name in rule.channels)]
    if not rules:
        raise LipsyncError(
            f"None of the curves goes into the set {chosen.label}.",
            "Sets of visemes need visemes: bake from sound, or choose another set of names.",
        )
    weights = np.array([[rule.channels.get(name, 0.0) for rule in rules] for name in track.names], np.float32)
    beyond = (float(track.values.min(initial=0.0)), float(track.values.max(initial=1.0)))
    limits = [beyond if rule.plain else (rule.low, rule.high) for rule in rules]
    bias, (low, high) = np.array([rule.bias for rule in rules], np.float32), np.array(limits, np.float32).T
    values = np.clip(blended(track).values @ weights + bias, low, high)
    names = tuple(chosen.prefix + chosen.names.get(rule.keys[0], rule.keys[0]) for rule in rules)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LipsyncError(f"The set {chosen.label} has {twice[0]!r} for two curves.", "Give each a name of its own.")
    return AnimationTrack(names, values, track.fps, track.start)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) and each for each in value.values())
