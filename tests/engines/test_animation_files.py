"""The animation-only GLB and FBX of our own writers, value by value in readers that are not ours."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, ExportOptions, JawCurve, write
from tests.blender.scene_builder import random_track
from tests.engines import godot_player, gltf_reader, node_reader, scene_reader
from tests.engines.made_character import ASKED, TIMES
from tests.engines.prediction import poppy

FPS = 24
OPTIONS = ExportOptions(
    fps=FPS, clip="my line", path="Rig/Face", jaw=JawCurve("Rig/head/jaw", (10.0, 20.0, 80.0), (33.0, 15.0, 100.0))
)


@pytest.fixture
def track() -> AnimationTrack:
    return random_track(3 * FPS, FPS)


@pytest.fixture
def written(request: pytest.FixtureRequest, track: AnimationTrack, tmp_path: Path) -> Path:
    target = tmp_path / f"line{request.param}"
    write(track, target, EXPORTERS[request.param], OPTIONS)
    return target


def jaw_turns(opening: np.ndarray) -> np.ndarray:
    """[T, 4] x y z w of the jaw at openings [T], by Blender's own mathematics."""
    from mathutils import Euler

    rest, opened = np.radians(OPTIONS.jaw.rest), np.radians(OPTIONS.jaw.open)
    rows = [Euler(rest + value * (opened - rest), "XYZ").to_quaternion() for value in opening.tolist()]
    return np.array([(q.x, q.y, q.z, q.w) for q in rows])


def assert_same_turns(found: np.ndarray, expected: np.ndarray, error: float) -> None:
    np.testing.assert_allclose(np.abs((np.asarray(found) * expected).sum(axis=1)), 1.0, atol=error)


@pytest.mark.parametrize("written", [".glb"], indirect=True)
def test_pygltflib_finds_the_track(written: Path, track: AnimationTrack) -> None:
    clip = gltf_reader.clips(written)["my line"]
    times, weights = clip["Face", "weights"]
    np.testing.assert_allclose(times, track.times, atol=1e-6)
    np.testing.assert_allclose(weights.reshape(track.values.shape), track.values, atol=1e-6)
    assert gltf_reader.key_names(written) == {"Face": list(ARKIT_52)}
    assert_same_turns(clip["jaw", "rotation"][1], jaw_turns(track.channel("jawOpen")), 1e-6)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_a_clip_under_the_characters_own_names(ending: str, track: AnimationTrack, tmp_path: Path) -> None:
    """From a rig profile of the user's, which mixes, and from a table of names over one of ours."""
    names, target = tmp_path / "hero.json", tmp_path / f"line{ending}"
    rules = [
        {"keys": ["Mund_auf", "open"], "channels": {"jawOpen": 0.5}},
        {"keys": ["Lächeln"], "channels": {"mouthSmileLeft": 0.25, "mouthSmileRight": 0.75}},
    ]
    table = {"Mund_auf": track.channel("jawOpen") / 2}
    table["Lächeln"] = track.channel("mouthSmileLeft") / 4 + track.channel("mouthSmileRight") * 0.75
    names.write_text(json.dumps({"format_version": 1, "id": "hero", "label": "Hero", "shape_keys": rules}))
    write(track, target, EXPORTERS[ending], replace(OPTIONS, names=str(names)))
    assert_weights(target, table)
    names.write_text(json.dumps({"profile": "arkit", "prefix": "M_", "names": {"jawOpen": "auf"}}))
    write(track, target, EXPORTERS[ending], replace(OPTIONS, names=str(names)))
    arkit = {f"M_{name}": track.channel(name) for name in ARKIT_52 if name != "jawOpen"}
    assert_weights(target, {"M_auf": track.channel("jawOpen")} | arkit)


def assert_weights(file: Path, expected: dict[str, np.ndarray]) -> None:
    """The file has these keys and no others, with these values on every frame."""
    if file.suffix == ".glb":
        keys = gltf_reader.key_names(file)["Face"]
        rows = gltf_reader.clips(file)["my line"]["Face", "weights"][1].reshape(-1, len(keys))
        found = dict(zip(keys, rows.T))
    else:
        found = {name.removeprefix("Face/"): values for name, values in scene_reader.ufbx(file)["weights"].items()}
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], np.clip(values, 0, 1), atol=1e-6, err_msg=name)


@pytest.mark.parametrize("written", [".glb"], indirect=True)
def test_the_validator_has_nothing_against_it(written: Path) -> None:
    issues = node_reader.read("validate_glb.mjs", written)
    assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


@pytest.mark.parametrize("written", [".fbx"], indirect=True)
def test_ufbx_finds_the_track(written: Path, track: AnimationTrack) -> None:
    read = scene_reader.ufbx(written)
    ((name, begin, end),) = read["clips"]
    assert (name, begin) == ("my line", 0) and end == pytest.approx(track.duration)
    assert read["nodes"] == ["Rig", "Face", "head", "jaw"]
    assert list(read["weights"]) == [f"Face/{name}" for name in ARKIT_52]
    for name in ARKIT_52:
        assert read["weights"][f"Face/{name}"] == pytest.approx(track.channel(name), abs=1e-6)
    assert_same_turns(read["jaw"], jaw_turns(track.channel("jawOpen")), 1e-6)


@pytest.mark.parametrize("written", [".glb", ".fbx"], indirect=True)
def test_assimp_finds_the_track(written: Path, track: AnimationTrack) -> None:
    read = scene_reader.assimp(written)
    names = [name.rpartition(".")[2] for name in read["keys"]["Face"]]  # of an FBX "channel.shape"
    assert names == list(ARKIT_52) and list(read["clips"]) == ["my line"]
    clip = read["clips"]["my line"]
    assert clip["length"] == pytest.approx(track.duration, abs=1e-4)
    (keys,) = clip["weights"].values()
    np.testing.assert_allclose([time for time, _ in keys], track.times, atol=1e-4)
    weights = [[row[str(index)] for index in range(len(names))] for _, row in keys]
    np.testing.assert_allclose(weights, track.values, atol=1e-6)
    (turns,) = (np.array(rows) for _, rows in clip["turns"].values())
    assert_same_turns(turns[:, [1, 2, 3, 0]], jaw_turns(track.channel("jawOpen")), 1e-6)


@pytest.mark.parametrize("written", [".glb", ".fbx"], indirect=True)
def test_three_plays_the_track(written: Path, track: AnimationTrack) -> None:
    seen = node_reader.run("read_scene.mjs", str(written), ASKED)
    assert [clip.rpartition("|")[2] for clip in seen["clips"]] == ["my line"]
    assert seen["length"] == pytest.approx(track.duration, abs=1e-4)
    assert seen["meshes"]["Face"]["names"] == list(ARKIT_52)
    np.testing.assert_allclose(seen["meshes"]["Face"]["weights"], track.at(TIMES), atol=1e-4)
    # Between two frames a reader may turn along the arc or along the angles.
    assert_same_turns(seen["jaw"], jaw_turns(track.select(["jawOpen"]).at(TIMES)[:, 0]), 2e-3)


@pytest.mark.parametrize("written", [".glb", ".fbx"], indirect=True)
def test_blenders_importer_plays_the_track(written: Path, track: AnimationTrack) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    if written.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(written), anim_offset=0.0)
    else:
        bpy.ops.import_scene.gltf(filepath=str(written))
    face = next(obj for obj in bpy.data.objects if obj.type == "MESH" and obj.name.startswith("Face"))
    keys = face.data.shape_keys.key_blocks
    assert [key.name for key in keys][1:] == list(ARKIT_52)
    for frame in (0, 20, 36, 55, 71):
        scene.frame_set(frame)
        np.testing.assert_allclose([key.value for key in keys][1:], track.values[frame], atol=1e-4)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_a_take_of_one_frame_and_no_jaw(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    target = tmp_path / f"still{ending}"
    write(track.with_values(track.values[:1]), target, EXPORTERS[ending], ExportOptions(clip="still", fps=FPS))
    if ending == ".glb":
        times, weights = gltf_reader.clips(target)["still"]["Face", "weights"]
        assert times.tolist() == [0.0]
    else:
        weights = [values[0] for values in scene_reader.ufbx(target)["weights"].values()]
    np.testing.assert_allclose(np.ravel(weights), track.values[0], atol=1e-6)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_several_takes_and_none_shows_what_another_left(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    """The second take has some channels of its own, and is longer."""
    other = random_track(4 * FPS, FPS, seed=1).select(ARKIT_52[:20])
    fewer = track.select(ARKIT_52[10:])
    target = tmp_path / f"both{ending}"
    write(fewer, target, EXPORTERS[ending], replace(OPTIONS, others=(("other", other),)))
    takes = node_reader.run("read_scene.mjs", str(target), ASKED)["takes"]
    assert set(takes) == {"my line", "other"}
    for name, each in {"my line": fewer, "other": other}.items():
        assert takes[name]["length"] == pytest.approx(each.duration, abs=1e-4)
        face = takes[name]["meshes"]["Face"]
        assert set(face["names"]) == set(ARKIT_52)
        np.testing.assert_allclose(face["weights"], each.filled(face["names"]).at(TIMES), atol=1e-4)
    if ending == ".fbx":
        read = scene_reader.ufbx(target)
        assert {name for name, _, _ in read["clips"]} == {"my line", "other"}
        for key, values in read["takes"]["other"]["weights"].items():
            assert values == pytest.approx(other.filled([key[5:]]).values[:, 0], abs=1e-6), key


def test_fewer_keys_draw_the_same_curves(tmp_path: Path) -> None:
    line, target = poppy().select([name for name in poppy().names if name in ARKIT_52]), tmp_path / "line.glb"
    write(line, target, EXPORTERS[".glb"], ExportOptions(fps=50, clip="my line", max_error=0.02))
    times, weights = gltf_reader.clips(target)["my line"]["Face", "weights"]
    assert len(times) < len(line.values) and times[0] == 0 and times[-1] == pytest.approx(line.duration, abs=0.021)
    rows = weights.reshape(len(times), -1)
    every = np.arange(len(line.values)) / 50
    for column, name in enumerate(gltf_reader.key_names(target)["Face"]):
        drawn = np.interp(every, times, rows[:, column])
        np.testing.assert_allclose(drawn, line.select([name]).at(every + line.start)[:, 0], atol=0.0201)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_takes_of_one_name_are_refused(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    options = replace(OPTIONS, others=(("my line", track),))
    with pytest.raises(LipsyncError, match="Two takes for one file are called 'my line'"):
        write(track, tmp_path / f"a{ending}", EXPORTERS[ending], options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_the_jaw_turns_whatever_the_weights_are_called(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    target = tmp_path / f"line{ending}"
    write(track, target, EXPORTERS[ending], replace(OPTIONS, prefix="blendShape1."))
    if ending == ".glb":
        found = gltf_reader.clips(target)["my line"]["jaw", "rotation"][1]
    else:
        found = scene_reader.ufbx(target)["jaw"]
    assert_same_turns(found, jaw_turns(track.channel("jawOpen")), 1e-6)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_a_jaw_without_its_channel_is_refused(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    with pytest.raises(LipsyncError, match="no jawOpen"):
        write(track.select(["mouthClose"]), tmp_path / f"line{ending}", EXPORTERS[ending], OPTIONS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_godot_plays_the_track(tmp_path: Path, track: AnimationTrack, ending: str) -> None:
    file = tmp_path / f"line{ending}"
    write(track, file, EXPORTERS[ending], OPTIONS)
    made = godot_player.project(tmp_path, file, import_fps=FPS if ending == ".glb" else None)
    seen = godot_player.told(made, "play_scene.gd", f"res://{file.name}", ASKED)
    assert seen["clips"] == ["my line"] and seen["length"] == pytest.approx(track.duration, abs=1e-3)
    assert seen["meshes"]["Face"]["names"] == list(ARKIT_52)
    np.testing.assert_allclose(seen["meshes"]["Face"]["weights"], track.at(TIMES), atol=2e-3)
    assert_same_turns(seen["jaw"], jaw_turns(track.select(["jawOpen"]).at(TIMES)[:, 0]), 2e-3)
