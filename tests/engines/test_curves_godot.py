"""Godot animations as Godot itself plays them on a mesh: its weights at ten times are the track's.

Needs the program `godot` (4.x) on the path; it runs without a window. tests/exporters/readers.py reads the same files
strictly everywhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.exporters.channel_set import with_set
from tests.engines.prediction import hello


def played(file: Path, names: tuple[str, ...], times: np.ndarray) -> dict:
    """What Godot says of the animation, with the weights [times, names] that it sets."""
    if shutil.which("godot") is None:
        pytest.skip("godot is absent")
    project = shutil.copytree(Path(__file__).parent / "godot", file.parent / "project")
    command = ["godot", "--headless", "--path", str(project), "--script", "play.gd", "--", str(file)]
    arguments = [",".join(names), ",".join(map(str, times.tolist()))]
    done = subprocess.run([*command, *arguments], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "ERROR" not in done.stderr + done.stdout, done.stderr + done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return json.loads(line.removeprefix("RESULT "))


@pytest.mark.parametrize("names, max_error", [("arkit", 0.0), ("arkit", 0.01), ("vrm", 0.0), ("mmd", 0.01)])
def test_godot_plays_the_track(tmp_path: Path, names: str, max_error: float) -> None:
    file, track = tmp_path / "hello.tres", with_set(hello(), names)
    write(hello(), file, FORMATS["godot"], ExportOptions(names=names, max_error=max_error, clip='say "hello"', fps=60))
    times = np.linspace(0, 60 * 4, 10).round() / 60
    seen = played(file, track.names, times)
    assert seen["name"] == 'say "hello"' and seen["tracks"] == len(track.names)
    assert seen["length"] == pytest.approx(hello().duration, abs=1 / 60)
    np.testing.assert_allclose(seen["weights"], track.at(times), atol=max_error + 1e-4)
