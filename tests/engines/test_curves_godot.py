"""Godot animations as Godot itself plays them on a mesh: its weights at ten times are the track's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.exporters.channel_set import with_set
from tests.engines import godot_player
from tests.engines.prediction import hello


@pytest.mark.parametrize("names, max_error", [("arkit", 0.0), ("arkit", 0.01), ("vrm", 0.0), ("mmd", 0.01)])
def test_godot_plays_the_track(tmp_path: Path, names: str, max_error: float) -> None:
    file, track = tmp_path / "hello.tres", with_set(hello(), names)
    write(hello(), file, FORMATS["godot"], ExportOptions(names=names, max_error=max_error, clip='say "hello"', fps=60))
    times = np.linspace(0, 60 * 4, 10).round() / 60
    project = godot_player.project(tmp_path, file)
    asked = [",".join(track.names), ",".join(map(str, times.tolist()))]
    seen = godot_player.told(project, "play.gd", "res://hello.tres", *asked)
    assert seen["name"] == 'say "hello"' and seen["tracks"] == len(track.names)
    assert seen["length"] == pytest.approx(hello().duration, abs=1 / 60)
    np.testing.assert_allclose(seen["weights"], track.at(times), atol=max_error + 1e-4)
