"""The rest of the face in Blender: the same as the command's, on the right bones, and off unless asked for."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile
from mathutils import Matrix, Vector

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.panel_values import face_settings
from lipsync_addon.blender.rig_scan import scan_rig
from lipsync_addon.blender.take_curves import read_channels
from lipsync_addon.cli import main
from lipsync_addon.core.channels import HEAD_ANGLES
from lipsync_addon.core.face_layers import LAYERS
from lipsync_addon.core.keying import KeySettings
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, build_mesh, curves_of

EVERY = KeySettings("every")
LOOKS = tuple(f"eyeLook{way}{side}" for side in ("Left", "Right") for way in ("In", "Out", "Up", "Down"))


@pytest.fixture
def line(shared, tmp_path) -> Path:
    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    samples, rate = soundfile.read(tmp_path / "jfk.opus")
    soundfile.write(tmp_path / "ask not.wav", samples[: 5 * rate], rate)
    return tmp_path / "ask not.wav"


def head_with_eyes(tilt: float, modes: str) -> list[bpy.types.Object]:
    """Neck, head and two eyes, whose own axes point anywhere; a face with jawOpen."""
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    places = {"neck": (0, 0, 0), "head": (0, 0, 0.1), "eye.L": (0.03, -0.08, 0.2), "eye.R": (-0.03, -0.08, 0.2)}
    for name, place in places.items():
        bone = rig.data.edit_bones.new(name)
        bone.head = place
        bone.tail = Vector(place) + Vector((0.2 * tilt, -tilt, 1.0 - tilt)) * 0.1
        bone.roll = 3 * tilt
        bone.parent = rig.data.edit_bones.get({"head": "neck"}.get(name, "head" if "eye" in name else ""))
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = modes
    face = build_mesh("Face", ["jawOpen"])
    face.parent = rig
    return [face, rig]


def turned(rig: bpy.types.Object, bone: str) -> Matrix:
    """The turn of a bone from rest in the world."""
    pose = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones[bone]
    return (pose.matrix @ pose.bone.matrix_local.inverted()).to_3x3()


@pytest.mark.parametrize("modes", ["QUATERNION", "XYZ", "ZXY"])
@pytest.mark.parametrize("tilt", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("angles", [(0.1, 0, 0), (0, 0.1, 0), (0, 0, 0.1), (-0.05, 0.06, 0.04)])
def test_the_head_turns_as_the_channels_say(tilt: float, modes: str, angles: tuple[float, ...]) -> None:
    face, rig = head_with_eyes(tilt, modes)
    values = np.tile(np.float32([0.5, *angles, *[0] * 8]), (60, 1))
    values[:, 4:][:, LOOKS.index("eyeLookOutRight")] = values[:, 4:][:, LOOKS.index("eyeLookInLeft")] = 0.2
    track = AnimationTrack(("jawOpen", *HEAD_ANGLES, *LOOKS), values, 50.0)
    bake(bpy.context.scene, [face, rig], Performance(track), "line", BakeSettings(keys=EVERY))
    bpy.context.scene.frame_set(10)
    yaw, pitch, roll = angles
    turn = turned(rig, "head")
    nose, crown = turn @ Vector((0, -1, 0)), turn @ Vector((0, 0, 1))
    assert nose.x == pytest.approx(-yaw, abs=0.01)  # the character's right is at -x
    assert nose.z == pytest.approx(-pitch, abs=0.01)
    assert crown.x == pytest.approx(-roll, abs=0.01)
    for eye in ("eye.L", "eye.R"):
        look = (turn.inverted() @ turned(rig, eye)) @ Vector((0, -1, 0))
        assert look.x == pytest.approx(-0.12, abs=0.015) and abs(look.z) < 0.015


def test_eyes_that_have_shapes_keep_their_bones_still() -> None:
    _, rig = head_with_eyes(0.0, "XYZ")
    face = build_mesh("Lids", [*LOOKS, "jawOpen"])
    face.parent = rig
    track = AnimationTrack(("jawOpen", *LOOKS), np.full((30, 9), 0.2), 50.0)
    report = bake(bpy.context.scene, [face, rig], Performance(track), "line")
    assert {target.name for target in report.targets} == {"jawOpen", *LOOKS}


def test_a_head_that_the_artist_animates_is_left_alone() -> None:
    face, rig = head_with_eyes(0.0, "XYZ")
    rig.pose.bones["head"].rotation_euler.x = 0.5
    rig.pose.bones["head"].keyframe_insert("rotation_euler", frame=1)
    assert ("Rig", "head") in scan_rig([rig]).taken
    track = AnimationTrack(("jawOpen", *HEAD_ANGLES), np.full((30, 4), 0.1), 50.0)
    report = bake(bpy.context.scene, [face, rig], Performance(track), "line")
    assert {target.name for target in report.targets} == {"jawOpen", "neck"}
    bpy.context.scene.frame_set(10)
    assert rig.pose.bones["head"].rotation_euler.x == pytest.approx(0.5)
    again = bake(bpy.context.scene, [face, rig], Performance(track), "line")
    assert again.targets == report.targets


def test_the_button_gives_the_command_s_face(addon, line, tmp_path) -> None:
    objects, scene = build_character(), bpy.context.scene
    settings = scene.lipsync
    settings.sound_file, settings.jaw_mode, settings.start_frame, settings.add_sound = str(line), "off", 0, False
    face = settings.face
    face.enabled, face.head, face.use_brows, face.joy, face.seed = True, 0.5, False, 0.25, 3
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    baked = read_channels(scene, objects)
    asked = ("--face", "--head", "0.5", "--brows", "0", "--emotion", "joy=0.25", "--seed", "3")
    assert main(["bake", str(line), "--to", str(tmp_path / "a.json"), *asked]) == 0
    data = json.loads((tmp_path / "a.json").read_text())
    command = AnimationTrack(tuple(data["names"]), np.array(data["values"]), data["fps"])
    shown = [name for name in baked.names if name in command.names]
    assert {"eyeBlinkLeft", "eyeLookInLeft", "cheekSquintLeft", "jawOpen", "noseSneerLeft"} <= set(shown)
    assert "browInnerUp" not in command.names or not command.channel("browInnerUp").any()
    difference = np.abs(baked.select(shown).values - command.select(shown).at(baked.times))
    assert np.quantile(difference, 0.999) < 0.03 and difference.max() < 0.15
    curves = [curve for action in bpy.data.actions for curve in curves_of(action) if '"head"' in curve.data_path]
    assert len(curves) == 3 and any(np.ptp([key.co.y for key in curve.keyframe_points]) > 0.002 for curve in curves)


def test_nothing_of_the_face_moves_unless_it_is_switched_on(addon, line) -> None:
    build_character()
    bpy.context.scene.lipsync.sound_file = str(line)
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    paths = {curve.data_path for action in bpy.data.actions for curve in curves_of(action)}
    assert not any(part in path for path in paths for part in ("eye", "brow", '"head"'))


@pytest.mark.parametrize(
    ("keys", "blink"),
    [
        (("aa", "ih", "ou", "ee", "oh"), "blink"),
        (("あ", "い", "う", "え", "お"), "まばたき"),
        (tuple(f"Fcl_MTH_{vowel}" for vowel in "AIUEO"), "Fcl_EYE_Close"),
    ],
)
def test_characters_with_vowels_blink_too(keys: tuple[str, ...], blink: str) -> None:
    face = build_mesh("Face", [*keys, blink])
    values = np.zeros((50, 3), np.float32)
    values[:, 0], values[20:25, 1:] = 1, 1
    track = AnimationTrack(("viseme_aa", "eyeBlinkLeft", "eyeBlinkRight"), values, 50.0)
    bake(bpy.context.scene, [face], Performance(track), "line", BakeSettings(0, keys=EVERY))
    shown = []
    for frame in (5, 11):
        bpy.context.scene.frame_set(frame)
        shown.append(face.data.shape_keys.key_blocks[blink].value)
    assert shown == pytest.approx([0, 1])


def test_what_a_layer_moved_goes_back_when_it_is_switched_off(addon, line) -> None:
    """The take was baked without the face: its switches act at once all the same, and off again leaves no trace."""
    face, _, rig = build_character()
    scene = bpy.context.scene
    settings = scene.lipsync
    settings.sound_file = str(line)
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    keys, head = face.data.shape_keys.key_blocks, rig.pose.bones["head"]
    settings.face.sadness = 0.5
    settings.face.enabled = True
    scene.frame_set(40)
    assert keys["browInnerUp"].value > 0.3 and head.rotation_quaternion.angle > 0.001
    settings.face.enabled = False
    assert keys["browInnerUp"].value == 0 and head.rotation_quaternion.angle == 0
    scene.frame_set(41)
    assert keys["browInnerUp"].value == 0 and head.rotation_quaternion.angle == 0


def test_each_layer_can_be_off_by_itself(addon) -> None:
    face = bpy.context.scene.lipsync.face
    assert not face_settings(face).layers
    face.enabled = True
    for name in LAYERS:
        setattr(face, f"use_{name}", False)
        strengths = {each: getattr(face_settings(face), each) for each in LAYERS}
        assert strengths == {each: float(each != name) for each in LAYERS}
        setattr(face, f"use_{name}", True)
