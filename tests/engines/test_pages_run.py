"""The commands of the pages about engines and formats, run one after another with a line and a character."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import soundfile

from lipsync_addon.cli import main
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.importers import read_curves
from tests.examples.test_docs import COMMAND
from tests.exporters.said import MY_NAME_IS_POPPY

PAGES = ("unity", "unreal", "godot", "web", "usd", "subtitles")


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands name: line.wav, a.wav, b.wav, hero.blend, aligned.TextGrid."""
    made = tmp_path_factory.mktemp("pages")
    samples, rate = soundfile.read(root / "examples" / "lines" / "hello_en.flac")
    for name in ("line", "a", "b"):
        soundfile.write(made / f"{name}.wav", samples[: 2 * rate], rate)
    shutil.copy(root / "examples" / "character.blend", made / "hero.blend")
    track = read_curves(root / "tests" / "data" / "spoken.json")
    write(track, made / "aligned.TextGrid", FORMATS["textgrid"], ExportOptions(said=MY_NAME_IS_POPPY))
    return made


@pytest.mark.parametrize("page", PAGES)
def test_commands_write_what_they_name(root: Path, folder: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    commands = COMMAND.findall((root / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    assert commands
    for command in commands:
        words = shlex.split(command)[1:]
        targets = [Path(word) for before, word in zip(words, words[1:]) if before == "--to"]
        for target in targets:
            target.unlink(missing_ok=True)
        assert main(words) == 0, command
        assert all(target.stat().st_size > 40 for target in targets), command
