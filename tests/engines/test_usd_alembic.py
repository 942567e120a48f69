"""USD as Pixar's library reads it, Alembic as Blender's importer does: the weights of the track, the same mouth."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.scene_export import export_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, random_track, snapshot
from tests.engines import scene_reader

FRAMES, FPS, ANGLE = 30, 24, 0.4


@pytest.fixture
def track() -> AnimationTrack:
    return random_track(FRAMES, FPS)


def exported(folder: Path, ending: str, track: AnimationTrack, modifier: bool = False) -> Path:
    """A baked character with hidden teeth that starts at frame 25 of its scene; the scene stays as it was."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, scene = build_character(angle=ANGLE), bpy.context.scene
    scene.render.fps = FPS
    if modifier:
        character[0].modifiers.new("Smooth", "SUBSURF").levels = 1
        bend = character[0].modifiers.new("Bend", "SIMPLE_DEFORM")
        bend.deform_method, bend.angle = "BEND", 0.5
    character[1].hide_set(True)
    report = bake(scene, character, Performance(track), "greeting", BakeSettings(start_frame=25))
    scene.frame_set(30)
    before, target = snapshot(), folder / f"greeting{ending}"
    notices = export_character(target, scene, character, report.take, report.first_frame, report.last_frame)
    assert snapshot() == before and [file.name for file in folder.iterdir()] == [target.name]
    absent = "'Smooth' of 'Face' is not" if ending == ".abc" else "'Smooth' and 'Bend' of 'Face' are not"
    assert len(notices) == modifier and (not modifier or notices[0].startswith(f"{absent} in the file"))
    return target


@pytest.mark.parametrize("ending", [".usd", ".usda", ".usdc"])
@pytest.mark.parametrize("modifier", [False, True], ids=["plain", "subdivision"])
def test_usd_holds_the_weights_of_the_track(tmp_path, track: AnimationTrack, ending: str, modifier: bool) -> None:
    read = scene_reader.usd(exported(tmp_path, ending, track, modifier))
    assert (read["start"], read["fps"], read["metres"]) == (0, FPS, 1)
    assert read["names"] == {"Face": list(ARKIT_52), "Teeth": ["jawOpen", "jawLeft"]}
    for mesh, names in read["names"].items():
        np.testing.assert_allclose(read["weights"][mesh], track.select(names).values, atol=1e-5)
    turns = np.array(read["turns"]["jaw"])
    angles = 2 * np.arccos(np.clip(np.abs(turns @ turns[0]), 0, 1))
    opening = ANGLE * track.channel("jawOpen")
    np.testing.assert_allclose(angles, np.abs(opening - opening[0]), atol=2e-3)
    assert not read["errors"]


@pytest.mark.parametrize("modifier", [False, True], ids=["plain", "subdivided and bent"])
def test_alembic_holds_the_same_mouth(tmp_path: Path, track: AnimationTrack, modifier: bool) -> None:
    """Each point of the mesh where keys, bones and what bends it put it; no points that the mesh lacks."""
    file = exported(tmp_path, ".abc", track, modifier)
    frames = (0, 11, FRAMES - 1)
    face = bpy.data.objects["Face"]
    straight = points(face, 25)
    if modifier:
        assert len(straight) > len(face.data.vertices)
        face.modifiers["Smooth"].show_viewport = False
        face.modifiers["Bend"].show_viewport = False
        straight = points(face, 25)
        face.modifiers["Bend"].show_viewport = True
        assert np.abs(points(face, 25) - straight).max() > 0.05, "the modifier bends nothing"
    expected = [points(face, 25 + frame) for frame in frames]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = FPS
    bpy.ops.wm.alembic_import(filepath=str(file), as_background_job=False)
    face = next(obj for obj in bpy.data.objects if obj.type == "MESH" and "Face" in obj.name)
    assert any("Teeth" in obj.name for obj in bpy.data.objects)
    assert np.ptp(expected, axis=0).max() > 0.02, "nothing moves"
    np.testing.assert_allclose([points(face, frame) for frame in frames], expected, atol=1e-5)


def points(obj: bpy.types.Object, frame: int) -> np.ndarray:
    """[V, 3] in the world."""
    bpy.context.scene.frame_set(frame)
    seen = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([seen.matrix_world @ vertex.co for vertex in seen.data.vertices])
