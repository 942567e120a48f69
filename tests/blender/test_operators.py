"""The buttons do what the functions do, say why they are grey, and report in the user's words."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

import lipsync_addon
from lipsync_addon.blender import operator_base, panel_data
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.sound_import import open_sound
from lipsync_addon.core.mapping import JawSettings
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.style import StyleSettings
from lipsync_addon.inference.predictor import Predictor
from tests.blender.scene_builder import build_character, build_mesh, curves_of, snapshot


@pytest.fixture
def line(shared, tmp_path) -> Path:
    """Three seconds of a president."""
    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    samples, rate = soundfile.read(tmp_path / "jfk.opus")
    soundfile.write(tmp_path / "ask not.wav", samples[: 3 * rate], rate)
    return tmp_path / "ask not.wav"


def curves() -> dict[str, list[tuple[float, float]]]:
    (action,) = bpy.data.actions
    return {f"{c.data_path}[{c.array_index}]": [tuple(p.co) for p in c.keyframe_points] for c in curves_of(action)}


def test_switching_on_and_off_twice_leaves_nothing():
    before = set(dir(bpy.types)), set(dir(bpy.ops.lipsync))
    for _ in range(2):
        lipsync_addon.register()
        assert hasattr(bpy.types.Scene, "lipsync") and "bake" in dir(bpy.ops.lipsync)
        lipsync_addon.unregister()
        assert not hasattr(bpy.types.Scene, "lipsync")
    assert (set(dir(bpy.types)), set(dir(bpy.ops.lipsync))) == before


def test_the_button_and_the_function_give_the_same_curves(addon, line):
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.start_frame = str(line), 5
    settings.intensity, settings.smoothing, settings.jaw_mode = 1.3, 0.04, "instead"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    pressed = curves()
    (strip,) = bpy.context.scene.sequence_editor.strips
    assert strip.frame_start == 5

    bpy.ops.wm.read_factory_settings(use_empty=True)
    character = build_character()
    predictor = Predictor.load()
    style = StyleSettings(np.float32(1.3), np.float32(0.04))
    performance = animate(open_sound(line, predictor.spec.sample_rate), predictor, style, keep=True)
    bake(bpy.context.scene, character, performance, "ask not", BakeSettings(5, JawSettings("instead")))
    called = curves()
    assert pressed.keys() == called.keys()
    for path, points in pressed.items():
        np.testing.assert_allclose(points, called[path], atol=1e-6)


def test_a_strip_is_baked_where_it_is(addon, line):
    build_character()
    scene = bpy.context.scene
    scene.sequence_editor_create().strips.new_sound("take one", str(line), 1, 40)
    scene.lipsync.source, scene.lipsync.strip = "STRIP", "take one"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert (panel_data.last_report().first_frame, panel_data.last_report().take) == (40, "take one")
    assert len(scene.sequence_editor.strips) == 1


def test_a_take_that_the_scene_does_not_play_to_its_end_is_told(addon, line):
    build_character()
    scene, settings = bpy.context.scene, bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound, scene.frame_end = str(line), False, 20
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    last = panel_data.last_report().last_frame
    assert f"The take goes on to frame {last}, and the scene ends at 20" in " ".join(panel_data.last_report().notices)
    settings.extend_range = True
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert scene.frame_end == last and not any("goes on" in notice for notice in panel_data.last_report().notices)


def reason() -> str | None:
    from lipsync_addon.blender.operators.bake import LIPSYNC_OT_bake

    assert bpy.ops.lipsync.bake.poll() == (LIPSYNC_OT_bake.disabled_reason(bpy.context) is None)
    return LIPSYNC_OT_bake.disabled_reason(bpy.context)


def test_the_button_says_what_is_missing_first(addon, line):
    settings = bpy.context.scene.lipsync
    assert reason() == "Choose a sound file."
    settings.sound_file = str(line.parent / "absent.wav")
    assert "absent.wav" in reason()
    settings.sound_file = str(line)
    assert "no shape keys" in reason()
    face = build_mesh("Face", ["Grin"])
    assert "'Grin'" in reason()
    face.data.shape_keys.key_blocks["Grin"].name = "jawOpen"
    assert reason() is None
    settings.source = "STRIP"
    assert "strip" in reason()


def test_the_panel_knows_the_character_in_words(addon):
    build_character()
    found = panel_data.facts(bpy.context)
    assert found.summary == "ARKit: 52 of 52, jaw bone 'jaw'" and found.missing == ()
    keys = bpy.data.objects["Face"].data.shape_keys.key_blocks
    bpy.data.objects["Face"].shape_key_remove(keys["mouthClose"])
    bpy.context.scene.lipsync.jaw_mode = "off"
    found = panel_data.facts(bpy.context)
    assert found.summary == "ARKit: 51 of 52" and found.missing == ("mouthClose",)
    bpy.context.scene.lipsync.jaw_mode, bpy.context.scene.lipsync.jaw_bone = "beside", "chops"
    assert "'chops'" in panel_data.facts(bpy.context).problem


def test_a_bad_sound_is_reported_and_leaves_the_scene_alone(addon, tmp_path):
    build_character()
    bad = tmp_path / "notes.wav"
    bad.write_text("These are notes. " * 50)
    bpy.context.scene.lipsync.sound_file = str(bad)
    before = snapshot()
    with pytest.raises(RuntimeError, match="notes.wav is not a sound"):  # how bpy.ops shows a report of an error
        bpy.ops.lipsync.bake()
    assert snapshot() == before


def test_an_unexpected_error_is_described_in_a_file_without_the_home_folder(addon, line, monkeypatch):
    from lipsync_addon.blender.operators import bake as module

    build_character()
    bpy.context.scene.lipsync.sound_file = str(line)
    monkeypatch.delenv(operator_base.RAISE)

    def fail(*args, **kwargs):
        raise ZeroDivisionError(f"in {Path.home() / 'secret'}")

    monkeypatch.setattr(module, "animate", fail)
    before = snapshot()
    with pytest.raises(RuntimeError, match="log.txt") as caught:
        bpy.ops.lipsync.bake()
    assert "ZeroDivisionError" not in str(caught.value)
    text = operator_base.log_file().read_text(encoding="utf-8")
    assert "ZeroDivisionError: in ~" in text and str(Path.home()) not in text
    assert snapshot() == before


def test_exports_follow_the_artists_changes(addon, line, tmp_path):
    build_character()
    bpy.context.scene.lipsync.sound_file = str(line)
    assert not bpy.ops.lipsync.export_curves.poll()
    bpy.ops.lipsync.bake()
    curve = next(c for c in curves_of(bpy.data.actions["ask not"]) if '"mouthSmileLeft"' in c.data_path)
    for point in curve.keyframe_points:
        point.co.y = 0.625
    curve.update()
    for ending in (".csv", ".json", ".glb", ".fbx"):
        operator = bpy.ops.lipsync.export_curves if ending in (".csv", ".json") else bpy.ops.lipsync.export_character
        assert operator(filepath=str(tmp_path / f"out{ending}"), ending=ending) == {"FINISHED"}
        assert (tmp_path / f"out{ending}").stat().st_size > 1000
    with pytest.raises(TypeError, match="enum"):  # a take's curves hold no words
        bpy.ops.lipsync.export_curves(filepath=str(tmp_path / "out.srt"), ending=".srt")
    header, *rows = (tmp_path / "out.csv").read_text().splitlines()
    column = [name.lower() for name in header.split(",")].index("mouthsmileleft")
    assert {float(row.split(",")[column]) for row in rows} == {0.625}


@pytest.mark.parametrize("name", ["../../take", "/take", "C:\\take", "..", "a/b"])
def test_no_take_or_preset_is_called_a_place_elsewhere(addon, name):
    from lipsync_addon.blender.presets import file_name

    for ending in (".json", ".glb"):
        assert re.fullmatch(r"[\w-][\w. -]*\.(json|glb)", file_name(name, ending))


def test_one_undo_takes_the_bake_back(addon, line):
    build_character()
    bpy.context.scene.lipsync.sound_file = str(line)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.lipsync.bake("EXEC_DEFAULT", True) == {"FINISHED"}
    assert len(bpy.data.actions) == 1
    bpy.ops.ed.undo()
    assert len(bpy.data.actions) == 0
    assert bpy.data.objects["Face"].data.shape_keys.animation_data is None


def test_all_takes_go_into_one_file_with_an_engines_units(addon, line, tmp_path):
    build_character()
    scene = bpy.context.scene
    scene.lipsync.sound_file = str(line)
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    scene.lipsync.source, scene.lipsync.strip = "STRIP", "take two"
    scene.sequence_editor.strips.new_sound("take two", str(line), 3, 40)
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    target = tmp_path / "all.fbx"
    assert bpy.ops.lipsync.export_character(filepath=str(target), ending=".fbx", engine="UNREAL", all_takes=True) == {
        "FINISHED"
    }
    data = target.read_bytes()
    stacks = set(re.findall(rb"([^\0]{1,40}?)\0\x01AnimStack", data))
    assert len(stacks) == 2 and b"Armature\0\x01Model" in data
