"""The button Import Curves: a captured face lands on the character as the function puts it there."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.take_curves import read_channels
from lipsync_addon.core.channels import HEAD_ANGLES
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, write
from lipsync_addon.importers import read_curves
from tests.blender.scene_builder import build_character, snapshot


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    """A file as `lipsync capture` writes it: mouth, brows, head and quality."""
    names = ("jawOpen", "mouthPucker", "browInnerUp", *HEAD_ANGLES, "quality")
    times = np.arange(50) / 25
    values = np.stack([0.5 + 0.3 * np.sin(times * (3 + k)) for k in range(len(names))], axis=1)
    values[:, 3:6] = 0.1 * (values[:, 3:6] - 0.5)
    path = tmp_path / "take 7.json"
    write(AnimationTrack(names, values.astype(np.float32), 25.0), path, EXPORTERS[".json"])
    return path


def test_a_captured_face_becomes_a_take(addon, captured: Path) -> None:
    scene, objects = bpy.context.scene, build_character()
    scene.render.fps = 25
    assert bpy.ops.lipsync.import_curves(filepath=str(captured)) == {"FINISHED"}
    wanted = read_curves(captured)
    found = read_channels(scene, objects)
    for name in ("jawOpen", "mouthPucker"):  # both from the take's first frame on
        assert np.abs(found.channel(name)[:50] - wanted.channel(name)).max() < 0.02, name
    assert "take 7" in {action.name for action in bpy.data.actions}


def test_a_file_that_is_no_curves_is_told_and_changes_nothing(addon, tmp_path: Path) -> None:
    build_character()
    before, path = snapshot(), tmp_path / "notes.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="notes.csv"):
        bpy.ops.lipsync.import_curves(filepath=str(path))
    assert snapshot() == before


def test_it_is_grey_without_a_character(addon) -> None:
    assert not bpy.ops.lipsync.import_curves.poll()
