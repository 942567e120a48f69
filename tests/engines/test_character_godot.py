"""FBX and GLB as Godot imports and plays them: weights and jaw at ten times are the track's."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.scene_export import export_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, random_track
from tests.engines import godot_player

TIMES = np.linspace(0.02, 2.4, 10)
JAW_ANGLE = 0.4


@pytest.mark.parametrize("ending, fps, import_fps", [(".fbx", 24, None), (".glb", 30, None), (".glb", 24, 24)])
def test_godot_plays_the_clip_of_a_character(tmp_path: Path, ending: str, fps: int, import_fps: int | None) -> None:
    track = random_track(round(2.5 * fps), fps)
    character, scene = build_character(angle=JAW_ANGLE), bpy.context.scene
    scene.render.fps = fps
    for obj in character[:2]:
        obj.data.uv_layers.new()  # without them Godot prints an error for every shape key of a GLB
    report = bake(scene, character, Performance(track), "greeting", BakeSettings(start_frame=25))
    file = tmp_path / f"greeting{ending}"
    export_character(file, scene, character, report.take, report.first_frame, report.last_frame)

    made = godot_player.project(tmp_path, file, import_fps=import_fps)
    times = ",".join(map(str, TIMES.tolist()))
    seen = godot_player.told(made, "play_scene.gd", f"res://{file.name}", times)

    assert seen["clips"] == ["greeting"]
    assert seen["length"] == pytest.approx(track.duration, abs=1e-3)
    assert set(seen["meshes"]) == {"Face", "Teeth"}
    for mesh, names in (("Face", ARKIT_52), ("Teeth", ("jawOpen", "jawLeft"))):
        assert seen["meshes"][mesh]["names"] == list(names)
        np.testing.assert_allclose(seen["meshes"][mesh]["weights"], track.select(names).at(TIMES), atol=2e-3)
    opening = JAW_ANGLE * track.select(["jawOpen"]).at(TIMES)[:, 0]
    turns = 2 * np.arccos(np.clip(np.abs(np.array(seen["jaw"]) @ seen["jaw"][0]), 0, 1))
    np.testing.assert_allclose(turns, np.abs(opening - opening[0]), atol=3e-3)
