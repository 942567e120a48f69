"""Godot without a window: a project of its own for each test, files imported as the editor does, scripts that tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.engines import programs

SCRIPTS = Path(__file__).parent / "godot"


IMPORT_FPS = """[remap]

importer="scene"

[params]

animation/fps={fps}
"""


def project(folder: Path, *files: Path, import_fps: int | None = None) -> Path:
    """A project in folder/project that holds the files, imported, and the scripts of tests/engines/godot.

    `import_fps` is Import > Animation > FPS for the files, at which Godot samples the bones of a GLB; its own is 30.
    """
    made = Path(shutil.copytree(SCRIPTS, folder / "project"))
    for file in files:
        shutil.copy(file, made)
        if import_fps:
            (made / f"{file.name}.import").write_text(IMPORT_FPS.format(fps=import_fps), encoding="utf-8")
    imported(made)
    return made


def imported(made: Path) -> None:
    """Imports all files of a project, as opening it in the editor does."""
    godot = ["godot", "--headless", "--path", ".", "--import"]
    printed = programs.output(programs.command(godot, made), made)
    assert "ERROR" not in printed, printed


def told(made: Path, script: str, *arguments: str) -> Any:
    """What a script of the project prints as JSON after the word RESULT."""
    godot = ["godot", "--headless", "--path", ".", "--script", script, "--", *arguments]
    return result(programs.output(programs.command(godot, made), made))


def result(printed: str) -> Any:
    """The JSON in Godot's output, which must be without errors."""
    assert "ERROR" not in printed, printed
    (line,) = [line for line in printed.splitlines() if line.startswith("RESULT ")]
    return json.loads(line.removeprefix("RESULT "))
