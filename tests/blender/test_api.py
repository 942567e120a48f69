"""The functions for scripts give what the buttons give."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import api
from lipsync_addon.core.face_layers import emotion_table
from tests.blender.scene_builder import build_character, curves_of

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


def points() -> dict[str, np.ndarray]:
    (action,) = bpy.data.actions
    return {
        f"{c.data_path}[{c.array_index}]": np.array(
            [(*p.co, *p.handle_left, *p.handle_right) for p in c.keyframe_points]
        )
        for c in curves_of(action)
    }


@pytest.mark.parametrize("keys", ["every", "sparse"])
def test_functions_and_buttons_give_the_same_keys(addon, keys):
    face, *_ = build_character()
    assert api.detect(face)[0].profile.id == "arkit"
    report = api.bake(face, LINE, start_frame=7, keys=keys)
    assert report.first_frame == 7
    api.restyle(face, api.StyleSettings(jaw=np.float32(1.3)), keys=keys)
    called = points()

    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.start_frame, settings.add_sound = str(LINE), 7, False
    settings.key_mode = keys
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    settings.jaw = 1.3
    pressed = points()
    assert pressed.keys() == called.keys()
    for path, keyed in pressed.items():
        np.testing.assert_allclose(called[path], keyed, atol=1e-5)


def test_without_a_take_there_is_nothing_to_restyle(addon):
    face, *_ = build_character()
    assert api.doubts(face) == ()
    with pytest.raises(api.LipsyncError, match="no baked take"):
        api.restyle(face, api.StyleSettings())


def test_restyle_keeps_the_layers_of_the_face_and_the_keys_of_the_take(addon):
    face, *_ = build_character()
    layers = api.FaceSettings(blinks=1.0, brows=1.0, emotions={"joy": 0.5} if "joy" in emotion_table() else {})
    api.bake(face, LINE, keys="sparse", face=layers)
    before = points()
    api.restyle(face, api.StyleSettings())
    after = points()
    assert before.keys() == after.keys()
    for path, keyed in before.items():
        np.testing.assert_allclose(after[path], keyed, atol=1e-4)
    api.restyle(face, api.StyleSettings(), face=api.FaceSettings())
    plain = points()
    assert any(
        before[path].shape != keyed.shape or abs(before[path] - keyed).max() > 0.05 for path, keyed in plain.items()
    )
    api.restyle(face, api.StyleSettings(), keys="twos")
    (action,) = bpy.data.actions
    assert {p.interpolation for c in curves_of(action) for p in c.keyframe_points} == {"CONSTANT"}


def test_names_that_are_mistyped_are_told(addon):
    face, *_ = build_character()
    with pytest.raises(api.LipsyncError, match="no keys 'nope'.* every, sparse, twos, stepped"):
        api.bake(face, LINE, keys="nope")
    assert not bpy.data.actions
    report = api.bake(face, LINE, style=api.StyleSettings(channels={"jawOpn": (2.0, 0.0), "jawOpen": (1.1, 0.0)}))
    assert [notice for notice in report.notices if "'jawOpn'" in notice and "'jawOpen'" not in notice]
    assert any("'jawOpn'" in notice for notice in api.restyle(face, api.StyleSettings(channels={"jawOpn": (2.0, 0.0)})))
