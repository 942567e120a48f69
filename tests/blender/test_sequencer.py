"""The line's sound in the sequencer: at the right frame, on a free channel, once."""

from __future__ import annotations

from contextlib import ExitStack

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.sequencer import add_sound
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_mesh, random_track, snapshot


@pytest.fixture
def line(tmp_path):
    path = tmp_path / "line.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 96000), 48000)
    return path


def strips():
    return [(strip.name, strip.frame_start, strip.channel) for strip in bpy.context.scene.sequence_editor.strips]


def test_baking_again_moves_the_strip_and_adds_none(line):
    face, scene = build_mesh("Face", ["jawOpen"]), bpy.context.scene
    for start in (7, 7, 20, 3):
        bake(scene, [face], Performance(random_track()), "line", BakeSettings(start), sound=line)
        assert strips() == [("line", start, 1)]
    assert len(bpy.data.sounds) == 1


def test_a_start_between_frames_is_refused_rather_than_out_of_step(line):
    before = snapshot()
    with pytest.raises(LipsyncError, match="20.5"):
        bake(
            bpy.context.scene, [build_mesh("Face", ["jawOpen"])], Performance(random_track()), "line",
            BakeSettings(20.5), sound=line,
        )  # fmt: skip
    assert snapshot()["actions"] == before["actions"] and snapshot()["strips"] == before["strips"]


def test_a_strip_that_the_artist_placed_there_is_enough(line):
    editor = bpy.context.scene.sequence_editor_create()
    editor.strips.new_sound("mine", str(line), 4, 10)
    with ExitStack() as undo:
        add_sound(bpy.context.scene, line, 10.0, "line", undo)
        undo.pop_all()
    assert strips() == [("mine", 10, 4)]


def test_other_strips_are_not_moved_and_the_lowest_free_channel_is_used(line):
    editor = bpy.context.scene.sequence_editor_create()
    for name, channel, start in (("early", 1, 1), ("there", 1, 90), ("above", 2, 100), ("late", 3, 400)):
        editor.strips.new_sound(name, str(line), channel, start).frame_final_duration = 30
    before = strips()
    with ExitStack() as undo:
        add_sound(bpy.context.scene, line, 95.0, "line", undo)
        assert sorted(strips()) == sorted([*before, ("line", 95, 3)])
    assert strips() == before
