"""The strip editor of phonemes in a real Blender window: every edit by the mouse, and each is one step of undo."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "scripts"))

from build_extension import build  # noqa: E402
from tests import sid  # noqa: E402

TEXT = "Would you buy me a few fresh plums from the market before we move on?"


@pytest.fixture(scope="module")
def session(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished session: result.json, screenshots, log."""
    folder = tmp_path_factory.mktemp("words")
    build(["linux-x64"], folder, Path(sys.executable))[0].rename(folder / "extension.zip")
    shutil.copy(root / "examples" / "character.blend", folder)
    shutil.copy(root / "examples" / "lines" / "market_en.flac", folder / "line.flac")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    for name in ("session.py", "words_scenario.py", "install.py"):
        shutil.copy(HERE / name, folder)
    shutil.copy(HERE / "words_in_blender.py", folder / "in_blender.py")
    sid.ensure()
    subprocess.run(sid.inside(["python3", "words_scenario.py"], folder), check=True)
    print(f"screenshots: {folder}")
    return folder


@pytest.fixture(scope="module")
def result(session: Path) -> dict[str, Any]:
    return json.loads((session / "result.json").read_text(encoding="utf-8"))


def test_a_boundary_that_is_dragged_moves_and_nothing_else(result: dict[str, Any]) -> None:
    before, after = result["ready"]["starts"], result["drag"]["starts"]
    moved = [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert [result["ready"]["phones"][index] for index in moved] == ["ʃ"] and after[moved[0]] < before[moved[0]]


def test_a_word_is_stretched_by_its_edge(result: dict[str, Any]) -> None:
    before, after = result["ready"]["starts"], result["word"]["starts"]
    moved = [result["ready"]["phones"][i] for i, pair in enumerate(zip(before, after)) if pair[0] != pair[1]]
    assert moved == ["m", "ɑ", "ɹ", "k", "ɪ", "t"]


def test_a_double_click_changes_a_phone(result: dict[str, Any]) -> None:
    pairs = zip(result["ready"]["phones"], result["change"]["phones"], strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [("k", "m")]


def test_the_menu_mutes_deletes_and_inserts(result: dict[str, Any]) -> None:
    count = len(result["ready"]["phones"])
    assert sum(result["mute"]["mute"]) == 1
    assert len(result["delete"]["phones"]) == count - 1 and len(result["insert"]["phones"]) == count + 1
    place = result["insert"]["phones"].index("k") + 1
    assert result["insert"]["phones"][place] == "s"


def test_every_edit_moves_the_curves(result: dict[str, Any]) -> None:
    edits = ("drag", "word", "change", "mute", "delete", "insert")
    assert len({result[name]["keys"] for name in edits} | {result["ready"]["keys"]}) == len(edits) + 1


def test_a_click_on_the_waveform_goes_there(result: dict[str, Any]) -> None:
    assert result["gone"]["frame"] > 60 and result["gone"]["keys"] == result["ready"]["keys"]


def test_picture_for_the_docs(session: Path, root: Path, update_golden: bool) -> None:
    path = root / "docs" / "pictures" / "phonemes.jpg"
    if update_golden:
        image = bpy.data.images.load(str(session / "strip-playing.png"))
        image.scale(960, 540)
        image.file_format, image.filepath_raw = "JPEG", str(path)
        image.save(quality=85)
    assert path.is_file()
