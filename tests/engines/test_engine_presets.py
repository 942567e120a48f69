"""FBX for Unity and for Unreal: units, scales and names as these want them, and the same character in metres."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.scene_export import ENGINES, export_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.exporters import fbx_file
from tests.blender.scene_builder import build_character, curves_of, random_track
from tests.engines import scene_reader

FRAMES, FPS = 36, 24
SEEN = (0, 17, 35)


def points() -> np.ndarray:
    """[..., 3] the evaluated vertices of the face in the world, in metres, and the ends of the jaw, at SEEN frames."""
    scene, shown = bpy.context.scene, []
    face = next(obj for obj in bpy.data.objects if obj.type == "MESH" and obj.name.startswith("Face"))
    rig = next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    for frame in SEEN:
        scene.frame_set(scene.frame_start + frame)
        seen = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
        shown.append([seen.matrix_world @ vertex.co for vertex in seen.data.vertices])
        shown[-1].append(rig.matrix_world @ rig.pose.bones["jaw"].head)
    return np.array(shown)


@pytest.fixture(params=list(ENGINES))
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, np.ndarray]:
    """A baked character that stands elsewhere and nods, as FBX for an engine; and its points in Blender."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, scene = build_character(), bpy.context.scene
    rig = character[2]
    rig.location, scene.render.fps, scene.frame_start = (0.5, 0.2, 0.1), FPS, 25
    for frame, x in ((25, 0.0), (25 + FRAMES, 0.3)):
        rig.pose.bones["head"].location.x = x
        rig.pose.bones["head"].keyframe_insert("location", frame=frame)
    for curve in curves_of(rig.animation_data.action):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
    report = bake(scene, character, Performance(random_track(FRAMES, FPS)), "greeting", BakeSettings(start_frame=25))
    target = tmp_path / "greeting.fbx"
    export_character(target, scene, character, report.take, report.first_frame, report.last_frame, engine=request.param)
    return request.param, target, points()


def test_units_scales_and_names(exported: tuple[str, Path, np.ndarray]) -> None:
    engine, file, _ = exported
    read = scene_reader.ufbx(file)
    assert [name for name, _, _ in read["clips"]] == ["greeting"] and read["clips"][0][1] == 0
    assert read["unit"] == pytest.approx(1.0 if engine == "unity" else 0.01)
    assert ("Armature" in read["nodes"]) == (engine == "unreal") and ("Rig" in read["nodes"]) == (engine != "unreal")
    scales = np.array([scale for name, scale in read["scales"].items()])
    np.testing.assert_allclose(scales, np.ones_like(scales) if engine else scales, atol=1e-4)
    assert engine or scales.max() == pytest.approx(100), "what the presets are there for"


def test_unreal_finds_smoothing_groups_and_blender_as_creator(exported: tuple[str, Path, np.ndarray]) -> None:
    engine, file, _ = exported
    top = {each.name: each for each in fbx_file.parse(file.read_bytes())[0]}
    assert str(top["Creator"].value(0)).startswith("Blender")
    meshes = [each for each in top["Objects"].children if each.name == "Geometry" and each.value(2) == "Mesh"]
    smoothed = [any(child.name == "LayerElementSmoothing" for child in mesh.children) for mesh in meshes]
    assert len(meshes) == 2 and set(smoothed) == {engine == "unreal"}


def test_blender_finds_the_same_mouth_at_the_same_place(exported: tuple[str, Path, np.ndarray]) -> None:
    _, file, expected = exported
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start = FPS, 0
    bpy.ops.import_scene.fbx(filepath=str(file), anim_offset=0.0)
    found = points()
    assert np.ptp(expected, axis=0).max() > 0.05, "nothing moves"
    np.testing.assert_allclose(found, expected, atol=2e-4)
    keys = next(obj for obj in bpy.data.objects if obj.name.startswith("Face")).data.shape_keys.key_blocks
    assert [key.name for key in keys][1:] == list(ARKIT_52)
