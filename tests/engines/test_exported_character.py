"""FBX and GLB as other programs read them: names, values, one clip from second 0 with shape keys and jaw bone."""

from __future__ import annotations

import struct
from pathlib import Path

import bpy
import numpy as np
import pygltflib
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.scene_export import export_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, curves_of, snapshot
from tests.engines import scene_reader, gltf_reader

FRAMES = 72
START = 25


@pytest.fixture
def three_seconds(capture) -> AnimationTrack:
    """A part of the capture with the mouth wide open, at the scene's 24 frames a second."""
    begin = int(np.argmax(capture.channel("jawOpen"))) - 60
    return AnimationTrack(ARKIT_52, capture.values[begin : begin + 180], 60.0).resampled(24)


def nothing(face: bpy.types.Object) -> None:
    """No change."""


def export(
    ending: str, track: AnimationTrack, folder: Path, prepare=nothing, before_bake=nothing
) -> tuple[Path, tuple[str, ...]]:
    """A baked character that starts at frame START, in a scene with a camera and a light."""
    character = build_character()
    before_bake(character[0])
    scene = bpy.context.scene
    for kind, data in (("cam", bpy.data.cameras.new("cam")), ("sun", bpy.data.lights.new("sun", "SUN"))):
        scene.collection.objects.link(bpy.data.objects.new(kind, data))
    report = bake(scene, character, Performance(track), "greeting", BakeSettings(start_frame=START))
    prepare(character[0])
    scene.frame_set(START + 7)
    before = snapshot()
    target = folder / f"greeting{ending}"
    notices = export_character(target, scene, character, report.take, report.first_frame, report.last_frame)
    assert snapshot() == before
    assert [path.name for path in folder.iterdir()] == [target.name]
    return target, notices


def subdivided(face: bpy.types.Object) -> None:
    face.modifiers.new("Smooth", "SUBSURF").levels = 1


def nodding(face: bpy.types.Object) -> None:
    """The artist keyed the head before, 0.1 a frame; the bake pushes that down."""
    head = bpy.data.objects["Rig"].pose.bones["head"]
    for frame, x in ((START, 0.0), (START + FRAMES, FRAMES / 10)):
        head.location.x = x
        head.keyframe_insert("location", frame=frame)
    for curve in curves_of(bpy.data.objects["Rig"].animation_data.action):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"


def channels_of(gltf: pygltflib.GLTF2) -> gltf_reader.Channels:
    """Of the only animation."""
    (animation,) = gltf.animations
    return gltf_reader.channels(gltf, animation)


@pytest.mark.parametrize("prepare", [nothing, subdivided], ids=["plain", "subdivision"])
def test_glb_holds_one_clip_with_the_values_of_the_track(three_seconds, tmp_path, prepare):
    path, _ = export(".glb", three_seconds, tmp_path, prepare)
    gltf = pygltflib.GLTF2().load(path)
    assert [animation.name for animation in gltf.animations] == ["greeting"]
    assert {node.name for node in gltf.nodes} == {"Face", "Teeth", "Rig", "head", "jaw"}
    channels = channels_of(gltf)
    for mesh, names in (("Face", ARKIT_52), ("Teeth", ("jawOpen", "jawLeft"))):
        times, weights = channels[mesh, "weights"]
        (node,) = [node for node in gltf.nodes if node.name == mesh]
        assert gltf.meshes[node.mesh].extras["targetNames"] == list(names)
        assert len(gltf.meshes[node.mesh].primitives[0].targets) == len(names)
        np.testing.assert_allclose(times, np.arange(FRAMES + 1)[: len(times)] / 24, atol=1e-5)
        values = weights.reshape(len(times), len(names))
        np.testing.assert_allclose(values, three_seconds.select(names).values, atol=1e-5)
    np.testing.assert_allclose(turns(channels["jaw", "rotation"][1]), jaw_turns(three_seconds), atol=1e-3)


@pytest.mark.parametrize("prepare", [nothing, subdivided], ids=["plain", "subdivision"])
def test_fbx_holds_one_clip_with_the_values_of_the_track(three_seconds, tmp_path, prepare):
    path, _ = export(".fbx", three_seconds, tmp_path, prepare)
    read = scene_reader.ufbx(path)
    ((name, begin, end),) = read["clips"]
    assert name == "greeting"
    assert begin == 0 and end == pytest.approx(three_seconds.duration)
    assert {"Face", "Teeth", "Rig", "head", "jaw"} == set(read["nodes"])
    assert len(read["weights"]) == 54
    for name in ARKIT_52:
        values = read["weights"][f"Face/{name}"]
        assert values == pytest.approx(three_seconds.channel(name), abs=1e-4)
    np.testing.assert_allclose(turns(np.array(read["jaw"])), jaw_turns(three_seconds), atol=1e-3)
    assert jaw_turns(three_seconds).max() > 0.2


def turns(quaternions: np.ndarray) -> np.ndarray:
    """[T] radians between the first rotation and each."""
    return 2 * np.arccos(np.clip(np.abs(quaternions @ quaternions[0]), 0, 1))


def jaw_turns(track: AnimationTrack) -> np.ndarray:
    """[T] what turns() must find."""
    opening = 0.4 * track.channel("jawOpen")
    return np.abs(opening - opening[0])


@pytest.mark.parametrize("ending", [".fbx", ".glb"])
def test_blenders_own_importer_plays_the_same(three_seconds, tmp_path, ending):
    path, _ = export(ending, three_seconds, tmp_path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    if ending == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0.0)
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    assert {obj.type for obj in bpy.data.objects} <= {"MESH", "ARMATURE", "EMPTY"}
    face = next(obj for obj in bpy.data.objects if obj.type == "MESH" and obj.name.startswith("Face"))
    rig = next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    keys = face.data.shape_keys.key_blocks
    assert [key.name for key in keys][1:] == list(ARKIT_52)
    rest = None
    for frame in (0, 20, 36, 55):
        scene.frame_set(frame)
        expected = three_seconds.values[frame]
        np.testing.assert_allclose([key.value for key in keys][1:], expected, atol=1e-4)
        rotation = rig.pose.bones["jaw"].matrix_basis.to_quaternion()
        opening = 0.4 * expected[ARKIT_52.index("jawOpen")]
        rest = rest or (rotation, opening)
        assert rotation.rotation_difference(rest[0]).angle == pytest.approx(abs(opening - rest[1]), abs=2e-3)


@pytest.mark.parametrize("ending", [".fbx", ".glb"])
def test_a_modifier_that_would_cost_the_shape_keys_is_told(three_seconds, tmp_path, ending):
    _, notices = export(ending, three_seconds, tmp_path, subdivided)
    assert len(notices) == 1 and "'Smooth' of 'Face'" in notices[0]


def test_the_artists_motion_beneath_is_in_the_clip(three_seconds, tmp_path):
    path, _ = export(".glb", three_seconds, tmp_path, before_bake=nodding)
    times, places = channels_of(pygltflib.GLTF2().load(path))["head", "translation"]
    moved = np.linalg.norm(places - places[0], axis=1)
    np.testing.assert_allclose(moved, times * 24 / 10, atol=1e-2)


def test_a_hidden_mesh_comes_along(three_seconds, tmp_path):
    def hide(face):
        bpy.data.objects["Teeth"].hide_set(True)

    path, _ = export(".glb", three_seconds, tmp_path, hide)
    assert "Teeth" in {node.name for node in pygltflib.GLTF2().load(path).nodes}


@pytest.mark.parametrize("ending", [".fbx", ".glb"])
@pytest.mark.parametrize(("name", "mode"), [("Face", "EDIT"), ("Rig", "POSE"), ("Rig", "EDIT")])
def test_the_artist_may_be_in_the_middle_of_something(three_seconds, tmp_path, ending, name, mode):
    def enter(face):
        bpy.context.view_layer.objects.active = bpy.data.objects[name]
        bpy.ops.object.mode_set(mode=mode)

    path, _ = export(ending, three_seconds, tmp_path, enter)
    assert bpy.context.object.name == name and bpy.context.object.mode == mode
    if ending == ".glb":
        times, weights = channels_of(pygltflib.GLTF2().load(path))["Face", "weights"]
        np.testing.assert_allclose(weights.reshape(len(times), 52), three_seconds.values, atol=1e-5)
    else:
        assert path.stat().st_size > 50_000


def test_an_exporter_that_fails_leaves_no_file_and_the_scene_as_it_was(three_seconds, tmp_path, monkeypatch):
    from lipsync_addon.blender import scene_export

    def half(path, engine):
        Path(path).write_bytes(struct.pack("<I", 7))
        raise RuntimeError("Error: Python: Traceback ...\nOSError: [Errno 28] No space left on device\nLocation: x")

    monkeypatch.setitem(scene_export._FORMATS, ".fbx", half)
    character = build_character()
    bake(bpy.context.scene, character, Performance(three_seconds), "line", BakeSettings(START))
    curve = curves_of(bpy.data.actions["line"])[0]
    before, point = snapshot(), tuple(curve.keyframe_points[3].co)
    with pytest.raises(LipsyncError, match="No space left on device"):
        export_character(tmp_path / "line.fbx", bpy.context.scene, character, "line", START, START + FRAMES)
    assert snapshot() == before and tuple(curve.keyframe_points[3].co) == point
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_and_an_unknown_ending_are_refused(tmp_path):
    character = build_character()
    for path in (tmp_path / "absent" / "a.glb", tmp_path / "a.obj"):
        with pytest.raises(LipsyncError, match=path.name):
            export_character(path, bpy.context.scene, character, "line", 0, 10)
