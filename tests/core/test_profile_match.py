"""Shape keys are found however they are spelled, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.profile_match import RigInventory, canonical, find_bone, match_keys, rank_profiles, words
from lipsync_addon.core.rig_profile import KeyRule, RigProfile, load_profile

ARKIT = load_profile(Path(__file__).parents[2] / "lipsync_addon" / "data" / "rigs" / "arkit.json")


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
    assert find_bone(ARKIT, ["hips", "head", "jawline.L", bone, "tongue"]) == bone


def test_a_bone_that_merely_sounds_like_a_jaw_is_not_taken():
    assert find_bone(ARKIT, ["hips", "jawline", "jaw_twist_helper", "jaw.L"]) is None


def test_the_profile_that_explains_most_comes_first():
    rules = tuple(KeyRule((name,), {"jawOpen": 1.0}) for name in ("A", "I", "U", "E", "O"))
    vowels = RigProfile("vowels", "Vowels", rules)
    by_arkit = rank_profiles(RigInventory({"Face": ARKIT_52, "Teeth": ("jawOpen",)}), [vowels, ARKIT])
    assert (by_arkit[0].profile, by_arkit[0].found, by_arkit[0].objects) == (ARKIT, 52, ("Face", "Teeth"))
    by_vowels = rank_profiles(RigInventory({"Face": ("A", "I", "U", "jawOpen")}), [ARKIT, vowels])
    assert by_vowels[0].profile is vowels


def test_canonical_puts_sides_last_and_spells_them_out():
    assert canonical(words("Mouth_L_Smile")) == canonical(words("mouthSmileLeft")) == "mouthsmileleft"
