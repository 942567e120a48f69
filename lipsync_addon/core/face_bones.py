"""Jaw and tongue among the bones of an armature: by name, else the jaw by where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .spelling import spelling

JAW_BONES: tuple[str, ...] = (
    *("jaw", "jawBone", "lowerJaw", "lowerFaceRig", "jawLower", "jawRoot", "mandible", "jaw_master"),
    *("CC_Base_JawRoot", "c_jawbone.x", "jaw.x", "J_Adj_C_Jaw", "FACIAL_C_Jaw", "FACIAL_C_LowerJaw"),
    *("Bip01 MJaw", "Bip01 Jaw", "Bip001 Jaw", "ValveBiped.Bip01_Jaw", "headJaw", "Jaw_M", "faceJaw", "def_c_jaw"),
    *("DEF-jaw", "ORG-jaw", "あご", "顎"),
)
"""The likeliest first. Rigify jaw_master, Daz Genesis lowerJaw and lowerjaw, Reallusion CC_Base_JawRoot, Auto-Rig Pro
c_jawbone.x, MetaHuman FACIAL_C_Jaw, Rocketbox Bip01 MJaw, Advanced Skeleton Jaw_M, MMD あご; the rest is usage seen."""

TONGUE_BONES: tuple[str, ...] = (
    *("tongue_master", "tongue01", "tongue", "CC_Base_Tongue01", "c_tong_01.x", "FACIAL_C_Tongue1", "tongue.001"),
    *("DEF-tongue", "ORG-tongue", "Tongue_0", "TongueBase", "Bip01 MTongue", "舌", "舌1"),
)
"""The root of the tongue, the likeliest first. Sources as above."""

HEAD_BONES: tuple[str, ...] = (
    *("head", "DEF-head", "c_head.x", "CC_Base_Head", "Bip01 Head", "Bip001 Head", "J_Bip_C_Head", "頭"),
    *("spine.006", "Head_M", "ValveBiped.Bip01_Head1"),
)
NECK_BONES: tuple[str, ...] = (
    *("neck", "DEF-neck", "c_neck.x", "CC_Base_NeckTwist01", "Bip01 Neck", "Bip001 Neck", "J_Bip_C_Neck", "首"),
    *("neckLower", "neck_01", "neck1", "spine.005", "Neck_M", "ValveBiped.Bip01_Neck1"),
)
EYE_BONES: dict[str, tuple[str, ...]] = {
    side: (f"master_eye.{letter}", f"eye.{letter}", f"c_eye.{letter.lower()}", f"CC_Base_{letter}_Eye", *more)
    for side, letter, more in (
        ("Left", "L", ("Bip01 LEye", "J_Adj_L_FaceEye", "FACIAL_L_Eye", "左目", "eyeball.L", "Eye_L")),
        ("Right", "R", ("Bip01 REye", "J_Adj_R_FaceEye", "FACIAL_R_Eye", "右目", "eyeball.R", "Eye_R")),
    )
}
"""Of Rigify (controls before what they move), Auto-Rig Pro, Reallusion, Rocketbox, VRM, MetaHuman, MMD; the rest is
usage seen."""

_BELIEVABLE = 0.6

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BonePlace:
    """Where a bone lies: the armature's units, turned so that +Z is up and the character looks along -Y."""

    head: Vector
    end: Vector
    """The middle of its children's heads; its tail if it has none. Importers leave tails anywhere."""
    parent: str | None = None
    hinge: str | None = None
    """The bone's own axis, such as "-Z", about which a positive turn moves what is in front of it downwards."""
    axes: tuple[Vector, Vector, Vector] | None = None
    """Where the bone's own X, Y and Z point at rest."""


@dataclass(frozen=True, slots=True)
class FoundBone:
    """A bone and how sure that it is the one."""

    name: str
    confidence: float
    """1 by its name, less by its position."""
    by: Literal["name", "position"]


def find_named(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of `wanted` that is among an armature's bones; a namespace such as "mixamorig:" does not count."""
    by_spelling = {spelling(name.rpartition(":")[2]): name for name in reversed(names)}
    return next((by_spelling[s] for bone in wanted if (s := spelling(bone)) in by_spelling), None)


def find_jaw(
    names: Sequence[str], places: Mapping[str, BonePlace] = {}, top: float | None = None, wanted: Sequence[str] = ()
) -> FoundBone | None:
    """The jaw among an armature's bones. `wanted`: its names, if they are not the usual ones. `top`: the height
    of the character, measured as the places are; without it nothing is found by position."""
    if named := find_named(wanted or JAW_BONES, names):
        return FoundBone(named, 1.0, "name")
    head = find_named(HEAD_BONES, names)
    if wanted or top is None or head not in places:
        return None
    size = top - places[head].head[2]
    below = [name for name in names if name in places and head in _ancestors(name, places)]
    scores = {name: _likeness(places[name], places[head], size) for name in below}
    best = max(scores, key=scores.get, default=None)
    if best is None or scores[best] < _BELIEVABLE:
        return None
    return FoundBone(best, round(scores[best], 2), "position")


def find_tongue(names: Sequence[str]) -> FoundBone | None:
    """The root of the tongue among an armature's bones."""
    named = find_named(TONGUE_BONES, names)
    return FoundBone(named, 1.0, "name") if named else None


def _likeness(bone: BonePlace, head: BonePlace, size: float) -> float:
    """0..0.9: how much a bone is like a jaw. It starts in the middle, near the ears, and reaches forward to the
    chin. Lengths are in head heights, from the joint of the head to the crown."""
    if size <= 0:
        return 0.0
    aside, back, start = ((b - h) / size for b, h in zip(bone.head, head.head, strict=True))
    forward, up = (bone.head[1] - bone.end[1]) / size, (bone.end[2] - bone.head[2]) / size
    end_aside = (bone.end[0] - head.head[0]) / size
    if abs(aside) > 0.06 or abs(end_aside) > 0.06 or not 0.12 < forward < 0.8 or up > 0.05:
        return 0.0
    near_ears = max(0.0, 1 - abs(start - 0.25) / 0.4) * max(0.0, 1 - max(0.0, abs(back) - 0.15) / 0.25)
    slope = -up / forward
    downward = max(0.0, 1 - abs(slope - 0.7) / 1.4)
    return 0.9 * (0.6 * near_ears + 0.4 * downward)


def _ancestors(name: str, places: Mapping[str, BonePlace]) -> list[str]:
    found: list[str] = []
    above = places[name].parent
    while above in places and above not in found:
        found.append(above)
        above = places[above].parent
    return found
