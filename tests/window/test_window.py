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
    for name, seconds in (("minute", 60.0), ("long", LONG)):
        soundfile.write(folder / f"{name}.flac", np.resize(samples, int(seconds * rate)), rate)
    for name in ("session.py", "scenario.py", "install.py", "in_blender.py"):
        shutil.copy(HERE / name, folder)
    sid.ensure()
    subprocess.run(sid.inside(["python3", "scenario.py"], folder), check=True)
    seconds = json.loads((folder / "result.json").read_text(encoding="utf-8"))["seconds"]
    print(f"screenshots: {folder}")
    for what, name in (
        ("the first line baked", "first"),
        ("a minute baked", "minute"),
        ("a sentence spoken", "spoken"),
    ):
        written, stored, cpu = seconds[name]
        print(
            f"{what} in {written:.2f} s, with its step of undo {stored:.2f} s after the click; "
            f"CPU {cpu:.2f} s, drawing included"
        )
    print(f"stopped {seconds['escape']:.2f} s after Escape")
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


PICTURES = [
    ("3-baked", "blender.jpg", (960, 780)),
    ("panel", "panel.png", None),
    ("spoken", "speak.png", None),
]


@pytest.mark.parametrize(("screenshot", "picture", "size"), PICTURES)
def test_pictures_for_the_docs(session: Path, root: Path, update_golden: bool, screenshot, picture, size) -> None:
    """`--update-golden` renews them."""
    path = root / "docs" / "pictures" / picture
    if update_golden and size is None:
        shutil.copy(session / f"{screenshot}.png", path)
    elif update_golden:
        image = bpy.data.images.load(str(session / f"{screenshot}.png"))
        image.scale(*size)
        image.file_format, image.filepath_raw = "JPEG", str(path)
        image.save(quality=85)
    assert path.is_file()


def test_a_dragged_slider_moves_the_keys_and_one_undo_takes_it_back(result: dict[str, Any]) -> None:
    baked, dragged, undone = (result[name] for name in ("baked", "dragged", "undone"))
    assert dragged["heights"] > 1.01 * baked["heights"]
    assert (undone["heights"], undone["jaw"], undone["keys"]) == (baked["heights"], 1.0, baked["keys"])
    assert undone["takes"] == ["line"]


def test_speak_makes_sound_and_a_take(result: dict[str, Any]) -> None:
    """A text that was typed, a box that was opened, a button that was pressed."""
    name = "spoken_please_buy_me_a_few_plums"
    spoken = result["spoken"]
    assert spoken["jobs"][-1][:2] == ["LIPSYNC_OT_speak", "FINISHED"]
    assert name in spoken["takes"] and f"{name}.wav" in spoken["sounds"] and spoken["sound"] == f"{name}.wav"


def test_escape_stops_a_running_bake_and_changes_nothing(result: dict[str, Any]) -> None:
    assert result["started"]["running"] == ["LIPSYNC_OT_bake"]
    same = ("takes", "curves", "keys", "sounds")
    assert {key: result["stopped"][key] for key in same} == {key: result["before"][key] for key in same}
