"""Characters that come from another file: seen, and animated where Blender allows it."""

from __future__ import annotations

from pathlib import Path

import bpy
import pygltflib
import pytest

from lipsync_addon.blender import panel_data
from lipsync_addon.blender.bake import bake
from lipsync_addon.blender.rig_scan import find_character, scan_rig
from lipsync_addon.blender.take_clips import export_takes
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, curves_of, random_track, snapshot

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


@pytest.fixture
def library(tmp_path) -> Path:
    hero = bpy.data.collections.new("Hero")
    bpy.context.scene.collection.children.link(hero)
    for obj in build_character():
        hero.objects.link(obj)
    path = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def link(path: Path) -> bpy.types.Collection:
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Hero"]
    (collection,) = wanted.collections
    bpy.context.scene.collection.children.link(collection)
    return collection


def test_a_linked_character_is_found_but_not_written(library):
    link(library)
    character = find_character(bpy.context.scene)
    inventory = scan_rig(character)
    assert len(inventory.shape_keys["Face"]) == 52 and inventory.jaws["Rig"].angle == pytest.approx(0.4)
    before = snapshot()
    with pytest.raises(LipsyncError, match="library.blend") as caught:
        bake(bpy.context.scene, character, Performance(random_track()), "line")
    assert "override" in caught.value.hint
    assert snapshot() == before


def test_a_library_override_is_animated(library):
    collection = link(library)
    collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    for obj in [obj for obj in bpy.data.objects if obj.override_library and obj.type == "MESH"]:
        obj.data.override_create(remap_local_usages=True)
    objects = [obj for obj in bpy.context.scene.objects if obj.library is None]
    assert {obj.name for obj in objects} == {"Face", "Teeth", "Rig"}
    report = bake(bpy.context.scene, objects, Performance(random_track(fps=24)), "line")
    assert report.curves == 58
    bpy.context.scene.frame_set(11)
    face = next(obj for obj in objects if obj.name == "Face")
    assert face.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(
        random_track(fps=24).channel("jawOpen")[10], abs=1e-6
    )


def test_takes_of_a_library_override_go_into_one_file(library, tmp_path):
    collection = link(library)
    collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    for obj in [obj for obj in bpy.data.objects if obj.override_library and obj.type == "MESH"]:
        obj.data.override_create(remap_local_usages=True)
    objects = [obj for obj in bpy.context.scene.objects if obj.library is None]
    for name, seed in (("first", 0), ("second", 1)):
        bake(bpy.context.scene, objects, Performance(random_track(fps=24, seed=seed)), name)
    before = snapshot()
    for ending in (".glb", ".fbx"):
        export_takes(tmp_path / f"both{ending}", bpy.context.scene, objects)
    assert snapshot() == before
    animations = pygltflib.GLTF2().load(tmp_path / "both.glb").animations
    assert [animation.name for animation in animations] == ["first", "second"]


def test_sliders_act_on_an_override_beside_the_collection_that_it_came_from(addon, library):
    collection = link(library)
    collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    for obj in [obj for obj in bpy.data.objects if obj.override_library and obj.type == "MESH"]:
        obj.data.override_create(remap_local_usages=True)
    scene = bpy.context.scene
    assert len([obj for obj in scene.objects if obj.name == "Face"]) == 2
    scene.lipsync.sound_file, scene.lipsync.add_sound = str(LINE), False
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    (action,) = bpy.data.actions
    assert all(obj.library is None for obj in panel_data.objects(bpy.context))
    jaw = next(curve for curve in curves_of(action) if '"jawOpen"' in curve.data_path)
    before = max(point.co.y for point in jaw.keyframe_points)
    scene.lipsync.jaw = 1.5
    jaw = next(curve for curve in curves_of(action) if '"jawOpen"' in curve.data_path)
    assert max(point.co.y for point in jaw.keyframe_points) > 1.2 * before


def broken(path: Path) -> None:
    """The character of the library with an empty key and a key whose mask has no weight."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    face = bpy.data.objects["Face"]
    keys = face.data.shape_keys.key_blocks
    for point, start in zip(keys["mouthPucker"].data, keys["Basis"].data, strict=True):
        point.co = start.co
    face.vertex_groups.new(name="nothing")
    keys["mouthFunnel"].vertex_group = "nothing"
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.mark.parametrize("override", [False, True], ids=["linked", "override"])
def test_keys_that_move_nothing_are_told_of_data_from_another_file(addon, library, override):
    broken(library)
    collection = link(library)
    if override:
        collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
        for obj in [obj for obj in bpy.data.objects if obj.override_library and obj.type == "MESH"]:
            obj.data.override_create(remap_local_usages=True)
    found = panel_data.facts(bpy.context)
    assert (found.problem is None) == override
    told = " ".join(found.obstacles)
    assert "'mouthPucker' of 'Face' moves no vertex: it has the shape" in told
    assert "'mouthFunnel' of 'Face' moves no vertex: its vertex group" in told
