"""Scene objects -> RigInventory, and which objects make up one character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ..core.errors import LipsyncError
from ..core.face_bones import BonePlace
from ..core.profile_match import JawHint, Obstacle, ProfileMatch, RigInventory, rank_profiles
from ..core.rig_profile import RigProfile, gather_profiles
from .actions import artists_paths
from .mesh_measure import fitted_match
from .preferences import rig_folder

JAW_ANGLE = "lipsync_jaw_open_angle"
"""Custom property of an armature object: radians that its jaw bone turns at jawOpen 1."""
JAW_AXIS = "lipsync_jaw_axis"
"""Custom property of an armature object: X, Y, Z, -X, -Y or -Z of the jaw bone."""
_HINGE = 0.8
"""Cosine: a bone's axis that is further from the line between the ears is no hinge of a jaw."""


def scan_rig(objects: Iterable[bpy.types.Object]) -> RigInventory:
    """Names of shape keys, properties and bones, where bones lie, what armatures say about their jaw, and what is
    in the way of curves. Linked objects are read too.

    Of several objects that share one mesh only the first is listed: they share their shape keys.
    """
    objects = list(objects)
    meshes = list(_with_keys(objects))
    rigs = [obj for obj in objects if obj.type == "ARMATURE"]
    return RigInventory(
        shape_keys={obj.name: tuple(key.name for key in _shapes(obj)) for obj in meshes},
        ranges={
            (obj.name, key.name): ends
            for obj in meshes
            for key in _shapes(obj)
            if (ends := (key.slider_min, key.slider_max)) != (0.0, 1.0)
        },
        bones={rig.name: tuple(bone.name for bone in rig.data.bones) for rig in rigs},
        jaws={
            rig.name: JawHint(float(angle), rig.get(JAW_AXIS))
            for rig in rigs
            if isinstance(angle := rig.get(JAW_ANGLE), (int, float))
        },
        properties={rig.name: tuple(_sliders(rig)) for rig in rigs},
        places={rig.name: _places(rig) for rig in rigs},
        tops={rig.name: top for rig in rigs if (top := _top(rig, objects)) is not None},
        obstacles=dict(pair for obj in (*meshes, *rigs) for pair in _obstacles(obj)),
        taken=frozenset((rig.name, bone) for rig in rigs for bone in _turned_by_others(rig)),
    )


def user_profile_folders() -> list[Path]:
    """Where the user's own rig profiles are: in Blender's configuration, and where the preferences say."""
    chosen = rig_folder(bpy.context)
    return [Path(bpy.utils.user_resource("CONFIG", path="lipsync/rigs")), *([chosen] if chosen else [])]


def all_profiles() -> tuple[tuple[RigProfile, ...], tuple[str, ...]]:
    """Every rig profile, the user's own among them, and what is wrong with files of the user."""
    return gather_profiles(user_profile_folders())


def character_of(obj: bpy.types.Object, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The meshes and armatures of the scene that belong together with `obj`, itself among them.

    They share an armature, else the topmost parent, else the collection.
    """
    root = _root(obj)
    return [other for other in scene.objects if other.type in ("MESH", "ARMATURE") and _root(other) == root]


def best_match(objects: Iterable[bpy.types.Object], profiles: Sequence[RigProfile] | None = None) -> ProfileMatch:
    """The profile that fits these objects best, of `profiles` or of all; the fit to the mesh where names say little.
    Raises LipsyncError if there are no shape keys and no face bones, or if neither names nor shapes tell a mouth."""
    objects = list(objects)
    return ranked_with_fit(objects, scan_rig(objects), profiles)[0]


def ranked_matches(inventory: RigInventory, profiles: Sequence[RigProfile] | None = None) -> list[ProfileMatch]:
    """The profiles that know something of the character, the best first. Raises LipsyncError like best_match()."""
    profiles = all_profiles()[0] if profiles is None else profiles
    ranked = [match for match in rank_profiles(inventory, profiles) if match.found]
    if ranked:
        return ranked
    if not inventory.shape_keys:
        raise LipsyncError(
            "The character has no shape keys, and no face bones with a known name.",
            "Choose a mesh with the 52 ARKit shape keys, or give it some.",
        )
    found = "; ".join(f"{owner}: {_some(names)}" for owner, names in inventory.shape_keys.items())
    labels = ", ".join(profile.label for profile in profiles)
    raise LipsyncError(
        f"No shape key of the character has a known name. Found on {found}.",
        f"Name them as one of these rigs does: {labels}; choose another mesh; or write a rig profile.",
    )


def ranked_with_fit(
    objects: Iterable[bpy.types.Object], inventory: RigInventory, profiles: Sequence[RigProfile] | None = None
) -> list[ProfileMatch]:
    """ranked_matches(), and where no profile is complete the fit to the mesh among them: behind one that finds most of
    its names, else first. A single profile was chosen and stays alone. Raises LipsyncError if there is no fit either.
    """
    if profiles is not None and len(profiles) == 1:
        return ranked_matches(inventory, profiles)
    try:
        ranked = ranked_matches(inventory, profiles)
    except LipsyncError:
        fit = fitted_match(objects, inventory)
        if fit is None:
            raise
        return [fit]
    if ranked[0].complete or not (fit := fitted_match(objects, inventory)):
        return ranked
    named = 2 * ranked[0].found > ranked[0].total
    return [*ranked[:named], fit, *ranked[named:]]


def find_character(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects of the scene's character: the group with most keys that a profile knows, else the one whose mouth
    opens widest. Raises LipsyncError like best_match().
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


def _with_keys(objects: Iterable[bpy.types.Object]) -> Iterator[bpy.types.Object]:
    seen: set[bpy.types.Key] = set()
    for obj in objects:
        if obj.type == "MESH" and (keys := obj.data.shape_keys) and keys not in seen:
            seen.add(keys)
            yield obj


def _shapes(obj: bpy.types.Object) -> Iterator[bpy.types.ShapeKey]:
    keys = obj.data.shape_keys
    return (key for key in keys.key_blocks if key != keys.reference_key)


def _sliders(rig: bpy.types.Object) -> Iterator[str]:
    return (name for name, value in rig.items() if isinstance(value, float) and not name.startswith("lipsync_"))


def _upright(rig: bpy.types.Object) -> Matrix:
    """From the armature's space to BonePlace's: its own units, turned like the world."""
    return rig.matrix_world.to_quaternion().to_matrix().to_4x4()


def _places(rig: bpy.types.Object) -> dict[str, BonePlace]:
    upright = _upright(rig)
    turned = upright.to_3x3()
    places: dict[str, BonePlace] = {}
    for bone in rig.data.bones:
        children = [child.head_local for child in bone.children]
        end = sum(children, Vector()) / len(children) if children else bone.tail_local
        places[bone.name] = BonePlace(
            head=tuple(upright @ bone.head_local),
            end=tuple(upright @ end),
            parent=bone.parent and bone.parent.name,
            hinge=_hinge(axes := turned @ bone.matrix_local.to_3x3()),
            axes=tuple(tuple(axis) for axis in axes.col),
        )
    return places


def _hinge(axes: Matrix) -> str | None:
    """The axis that points from the character's right to its left: a turn about it brings the front, -Y, down."""
    sideways = axes[0]
    index = max(range(3), key=lambda i: abs(sideways[i]))
    if abs(sideways[index]) < _HINGE:
        return None
    return "XYZ"[index] if sideways[index] > 0 else f"-{'XYZ'[index]}"


def _turned_by_others(rig: bpy.types.Object) -> Iterator[str]:
    """Bones that the artist's own animation turns, or whose rotation has no parts that others could go beside."""
    yield from (bone.name for bone in rig.pose.bones if bone.rotation_mode == "AXIS_ANGLE")
    for path in artists_paths(rig):
        if path.startswith('pose.bones["') and ".rotation_" in path:
            yield path[12:].partition('"]')[0]


def _top(rig: bpy.types.Object, objects: Iterable[bpy.types.Object]) -> float | None:
    """Height of the highest corner of the meshes that the armature moves."""
    inward = _upright(rig) @ rig.matrix_world.inverted_safe()
    meshes = [obj for obj in objects if obj.type == "MESH" and (obj.find_armature() == rig or obj.parent == rig)]
    corners = (inward @ obj.matrix_world @ Vector(corner) for obj in meshes for corner in obj.bound_box)
    return max((corner.z for corner in corners), default=None)


def _obstacles(obj: bpy.types.Object) -> Iterator[tuple[tuple[str, str], Obstacle]]:
    block = obj.data.shape_keys if obj.type == "MESH" else obj
    data = block.animation_data
    if obj.type == "MESH":
        if obj.show_only_shape_key:
            yield (obj.name, ""), Obstacle.PINNED
        if not block.use_relative:
            yield (obj.name, ""), Obstacle.ABSOLUTE
    elif obj.data.pose_position == "REST":
        yield (obj.name, ""), Obstacle.REST
    if data and any(track.is_solo for track in data.nla_tracks):
        yield (obj.name, ""), Obstacle.SOLO
    paths = {driver.data_path for driver in data.drivers} if data else set()
    if obj.type == "ARMATURE":
        for path in paths:
            if path.startswith('pose.bones["') and ".rotation_" in path:
                yield (obj.name, path[12:].partition('"]')[0]), Obstacle.DRIVEN
        return
    for key in _shapes(obj):
        if key.path_from_id("value") in paths:
            yield (obj.name, key.name), Obstacle.DRIVEN
        elif key.mute:
            yield (obj.name, key.name), Obstacle.MUTED
        elif key.slider_max < 1 or key.slider_min > 0:
            yield (obj.name, key.name), Obstacle.RANGE
