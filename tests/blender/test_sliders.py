"""A slider in a window: dragged, let go, undone. Without a window every change counts as one that has come to rest, so
a stand-in says that there is one; the timer's function is called in the timer's stead."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import sliders, take_records
from lipsync_addon.blender.actions import stored_record
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.core.keying import KeySettings
from lipsync_addon.core.lip_truth import CLOSED
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.prediction import Prediction
from tests.blender.scene_builder import curves_of
from tests.blender.test_mesh_measure import build_paper, gaps_at_closures, speech
from tests.blender.test_take import curve, heights, settings  # noqa: F401, a fixture


@pytest.fixture
def window(monkeypatch):
    """Sliders that believe in a window."""
    app = SimpleNamespace(background=False, timers=bpy.app.timers)
    monkeypatch.setattr(sliders, "bpy", SimpleNamespace(app=app, context=bpy.context, types=bpy.types))


def frames(name: str) -> list[float]:
    return [point.co.x for point in curve(name).keyframe_points]


@pytest.mark.parametrize("mode", ["every", "sparse", "twos", "stepped"])
def test_dragged_and_let_go_it_gives_what_a_bake_gives(settings, window, mode):  # noqa: F811
    settings.key_mode = mode
    sliders._settle()
    places = frames("jawOpen")
    for jaw in (1.1, 1.2, 1.4):
        settings.jaw = jaw
        if mode in ("every", "sparse", "twos"):
            assert frames("jawOpen") == places, "keys stay where they are meanwhile"
    assert bpy.app.timers.is_registered(sliders._settle)
    assert sliders._settle() is None and sliders.problem() is None
    let_go = {name: (frames(name), heights(name)) for name in ("jawOpen", "mouthPucker", "mouthClose")}
    bpy.ops.lipsync.bake()
    for name, (at, values) in let_go.items():
        assert at == frames(name)
        np.testing.assert_allclose(values, heights(name), atol=1e-4)


@pytest.mark.parametrize("mode", ["every", "sparse"])
def test_a_key_that_is_moved_between_two_drags_stays_moved(settings, window, mode):  # noqa: F811
    settings.key_mode = mode
    sliders._settle()
    settings.jaw = 1.1
    point = list(curve("mouthFunnel").keyframe_points)[8]
    point.co.y += 0.4
    curve("mouthFunnel").update()
    frame, wanted = point.co.x, point.co.y
    for jaw in (1.2, 1.3):
        settings.jaw = jaw
        assert curve("mouthFunnel").evaluate(frame) == pytest.approx(wanted, abs=0.03)
    sliders._settle()
    assert curve("mouthFunnel").evaluate(frame) == pytest.approx(wanted, abs=0.03)


def test_what_is_known_of_a_take_is_what_its_file_says(settings, window):  # noqa: F811
    """A drag reads what it wrote from memory; another session reads it from the file."""
    settings.jaw = 1.2
    (action,) = bpy.data.actions
    known = stored_record(action)
    take_records.forget_records()
    read = stored_record(action)
    assert read is not known and read.curves.keys() == known.curves.keys()
    for key, each in read.curves.items():
        assert each.written.is_like(known.curves[key].written)


def test_the_lips_of_the_mesh_are_looked_at_when_the_slider_rests(addon, window):
    face = build_paper()
    track = speech().track
    performance = Performance(track, prediction=Prediction(track))
    report = bake(bpy.context.scene, [face], performance, "line", BakeSettings(keys=KeySettings("every")))
    assert report.lips.corrected == 3
    values = bpy.context.scene.lipsync
    with sliders.held():
        values.character, values.key_mode = face, "every"
    values.lips = 1.1
    assert (gaps_at_closures(face, report) > CLOSED).all(), "while it is dragged they are not"
    sliders._settle()
    assert (gaps_at_closures(face, report) <= CLOSED + 2e-3).all()
    assert sliders.problem() is None


def test_a_drag_is_one_step_of_undo(settings, window):  # noqa: F811
    """As Blender does: a step when the mouse lets the slider go, and none for what a timer does after it."""
    before = heights("jawOpen")
    bpy.ops.ed.undo_push(message="before")
    for jaw in (1.1, 1.3, 1.5):
        bpy.context.scene.lipsync.jaw = jaw
    bpy.ops.ed.undo_push(message="Jaw")
    sliders._settle()
    changed = heights("jawOpen")
    assert changed.max() > 1.2 * before.max()
    bpy.ops.ed.undo()
    assert bpy.context.scene.lipsync.jaw == 1.0
    np.testing.assert_array_equal(heights("jawOpen"), before)
    assert len(bpy.data.actions) == 1
    bpy.ops.ed.redo()
    assert bpy.context.scene.lipsync.jaw == 1.5
    np.testing.assert_allclose(heights("jawOpen"), changed, atol=0.02)
    bpy.context.scene.lipsync.jaw = 1.0  # and sliders act on
    sliders._settle()
    np.testing.assert_allclose(heights("jawOpen"), before, atol=1e-4)


def test_a_layer_of_the_face_acts_on_a_take_that_was_baked_without_it(settings):  # noqa: F811
    (action,) = bpy.data.actions
    assert not any("browInnerUp" in each.data_path for each in curves_of(action))
    settings.face.enabled = True
    assert sliders.problem() is None
    (action,) = bpy.data.actions
    assert heights("browInnerUp").max() > 0.05
    settings.face.enabled = False
    (action,) = bpy.data.actions
    assert not any("browInnerUp" in each.data_path for each in curves_of(action))
