"""What lands on the character: values, frames, slots; and what stays as it was."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.keyframes import read_track
from lipsync_addon.blender.rig_scan import character_of, find_character
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.mapping import JawSettings
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, build_mesh, curves_of, random_track, snapshot

RATES = {
    "24": (24, 1.0),
    "25": (25, 1.0),
    "30": (30, 1.0),
    "60": (60, 1.0),
    "23.976": (24, 1.001),
    "29.97": (30, 1.001),
}


def set_rate(rate: str) -> float:
    render = bpy.context.scene.render
    render.fps, render.fps_base = RATES[rate]
    return RATES[rate][0] / RATES[rate][1]


@pytest.mark.parametrize("rate", RATES)
def test_a_captured_face_plays_on_the_character_as_it_was_captured(capture, rate):
    fps = set_rate(rate)
    report = bake(bpy.context.scene, build_character(), Performance(capture), "line", BakeSettings(start_frame=12))
    read = read_track(report.targets, bpy.context.scene, start_frame=12, count=report.frames)
    expected = capture.at(np.arange(report.frames) / fps)
    for target, values in zip(report.targets, read.values.T, strict=True):
        scale = 1.0 if target.kind == "shape_key" else 0.4
        name = target.name if target.kind == "shape_key" else "jawOpen"
        np.testing.assert_allclose(values, expected[:, ARKIT_52.index(name)] * scale, atol=2e-6)
    assert report.first_frame == 12
    assert report.last_frame - 12 == np.ceil(capture.duration * fps - 1e-6)


@pytest.mark.parametrize("rate", ["23.976", "29.97"])
def test_ten_minutes_stay_right_to_the_sample(rate):
    """A saw tooth tells the time: value 0.1 .. 0.9 every two seconds."""
    numerator, denominator = RATES[rate][0] * 1000, 1001
    set_rate(rate)
    fps, count = 1000.0, 600_001
    phase = (np.arange(count) / fps) % 2.0
    track = AnimationTrack(("jawOpen",), (0.1 + 0.4 * phase)[:, None], fps)
    report = bake(bpy.context.scene, [build_mesh("Face", ["jawOpen"])], Performance(track), "line", BakeSettings(0.0))
    values = read_track(report.targets, bpy.context.scene, start_frame=0, count=report.frames).values[:, 0]
    frames = np.arange(report.frames)
    times = frames * denominator / numerator
    exact = times % 2.0
    inside = (exact > 0.01) & (exact < 1.99) & (times <= 600)  # not on the tooth's flank, not held at the end
    told = (values - 0.1) / 0.4
    assert np.abs(told - exact)[inside].max() < 1 / 48000
    assert report.frames == int(np.ceil(600 * numerator / denominator)) + 1


def test_a_line_that_starts_between_frames_is_sampled_at_the_whole_frames():
    track = random_track(fps=24)
    report = bake(bpy.context.scene, [build_mesh("Face", ["jawOpen"])], Performance(track), "line", BakeSettings(10.25))
    values = read_track(report.targets, bpy.context.scene, start_frame=10, count=report.frames).values[:, 0]
    np.testing.assert_allclose(values[1:4], track.at(np.array([0.75, 1.75, 2.75]) / 24)[:, 17], atol=1e-6)
    assert (report.first_frame, report.last_frame) == (10, 70)


def test_one_action_holds_a_slot_for_each_mesh_and_the_armature():
    bake(bpy.context.scene, build_character(), Performance(random_track()), "greeting")
    (action,) = bpy.data.actions
    assert action.name == "greeting"
    assert sorted(slot.target_id_type for slot in action.slots) == ["KEY", "KEY", "OBJECT"]
    for name in ("Face", "Teeth"):
        data = bpy.data.objects[name].data.shape_keys.animation_data
        assert (data.action, data.action_slot.target_id_type) == (action, "KEY")
    assert bpy.data.objects["Rig"].animation_data.action == action


def test_names_with_quotes_and_backslashes_are_animated():
    face = build_mesh("Face", ['My"Head\\jawOpen', 'My"Head\\jawLeft', 'My"Head\\jawRight'])
    bake(bpy.context.scene, [face], Performance(random_track(fps=24)), "line", BakeSettings(0))
    bpy.context.scene.frame_set(7)
    played = [block.value for block in face.data.shape_keys.key_blocks][1:]
    expected = random_track(fps=24).select(("jawOpen", "jawLeft", "jawRight")).values[7]
    np.testing.assert_allclose(played, expected, atol=1e-6)


def test_baking_again_gives_one_action_with_the_new_values():
    character = build_character()
    scene = bpy.context.scene
    bake(scene, character, Performance(random_track(90)), "line", BakeSettings(1))
    report = bake(scene, character, Performance(random_track(60, seed=1)), "line", BakeSettings(1))
    assert [action.name for action in bpy.data.actions] == ["line"]
    assert {len(curve.keyframe_points) for curve in curves_of(bpy.data.actions["line"])} == {report.frames}
    read = read_track(report.targets, scene, start_frame=1, count=report.frames)
    again = random_track(60, seed=1).at(np.arange(report.frames) / 24)
    np.testing.assert_allclose(read.values[:, :52], again, atol=1e-6)


def test_curves_that_the_artist_added_to_our_action_stay():
    character = build_character()
    scene = bpy.context.scene
    mouth = random_track().select([name for name in ARKIT_52 if not name.startswith("eye")])
    bake(scene, character, Performance(mouth), "line")
    blink = character[0].data.shape_keys.key_blocks["eyeBlinkLeft"]
    for frame, value in ((5, 0.0), (8, 1.0), (11, 0.0)):
        blink.value = value
        blink.keyframe_insert("value", frame=frame)
    bake(scene, character, Performance(mouth), "line")
    (curve,) = [c for c in curves_of(bpy.data.actions["line"]) if "eyeBlinkLeft" in c.data_path]
    assert [tuple(point.co) for point in curve.keyframe_points] == [(5, 0), (8, 1), (11, 0)]


def test_a_target_that_the_artist_keyed_in_our_action_is_left_to_him_and_told():
    character = build_character()
    scene = bpy.context.scene
    bake(scene, character, Performance(random_track().select(("jawOpen",))), "line")
    smile = character[0].data.shape_keys.key_blocks["mouthSmileLeft"]
    smile.value = 0.7
    smile.keyframe_insert("value", frame=3)
    report = bake(scene, character, Performance(random_track()), "line")
    (curve,) = [c for c in curves_of(bpy.data.actions["line"]) if "mouthSmileLeft" in c.data_path]
    assert len(curve.keyframe_points) == 1
    assert any("mouthSmileLeft" in notice for notice in report.notices)


def test_another_line_is_another_take_and_the_first_survives():
    character = build_character()
    bake(bpy.context.scene, character, Performance(random_track()), "first")
    bake(bpy.context.scene, character, Performance(random_track()), "second")
    assert character[0].data.shape_keys.animation_data.action.name == "second"
    assert bpy.data.actions["first"].use_fake_user
    assert len(curves_of(bpy.data.actions["first"])) == 52 + 2 + 4


def test_the_artists_own_action_keeps_playing_beneath():
    character = build_character()
    scene, rig = bpy.context.scene, character[2]
    head = rig.pose.bones["head"]
    for frame, x in ((1, 0.0), (21, 2.0)):
        head.location.x = x
        head.keyframe_insert("location", frame=frame)
    artist = rig.animation_data.action
    before = [(c.data_path, [tuple(p.co) for p in c.keyframe_points]) for c in curves_of(artist)]
    scene.frame_set(11)
    there = head.location.x
    bake(scene, character, Performance(random_track()), "line")
    bake(scene, character, Performance(random_track()), "line")
    scene.frame_set(1)
    scene.frame_set(11)
    assert [(c.data_path, [tuple(p.co) for p in c.keyframe_points]) for c in curves_of(artist)] == before
    assert head.location.x == pytest.approx(there, abs=1e-6) and there > 0.5
    assert len(rig.animation_data.nla_tracks) == 1
    assert rig.animation_data.action.name == "line"


def test_the_scene_range_changes_only_when_asked():
    character, scene = build_character(), bpy.context.scene
    scene.frame_start, scene.frame_end = 5, 20
    report = bake(scene, character, Performance(random_track(500)), "line")
    assert (scene.frame_start, scene.frame_end) == (5, 20)
    bake(scene, character, Performance(random_track(500)), "line", BakeSettings(extend_range=True))
    assert (scene.frame_start, scene.frame_end) == (5, report.last_frame)
    bake(scene, character, Performance(random_track(10)), "line", BakeSettings(extend_range=True))
    assert scene.frame_end == report.last_frame


def test_missing_and_ineffective_keys_are_told():
    face = build_mesh("Face", [name for name in ARKIT_52 if name != "mouthClose"])
    keys = face.data.shape_keys.key_blocks
    keys["jawOpen"].mute = True
    keys["mouthPucker"].driver_add("value").driver.expression = "0.5"
    keys["mouthFunnel"].slider_max = 0.5
    report = bake(bpy.context.scene, [face], Performance(random_track(), ("Said before.",)), "line")
    assert report.missing == ("mouthClose",)
    text = " ".join(report.notices)
    assert all(word in text for word in ("Said before.", "'jawOpen'", "'mouthPucker'", "'mouthFunnel'"))


def test_the_eyes_are_left_alone_by_a_track_without_eyes():
    face = build_mesh("Face", ARKIT_52)
    report = bake(bpy.context.scene, [face], Performance(random_track().select(("jawOpen", "mouthClose"))), "line")
    assert [target.name for target in report.targets] == ["jawOpen", "mouthClose"]
    assert report.missing == ()


@pytest.mark.parametrize("stage", ["_write_curve", "assign", "add_sound", "bad sound"])
@pytest.mark.parametrize("again", [False, True], ids=["first bake", "second bake"])
def test_a_bake_that_fails_leaves_everything_as_it_was(monkeypatch, tmp_path, stage, again):
    from lipsync_addon.blender import actions, keyframes
    from lipsync_addon.blender import bake as module

    character, scene = build_character(), bpy.context.scene
    character[2].pose.bones["head"].keyframe_insert("location", frame=4)
    settings = BakeSettings(start_frame=3, extend_range=True)
    if again:
        bake(scene, character, Performance(random_track(40)), "line", BakeSettings(start_frame=1))
    before = snapshot()
    sound, error = None, RuntimeError

    def fail(*args, **kwargs):
        raise RuntimeError("the plug was pulled")

    if stage == "_write_curve":
        calls = iter(range(30))
        write = keyframes._write_curve
        monkeypatch.setattr(keyframes, stage, lambda *a: write(*a) if next(calls, None) is not None else fail())
    elif stage == "assign":
        assign, owners = actions.Take._assign, iter(range(2))
        monkeypatch.setattr(
            actions.Take, "_assign", lambda *a: assign(*a) if next(owners, None) is not None else fail()
        )
    elif stage == "add_sound":
        sound = tmp_path / "line.wav"
        monkeypatch.setattr(module, "add_sound", fail)
    else:
        sound, error = tmp_path / "line.wav", LipsyncError
        sound.write_text("not a sound")
    with pytest.raises(error):
        bake(scene, character, Performance(random_track(900)), "line", settings, sound=sound)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("keys", "words"),
    [([], "no shape keys"), (["Smirk", "Grin"], "'Smirk', 'Grin'")],
    ids=["no shape keys", "unknown names"],
)
def test_a_mesh_that_cannot_speak_is_refused_with_what_was_found(keys, words):
    face = build_mesh("Head", keys)
    before = snapshot()
    with pytest.raises(LipsyncError, match=words):
        bake(bpy.context.scene, [face], Performance(random_track()), "line")
    assert snapshot() == before


def test_a_wrong_jaw_bone_is_refused():
    with pytest.raises(LipsyncError, match="'chin'"):
        bake(
            bpy.context.scene, build_character(), Performance(random_track()), "line",
            BakeSettings(jaw=JawSettings("beside", bone="chin")),
        )  # fmt: skip


def test_two_characters_in_a_scene_are_kept_apart():
    build_character()
    other = build_mesh("Extra", ["jawOpen", "mouthClose"])
    collection = bpy.data.collections.new("Others")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(other)
    bpy.context.scene.collection.objects.unlink(other)
    assert {obj.name for obj in find_character(bpy.context.scene)} == {"Face", "Teeth", "Rig"}
    assert [obj.name for obj in character_of(other, bpy.context.scene)] == ["Extra"]
