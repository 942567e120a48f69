"""The command line's way: a .blend in, finished files out, or one sentence and nothing written."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pygltflib
import pytest
import soundfile

from lipsync_addon.blender.bake_file import OUTPUTS, bake_character, frame_rate_parts
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, build_mesh, curves_of, random_track


def save(path: Path) -> Path:
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture
def line(tmp_path) -> Path:
    path = tmp_path / "Hello there.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 48000), 48000)
    return path


@pytest.fixture
def character(tmp_path) -> Path:
    build_character()
    build_mesh("Crate", [])
    return save(tmp_path / "hero.blend")


def test_all_outputs_are_written_and_the_character_file_is_not_touched(tmp_path, character, line):
    out = tmp_path / "out"
    out.mkdir()
    before = character.read_bytes()
    fractions = []
    outputs = [out / "a.fbx", out / "a.glb", out / "a.blend"]
    report = bake_character(
        character, line, Performance(random_track(), ("Said before.",)), outputs, fps=29.97, progress=fractions.append
    )
    assert sorted(path.name for path in out.iterdir()) == ["a.blend", "a.fbx", "a.glb"]
    assert all(path.stat().st_size > 10_000 for path in outputs)
    assert character.read_bytes() == before
    assert report.take == "Hello there" and report.first_frame == 0
    assert report.notices == ("Said before.",)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_the_blend_plays_the_line_with_its_sound_wherever_it_is_moved(tmp_path, character, line):
    report = bake_character(character, line, Performance(random_track()), [tmp_path / "a.blend"], fps=23.976)
    line.unlink()
    moved = (tmp_path / "a.blend").rename(tmp_path / "b.blend")
    bpy.ops.wm.open_mainfile(filepath=str(moved))
    scene = bpy.context.scene
    assert (scene.render.fps, scene.render.fps_base) == (24, pytest.approx(1.001))
    assert (scene.frame_start, scene.frame_end) == (0, report.last_frame)
    (strip,) = scene.sequence_editor.strips
    assert strip.frame_start == 0 and strip.sound.packed_file.size > 48000
    assert len(curves_of(bpy.data.actions["Hello there"])) == report.curves == 58


def test_only_the_character_is_exported(tmp_path, character, line):
    bake_character(character, line, Performance(random_track()), [tmp_path / "a.glb"])
    names = {node.name for node in pygltflib.GLTF2().load(tmp_path / "a.glb").nodes}
    assert names == {"Face", "Teeth", "Rig", "head", "jaw"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("missing", "does not exist"), ("text", "not a Blender file"), ("keyless", "no shape keys"), ("other", "'Grin'")],
)
def test_a_character_that_cannot_speak_is_refused_by_name_and_nothing_is_written(tmp_path, line, kind, words):
    path = tmp_path / "hero.blend"
    if kind == "text":
        path.write_text("I am not a Blender file.")
    elif kind != "missing":
        build_mesh("Face", {"keyless": [], "other": ["Smirk", "Grin"]}[kind])
        save(path)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(LipsyncError, match=words) as caught:
        bake_character(path, line, Performance(random_track()), [out / "a.fbx", out / "a.blend"])
    assert "hero.blend" in caught.value.message and caught.value.hint
    assert list(out.iterdir()) == []


def test_if_one_output_cannot_be_written_none_is(tmp_path, character, line):
    with pytest.raises(LipsyncError, match="absent"):
        bake_character(
            character, line, Performance(random_track()), [tmp_path / "a.glb", tmp_path / "absent" / "a.fbx"]
        )
    assert not (tmp_path / "a.glb").exists()
    with pytest.raises(LipsyncError, match="a.obj"):
        bake_character(character, line, Performance(random_track()), [tmp_path / "a.obj"])


@pytest.mark.parametrize(
    ("fps", "parts"),
    [(24, (24, 1.0)), (23.976, (24, 1.001)), (24000 / 1001, (24, 1.001)), (29.97, (30, 1.001)), (59.94, (60, 1.001)),
     (50, (50, 1.0)), (12.5, (12, 12 / 12.5))],
)  # fmt: skip
def test_frame_rates_become_what_blender_calls_them(fps, parts):
    assert frame_rate_parts(fps) == pytest.approx(parts)


@pytest.mark.parametrize("fps", [0, -24, 1e6])
def test_impossible_frame_rates_are_refused(fps):
    with pytest.raises(LipsyncError, match="not possible"):
        frame_rate_parts(fps)


def test_the_command_knows_what_blender_writes() -> None:
    """It names endings and engines without loading Blender."""
    from lipsync_addon.blender.scene_export import ENGINES
    from lipsync_addon.cli import outputs

    assert set(outputs.CHARACTER_ENDINGS) == set(OUTPUTS)
    assert set(outputs.ENGINES) == set(ENGINES) - {""}


def test_several_lines_in_one_file(tmp_path, character, line):
    other = tmp_path / "Goodbye.wav"
    other.write_bytes(line.read_bytes())
    also = [(other, Performance(random_track(40, seed=1)))]
    outputs = [tmp_path / "both.glb", tmp_path / "both.blend"]
    bake_character(character, line, Performance(random_track()), outputs, also=also)
    names = [animation.name for animation in pygltflib.GLTF2().load(outputs[0]).animations]
    assert names == ["Goodbye", "Hello there"]
    bpy.ops.wm.open_mainfile(filepath=str(outputs[1]))
    assert {"Goodbye", "Hello there"} <= {action.name for action in bpy.data.actions}
