"""Two takes in one file: a clip each, and neither leaks into the other in any reader."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.take_clips import export_takes
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, random_track, snapshot
from tests.engines import godot_player, gltf_reader, node_reader, scene_reader
from tests.engines.made_character import ASKED, TIMES

FPS, ANGLE = 24, 0.4
HALF = ARKIT_52[: len(ARKIT_52) // 2]


@pytest.fixture
def tracks() -> dict[str, AnimationTrack]:
    """The second one moves half of the keys only, and not the jaw."""
    assert "jawOpen" in HALF
    others = [name for name in ARKIT_52 if name not in HALF]
    return {"first": random_track(3 * FPS, FPS), "second": random_track(3 * FPS, FPS, seed=1).select(others)}


def exported(folder: Path, ending: str, tracks: dict[str, AnimationTrack], engine: str = "", uvs: bool = False) -> Path:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, scene = build_character(angle=ANGLE), bpy.context.scene
    scene.render.fps = FPS
    character[0].modifiers.new("Smooth", "SUBSURF").levels = 1
    for obj in character[:2] if uvs else ():  # without them Godot prints an error for every shape key of a GLB
        obj.data.uv_layers.new()
    for start, (name, track) in enumerate(tracks.items(), 10):
        bake(scene, character, Performance(track), name, BakeSettings(start_frame=start))
    scene.frame_set(30)
    before, target = snapshot(), folder / f"both{ending}"
    notices = export_takes(target, scene, character, engine)
    assert snapshot() == before and [file.name for file in folder.iterdir()] == [target.name]
    assert len(notices) == 1 and "'Smooth' of 'Face'" in notices[0]
    return target


def jaw_angles(tracks: dict[str, AnimationTrack], name: str, times: np.ndarray) -> np.ndarray:
    """[T] radians that the jaw is open."""
    track = tracks[name]
    return ANGLE * track.select(["jawOpen"]).at(times)[:, 0] if "jawOpen" in track.names else np.zeros(len(times))


def assert_turns(found: list, opened: np.ndarray) -> None:
    turns = np.array(found)
    angles = 2 * np.arccos(np.clip(np.abs(turns @ turns[0]), 0, 1))
    np.testing.assert_allclose(angles, np.abs(opened - opened[0]), atol=3e-3)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_three_plays_each_take_alone(tmp_path: Path, tracks: dict[str, AnimationTrack], ending: str) -> None:
    seen = node_reader.run("read_scene.mjs", str(exported(tmp_path, ending, tracks)), ASKED)
    assert set(seen["takes"]) == set(tracks)
    for name, track in tracks.items():
        take = seen["takes"][name]
        assert take["length"] == pytest.approx(track.duration, abs=1e-3)
        for mesh, keys in (("Face", ARKIT_52), ("Teeth", ("jawOpen", "jawLeft"))):
            assert take["meshes"][mesh]["names"] == list(keys)
            expected = track.filled(keys).at(TIMES)
            np.testing.assert_allclose(take["meshes"][mesh]["weights"], expected, atol=2e-3)
        assert_turns(take["jaw"], jaw_angles(tracks, name, TIMES))


@pytest.mark.parametrize("engine", ["", "unity", "unreal"])
def test_ufbx_finds_each_take_alone(tmp_path: Path, tracks: dict[str, AnimationTrack], engine: str) -> None:
    read = scene_reader.ufbx(exported(tmp_path, ".fbx", tracks, engine))
    assert [(name, begin) for name, begin, _ in read["clips"]] == [("first", 0), ("second", 0)]
    assert read["unit"] == pytest.approx(1.0 if engine == "unity" else 0.01)
    for name, track in tracks.items():
        for key, values in read["takes"][name]["weights"].items():
            mesh, _, channel = key.partition("/")
            assert values == pytest.approx(track.filled([channel]).values[:, 0], abs=1e-4), key
        assert_turns(read["takes"][name]["jaw"], jaw_angles(tracks, name, track.times))


@pytest.mark.parametrize("ending", [".usda", ".usdc"])
def test_usd_plays_each_take_as_a_variant(tmp_path: Path, tracks: dict[str, AnimationTrack], ending: str) -> None:
    tracks["second"] = random_track(2 * FPS, FPS, seed=1).select(tracks["second"].names)  # a shorter one
    read = scene_reader.usd(exported(tmp_path, ending, tracks))
    assert (
        read["errors"] == [] and read["start"] == 0 and read["chosen"] == "first" and set(read["takes"]) == set(tracks)
    )
    assert read["weights"] == read["takes"]["first"]["weights"]
    for name, track in tracks.items():
        seen, count = read["takes"][name], len(track.values)
        for mesh, keys in seen["names"].items():
            rows = np.array(seen["weights"][mesh])
            assert len(rows) == 3 * FPS
            np.testing.assert_allclose(rows[:count], track.filled(keys).values, atol=1e-5)
            np.testing.assert_allclose(rows[count:], np.tile(rows[count - 1], (len(rows) - count, 1)), atol=1e-6)
        assert_turns(seen["turns"]["jaw"][:count], jaw_angles(tracks, name, track.times))


def test_the_file_of_two_takes_is_valid(tmp_path: Path, tracks: dict[str, AnimationTrack]) -> None:
    file = exported(tmp_path, ".glb", tracks)
    issues = node_reader.read("validate_glb.mjs", file)
    assert issues["numErrors"] == 0, issues["messages"]
    clips = gltf_reader.clips(file)
    assert set(clips) == set(tracks) and set(clips["first"]) == set(clips["second"])


def test_blender_plays_each_take_alone(tmp_path: Path, tracks: dict[str, AnimationTrack]) -> None:
    file = exported(tmp_path, ".fbx", tracks)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = FPS
    bpy.ops.import_scene.fbx(filepath=str(file), anim_offset=0.0)
    assert {action.name.split("|")[-1] for action in bpy.data.actions} >= set(tracks)


def test_what_cannot_hold_them_is_refused(tmp_path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character = build_character()
    for name, words in (("a.abc", "several takes"), ("a.glb", "no baked take")):
        with pytest.raises(LipsyncError, match=words):
            export_takes(tmp_path / name, bpy.context.scene, character)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_godot_plays_each_take_alone(tmp_path: Path, tracks: dict[str, AnimationTrack], ending: str) -> None:
    (tmp_path / "made").mkdir()
    file = exported(tmp_path / "made", ending, tracks, uvs=True)
    made = godot_player.project(tmp_path, file, import_fps=FPS if ending == ".glb" else None)
    for name, track in tracks.items():
        seen = godot_player.told(made, "play_scene.gd", f"res://{file.name}", ASKED, name)
        assert set(seen["clips"]) == set(tracks)
        for mesh, keys in (("Face", ARKIT_52), ("Teeth", ("jawOpen", "jawLeft"))):
            assert seen["meshes"][mesh]["names"] == list(keys)
            np.testing.assert_allclose(seen["meshes"][mesh]["weights"], track.filled(keys).at(TIMES), atol=2e-3)
        assert_turns(seen["jaw"], jaw_angles(tracks, name, TIMES))


def test_a_take_that_moves_more_than_a_clip_holds_is_refused(tmp_path: Path, tracks: dict[str, AnimationTrack]) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, scene = build_character(), bpy.context.scene
    bake(scene, character, Performance(tracks["first"]), "first", BakeSettings())
    rig = character[2]
    rig["slider"] = 0.0
    rig.keyframe_insert('["slider"]', frame=3)
    before = snapshot()
    with pytest.raises(LipsyncError, match="'first' moves .*slider.*take by take"):
        export_takes(tmp_path / "a.glb", scene, character)
    assert not list(tmp_path.iterdir()) and snapshot() == before
