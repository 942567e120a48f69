"""The functions for scripts give what the buttons give."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import api
from tests.blender.scene_builder import build_character, curves_of

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


def points() -> dict[str, np.ndarray]:
    (action,) = bpy.data.actions
    return {
        f"{c.data_path}[{c.array_index}]": np.array([(*p.co, *p.handle_left, *p.handle_right) for p in c.keyframe_points])
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
