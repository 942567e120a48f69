"""A character's mouth, measured on the mesh, and judged against the sound in its sequencer."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake_file import bake_character
from lipsync_addon.blender.mouth_motion import mouth_motion
from lipsync_addon.cli import main
from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.pipeline import Performance, animate
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound


@pytest.fixture(scope="module")
def spoken(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Performance, Path]:
    """(.blend with the example character that says a line, what it was asked to do, the line)."""
    line, blend = root / "examples" / "lines" / "hello_en.flac", tmp_path_factory.mktemp("spoken") / "spoken.blend"
    predictor = Predictor.load(providers=["CPU"])
    performance = animate(open_sound(line, predictor.spec.sample_rate), predictor)
    bake_character(root / "examples" / "character.blend", line, performance, [blend], fps=50)
    return blend, performance, line


def test_the_mesh_opens_as_the_curves_say(spoken) -> None:
    blend, performance, _ = spoken
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    motion = mouth_motion(bpy.context.scene)
    asked = np.interp(motion.times, performance.track.times, lip_gap(performance.track))
    assert np.corrcoef(asked, motion.opening)[0, 1] > 0.95
    assert np.ptp(motion.width) > 0.01 and abs(np.median(motion.width) - 1) < 0.3


def test_a_character_is_judged_by_its_own_sound_or_another(spoken, root: Path, tmp_path: Path, capsys) -> None:
    blend, _, line = spoken

    def judged(*more: object) -> dict:
        report = tmp_path / "report.json"
        arguments = ["--character", blend, "--to", report, "--overwrite", *more]
        assert main(["evaluate", *map(str, arguments)]) == 0, capsys.readouterr().err
        return json.loads(report.read_text(encoding="utf-8"))

    own = judged()
    assert own["verdict"] == "together" and abs(own["offset"]) <= 0.02 and own["score"] > 80
    given = judged("--sound", line)
    assert given["verdict"] == "together" and abs(given["offset"]) <= 0.02
    other = judged("--sound", next((root / "examples" / "lines").glob("*_de.flac")))
    assert other["verdict"] == "apart" and other["score"] < own["score"] - 40


def test_a_character_without_sound_is_told(root: Path, capsys) -> None:
    character = root / "examples" / "character.blend"
    assert main(["evaluate", "--character", str(character)]) == 2
    assert "has no sound in its sequencer" in capsys.readouterr().err
