"""A small character with a baked take of random values, as a file for consumers, and what they must find in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.scene_export import export_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, random_track

TIMES = np.linspace(0.02, 2.4, 10)
ASKED = ",".join(map(str, TIMES.tolist()))
JAW_ANGLE = 0.4


def exported(folder: Path, ending: str, fps: int) -> tuple[Path, AnimationTrack]:
    """greeting.fbx or .glb, and the track in it, which starts at a later frame of its scene."""
    track = random_track(round(2.5 * fps), fps)
    character, scene = build_character(angle=JAW_ANGLE), bpy.context.scene
    scene.render.fps = fps
    for obj in character[:2]:
        obj.data.uv_layers.new()  # without them Godot prints an error for every shape key of a GLB
    report = bake(scene, character, Performance(track), "greeting", BakeSettings(start_frame=25))
    file = folder / f"greeting{ending}"
    export_character(file, scene, character, report.take, report.first_frame, report.last_frame)
    return file, track


def check(seen: dict[str, Any], track: AnimationTrack) -> None:
    """One clip; weights and jaw at TIMES are the track's."""
    assert seen["length"] == pytest.approx(track.duration, abs=1e-3)
    assert set(seen["meshes"]) == {"Face", "Teeth"}
    for mesh, names in (("Face", ARKIT_52), ("Teeth", ("jawOpen", "jawLeft"))):
        assert seen["meshes"][mesh]["names"] == list(names)
        np.testing.assert_allclose(seen["meshes"][mesh]["weights"], track.select(names).at(TIMES), atol=2e-3)
    opening = JAW_ANGLE * track.select(["jawOpen"]).at(TIMES)[:, 0]
    turns = 2 * np.arccos(np.clip(np.abs(np.array(seen["jaw"]) @ seen["jaw"][0]), 0, 1))
    np.testing.assert_allclose(turns, np.abs(opening - opening[0]), atol=3e-3)
