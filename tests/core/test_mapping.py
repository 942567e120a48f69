"""Profiles are refused by the name of what is wrong in them; a mapping is a matrix whose limits hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.diagnosis import limits_told, obstacles
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.face_bones import BonePlace
from lipsync_addon.core.mapping import JawSettings, cut_off, map_track, resolve
from lipsync_addon.core.profile_match import JawHint, Obstacle, RigInventory
from lipsync_addon.core.rig_profile import gather_profiles, load_profile, load_profiles
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


LIP = {"bones": ["lip"], "motion": "location", "axis": "Y", "amount": 2, "channels": {"mouthClose": 1}}


def small(tmp_path: Path, **changes):
    path = tmp_path / "small.json"
    data = {**SMALL, **changes}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not ...}), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RIGS.glob("*.json")), ids=lambda path: path.stem)
def test_every_profile_that_comes_along_loads_and_says_what_it_needs_and_whence_it_is(path):
    profile = load_profile(path)
    assert profile.id == path.stem
    assert len(profile.source) > 20, "a profile says where its names are from"
    assert any(rule.required for rule in (*profile.shape_keys, *profile.bones)), "else anything would be complete"
    purposes = " ".join(rule.purpose for rule in (*profile.shape_keys, *profile.bones))
    assert "open mouth" in purposes or profile.jaws, "what opens the mouth is named, should it be missing"


def test_the_example_in_the_documentation_is_a_profile(tmp_path):
    example = re.search(r"```json\n(.*?)```", (RIGS / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "house.json").write_text(example, encoding="utf-8")
    assert load_profile(tmp_path / "house.json").id == "house"


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
        ({"shape_keys": [{"keys": ["a"], "channels": {"jawOpn": 1}}]}, "unknown channel jawOpn"),
        (
            {"shape_keys": [{"keys": ["a"], "channels": {"jawOpen": 1}, "required": 1}]},
            "required must be true or false",
        ),
        ({"shape_keys": ...}, "neither shape_keys nor bones"),
        ({"bones": [{**LIP, "motion": "scale"}]}, "'scale'"),
        ({"bones": [{**LIP, "axis": "up"}]}, "'up'"),
        ({"unit": ["lips.L"]}, "unit must name two bones"),
        ({"source": 5}, "source must be text"),
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


def test_keys_go_beyond_0_and_1_as_far_as_their_ranges_and_what_is_cut_off_is_told():
    names = ("jawOpen", "mouthClose", "mouthFunnel")
    ranges = {("Face", "jawOpen"): (-0.5, 1.25), ("Face", "mouthFunnel"): (0.2, 0.7)}
    mapping = resolve(ARKIT, RigInventory({"Face": names}, ranges=ranges), names)
    track = AnimationTrack(names, [[1.2, 1.2, 1.0], [-0.1, -0.1, 0.0], [1.5, 1.0, 0.5]], 50.0)
    np.testing.assert_allclose(map_track(track, mapping).values, [[1.2, 1, 1], [-0.1, 0, 0], [1.25, 1, 0.5]], atol=1e-6)
    assert (mapping.low == 0).all() and (mapping.high == 1).all()
    assert {target.name: ends for target, ends in cut_off(track, mapping).items()} == {
        "jawOpen": pytest.approx((-0.1, 1.5)), "mouthClose": pytest.approx((-0.1, 1.2))
    }  # fmt: skip
    assert cut_off(track.clamped, mapping) == {}
    (told,) = limits_told(cut_off(track, mapping))
    assert "'jawOpen' and 'mouthClose' would go to 1.50" in told and "widen it" in told


def test_a_mixture_ends_at_1_whatever_its_range(tmp_path):
    names = ("jawOpen", "mouthFunnel")
    rules = [{"keys": ["both"], "channels": {"jawOpen": 1, "mouthFunnel": 1}}]
    profile = load_profile(small(tmp_path, shape_keys=rules, jaw=...))
    mapping = resolve(profile, RigInventory({"Face": ("both",)}, ranges={("Face", "both"): (-1.0, 2.0)}), names)
    track = AnimationTrack(names, [[1.2, 0.9]], 50.0)
    assert map_track(track, mapping).values.tolist() == [[1.0]] and cut_off(track, mapping) == {}


def test_a_profile_of_the_user_joins_those_that_come_along_and_replaces_one_of_the_same_id(tmp_path):
    small(tmp_path)
    (tmp_path / "arkit.json").write_text(json.dumps({**SMALL, "id": "arkit", "label": "Mine"}))
    (tmp_path / "broken.json").write_text(json.dumps({**SMALL, "wings": 2}))
    profiles, problems = gather_profiles([tmp_path, tmp_path / "absent"])
    labels = {profile.id: profile.label for profile in profiles}
    assert labels["small"] == "Small" and labels["arkit"] == "Mine" and "oculus" in labels
    (problem,) = problems
    assert "broken.json" in problem and "wings" in problem


def test_what_is_missing_is_told_by_what_it_is_for():
    names = tuple(name for name in ARKIT_52 if name not in ("mouthClose", "mouthPucker", "cheekPuff"))
    mapping = resolve(ARKIT, RigInventory({"Face": names}), ARKIT_52)
    assert mapping.missing == ("mouthClose", "mouthPucker", "cheekPuff")
    assert mapping.lacks == ("No shape for closed lips (p, b, m): 'mouthClose' is missing.",)  # mouthFunnel rounds them


def test_bones_move_in_the_profiles_unit_along_their_axis_and_no_further_than_full(tmp_path):
    rules = [LIP, {**LIP, "bones": ["corner"], "axis": "-X", "channels": {"mouthClose": -1}}]
    profile = load_profile(small(tmp_path, bones=rules, unit=["left", "right"]))
    places = {"left": BonePlace((0.3, 0, 1), (0, 0, 1)), "right": BonePlace((-0.1, 0, 1), (0, 0, 1))}
    inventory = RigInventory(bones={"Rig": ("lip", "corner", "left", "right")}, places={"Rig": places})
    mapping = resolve(profile, inventory, ("mouthClose",))
    assert [(t.kind, t.name, t.axis) for t in mapping.targets] == [
        ("bone_location", "lip", 1), ("bone_location", "corner", 0)
    ]  # fmt: skip
    values = map_track(AnimationTrack(("mouthClose",), [[0.0], [0.5], [3.0]], 50.0), mapping).values
    np.testing.assert_allclose(values, [[0, 0], [0.4, 0.4], [0.8, 0.8]], atol=1e-6)


def test_a_property_of_the_armature_is_moved_instead_of_the_key_that_it_drives():
    daz = load_profile(RIGS / "daz.json")
    name = "facs_ctrl_vAA"
    both = {"shape_keys": {"Face": (name,)}, "properties": {"Rig": (name,)}}
    driven = RigInventory(**both, obstacles={("Face", name): Obstacle.DRIVEN})
    assert [t.id for t in resolve(daz, driven, VISEMES_15).targets] == [f"property:Rig:{name}"]
    assert len(resolve(daz, RigInventory(**both), VISEMES_15).targets) == 2


@pytest.mark.parametrize(("says", "turns"), [("-Z", (2, -1)), (None, (0, 1))])
def test_the_jaw_turns_about_the_axis_that_its_geometry_tells(says, turns):
    places = {"jaw": BonePlace((0, 0, 1), (0, -1, 0.5), hinge=says)}
    inventory = RigInventory({"Face": ("mouthClose",)}, {"Rig": ("jaw",)}, places={"Rig": places})
    (jaw,) = [t for t in resolve(ARKIT, inventory, ARKIT_52).targets if t.kind == "bone_rotation"]
    opened = map_track(AnimationTrack(("jawOpen",), [[1.0]], 50.0), resolve(ARKIT, inventory, ARKIT_52))
    assert (jaw.axis, np.sign(opened.channel(jaw.id)[0])) == turns


@pytest.mark.parametrize(
    ("blocked", "said"),
    [
        ({("Face", "jawOpen"): Obstacle.MUTED}, "'jawOpen' of 'Face' is muted."),
        ({("Face", ""): Obstacle.PINNED}, "The mouth will not move: 'Face' shows its active shape key only"),
        ({("Face", ""): Obstacle.ABSOLUTE}, "absolute"),
        ({("Face", name): Obstacle.DRIVEN for name in ARKIT_52}, "The mouth will not move: 'eyeBlinkLeft', "),
        ({("Face", name): Obstacle.DRIVEN for name in ARKIT_52}, "and 48 more of 'Face' are driven"),
        ({("Face", "jawOpen"): Obstacle.RANGE}, "slider"),
        ({("Rig", ""): Obstacle.REST}, "rest position"),
        ({("Rig", ""): Obstacle.SOLO}, "star"),
    ],
)
def test_what_is_in_the_way_is_told(blocked, said):
    jaw = {"bones": {"Rig": ("jaw",)}, "jaws": {"Rig": JawHint(0.3)}} if ("Rig", "") in blocked else {}
    inventory = RigInventory({"Face": ARKIT_52}, obstacles=blocked, **jaw)
    assert said in " ".join(obstacles(resolve(ARKIT, inventory, ARKIT_52).targets, inventory))


def test_where_nothing_is_in_the_way_nothing_is_told():
    inventory = RigInventory({"Face": ARKIT_52}, obstacles={("Face", "wings"): Obstacle.MUTED})
    assert obstacles(resolve(ARKIT, inventory, ARKIT_52).targets, inventory) == ()


@pytest.mark.parametrize("hinge", ["X", "-Z", None])
def test_a_tongue_bone_lifts_its_tip_at_n_where_its_axis_can_be_told(hinge):
    places = {"tongue01": BonePlace((0, 0, 1), (0, -0.1, 1), hinge=hinge)}
    inventory = RigInventory({"Face": ARKIT_52}, {"Rig": ("tongue01",)}, places={"Rig": places})
    mapping = resolve(ARKIT, inventory, (*ARKIT_52, *VISEMES_15))
    bones = [target for target in mapping.targets if target.kind == "bone_rotation"]
    off = resolve(ARKIT, inventory, (*ARKIT_52, *VISEMES_15), JawSettings(tongue=False))
    assert len(off.targets) == 52
    if hinge is None:
        assert bones == [] and mapping.tongue_bone is None
        return
    track = AnimationTrack(("viseme_nn",), np.ones((9, 1)), 50.0)
    lifted = map_track(track, mapping).channel(bones[0].id)[4]
    assert lifted == pytest.approx(-0.3 if hinge == "X" else 0.3)  # against the hinge, which brings the front down
    assert mapping.tongue_bone.name == "tongue01"
