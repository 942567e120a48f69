"""Scene objects -> MeshShapes, for the fit by geometry and for the check of the lips; both are kept until the character
changes or Detect is pressed, because panels and sliders ask often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..core.geometry_fit import FITTED, LABEL, Fit, fit, with_jaw
from ..core.lip_geometry import find_mouth
from ..core.lip_truth import LipModel, lip_model, upper_teeth
from ..core.mapping import RigMapping, Target, resolve
from ..core.mesh_shapes import STILL, KeyOffsets, MeshShapes
from ..core.profile_match import Obstacle, ProfileMatch, RigInventory, match_profile
from ..core.rig_profile import JawRule, RigProfile

_JAW = RigProfile("jaw", "Jaw", (), (JawRule({"jawOpen": 1.0}, 0.35, "X", beside=True),))
_SHALLOW = 0.08
"""Mouth widths: lips that no key parts further are opened by the jaw bone, if there is one."""
_NOTHING = KeyOffsets(np.zeros(0, np.int32), np.zeros((0, 3), np.float32))

_KEPT = 8
_fits: dict[object, Fit | None] = {}
_models: dict[object, LipModel | None] = {}
_file = ""


@contextmanager
def as_in_file(state: str) -> Iterator[None]:
    """For a file that is opened again for every line: what was measured in it stays while `state` is the same. Blender
    gives its objects other ids each time, so they go by their names."""
    global _file
    _file = state
    try:
        yield
    finally:
        _file = ""


def read_meshes(objects: Iterable[bpy.types.Object], only: Collection[str] | None = None) -> list[MeshShapes]:
    """Every mesh of a character, without its modifiers, in one space: the world's, turned so that the first mesh with
    shape keys stands as it was modelled. Of several objects that share a mesh the first is read. `only`: names of the
    keys that are wanted; None: all."""
    meshes = _mesh_objects(objects)
    turn = _turn(meshes)
    return [_read(obj, turn, only) for obj in meshes]


def fitted(objects: Iterable[bpy.types.Object], inventory: RigInventory) -> Fit | None:
    """The mapping that the meshes themselves suggest; None if they have no mouth that keys or a jaw bone move."""
    objects = list(objects)
    key = (_traits(objects), tuple(sorted(inventory.jaws)))
    if key not in _fits:
        _make_room(_fits)
        meshes = read_meshes(objects)
        found = None if inventory.jaws else fit(meshes)
        if found is None or found.mouth.parting < _SHALLOW:
            found = fit(meshes, _jaw(objects, meshes, inventory)) or found
        _fits[key] = found
    return _fits[key]


def fitted_match(objects: Iterable[bpy.types.Object], inventory: RigInventory) -> ProfileMatch | None:
    """fitted() as one of the matches that are ranked."""
    found = fitted(objects, inventory)
    return match_profile(found.profile, inventory) if found else None


def is_fitted(label: str) -> bool:
    """Whether the user chose the fit to the mesh, however sure it was then."""
    return label == FITTED or label.startswith(LABEL)


def measured_lips(objects: Iterable[bpy.types.Object], mapping: RigMapping) -> LipModel | None:
    """How the targets of a mapping move the lips of this character; None where no mouth can be found."""
    objects = list(objects)
    key = (_traits(objects), mapping.targets, mapping.weights.tobytes(), mapping.high.tobytes())
    if key not in _models:
        _make_room(_models)
        _models[key] = _lips(objects, mapping)
    return _models[key]


def still_keys(
    objects: Iterable[bpy.types.Object], targets: Iterable[Target]
) -> dict[tuple[str, str], Obstacle]:
    """(object, shape key) -> why it moves no vertex, for the shape keys among the targets that do not. Measured anew
    each time: two milliseconds for the keys of a face."""
    wanted = {(target.owner, target.name) for target in targets if target.kind == "shape_key"}
    found: dict[tuple[str, str], Obstacle] = {}
    for obj in _mesh_objects(objects):
        keys = obj.data.shape_keys
        shapes: dict[bpy.types.ShapeKey, NDArray[np.float32]] = {}
        for key in keys.key_blocks if keys else ():
            if (obj.name, key.name) not in wanted:
                continue
            start = key.relative_key
            if start not in shapes:
                shapes[start] = _points(start.points, len(obj.data.vertices))
            least = STILL * float(np.ptp(shapes[start], axis=0).max())
            moved = KeyOffsets.between(shapes[start], _points(key.points, len(obj.data.vertices)), least).vertices
            if not len(moved):
                found[obj.name, key.name] = Obstacle.EMPTY
            elif key.vertex_group in obj.vertex_groups and not _weighs(obj, moved, key.vertex_group):
                found[obj.name, key.name] = Obstacle.MASKED
    return found


def _weighs(obj: bpy.types.Object, vertices: NDArray[np.integer], group: str) -> bool:
    """Whether a vertex group has any weight on these."""
    index, blocks = obj.vertex_groups[group].index, obj.data.vertices
    return any(e.group == index and e.weight > 0 for vertex in vertices.tolist() for e in blocks[vertex].groups)


def forget_meshes() -> None:
    """Makes the next question measure again: shapes may have been sculpted meanwhile."""
    _fits.clear()
    _models.clear()


def _make_room(kept: dict) -> None:
    """A scene has few characters at a time."""
    while len(kept) >= _KEPT:
        del kept[next(iter(kept))]


def _lips(objects: Sequence[bpy.types.Object], mapping: RigMapping) -> LipModel | None:
    meshes = read_meshes(objects, {target.name for target in mapping.targets if target.kind == "shape_key"})
    moves = {mesh.owner: [_moved(objects, mesh, *target) for target in _reaching(mapping)] for mesh in meshes}
    bones = [k for k, target in enumerate(mapping.targets) if target.kind in ("bone_rotation", "bone_location")]
    most = np.where(np.abs(mapping.low) > np.abs(mapping.high), mapping.low, mapping.high)
    opened = {
        owner: [_scaled(columns[k], float(most[k])) for k in bones if columns[k] is not None]
        for owner, columns in moves.items()
    }
    turned = {owner: bone[0] for owner, bone in opened.items() if bone}
    mouth = find_mouth([with_jaw(mesh, turned.get(mesh.owner)) for mesh in meshes])
    if mouth is None:
        return None
    mesh = next(mesh for mesh in meshes if mesh.owner == mouth.owner)
    opening = _opening(mapping) | {mouth.opener}
    for other in meshes:
        opened[other.owner] += [other.keys[name] for name in opening if name in other.keys]
    reach = {(mesh.owner, name): mesh.reach(name) for mesh in meshes for name in mesh.keys}
    reaches = [reach.get((target.owner, target.name), 0.0) for target in mapping.targets]
    return lip_model(mesh, mouth, moves[mesh.owner], reaches, mapping.weights, upper_teeth(meshes, mouth, opened))


def _reaching(mapping: RigMapping) -> list[tuple[Target, float]]:
    """Targets, and the value at which each does most."""
    ends = zip(mapping.low.tolist(), mapping.high.tolist(), strict=True)
    return list(zip(mapping.targets, (max(pair, key=abs) for pair in ends), strict=True))


def _opening(mapping: RigMapping) -> set[str]:
    """Names of the shape keys that jawOpen moves."""
    if "jawOpen" not in mapping.channels:
        return set()
    row = mapping.weights[mapping.channels.index("jawOpen")]
    return {target.name for target, weight in zip(mapping.targets, row, strict=True) if weight > 0.2}


def _moved(objects: Sequence[bpy.types.Object], mesh: MeshShapes, target: Target, most: float) -> KeyOffsets | None:
    """What value 1 of a target moves of a mesh; None if only Blender knows, as with sliders that drive others."""
    if target.kind == "shape_key":
        return mesh.keys.get(target.name, _NOTHING) if target.owner == mesh.owner else _NOTHING
    if target.kind == "bone_turn":  # of head and eyes: lips go along as a whole
        return _NOTHING
    if target.kind == "property" or not most:
        return None
    moved = _turned_by_bone(objects, mesh, target, most)
    return _scaled(moved, 1.0 / most)


def _scaled(key: KeyOffsets, factor: float) -> KeyOffsets:
    return KeyOffsets(key.vertices, key.offsets * np.float32(factor))


def _mesh_objects(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    meshes: dict[bpy.types.Mesh, bpy.types.Object] = {}
    for obj in objects:
        if obj.type == "MESH" and len(obj.data.vertices):
            meshes.setdefault(obj.data, obj)
    return sorted(meshes.values(), key=lambda obj: obj.data.shape_keys is None)


def _turn(meshes: Sequence[bpy.types.Object]) -> NDArray[np.float64]:
    """[3, 3] that turns the world back."""
    if not meshes:
        return np.eye(3)
    return np.array(meshes[0].matrix_world.to_quaternion().inverted().to_matrix())


def _read(obj: bpy.types.Object, turn: NDArray[np.float64], only: Collection[str] | None) -> MeshShapes:
    mesh = obj.data
    place = np.array(obj.matrix_world)
    linear = (turn @ place[:3, :3]).astype(np.float32)
    edges = np.empty(2 * len(mesh.edges), np.int32)
    mesh.edges.foreach_get("vertices", edges)
    keys = mesh.shape_keys
    basis = _points(keys.reference_key.points if keys else mesh.vertices, len(mesh.vertices))
    least = STILL * float(np.ptp(basis, axis=0).max())
    shapes: dict[str, KeyOffsets] = {}
    for key in keys.key_blocks if keys else ():
        if key == keys.reference_key or (only is not None and key.name not in only):
            continue
        start = basis if key.relative_key == keys.reference_key else _points(key.relative_key.points, len(basis))
        offsets = KeyOffsets.between(start, _points(key.points, len(basis)), least)
        shares = _shares(obj, offsets.vertices, {key.vertex_group}) if key.vertex_group in obj.vertex_groups else 1.0
        shapes[key.name] = KeyOffsets(offsets.vertices, (offsets.offsets * shares) @ linear.T)
    points = basis @ linear.T + (turn @ place[:3, 3]).astype(np.float32)
    return MeshShapes(obj.name, points, edges.reshape(-1, 2), shapes)


def _points(blocks: bpy.types.bpy_prop_collection, count: int) -> NDArray[np.float32]:
    """[count, 3]"""
    points = np.empty(3 * count, np.float32)
    blocks.foreach_get("co", points)
    return points.reshape(-1, 3)


def _shares(
    obj: bpy.types.Object, vertices: NDArray[np.integer], names: set[str], among: set[str] | None = None
) -> NDArray[np.float32]:
    """[N, 1] what the vertex groups of these names weigh together; with `among` as a share of what those weigh."""
    wanted = {group.index for group in obj.vertex_groups if group.name in names}
    whole = {group.index for group in obj.vertex_groups if group.name in among} if among else set()
    shares = np.zeros((len(vertices), 1), np.float32)
    blocks = obj.data.vertices
    for row, vertex in enumerate(vertices.tolist()):
        weights = [(entry.group, entry.weight) for entry in blocks[vertex].groups]
        part = sum(weight for group, weight in weights if group in wanted)
        if part and among:
            part /= sum(weight for group, weight in weights if group in whole)
        shares[row] = part
    return shares


def _jaw(
    objects: Sequence[bpy.types.Object], meshes: Sequence[MeshShapes], inventory: RigInventory
) -> Mapping[str, KeyOffsets]:
    """What the jaw bone of the character moves of each mesh at jawOpen 1."""
    mapping = resolve(_JAW, inventory, ("jawOpen",))
    turns = {mesh.owner: _turned_by_bone(objects, mesh, *target) for target in _reaching(mapping) for mesh in meshes}
    return {owner: turn for owner, turn in turns.items() if len(turn.vertices)}


def _turned_by_bone(objects: Sequence[bpy.types.Object], mesh: MeshShapes, target: Target, value: float) -> KeyOffsets:
    """What a bone and those below it move at `value`, its armature being otherwise at rest."""
    obj = next(obj for obj in objects if obj.name == mesh.owner)
    rig = next(obj for obj in objects if obj.name == target.owner)
    bone = rig.data.bones[target.name]
    space = rig.matrix_world @ bone.matrix_local
    if target.kind == "bone_rotation":
        change = Matrix.Rotation(value, 4, "XYZ"[target.axis or 0])
    else:
        change = Matrix.Translation([value * (axis == target.axis) for axis in range(3)])
    moved = np.array(space @ change @ space.inverted_safe())
    below = {bone.name, *(child.name for child in bone.children_recursive)}
    if any(modifier.type == "ARMATURE" and modifier.object == rig for modifier in obj.modifiers):
        vertices = np.arange(len(mesh.points), dtype=np.int32)
        shares = _shares(obj, vertices, below, {bone.name for bone in rig.data.bones if bone.use_deform})
    elif obj.parent == rig and obj.parent_type == "BONE" and obj.parent_bone in below:
        vertices, shares = np.arange(len(mesh.points), dtype=np.int32), np.ones((len(mesh.points), 1), np.float32)
    else:
        return _NOTHING
    vertices, shares = vertices[shares[:, 0] > 0.01], shares[shares[:, 0] > 0.01]
    turn = _turn(_mesh_objects(objects))
    points = mesh.points[vertices] @ turn  # back into the world
    offsets = (points @ (moved[:3, :3] - np.eye(3)).T + moved[:3, 3]) @ turn.T
    return KeyOffsets(vertices, (shares * offsets).astype(np.float32))


def _traits(objects: Sequence[bpy.types.Object]) -> tuple[object, ...]:
    """Changes with what is measured, and is cheap; sculpting is not seen."""
    return tuple(
        (_identity(obj), tuple(map(tuple, obj.matrix_world)), len(obj.data.vertices), _key_names(obj))
        if obj.type == "MESH"
        else (_identity(obj), tuple(map(tuple, obj.matrix_world)), len(obj.data.bones))
        for obj in objects
        if obj.type in ("MESH", "ARMATURE")
    )


def _identity(obj: bpy.types.Object) -> object:
    return (_file, obj.name_full) if _file else obj.session_uid


def _key_names(obj: bpy.types.Object) -> tuple[str, ...]:
    keys = obj.data.shape_keys
    return tuple(key.name for key in keys.key_blocks) if keys else ()
