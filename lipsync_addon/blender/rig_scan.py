"""Scene objects -> RigInventory, and which objects make up one character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from ..core.profile_match import JawHint, ProfileMatch, RigInventory, rank_profiles
from ..core.rig_profile import RigProfile, load_profiles

PROFILES = Path(__file__).parent.parent / "data" / "rigs"
JAW_ANGLE = "lipsync_jaw_open_angle"
"""Custom property of an armature object: radians that its jaw bone turns at jawOpen 1."""
JAW_AXIS = "lipsync_jaw_axis"
"""Custom property of an armature object: X, Y, Z, -X, -Y or -Z of the jaw bone."""


def scan_rig(objects: Iterable[bpy.types.Object]) -> RigInventory:
    """Names of shape keys and bones, and what armatures say about their jaw. Linked objects are read too.

    Of several objects that share one mesh only the first is listed: they share their shape keys.
    """
    shape_keys: dict[str, tuple[str, ...]] = {}
    bones: dict[str, tuple[str, ...]] = {}
    jaws: dict[str, JawHint] = {}
    seen: set[bpy.types.Key] = set()
    for obj in objects:
        if obj.type == "MESH" and (keys := obj.data.shape_keys) and keys not in seen:
            seen.add(keys)
            shape_keys[obj.name] = tuple(k.name for k in keys.key_blocks if k != keys.reference_key)
        elif obj.type == "ARMATURE":
            bones[obj.name] = tuple(bone.name for bone in obj.data.bones)
            if isinstance(angle := obj.get(JAW_ANGLE), (int, float)):
                jaws[obj.name] = JawHint(float(angle), obj.get(JAW_AXIS))
    return RigInventory(shape_keys, bones, jaws)


def character_of(obj: bpy.types.Object, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The meshes and armatures of the scene that belong together with `obj`, itself among them.

    They share an armature, else the topmost parent, else the collection.
    """
    root = _root(obj)
    return [other for other in scene.objects if other.type in ("MESH", "ARMATURE") and _root(other) == root]


def best_match(objects: Iterable[bpy.types.Object], profiles: Sequence[RigProfile] | None = None) -> ProfileMatch:
    """The profile that fits these objects best. Raises LipsyncError if there are no shape keys, or if no
    profile knows any of them."""
    inventory = scan_rig(objects)
    if not inventory.shape_keys:
        raise LipsyncError(
            "The character has no shape keys.", "Choose a mesh with the 52 ARKit shape keys, or give it some."
        )
    profiles = load_profiles(PROFILES) if profiles is None else profiles
    best = rank_profiles(inventory, profiles)[0]
    if best.found == 0:
        found = "; ".join(f"{owner}: {_some(names)}" for owner, names in inventory.shape_keys.items())
        labels = ", ".join(profile.label for profile in profiles)
        raise LipsyncError(
            f"No shape key of the character has a known name. Found on {found}.",
            f"Name them as one of these rigs does: {labels}; or choose another mesh.",
        )
    return best


def find_character(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects of the scene's character: the group with most keys that a profile knows.

    Raises LipsyncError like best_match().
    """
    match = best_match(scene.objects)
    return character_of(scene.objects[match.objects[0]], scene)


def _root(obj: bpy.types.Object) -> bpy.types.Object | bpy.types.Collection:
    top = obj
    while top.type != "ARMATURE" and (above := top.find_armature() or top.parent):
        top = above
    if top.type == "ARMATURE" or top.children or not top.users_collection:
        return top
    return top.users_collection[0]


def _some(names: Sequence[str], count: int = 5) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:count])
    return f"{shown} and {len(names) - count} more" if len(names) > count else shown or "nothing"
