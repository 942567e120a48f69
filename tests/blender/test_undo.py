"""Undo and redo: a bake, a phone, a key that an artist drags, a slider, each one step, and right in both directions."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import sliders
from lipsync_addon.blender.actions import TAKE, UNFITTED
from lipsync_addon.blender.hand_edits import edit_count
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.blender.words_settings import timeline_of
from tests.blender.scene_builder import build_character, curves_of
from tests.blender.test_sliders import window  # noqa: F401, a fixture

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"
TEXT = "Five brave puppies paddled a blue boat over the moonlit pool."


@pytest.fixture(params=["every", "sparse"])
def scene(addon, request):
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound, settings.key_mode = str(LINE), False, request.param
    settings.words.text = TEXT
    bpy.ops.ed.undo_push(message="before")
    return bpy.context.scene


def take():
    return next((action for action in bpy.data.actions if TAKE in action), None)


def state() -> tuple:
    """All keys of the take, the track of phones in the scene and in the take, the slider."""
    action, lipsync = take(), bpy.context.scene.lipsync
    known = stored_prediction(action)
    keys = {}
    for curve in curves_of(action) if action else ():
        points = np.empty((len(curve.keyframe_points), 2), np.float32)
        curve.keyframe_points.foreach_get("co", points.ravel())
        keys[curve.data_path, curve.array_index] = points
    units = [phone.unit for phone in lipsync.words.phones]
    played = [phone.unit for phone in known.timeline.phones] if known else []
    return keys, units, played, lipsync.jaw, action is not None and edit_count(action), len(bpy.data.actions)


def same(one: tuple, other: tuple, error: float = 0.0) -> None:
    assert one[1:] == other[1:]
    assert one[0].keys() == other[0].keys()
    for key, points in one[0].items():
        assert points.shape == other[0][key].shape
        np.testing.assert_allclose(points, other[0][key], atol=error, err_msg=str(key))


def bake() -> None:
    assert bpy.ops.lipsync.bake("EXEC_DEFAULT", True) == {"FINISHED"}


def phone() -> None:
    words = bpy.context.scene.lipsync.words
    words.active = next(i for i, each in enumerate(words.phones) if each.unit == "b" and each.start > 1)
    assert bpy.ops.lipsync.change_phone("EXEC_DEFAULT", True, ipa="ɑ") == {"FINISHED"}


def key() -> None:
    """As the graph editor does: the key, then a step."""
    curve = next(curve for curve in curves_of(take()) if '"mouthFunnel"' in curve.data_path)
    curve.keyframe_points[8].co.y += 0.4
    curve.update()
    bpy.ops.ed.undo_push(message="Move Keys")


def slider() -> None:
    """As a window does: the step is made when the slider is let go, and keys are fitted anew after it."""
    for jaw in (1.1, 1.3, 1.5):
        bpy.context.scene.lipsync.jaw = jaw
    assert UNFITTED in take()
    bpy.ops.ed.undo_push(message="Jaw")
    sliders._settle()


def again() -> None:
    bake()


def undo(back: bool = True) -> None:
    """Or redo; then what Blender's timer does at once."""
    assert (bpy.ops.ed.undo() if back else bpy.ops.ed.redo()) == {"FINISHED"}
    assert bpy.app.timers.is_registered(sliders._refit)
    bpy.app.timers.unregister(sliders._refit)
    sliders._refit()


def test_every_step_back_and_forth(scene, window):  # noqa: F811
    states = [state()]
    steps = (bake, phone, key, slider, again, phone)
    for step in steps:
        step()
        states.append(state())
        assert UNFITTED not in take()
    for _ in range(2):
        for index in range(len(steps) - 1, -1, -1):
            undo()
            same(state(), states[index], 2e-6)
        assert take() is None and not bpy.context.scene.lipsync.words.phones
        for index in range(1, len(states)):
            undo(back=False)
            same(state(), states[index], 2e-6)
    assert sliders.problem() is None


def test_after_undo_everything_acts_on(scene, window):  # noqa: F811
    bake()
    first = state()
    slider()
    phone()
    undo()
    undo()
    same(state(), first)
    bpy.context.scene.lipsync.jaw = 1.2
    bpy.ops.ed.undo_push(message="Jaw")
    sliders._settle()
    phone()
    edited = state()
    assert edited[1] != first[1] and edited[3] == pytest.approx(1.2)
    undo()
    undo()
    same(state(), first)
    assert len(timeline_of(bpy.context.scene.lipsync.words).phones) == len(first[1])


def test_a_bake_of_strips_and_a_moved_take_are_one_step_each(addon):
    build_character()
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    for name, frame in (("hello_en", 1), ("boat_en", 200)):
        editor.strips.new_sound(name, str(LINE.parent / f"{name}.flac"), 1, frame)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.lipsync.bake_scene("EXEC_DEFAULT", True)
    takes = sorted(action[TAKE] for action in bpy.data.actions if TAKE in action)
    bpy.context.scene.sequence_editor.strips["boat_en"].frame_start += 40
    bpy.ops.ed.undo_push(message="Move")
    bpy.ops.lipsync.follow_strips("EXEC_DEFAULT", True)

    def starts() -> list[float]:
        data = bpy.data.objects["Face"].data.shape_keys.animation_data
        return sorted(
            strip.frame_start for track in data.nla_tracks if track.name == "Lipsync" for strip in track.strips
        )

    assert starts() == [1, 240]
    bpy.ops.ed.undo()
    assert starts() == [1, 200]
    bpy.ops.ed.redo()
    assert starts() == [1, 240]
    for _ in range(3):
        bpy.ops.ed.undo()
    assert not bpy.data.actions and not bpy.context.scene.lipsync.words.phones
    bpy.ops.ed.redo()
    assert starts() == [1, 200] and sorted(a[TAKE] for a in bpy.data.actions if TAKE in a) == takes
    assert bpy.context.scene.lipsync.words.take == "hello_en"
