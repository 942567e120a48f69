"""Small characters for tests, and everything about the open file that a failed bake must leave alone."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import bpy
import numpy as np

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.track import AnimationTrack


def build_mesh(name: str, keys: Sequence[str]) -> bpy.types.Object:
    """A 5 x 5 grid whose shape keys each lift another vertex."""
    mesh = bpy.data.meshes.new(name)
    points = [(x / 4, y / 4, 0) for x in range(5) for y in range(5)]
    corners = [5 * x + y for x in range(4) for y in range(4)]
    mesh.from_pydata(points, [], [(i, i + 5, i + 6, i + 1) for i in corners])
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    if keys:
        obj.shape_key_add(name="Basis", from_mix=False)
    for index, key in enumerate(keys):
        block = obj.shape_key_add(name=key, from_mix=False)
        block.data[index % len(points)].co.z += 0.1 + 0.01 * (index // len(points))
        block.value = 0.0
    return obj


def build_armature(name: str = "Rig", jaw: str = "jaw", angle: float | None = 0.4) -> bpy.types.Object:
    """An armature with a head bone and a jaw bone, which says how far the jaw opens unless `angle` is None."""
    rig = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    head = rig.data.edit_bones.new("head")
    head.head, head.tail = (0, 0, 0), (0, 0, 1)
    bone = rig.data.edit_bones.new(jaw)
    bone.head, bone.tail = (0, 0, 0.3), (0.1, -0.5, 0.1)
    bone.parent = head
    bpy.ops.object.mode_set(mode="OBJECT")
    if angle is not None:
        rig["lipsync_jaw_open_angle"] = angle
        rig["lipsync_jaw_axis"] = "X"
    return rig


def build_character(spelling: Callable[[str], str] = str, angle: float | None = 0.4) -> list[bpy.types.Object]:
    """Face with all 52 keys, teeth with two of them, and an armature that moves both."""
    rig = build_armature(angle=angle)
    face = build_mesh("Face", [spelling(name) for name in ARKIT_52])
    teeth = build_mesh("Teeth", [spelling(name) for name in ("jawOpen", "jawLeft")])
    for obj in (face, teeth):
        obj.parent = rig
        obj.modifiers.new("Armature", "ARMATURE").object = rig
        for bone in ("head", "jaw"):
            obj.vertex_groups.new(name=bone).add(range(25), 0.5, "REPLACE")
    return [face, teeth, rig]


def read_live_link(path: Path) -> AnimationTrack:
    """The 52 ARKit channels of a Live Link Face capture, which now and then go slightly beyond 1."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    header = [name[:1].lower() + name[1:] for name in rows[0]]
    values = np.array([row[2:] for row in rows[1:]], np.float32)
    columns = [header.index(name) - 2 for name in ARKIT_52]
    return AnimationTrack(ARKIT_52, np.clip(values[:, columns], 0, 1), 60.0)


def random_track(frames: int = 60, fps: float = 50.0, seed: int = 0) -> AnimationTrack:
    """Values that no bake can get right by accident."""
    return AnimationTrack(ARKIT_52, np.random.default_rng(seed).random((frames, 52), np.float32), fps)


def snapshot() -> dict[str, object]:
    """The open file, as far as a bake or an export could change it."""
    scene = bpy.context.scene
    blocks = [*bpy.data.objects, *bpy.data.meshes, *bpy.data.armatures, *bpy.data.shape_keys, *bpy.data.scenes]
    editor = scene.sequence_editor
    return {
        "data": {
            name: sorted(block.name for block in getattr(bpy.data, name))
            for name in ("objects", "meshes", "armatures", "shape_keys", "scenes", "actions", "sounds", "collections")
        },
        "actions": {action.name: _action(action) for action in bpy.data.actions},
        "assigned": {repr(block): _animation(block.animation_data) for block in blocks},
        "values": {repr(key): [block.value for block in key.key_blocks] for key in bpy.data.shape_keys},
        "bones": {
            repr(bone): tuple(map(tuple, bone.matrix_basis))
            for obj in bpy.data.objects
            if obj.pose
            for bone in obj.pose.bones
        },
        "range": (scene.frame_start, scene.frame_end, scene.frame_current_final),
        "rate": (scene.render.fps, scene.render.fps_base),
        "strips": editor and [(s.name, s.frame_start, s.channel, dict(s)) for s in editor.strips_all],
        "selected": [obj.name for obj in bpy.context.selected_objects],
    }


def curves_of(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All curves of an action."""
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]


def _action(action: bpy.types.Action) -> object:
    curves = [
        (curve.data_path, curve.array_index, [tuple(point.co) for point in curve.keyframe_points])
        for curve in curves_of(action)
    ]
    return action.use_fake_user, action.users, [slot.identifier for slot in action.slots], dict(action), curves


def _animation(data: bpy.types.AnimData | None) -> object:
    if data is None:
        return None
    strips = [
        (track.name, [(s.name, s.action.name, s.frame_start, s.frame_end) for s in track.strips])
        for track in data.nla_tracks
    ]
    slot = data.action_slot.identifier if data.action_slot else None
    return data.action and data.action.name, slot, strips
