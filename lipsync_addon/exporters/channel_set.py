"""Sets: the channels under the names, and in the combinations, of another program. One file of data/sets each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import LipsyncError
from ..core.rig_profile import load_profile
from ..core.track import AnimationTrack

FOLDER = Path(__file__).parents[1] / "data" / "sets"
ALL = "all"
"""Not a file: every channel of the track as it is."""


def set_ids() -> tuple[str, ...]:
    """What with_set() knows."""
    return (ALL, *sorted(path.stem for path in FOLDER.glob("*.json")))


def with_set(track: AnimationTrack, set_id: str) -> AnimationTrack:
    """The names of a set that this track can fill, in the set's order.

    A name whose channels the track lacks is left out, so that a mouth track does not overwrite the eyes. Raises
    LipsyncError for an unknown set, or if nothing is left.
    """
    if set_id == ALL:
        return track
    if set_id not in set_ids():
        raise LipsyncError(f"There is no set of names {set_id!r}.", f"Use one of {', '.join(set_ids())}.")
    profile = load_profile(FOLDER / f"{set_id}.json")
    rules = [rule for rule in profile.shape_keys if any(name in track.names for name in rule.channels)]
    if not rules:
        raise LipsyncError(
            f"None of the curves goes into the set {profile.label}.",
            "Sets of visemes need visemes: bake from sound, or choose another set of names.",
        )
    weights = np.array([[rule.channels.get(name, 0.0) for rule in rules] for name in track.names], np.float32)
    low, high = (np.array([getattr(rule, side) for rule in rules], np.float32) for side in ("low", "high"))
    bias = np.array([rule.bias for rule in rules], np.float32)
    values = np.clip(track.values @ weights + bias, low, high)
    return AnimationTrack(tuple(rule.keys[0] for rule in rules), values, track.fps, track.start)
