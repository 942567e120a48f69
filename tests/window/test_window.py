"""A real Blender window: the built zip is installed, and a mouse presses Bake."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
import soundfile

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "scripts"))

from build_extension import build  # noqa: E402
from tests import sid  # noqa: E402

LONG = 3600.0
"""Seconds of speech that take long enough to see the progress and press Escape meanwhile."""


@pytest.fixture(scope="module")
def session(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished session: result.json, screenshots, log."""
    folder = tmp_path_factory.mktemp("session")
    line = root / "examples" / "lines" / "hello_en.flac"
    build(["linux-x64"], folder, Path(sys.executable))[0].rename(folder / "extension.zip")
    shutil.copy(root / "examples" / "character.blend", folder)
    shutil.copy(line, folder / "line.flac")
    samples, rate = soundfile.read(line, dtype="float32")
    soundfile.write(folder / "long.flac", np.tile(samples, int(LONG * rate / len(samples))), rate)
    for name in ("session.py", "scenario.py", "install.py", "in_blender.py"):
        shutil.copy(HERE / name, folder)
    sid.ensure()
    subprocess.run(sid.inside(["python3", "scenario.py"], folder), check=True)
    print(f"screenshots: {folder}")
    return folder


@pytest.fixture(scope="module")
def result(session: Path) -> dict[str, Any]:
    return json.loads((session / "result.json").read_text(encoding="utf-8"))


def test_a_click_on_detect_chooses_the_character(result: dict[str, Any]) -> None:
    assert result["detected"]["character"] == "Face"


def test_a_click_on_bake_writes_keys(result: dict[str, Any]) -> None:
    assert result["baked"]["curves"] >= 20
    assert result["baked"]["keys"] > 1000
    assert result["baked"]["takes"] == ["line"]
    assert result["baked"]["sounds"] == ["line.flac"]


def test_picture_for_the_docs(session: Path, root: Path, update_golden: bool) -> None:
    path = root / "docs" / "pictures" / "blender.jpg"
    if update_golden:
        image = bpy.data.images.load(str(session / "3-baked.png"))
        image.scale(960, 540)
        image.file_format, image.filepath_raw = "JPEG", str(path)
        image.save(quality=85)
    assert path.is_file()


def test_escape_stops_a_running_bake_and_changes_nothing(result: dict[str, Any]) -> None:
    assert result["started"]["running"] == ["LIPSYNC_OT_bake"]
    same = ("takes", "curves", "keys", "sounds")
    assert {key: result["stopped"][key] for key in same} == {key: result["baked"][key] for key in same}
