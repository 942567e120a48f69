"""FBX and GLB as Godot imports and plays them: weights and jaw at ten times are the track's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import godot_player
from tests.engines.made_character import ASKED, check, exported


@pytest.mark.parametrize("ending, fps, import_fps", [(".fbx", 24, None), (".glb", 30, None), (".glb", 24, 24)])
def test_godot_plays_the_clip_of_a_character(tmp_path: Path, ending: str, fps: int, import_fps: int | None) -> None:
    file, track = exported(tmp_path, ending, fps)
    made = godot_player.project(tmp_path, file, import_fps=import_fps)
    seen = godot_player.told(made, "play_scene.gd", f"res://{file.name}", ASKED)
    assert seen["clips"] == ["greeting"]
    check(seen, track)
