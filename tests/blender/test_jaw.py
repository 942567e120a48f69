"""The jaw bone turns by the asked angle about its own axis, in whatever rotation mode the artist gave it."""

from __future__ import annotations

import bpy
import pytest
from mathutils import Quaternion

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.keyframes import read_track
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.mapping import JawSettings
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_armature, build_character, build_mesh, random_track

AXES = {"X": (1, 0, 0), "Y": (0, 1, 0), "Z": (0, 0, 1), "-X": (-1, 0, 0)}


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
@pytest.mark.parametrize("axis", AXES)
def test_axis_and_angle_come_out_in_every_rotation_mode(mode, axis):
    character = build_character()
    bone = character[2].pose.bones["jaw"]
    bone.rotation_mode = mode
    track = random_track(fps=24)
    jaw = JawSettings(axis=axis, angle=0.6)
    report = bake(bpy.context.scene, character, Performance(track), "line", BakeSettings(0, jaw))
    for frame in (0, 13, 59):
        bpy.context.scene.frame_set(frame)
        expected = Quaternion(AXES[axis], 0.6 * track.channel("jawOpen")[frame])
        assert bone.matrix_basis.to_quaternion().rotation_difference(expected).angle < 1e-3
        assert bone.matrix_basis.to_quaternion().dot(expected) == pytest.approx(1, abs=1e-6)
    jaw_target = report.targets[-1]
    read = read_track([jaw_target], bpy.context.scene, start_frame=0, count=60)
    sign = -1 if axis == "-X" else 1
    assert read.values[:, 0] == pytest.approx(sign * 0.6 * track.channel("jawOpen"), abs=1e-5)


@pytest.mark.parametrize(
    ("mode", "angle", "keys", "kinds"),
    [
        ("auto", 0.4, ["jawOpen"], {"shape_key", "bone_rotation"}),
        ("auto", None, ["jawOpen"], {"shape_key"}),
        ("auto", None, ["mouthClose"], {"shape_key", "bone_rotation"}),
        ("beside", None, ["jawOpen"], {"shape_key", "bone_rotation"}),
        ("instead", 0.4, ["jawOpen"], {"bone_rotation"}),
        ("off", 0.4, ["jawOpen"], {"shape_key"}),
    ],
)
def test_the_bone_turns_beside_or_instead_of_the_shape_key(mode, angle, keys, kinds):
    objects = [build_mesh("Face", keys), build_armature(angle=angle)]
    settings = BakeSettings(jaw=JawSettings(mode))
    report = bake(bpy.context.scene, objects, Performance(random_track()), "line", settings)
    assert {target.kind for target in report.targets} == kinds
    assert report.missing == tuple(name for name in report.missing if name not in keys)


def test_a_bone_that_is_chosen_is_used_though_no_profile_knows_it():
    objects = [build_mesh("Face", ["jawOpen"]), build_armature(jaw="chops")]
    settings = BakeSettings(jaw=JawSettings("beside", bone="chops", angle=0.2))
    report = bake(bpy.context.scene, objects, Performance(random_track()), "line", settings)
    assert [target.name for target in report.targets] == ["jawOpen", "chops"]


def test_asking_for_a_jaw_bone_where_there_is_none_is_an_error():
    settings = BakeSettings(jaw=JawSettings("instead"))
    with pytest.raises(LipsyncError, match="No jaw bone"):
        bake(
            bpy.context.scene, [build_mesh("Face", ["jawOpen"])], Performance(random_track()), "line", settings
        )  # fmt: skip
