# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender side: objects with shape keys, armature, materials, camera, light and render settings."""
from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from .params import ARKIT, CHARACTER_NAME, COLOURS, HINGE, JAW_OPEN_ANGLE, LIFT
from .parts import Part

Array = np.ndarray


def material(name: str) -> bpy.types.Material:
    """The character's material of that name, made on first use."""
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    mat = bpy.data.materials.new(name)
    rough = {"Glint": 0.1, "Pupil": 0.1, "Iris": 0.15, "IrisRim": 0.15, "EyeWhite": 0.2, "Teeth": 0.25, "Tongue": 0.35,
             "Lips": 0.45, "Gums": 0.35}.get(name, 0.65)
    mat.diffuse_color, mat.roughness = COLOURS[name], rough
    mat.use_nodes = True
    shader = mat.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = COLOURS[name]
    shader.inputs["Roughness"].default_value = rough
    return mat


def add_object(name: str, part: Part) -> bpy.types.Object:
    """Mesh object from a part, moved up by LIFT, smooth, with materials, UVs and shape keys."""
    mesh = bpy.data.meshes.new(name)
    base = part.co + [0, 0, LIFT]
    mesh.from_pydata(base.tolist(), [], part.faces)
    used = list(dict.fromkeys(part.materials))
    for m in used:
        mesh.materials.append(material(m))
    mesh.polygons.foreach_set("material_index", [used.index(m) for m in part.materials])
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    _add_uv(mesh, base)
    mesh.validate()
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    if part.shapes:
        obj.shape_key_add(name="Basis", from_mix=False)
        for key in (k for k in ARKIT if k in part.shapes):
            block = obj.shape_key_add(name=key, from_mix=False)
            block.data.foreach_set("co", (base + part.shapes[key]).astype(np.float32).ravel())
            block.slider_min, block.slider_max, block.value = 0.0, 1.0, 0.0
    return obj


def _add_uv(mesh: bpy.types.Mesh, co: Array) -> None:
    """Cylinder projection around the z axis."""
    loops = np.empty(len(mesh.loops), int)
    mesh.loops.foreach_get("vertex_index", loops)
    u = np.arctan2(co[:, 0], -co[:, 1]) / (2 * np.pi) + 0.5
    v = (co[:, 2] - co[:, 2].min()) / max(np.ptp(co[:, 2]), 1e-6)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.stack([u, v], 1)[loops].ravel())


def add_armature() -> bpy.types.Object:
    """Armature `Rig`: `head`, and its child `jaw` that opens by positive rotation about local X."""
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    head = data.edit_bones.new("head")
    head.head, head.tail, head.roll = (0, 0.02, LIFT - 0.10), (0, 0.02, LIFT + 0.10), 0.0
    jaw = data.edit_bones.new("jaw")
    jaw.head, jaw.tail = (0, HINGE[0], LIFT + HINGE[1]), (0, -0.088, LIFT - 0.092)
    jaw.align_roll(Vector((0, 0, -1)))
    jaw.parent = head
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.pose.bones["jaw"].rotation_mode = "XYZ"
    rig["lipsync_jaw_open_angle"] = JAW_OPEN_ANGLE
    rig["lipsync_jaw_axis"] = "X"
    rig["lipsync_character"] = CHARACTER_NAME
    rig.show_in_front = True
    data.display_type = "STICK"
    return rig


def bind(obj: bpy.types.Object, rig: bpy.types.Object, jaw: Array | None) -> None:
    """Parent to the armature; vertices with a jaw share of 1 go to `jaw`, the rest to `head`."""
    share = np.zeros(len(obj.data.vertices)) if jaw is None else jaw
    for name, members in (("head", share < 0.5), ("jaw", share >= 0.5)):
        if members.any():
            obj.vertex_groups.new(name=name).add(np.flatnonzero(members).tolist(), 1.0, "REPLACE")
    obj.parent = rig
    obj.modifiers.new("Armature", "ARMATURE").object = rig


def add_group(obj: bpy.types.Object, name: str, vertices: Array) -> None:
    """Vertex group with full weight."""
    obj.vertex_groups.new(name=name).add([int(v) for v in vertices], 1.0, "REPLACE")


def forget_folders() -> None:
    """Take the home folder of this machine out of the file browsers that are saved with the file."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                if space.type == "FILE_BROWSER" and space.params:
                    space.params.directory = b"//"


def set_up_scene() -> None:
    """Portrait camera, key light and Workbench settings."""
    scene = bpy.context.scene
    target = Vector((0, -0.02, LIFT - 0.005))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = (0.30, -1.03, LIFT + 0.010)
    camera.rotation_euler = (target - camera.location).to_track_quat("-Z", "Y").to_euler()
    camera.data.lens = 105
    light = bpy.data.objects.new("Key", bpy.data.lights.new("Key", "AREA"))
    light.location = (0.5, -0.8, LIFT + 0.6)
    light.rotation_euler = (target - light.location).to_track_quat("-Z", "Y").to_euler()
    light.data.energy, light.data.size = 12.0, 0.5
    for obj in (camera, light):
        scene.collection.objects.link(obj)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("World")
    scene.world.color = (0.36, 0.50, 0.52)
    scene.view_settings.view_transform = "Standard"
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.fps = 30
    scene.frame_start, scene.frame_end = 0, 150
    shading = scene.display.shading
    shading.light, shading.studio_light = "STUDIO", "paint.sl"
    shading.color_type, shading.background_type = "MATERIAL", "WORLD"
    shading.show_cavity, shading.cavity_type = True, "BOTH"
    shading.cavity_ridge_factor, shading.cavity_valley_factor = 0.2, 0.8
    shading.curvature_ridge_factor, shading.curvature_valley_factor = 0.15, 0.45
    shading.show_specular_highlight = True
    scene.display.render_aa = "8"
