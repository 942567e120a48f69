"""Sets: the channels under the names of another program. One file of data/sets each, with the weights of a rig profile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack

FOLDER = Path(__file__).parents[1] / "data" / "sets"
ALL = "all"
"""Not a file: every channel of the track as it is."""


def set_ids() -> tuple[str, ...]:
    """What with_set() knows."""
    return (ALL, *sorted(path.stem for path in FOLDER.glob("*.json")))


def with_set(track: AnimationTrack, set_id: str) -> AnimationTrack:
    """The names of a set that this track can fill, in the profile's order, with the weights that a rig would get.

    A name whose channels the track lacks is left out, so that a mouth track does not overwrite the eyes. Raises
    LipsyncError for an unknown set, or if nothing is left.
    """
    from ..core.rig_profile import PROFILES, load_profile  # the command lists the sets whenever it starts
    from ..core.visemes import blended

    if set_id == ALL:
        return track
    if set_id not in set_ids():
        raise LipsyncError(f"There is no set of names {set_id!r}.", f"Use one of {', '.join(set_ids())}.")
    data = json.loads((FOLDER / f"{set_id}.json").read_text(encoding="utf-8"))
    profile = load_profile(PROFILES / f"{data['profile']}.json")
    rules = [rule for rule in profile.shape_keys if any(name in track.names for name in rule.channels)]
    if not rules:
        raise LipsyncError(
            f"None of the curves goes into the set {data['label']}.",
            "Sets of visemes need visemes: bake from sound, or choose another set of names.",
        )
    weights = np.array([[rule.channels.get(name, 0.0) for rule in rules] for name in track.names], np.float32)
    bias, low, high = np.array([(rule.bias, rule.low, rule.high) for rule in rules], np.float32).T
    values = np.clip(blended(track).values @ weights + bias, low, high)
    prefix, spelling = data.get("prefix", ""), data.get("names", {})
    names = tuple(prefix + spelling.get(rule.keys[0], rule.keys[0]) for rule in rules)
    return AnimationTrack(names, values, track.fps, track.start)
