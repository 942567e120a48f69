"""Shape keys beyond 0 and 1: kept or clamped by choice, as the readers of each format find them."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.bake_file import bake_character
from lipsync_addon.blender.scene_export import export_character
from lipsync_addon.blender.take_clips import export_takes
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, curves_of, random_track, snapshot
from tests.engines import gltf_reader, node_reader, scene_reader

FPS, FRAMES = 24, 48
HIGHEST = 1.2
LOWEST = -0.1


@pytest.fixture
def strong() -> AnimationTrack:
    """Values from LOWEST to HIGHEST."""
    track = random_track(FRAMES, FPS)
    values = LOWEST + (HIGHEST - LOWEST) * track.values
    values[5:10, ARKIT_52.index("jawOpen")] = HIGHEST
    values[15:20, ARKIT_52.index("jawOpen")] = LOWEST
    return track.with_values(values)


def jaw_open(file: Path, take: str = "") -> np.ndarray:
    """[T] the weights of the face's jawOpen, by a reader that is not ours."""
    if file.suffix == ".glb":
        clips = gltf_reader.clips(file)
        weights = clips[take or next(iter(clips))]["Face", "weights"][1]
        return weights.reshape(-1, 52)[:, gltf_reader.key_names(file)["Face"].index("jawOpen")]
    if file.suffix == ".fbx":
        read = scene_reader.ufbx(file)
        return np.array((read["takes"][take] if take else read)["weights"]["Face/jawOpen"])
    read = scene_reader.usd(file)
    return np.array(read["weights"]["Face"])[:, read["names"]["Face"].index("jawOpen")]


def assert_jaw_open(file: Path, expected: np.ndarray, take: str = "") -> None:
    np.testing.assert_allclose(jaw_open(file, take)[: len(expected)], expected, atol=1e-4)


@pytest.mark.parametrize("clamp", [False, True], ids=["kept", "clamped"])
@pytest.mark.parametrize("ending", [".glb", ".fbx", ".usdc"])
def test_the_command_keeps_or_clamps(tmp_path: Path, strong: AnimationTrack, ending: str, clamp: bool) -> None:
    build_character()
    hero, out = tmp_path / "hero.blend", tmp_path / f"line{ending}"
    bpy.ops.wm.save_as_mainfile(filepath=str(hero))
    report = bake_character(hero, Path("line.wav"), Performance(strong), [out], fps=FPS, clamp=clamp)
    told = [notice for notice in report.notices if "range of the slider is widened to" in notice]
    assert len(told) == (not clamp), report.notices
    opening = strong.channel("jawOpen")
    assert_jaw_open(out, np.clip(opening, 0, 1) if clamp else opening)


@pytest.mark.parametrize("clamp", [False, True], ids=["kept", "clamped"])
@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_three_plays_what_is_kept(tmp_path: Path, strong: AnimationTrack, ending: str, clamp: bool) -> None:
    build_character()
    hero, out = tmp_path / "hero.blend", tmp_path / f"line{ending}"
    bpy.ops.wm.save_as_mainfile(filepath=str(hero))
    bake_character(hero, Path("line.wav"), Performance(strong), [out], fps=FPS, clamp=clamp)
    times = strong.times[[5, 7, 9, 16, 30]]
    face = node_reader.run("read_scene.mjs", str(out), ",".join(map(str, times)))["meshes"]["Face"]
    expected = (strong.clamped if clamp else strong).at(times)
    assert face["names"] == list(ARKIT_52)
    np.testing.assert_allclose(face["weights"], expected, atol=2e-3)


@pytest.mark.parametrize("clamp", [False, True], ids=["kept", "clamped"])
@pytest.mark.parametrize("several", [False, True], ids=["one take", "several takes"])
@pytest.mark.parametrize("ending", [".glb", ".fbx", ".usdc"])
def test_on_the_users_character_the_range_of_the_slider_decides(
    tmp_path: Path, strong: AnimationTrack, ending: str, several: bool, clamp: bool
) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, scene = build_character(), bpy.context.scene
    scene.render.fps = FPS
    wide = character[0].data.shape_keys.key_blocks["jawOpen"]
    wide.slider_min, wide.slider_max = -0.05, 1.15
    report = bake(scene, character, Performance(strong), "line", BakeSettings(start_frame=0))
    assert any("would go to 1.20, beyond the range of the slider" in notice for notice in report.notices)
    curves = {curve.data_path: curve for curve in curves_of(bpy.data.actions["line"])}
    funnel = curves['key_blocks["mouthFunnel"].value']
    assert max(point.co.y for point in funnel.keyframe_points) <= 1
    before, file = snapshot(), tmp_path / f"line{ending}"
    if several:
        bake(scene, character, Performance(strong), "other", BakeSettings(start_frame=0))
        export_takes(file, scene, character, clamp=clamp)
    else:
        export_character(file, scene, character, "line", 0, FRAMES - 1, clamp=clamp)
        assert snapshot() == before
    assert (wide.slider_min, wide.slider_max) == (pytest.approx(-0.05), pytest.approx(1.15))
    low, high = (0, 1) if clamp else (-0.05, 1.15)
    assert_jaw_open(file, np.clip(strong.channel("jawOpen"), low, high), "line" if several else "")


def test_a_failed_bake_takes_wider_ranges_back(tmp_path: Path, strong: AnimationTrack, monkeypatch) -> None:
    character = build_character()
    monkeypatch.setattr("lipsync_addon.blender.bake.write_track", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bake(bpy.context.scene, character, Performance(strong), "line", BakeSettings(widen_ranges=True))
    assert {key.slider_max for key in character[0].data.shape_keys.key_blocks} == {1.0}
