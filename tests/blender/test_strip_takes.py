"""Sequencer strips that are deleted, muted, moved or cut after the bake: it is told, and the takes follow at a
click."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.actions import TAKE
from lipsync_addon.blender.hand_edits import edit_count
from lipsync_addon.blender.playing import animated_block, takes_playing
from lipsync_addon.blender.strip_places import troubles
from tests.blender.scene_builder import build_character, curves_of
from tests.blender.test_panels import drawn

LINES = Path(__file__).parents[2] / "examples" / "lines"
STARTS = {"hello_en": 1, "boat_en": 200, "market_en": 330}


@pytest.fixture
def scene(addon):
    """Three lines, each a take, baked from the sequencer."""
    build_character()
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    for name, frame in STARTS.items():
        editor.strips.new_sound(name, str(LINES / f"{name}.flac"), 1, frame)
    scene.lipsync.key_mode = "every"
    assert bpy.ops.lipsync.bake_scene() == {"FINISHED"}
    assert troubles(scene) == []
    return scene


def strip(name: str):
    return bpy.context.scene.sequence_editor.strips[name]


def action(name: str):
    return next(each for each in bpy.data.actions if each.get(TAKE) == name)


def shown(first: int, last: int) -> np.ndarray:
    """The jaw as Blender evaluates it."""
    key, heights = bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"], []
    for frame in range(first, last):
        bpy.context.scene.frame_set(frame)
        heights.append(key.value)
    return np.array(heights)


def told() -> list[tuple[str, str, float]]:
    return [(each.take, each.change, each.shift) for each in troubles(bpy.context.scene)]


def edit(name: str) -> None:
    curve = next(curve for curve in curves_of(action(name)) if '"jawOpen"' in curve.data_path)
    curve.keyframe_points[30].co.y += 0.5
    curve.update()


def test_a_deleted_strip_is_told_and_its_take_muted_or_removed(scene):
    scene.sequence_editor.strips.remove(strip("boat_en"))
    assert told() == [("boat_en", "gone", 0.0)]
    assert "is gone: its keys still play" in drawn()
    assert shown(200, 290).max() > 0.1
    bpy.ops.lipsync.bake_scene()
    assert shown(200, 290).max() > 0.1, "nothing is deleted unasked"
    assert bpy.ops.lipsync.mute_takes() == {"FINISHED"}
    assert shown(200, 290).max() == 0 and shown(1, 90).max() > 0.1 and told() == []
    assert not bpy.ops.lipsync.remove_takes.poll()


def test_removed_takes_with_changes_of_the_artist_stay_in_the_file(scene):
    for name in ("boat_en", "market_en"):
        scene.sequence_editor.strips.remove(strip(name))
    edit("market_en")
    assert bpy.ops.lipsync.remove_takes() == {"FINISHED"}
    takes = sorted(each[TAKE] for each in bpy.data.actions if TAKE in each)
    assert takes == ["hello_en", "market_en"] and edit_count(action("market_en")) == 1
    assert action("market_en").use_fake_user
    assert shown(200, 450).max() == 0 and shown(1, 90).max() > 0.1


def test_a_muted_strip_is_told_and_plays_again_after_a_bake(scene):
    strip("boat_en").mute = True
    assert told() == [("boat_en", "muted", 0.0)]
    assert not bpy.ops.lipsync.remove_takes.poll()
    bpy.ops.lipsync.mute_takes()
    assert shown(200, 290).max() == 0
    strip("boat_en").mute = False
    bpy.ops.lipsync.bake_scene()
    assert shown(200, 290).max() > 0.1 and told() == []


@pytest.mark.parametrize("shift", [-60, 25, 700])
def test_a_moved_strip_is_told_and_its_take_moves_along_with_its_changes(scene, shift):
    edit("boat_en")
    before, others = shown(200, 290), shown(1, 100)
    strip("boat_en").frame_start += shift
    assert told() == [("boat_en", "moved", float(shift))]
    assert "frames too" in drawn()
    assert bpy.ops.lipsync.follow_strips() == {"FINISHED"}
    assert told() == []
    np.testing.assert_allclose(shown(200 + shift, 290 + shift), before, atol=1e-5)
    np.testing.assert_array_equal(shown(1, 100), others)
    assert edit_count(action("boat_en")) == 1
    bpy.ops.lipsync.bake_scene()
    np.testing.assert_allclose(shown(200 + shift, 290 + shift), before, atol=0.03)
    assert told() == [] and len(takes_playing(animated_block(bpy.data.objects["Face"]))) == 3


def test_all_strips_moved_for_a_scene_that_begins_later(scene):
    before = {name: shown(start, start + 80) for name, start in STARTS.items()}
    for name in reversed(STARTS):
        strip(name).frame_start += 50
    bpy.ops.lipsync.follow_strips()
    assert told() == []
    for name, start in STARTS.items():
        np.testing.assert_allclose(shown(start + 50, start + 130), before[name], atol=1e-5)
    assert {len(track.strips) for data in [animated_block(bpy.data.objects["Face"]).animation_data]
            for track in data.nla_tracks if track.name == "Lipsync"} == {3}  # fmt: skip


def test_a_strip_of_the_nla_that_was_moved_by_hand_to_the_new_place_is_no_trouble(scene):
    strip("boat_en").frame_start += 40
    for obj in scene.objects:
        for take in takes_playing(animated_block(obj)):
            if take.action == action("boat_en"):
                take.strip.frame_end += 40
                take.strip.frame_start += 40
    assert told() == []


def test_a_cut_or_renamed_strip(scene):
    strip("boat_en").name = "boat, take 2"
    assert told() == []
    scene.sequence_editor.strips["boat, take 2"].frame_final_end -= 20
    assert [(change, name) for name, change, _ in told()] in ([("cut", "boat_en")], [("gone", "boat_en")])
    strip("hello_en").frame_final_start += 10
    assert ("hello_en", "cut", 0.0) in told()


def test_a_sound_that_was_moved_within_its_strip_is_told(scene):
    strip("boat_en").sound_offset = 0.5
    assert told() == [("boat_en", "cut", 0.0)]
    bpy.ops.lipsync.bake_scene()
    assert told() == []


def test_an_active_take_of_one_strip_moves_its_keys(scene):
    settings = scene.lipsync
    for name in ("hello_en", "market_en"):
        scene.sequence_editor.strips.remove(strip(name))
    for each in [each for each in bpy.data.actions if TAKE in each]:
        bpy.data.actions.remove(each)
    settings.source, settings.strip = "STRIP", "boat_en"
    bpy.ops.lipsync.bake()
    edit("boat_en")
    before = shown(200, 290)
    strip("boat_en").frame_start += 30
    assert told() == [("boat_en", "moved", 30.0)]
    bpy.ops.lipsync.follow_strips()
    assert told() == [] and settings.words.start_frame == 230
    np.testing.assert_allclose(shown(230, 320), before, atol=1e-5)
    settings.jaw = 1.2
    assert edit_count(action("boat_en")) == 1
    settings.jaw = 1.0
    np.testing.assert_allclose(shown(230, 320), before, atol=0.02)


def test_the_strip_that_a_bake_added_is_known_too(addon):
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.start_frame = str(LINES / "boat_en.flac"), 11
    bpy.ops.lipsync.bake()
    bpy.context.scene.sequence_editor.strips[0].frame_start = 31
    assert told() == [("boat_en", "moved", 20.0)]
    bpy.context.scene.sequence_editor.strips.remove(bpy.context.scene.sequence_editor.strips[0])
    assert told() == [("boat_en", "gone", 0.0)]
    bpy.ops.lipsync.mute_takes()
    assert shown(1, 120).max() == 0 and action("boat_en").use_fake_user


def test_one_of_several_strips_of_a_take(scene):
    for each in [each for each in bpy.data.actions if TAKE in each]:
        bpy.data.actions.remove(each)
    scene.lipsync.voices.per = "character"
    bpy.ops.lipsync.bake_scene()
    strip("boat_en").frame_start += 9
    (trouble,) = troubles(scene)
    assert "Bake the strips again" in str(trouble) and not bpy.ops.lipsync.follow_strips.poll()
    for name in ("hello_en", "market_en"):
        strip(name).frame_start += 9
    (trouble,) = troubles(scene)
    assert trouble.whole and trouble.shift == 9 and bpy.ops.lipsync.follow_strips() == {"FINISHED"}
    assert told() == []
    scene.sequence_editor.strips.remove(strip("market_en"))
    assert [(each.change, each.whole) for each in troubles(scene)] == [("gone", False)]
    assert not bpy.ops.lipsync.remove_takes.poll()
    bpy.ops.lipsync.bake_scene()
    assert told() == []
