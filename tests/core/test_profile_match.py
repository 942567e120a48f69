"""Shape keys are found however they are spelled, and nothing else is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.face_bones import BonePlace, find_jaw, find_tongue
from lipsync_addon.core.mapping import map_track, resolve
from lipsync_addon.core.profile_match import RigInventory, explain, match_keys, rank_profiles
from lipsync_addon.core.rig_profile import KeyRule, RigProfile, load_profile, load_profiles
from lipsync_addon.core.spelling import canonical, words
from lipsync_addon.core.track import AnimationTrack

ARKIT = load_profile(Path(__file__).parents[2] / "lipsync_addon" / "data" / "rigs" / "arkit.json")


PROFILES = load_profiles()
RIGS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[1] / "data" / "rigs").glob("*.json"))
}
"""Real names of each family of rigs, with their sources."""


def inventory(rig: str, rename=str) -> RigInventory:
    """What a scan of such a rig gives; `rename` is applied to its shape keys."""
    data = {
        kind: {o: tuple(names) for o, names in RIGS[rig].get(kind, {}).items()}
        for kind in ("shape_keys", "bones", "properties")
    }
    data["shape_keys"] = {owner: tuple(map(rename, names)) for owner, names in data["shape_keys"].items()}
    return RigInventory(**data)


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()


def side(mark: str, name: str) -> str:
    return re.sub("Right$", f"{mark}R", re.sub("Left$", f"{mark}L", name))


def infix(name: str) -> str:
    """mouthSmileLeft -> mouthLeftSmile."""
    return re.sub("^([a-z]+)([A-Z].*)(Left|Right)$", r"\1\3\2", name)


SPELLINGS = {
    "as Apple writes it": str,
    "PascalCase": pascal,
    "snake_case": snake,
    "lower case": str.lower,
    "UPPER CASE": str.upper,
    "words with spaces": lambda name: snake(name).replace("_", " "),
    "_L and _R": lambda name: side("_", name),
    ".L and .R": lambda name: side(".", name),
    "L and R": lambda name: side("", name),
    "_l and _r": lambda name: snake(side("_", name)).replace("__", "_"),
    "side in the middle": infix,
    "blendShape1.": lambda name: f"blendShape1.{name}",
    "Head_": lambda name: f"Head_{name}",
    "ARKit_ and _L": lambda name: f"ARKit_{side('_', name)}",
    "CC_ and PascalCase": lambda name: f"CC_{pascal(name)}",
    "CC4, A25_Jaw_Open": lambda name: f"A{ARKIT_52.index(name):02}_{snake(name).title()}",
    "Rocketbox, AK_25_JawOpen": lambda name: f"AK_{ARKIT_52.index(name):02}_{pascal(name)}",
    "a prefix nobody has heard of": lambda name: f"Zorg:{name}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_all_52_are_found_in_every_spelling(spelling):
    names = {SPELLINGS[spelling](name): name for name in ARKIT_52}
    matched = match_keys(ARKIT, ["Basis", *names, "smirk"])
    assert {key: rule.keys[0] for key, rule in matched.items()} == names


@pytest.mark.parametrize(
    "name", ["mouthCloseFixJawOpen", "corrective_jawOpen", "jawOpenWide", "open", "jaw", "viseme_aa"]
)
def test_names_that_only_end_or_begin_alike_are_left_alone(name):
    assert match_keys(ARKIT, [*ARKIT_52, name]).get(name) is None


def test_of_two_keys_for_one_channel_the_one_of_the_common_prefix_is_taken():
    names = ["jawOpen", *(f"Head_{name}" for name in ARKIT_52)]
    assert "Head_jawOpen" in match_keys(ARKIT, names)
    assert "jawOpen" not in match_keys(ARKIT, names)


def test_both_halves_of_a_split_key_are_found():
    matched = match_keys(ARKIT, ["browInnerUp_L", "browInnerUp_R", "cheekPuff_L", "cheekPuff_R"])
    assert [rule.keys[0] for rule in matched.values()] == ["browInnerUp"] * 2 + ["cheekPuff"] * 2


@pytest.mark.parametrize(
    "bone", ["jaw", "Jaw", "JAW", "jaw.x", "c_jawbone.x", "CC_Base_JawRoot", "mixamorig:Jaw", "DEF-jaw", "jaw_master"]
)
def test_the_jaw_bone_is_found_by_name(bone):
    found = find_jaw(["hips", "head", "jawline.L", bone, "tongue"])
    assert (found.name, found.confidence, found.by) == (bone, 1.0, "name")


def test_a_bone_that_merely_sounds_like_a_jaw_is_not_taken():
    assert find_jaw(["hips", "jawline", "jaw_twist_helper", "jaw.L"]) is None


# A head 0.24 high above its joint, looking along -Y; bones as rig makers place them.
HEAD = {
    "head": BonePlace((0, 0, 1.6), (0, 0, 1.84), "neck"),
    "Bone.007": BonePlace((0, -0.01, 1.66), (0, -0.09, 1.60), "head"),
    "nose": BonePlace((0, -0.1, 1.70), (0, -0.13, 1.66), "head"),
    "eye_l": BonePlace((0.03, -0.08, 1.72), (0.03, -0.12, 1.72), "head"),
    "cheek_r": BonePlace((-0.05, -0.02, 1.67), (-0.05, -0.08, 1.64), "head"),
    "lid": BonePlace((0, -0.02, 1.74), (0, -0.10, 1.73), "head"),
    "hair": BonePlace((0, 0.02, 1.83), (0, 0.08, 1.70), "head"),
    "bib": BonePlace((0, -0.01, 1.5), (0, -0.1, 1.44), "neck"),
}


@given(st.floats(0.05, 20), st.tuples(*[st.floats(-3, 3)] * 3))
def test_the_jaw_is_found_by_where_it_lies_whatever_the_size_and_place_of_the_character(size, shift):
    def moved(point):
        return tuple(size * p + s for p, s in zip(point, shift, strict=True))

    places = {name: replace(bone, head=moved(bone.head), end=moved(bone.end)) for name, bone in HEAD.items()}
    found = find_jaw(list(places), places, moved((0, 0, 1.84))[2])
    assert (found.name, found.by) == ("Bone.007", "position") and 0.6 <= found.confidence < 1


def test_without_a_bone_that_lies_like_a_jaw_none_is_found():
    places = {name: bone for name, bone in HEAD.items() if name != "Bone.007"}
    assert find_jaw(list(places), places, 1.84) is None


def test_a_name_counts_more_than_a_place():
    places = {**HEAD, "jaw": BonePlace((0, 0.05, 1.6), (0, 0.1, 1.9), "head")}
    assert find_jaw(list(places), places, 1.84).name == "jaw"


@pytest.mark.parametrize("bone", ["tongue", "tongue_master", "CC_Base_Tongue01", "tongue01", "c_tong_01.x", "舌"])
def test_the_tongue_bone_is_found_by_name(bone):
    assert find_tongue(["head", "jaw", bone, "tongue_fix"]).name == bone


def test_the_profile_that_explains_most_comes_first():
    rules = tuple(KeyRule((name,), {"jawOpen": 1.0}) for name in ("A", "I", "U", "E", "O"))
    vowels = RigProfile("vowels", "Vowels", rules)
    by_arkit = rank_profiles(RigInventory({"Face": ARKIT_52, "Teeth": ("jawOpen",)}), [vowels, ARKIT])
    assert (by_arkit[0].profile, by_arkit[0].found, by_arkit[0].objects) == (ARKIT, 52, ("Face", "Teeth"))
    by_vowels = rank_profiles(RigInventory({"Face": ("A", "I", "U", "jawOpen")}), [ARKIT, vowels])
    assert by_vowels[0].profile is vowels


def test_canonical_puts_sides_last_and_spells_them_out():
    assert canonical(words("Mouth_L_Smile")) == canonical(words("mouthSmileLeft")) == "mouthsmileleft"


@pytest.mark.parametrize("rig", RIGS)
def test_each_family_of_rigs_is_recognised_by_its_real_names(rig):
    ranked = rank_profiles(inventory(rig), PROFILES)
    assert ranked[0].profile.id == RIGS[rig]["profile"] and ranked[0].complete
    assert sorted(m.profile.id for m in ranked[1:] if m.complete) == sorted(RIGS[rig].get("also_complete", []))


def test_every_profile_has_a_rig_that_it_recognises():
    assert {profile.id for profile in PROFILES} == {rig["profile"] for rig in RIGS.values()}


# What a rig shows at a pure sound, key by key. Only names of its own make the test worth anything: by hand.
AT = {
    ("oculus", "aa"): {"aa": 1},
    ("vrchat", "PP"): {"vrc.v_pp": 1},
    ("rocketbox_visemes", "ou"): {"AA_VI_14_U": 1},
    ("ready_player_me_visemes", "ih"): {"viseme_I": 1},
    ("vrm0", "aa"): {"A": 1},
    ("vrm0", "PP"): {},
    ("vrm0", "sil"): {},
    ("vrm1", "E"): {"ee": 1},
    ("vroid", "oh"): {"Fcl_MTH_O": 1},
    ("mmd", "ou"): {"う": 1},
    ("mmd", "aa"): {"あ": 1},
    ("reallusion_visemes", "PP"): {"B_M_P": 1},
    ("reallusion_mouth_cc3", "FF"): {"Dental_Lip": 1},
    ("reallusion_mouth_cc4", "PP"): {"V_Explosive": 1},
    ("mpfb", "PP"): {"p_b_m_21": 1},
    ("mpfb", "kk"): {"k_g_ng_20": 1},
    ("daz_genesis_8", "FF"): {"Genesis8Female__eCTRLvF": 1},
    ("daz_genesis_9", "aa"): {"facs_ctrl_vAA": 1},
    ("preston_blair", "aa"): {"AI": 1},
    ("preston_blair", "sil"): {"rest": 1},
    ("rhubarb", "PP"): {"A": 1},
    ("rhubarb", "FF"): {"G": 1},
    ("character_animator", "ou"): {"W-Oo": 1},
    ("character_animator", "SS"): {"S": 1},
}


@pytest.mark.parametrize(("rig", "sound"), AT)
def test_a_pure_sound_shows_its_own_shape(rig, sound):
    found = inventory(rig)
    mapping = resolve(rank_profiles(found, PROFILES)[0].profile, found, VISEMES_15)
    track = AnimationTrack(VISEMES_15, np.tile([name == f"viseme_{sound}" for name in VISEMES_15], (20, 1)), 50.0)
    middle = map_track(track, mapping).values[10]
    shown = {t.name: v for t, v in zip(mapping.targets, middle, strict=True) if v > 0.01 and t.kind != "bone_rotation"}
    assert shown == pytest.approx(AT[rig, sound], abs=1e-4)


@pytest.mark.parametrize(
    "rig",
    [
        r
        for r in RIGS
        if RIGS[r].get("shape_keys")
        and RIGS[r]["profile"] not in ("mouth_open", "arkit", "metahuman", "metahuman_board")
    ],
)
def test_lips_close_at_p_b_m_and_open_at_a(rig):
    """On every rig of visemes and vowels whatever opens the mouth is off at p b m and on at a."""
    found = inventory(rig)
    mapping = resolve(rank_profiles(found, PROFILES)[0].profile, found, VISEMES_15)
    values = np.zeros((60, 15), np.float32)
    values[:, VISEMES_15.index("viseme_aa")] = 1
    values[28:32] = 0.1 / 14
    values[28:32, VISEMES_15.index("viseme_PP")] = 0.9
    mapped = map_track(AnimationTrack(VISEMES_15, values, 50.0), mapping).values
    opens = mapping.weights[VISEMES_15.index("viseme_aa")] != 0
    assert (np.abs(mapped[29:31, opens]) < 1e-6).all()
    assert (np.abs(mapped[10, opens]) > 0.09).all()


RENAMED = st.sampled_from(["{}", "Zorg:{}", "my_head.{}", "{}_shape", "{}.001", "KEY_{}", "x_{}_y", "bs-{}"])
CASES = st.sampled_from([str, str.upper, str.lower])


@given(st.sampled_from([r for r in RIGS if RIGS[r].get("shape_keys")]), RENAMED)
def test_names_with_something_before_and_after_are_still_found(rig, form):
    ranked = rank_profiles(inventory(rig, form.format), PROFILES)
    before = rank_profiles(inventory(rig), PROFILES)[0]
    if before.total == 1 and form not in ("{}", "{}.001"):
        return  # one key alone gives no reason to believe in a prefix
    assert (ranked[0].profile, ranked[0].found) == (before.profile, before.found)


@given(
    st.sampled_from(
        [
            "arkit",
            "oculus",
            "vrm0",
            "vrm1",
            "vroid",
            "rhubarb",
            "preston_blair",
            "mpfb",
            "reallusion_visemes",
            "character_animator",
        ]
    ),
    CASES,
)
def test_upper_and_lower_case_do_not_matter(rig, case):
    ranked = rank_profiles(inventory(rig, case), PROFILES)
    assert (ranked[0].profile.id, ranked[0].complete) == (RIGS[rig]["profile"], True)


def test_a_poor_arkit_set_gives_way_to_complete_visemes_and_the_reason_is_told():
    visemes = RIGS["ready_player_me_visemes"]["shape_keys"]["Wolf3D_Head"]
    without = tuple(name for name in ARKIT_52 if name != "mouthClose")
    ranked = rank_profiles(RigInventory({"Head": (*visemes, *without)}), PROFILES)
    assert ranked[0].profile.id == "oculus"
    ranked = rank_profiles(RigInventory({"Head": (*visemes, *ARKIT_52)}), PROFILES)
    assert (
        "ARKit: 52 of 52. Also complete: Oculus visemes: 15 of 15; the first moves the mouth more finely."
        == explain(ranked)
    )
    ranked = rank_profiles(RigInventory({"Head": without}), PROFILES)
    assert "the closest. It lacks 'mouthClose'" in explain(ranked)
