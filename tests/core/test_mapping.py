"""Profiles are refused by the name of what is wrong in them; a mapping is a matrix whose limits hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.mapping import JawSettings, map_track, resolve
from lipsync_addon.core.profile_match import JawHint, RigInventory
from lipsync_addon.core.rig_profile import load_profile, load_profiles
from lipsync_addon.core.track import AnimationTrack

RIGS = Path(__file__).parents[2] / "lipsync_addon" / "data" / "rigs"
ARKIT = load_profile(RIGS / "arkit.json")
SMALL = {
    "format_version": 1,
    "id": "small",
    "label": "Small",
    "shape_keys": [
        {"keys": ["aa"], "channels": {"jawOpen": 0.5, "mouthFunnel": 0.25}},
        {"keys": ["closed"], "channels": {"jawOpen": -2}, "bias": 1, "low": 0.1, "high": 0.9},
    ],
    "jaw": {"bones": ["jaw"], "channels": {"jawOpen": 1}, "angle": 0.5, "axis": "-Z"},
}


def small(tmp_path: Path, **changes):
    path = tmp_path / "small.json"
    data = {**SMALL, **changes}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not ...}), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RIGS.glob("*.json")), ids=lambda path: path.stem)
def test_every_profile_that_comes_along_loads_and_names_known_channels(path):
    profile = load_profile(path)
    assert profile.id == path.stem
    assert {channel for rule in profile.shape_keys for channel in rule.channels} <= set(ARKIT_52)


def test_arkit_moves_each_key_by_its_own_channel():
    mapping = resolve(ARKIT, RigInventory({"Face": ARKIT_52}), ARKIT_52)
    assert [target.name for target in mapping.targets] == list(ARKIT_52)
    np.testing.assert_array_equal(mapping.weights, np.eye(52))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format_version": 2}, "format_version"),
        ({"label": ...}, "label"),
        ({"colour": "red"}, "colour"),
        ({"shape_keys": [{"keys": ["a"], "channels": {"jawOpen": 1}, "wieght": 2}]}, "wieght"),
        ({"shape_keys": [{"keys": [], "channels": {"jawOpen": 1}}]}, r"shape_keys\[0\].keys"),
        ({"shape_keys": [{"keys": ["a"], "channels": {"jawOpen": "1"}}]}, "jawOpen must be a number"),
        ({"jaw": {**SMALL["jaw"], "axis": "W"}}, "'W'"),
        ({"jaw": {**SMALL["jaw"], "angel": 1}}, "angel"),
    ],
)
def test_a_wrong_profile_is_refused_by_what_is_wrong(tmp_path, changes, named):
    with pytest.raises(LipsyncError, match=named) as caught:
        load_profile(small(tmp_path, **changes))
    assert "small.json" in caught.value.message


def test_a_profile_that_is_no_json_or_is_missing_is_refused(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    for name in ("broken.json", "absent.json"):
        with pytest.raises(LipsyncError, match=name):
            load_profile(tmp_path / name)


def test_weights_bias_limits_and_the_direction_of_the_jaw(tmp_path):
    (profile,) = load_profiles(small(tmp_path).parent)
    inventory = RigInventory({"Face": ("aa", "closed")}, {"Rig": ("jaw",)}, {"Rig": JawHint(0.3)})
    mapping = resolve(profile, inventory, ("mouthFunnel", "jawOpen"), JawSettings("beside"))
    track = AnimationTrack(("jawOpen", "mouthFunnel"), [[0.0, 0.0], [0.5, 1.0], [1.0, 1.0]], 50.0, start=0.25)
    mapped = map_track(track, mapping)
    assert mapped.names == ("shape_key:Face:aa", "shape_key:Face:closed", "bone_rotation:Rig:jaw")
    np.testing.assert_allclose(mapped.values, [[0.0, 0.9, 0.0], [0.5, 0.1, -0.15], [0.75, 0.1, -0.3]], atol=1e-6)
    assert (mapped.fps, mapped.start, mapping.targets[2].axis) == (50.0, 0.25, 2)


def test_only_keys_of_the_tracks_channels_are_missing_or_animated():
    inventory = RigInventory({"Face": ("jawOpen", "eyeBlinkLeft")})
    mapping = resolve(ARKIT, inventory, ("jawOpen", "mouthClose"))
    assert [target.name for target in mapping.targets] == ["jawOpen"]
    assert mapping.missing == ("mouthClose",)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2), st.sampled_from(["auto", "beside", "instead"]))
def test_targets_never_leave_their_limits(values, mode):
    inventory = RigInventory({"Face": ("jawOpen", "mouthClose")}, {"Rig": ("Jaw",)}, {"Rig": JawHint(-0.4, "Y")})
    mapping = resolve(ARKIT, inventory, ("jawOpen", "mouthClose"), JawSettings(mode))
    mapped = map_track(AnimationTrack(("jawOpen", "mouthClose"), [values], 50.0), mapping)
    assert (mapped.values >= mapping.low).all() and (mapped.values <= mapping.high).all()
    assert mapped.values.min() >= np.float32(-0.4) and mapped.values.max() <= 1
