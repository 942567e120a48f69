"""The batch's panel: its lines with their state, baked again and brought in as takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.cli import main
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.importers import read_curves
from tests.blender.scene_builder import build_character, curves_of, snapshot


@pytest.fixture
def built(root: Path, tmp_path: Path, tiny_network: Path) -> Path:
    """The output folder of a batch of two good lines, one of them hard to hear, and one that cannot be read."""
    voices = tmp_path / "voices"
    voices.mkdir()
    for name, gain in (("boat [1]", 1), ("zug", 0)):
        samples, rate = soundfile.read(root / "examples" / "lines" / "boat_en.flac", frames=16000)
        soundfile.write(voices / f"{name}.wav", samples * gain, rate)
    (voices / "broken.wav").write_bytes(b"RIFF" + 100 * b"x")
    (voices / "zug.txt").write_text("Am Abend fuhr ein bunter Zug.")
    build = tmp_path / "build"
    command = ["batch", "--network", str(tiny_network), str(voices), "--out", str(build), "--quiet"]
    assert main([*command, "--to", "{id}.json", "--to", "{id}.csv"]) == 1
    return build


@pytest.fixture
def settings(addon, built: Path):
    """Of the panel, the batch read."""
    settings = bpy.context.scene.lipsync.batch
    settings.folder = str(built)
    assert bpy.ops.lipsync.read_batch() == {"FINISHED"}
    return settings


def test_the_table_shows_what_the_report_does(settings) -> None:
    found = {line.name: (line.state, line.told) for line in settings.lines}
    assert found["boat [1]"] == ("done", "")
    assert found["zug"] == ("done", "nobody speaks")
    assert [line.said for line in settings.lines] == ["", "", "Am Abend fuhr ein bunter Zug."]
    assert found["broken"][0] == "failed" and "is not a sound that can be read" in found["broken"][1]
    bpy.ops.lipsync.select_lines(which="LOOK")
    assert [line.name for line in settings.lines if line.selected] == ["broken", "zug"]


def test_lines_come_in_as_takes(settings, built: Path) -> None:
    build_character()
    settings.lines["boat [1]"].selected = settings.lines["zug"].selected = True
    bpy.context.scene.lipsync.start_frame = 5
    assert bpy.ops.lipsync.import_takes() == {"FINISHED"}
    takes = {action.name: points(action) for action in bpy.data.actions}
    assert len(takes) == 2 and any("boat [1]" in name for name in takes)

    bpy.ops.wm.read_factory_settings(use_empty=True)
    performance = Performance(read_curves(built / "boat [1].json"))
    bake(bpy.context.scene, build_character(), performance, "boat [1]", BakeSettings(5))
    (action,) = bpy.data.actions
    assert takes[action.name] == points(action)


def test_a_line_without_curves_changes_nothing(settings) -> None:
    build_character()
    bpy.ops.lipsync.select_lines(which="ALL")
    before = snapshot()
    with pytest.raises(RuntimeError, match="broken has no curves to bring in. Bake it to .json or .csv."):
        bpy.ops.lipsync.import_takes()
    assert snapshot() == before


def test_selected_lines_are_baked_again_and_hand_work_stays(settings, built: Path) -> None:
    first = (built / "boat [1].csv").read_bytes()
    (built / "boat [1].csv").unlink()
    (built / "zug.csv").write_text("mine")
    settings.lines["boat [1]"].selected = settings.lines["zug"].selected = True
    assert bpy.ops.lipsync.bake_lines_again() == {"FINISHED"}
    assert (built / "boat [1].csv").read_bytes() == first and (built / "zug.csv").read_text() == "mine"
    assert {line.name: line.state for line in settings.lines} == {"boat [1]": "done", "broken": "failed", "zug": "kept"}
    assert settings.lines["zug"].selected


def test_the_buttons_say_why_they_are_grey(addon, tmp_path: Path) -> None:
    from lipsync_addon.blender.operators.batch import LIPSYNC_OT_import_takes, LIPSYNC_OT_read_batch

    context, batch = bpy.context, bpy.context.scene.lipsync.batch
    assert LIPSYNC_OT_read_batch.disabled_reason(context) == "Choose the output folder of a batch."
    batch.folder = str(tmp_path)
    assert "has not written yet" in LIPSYNC_OT_read_batch.disabled_reason(context)
    assert "has not written yet" in LIPSYNC_OT_import_takes.disabled_reason(context)


def test_without_libsndfile_blender_reads_the_sounds(
    root: Path, built: Path, tmp_path: Path, tiny_network: Path
) -> None:
    """As in Blender's own program, whose Python has neither soundfile nor soxr."""
    code = (
        "import sys, bpy; sys.modules['soundfile'] = sys.modules['soxr'] = None\n"
        "from lipsync_addon.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    line, out = tmp_path / "voices" / "boat [1].wav", tmp_path / "aud.csv"
    command = [sys.executable, "-c", code, "bake", "--network", str(tiny_network), str(line), "--to", str(out)]
    done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    opened, usual = (read_curves(path).values for path in (out, built / "boat [1].csv"))
    np.testing.assert_allclose(opened, usual, atol=1e-3)


def points(action: bpy.types.Action) -> dict[str, list[tuple[float, float]]]:
    return {f"{c.data_path}[{c.array_index}]": [tuple(p.co) for p in c.keyframe_points] for c in curves_of(action)}
