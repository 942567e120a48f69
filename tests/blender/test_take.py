"""A baked take stays the animator's: sliders act at once, hand edits stay, doubtful places are found, presets are
kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import panel_data, presets, sliders
from lipsync_addon.blender.hand_edits import edit_count
from lipsync_addon.blender.operators import bake as bake_operator
from lipsync_addon.blender.stored import store_prediction, stored_prediction
from lipsync_addon.blender.take_curves import read_channels, take_frames
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.keying import KEY_MODES
from tests.blender.scene_builder import build_character, build_mesh, curves_of
from tests.blender.test_panels import drawn

LINES = Path(__file__).parents[2] / "examples" / "lines"


@pytest.fixture
def settings(addon):
    """A baked line on a character."""
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound = str(LINES / "boat_en.flac"), False
    bpy.ops.lipsync.bake()
    return settings


def curve(name: str) -> bpy.types.FCurve:
    (action,) = (action for action in bpy.data.actions if "lipsync_take" in action)
    return next(c for c in curves_of(action) if f'"{name}"' in c.data_path and c.data_path.startswith("key_blocks"))


def heights(name: str) -> np.ndarray:
    return np.array([point.co.y for point in curve(name).keyframe_points])


def no_network(*_):
    raise AssertionError("the network was asked")


@pytest.mark.parametrize("mode", KEY_MODES)
def test_a_slider_gives_what_a_bake_gives_without_the_network(settings, monkeypatch, mode):
    settings.key_mode = mode
    with monkeypatch.context() as patch:
        patch.setattr(bake_operator, "shared_predictor", no_network)
        settings.jaw, settings.smoothing = 1.4, 0.02
        assert sliders.problem() is None
    at_once = {name: heights(name) for name in ("jawOpen", "mouthPucker", "mouthClose")}
    bpy.ops.lipsync.bake()
    for name, values in at_once.items():
        np.testing.assert_allclose(values, heights(name), atol=1e-4)


def test_sliders_act_in_a_file_that_was_saved_and_opened(settings, monkeypatch, tmp_path):
    before = heights("jawOpen").max()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    monkeypatch.setattr(bake_operator, "shared_predictor", no_network)
    bpy.context.scene.lipsync.intensity = 0.5
    assert heights("jawOpen").max() == pytest.approx(before / 2, rel=0.15)


def test_a_gain_of_one_channel_moves_that_channel_alone(settings):
    smile, jaw = heights("mouthSmileLeft"), heights("jawOpen")
    bpy.ops.lipsync.add_channel()
    settings.channels[0].name, settings.channels[0].offset = "mouthSmileLeft", 0.2
    assert (heights("mouthSmileLeft") - smile).max() == pytest.approx(0.2, abs=0.01)
    np.testing.assert_allclose(heights("jawOpen"), jaw, atol=0.05)
    bpy.ops.lipsync.remove_channel()
    np.testing.assert_allclose(heights("mouthSmileLeft"), smile, atol=1e-4)


def raised(name: str) -> tuple[float, float]:
    """Frame and height of a key that the artist moved."""
    point = curve(name).keyframe_points[10]
    point.co.y += 0.5
    curve(name).update()
    return point.co.x, point.co.y


@pytest.mark.parametrize("prefix", ["", "ARKit_"], ids=["one", "all"])
def test_hand_edits_stay_with_a_shape_key_that_is_renamed(settings, prefix):
    settings.key_mode = "every"
    frame, wanted = raised("mouthPucker")
    for key in bpy.data.objects["Face"].data.shape_keys.key_blocks[1:]:
        if prefix or key.name == "mouthPucker":
            key.name = prefix + (key.name if prefix else "MouthPucker")
    settings.jaw = 1.2
    name = prefix + ("mouthPucker" if prefix else "MouthPucker")
    assert curve(name).evaluate(frame) == pytest.approx(wanted, abs=0.03)
    bpy.ops.lipsync.bake()
    assert curve(name).evaluate(frame) == pytest.approx(wanted, abs=0.03)
    assert panel_data.last_report().edits == 1


def test_hand_edits_stay_with_a_bone_that_is_renamed(settings):
    rig = bpy.data.objects["Rig"]
    (action,) = bpy.data.actions
    turned = next(each for each in curves_of(action) if "bones" in each.data_path)
    point, index = turned.keyframe_points[10], turned.array_index
    point.co.y += 0.3
    turned.update()
    frame, wanted = point.co
    rig.data.bones["jaw"].name = "jaw_master"
    settings.jaw = 1.1
    path = next(each.data_path for each in curves_of(action) if "jaw_master" in each.data_path)
    (found,) = (each for each in curves_of(action) if (each.data_path, each.array_index) == (path, index))
    assert found.evaluate(frame) == pytest.approx(wanted, abs=0.03)


def test_hand_edits_and_phones_stay_with_a_character_that_is_renamed(settings):
    frame, wanted = raised("mouthPucker")
    settings.words.active = 7
    bpy.ops.lipsync.change_phone(ipa="m")
    phones = [phone.unit for phone in settings.words.phones]
    wanted = curve("mouthPucker").evaluate(frame)
    bpy.data.objects["Face"].name = "Hero"
    bpy.ops.lipsync.bake()
    assert curve("mouthPucker").evaluate(frame) == pytest.approx(wanted, abs=0.03)
    assert [phone.unit for phone in settings.words.phones] == phones
    assert len(bpy.data.actions) == 1 and panel_data.last_report().edits == 1


def regrouped(name: str | None) -> None:
    """The artist gives the group of our curves another name, or dissolves it."""
    for bag in (bag for layer in bpy.data.actions[0].layers for strip in layer.strips for bag in strip.channelbags):
        if name:
            bag.groups["Lipsync"].name = name
        else:
            bag.groups.remove(bag.groups["Lipsync"])


@pytest.mark.parametrize("name", ["Mouth", None], ids=["renamed", "dissolved"])
@pytest.mark.parametrize("write", ["slider", "bake"])
def test_curves_whose_group_is_called_otherwise_are_ours(settings, name, write):
    frame, wanted = raised("mouthPucker")
    count, before = len(curves_of(bpy.data.actions[0])), heights("jawOpen").max()
    regrouped(name)
    assert edit_count(bpy.data.actions[0]) == 1
    if write == "slider":
        settings.jaw = 1.5
    else:
        with sliders.held():
            settings.jaw = 1.5
        bpy.ops.lipsync.bake()
        assert panel_data.last_report().curves == count and panel_data.last_report().edits == 1
    assert sliders.problem() is None
    assert heights("jawOpen").max() > 1.2 * before
    assert curve("mouthPucker").evaluate(frame) == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize("mode", ["every", "sparse"])
def test_curves_that_two_meshes_play_are_written_once(settings, mode):
    settings.key_mode = mode
    before = heights("jawOpen")
    face, beard = bpy.data.objects["Face"], build_mesh("Beard", list(ARKIT_52))
    beard.parent = bpy.data.objects["Rig"]
    data = beard.data.shape_keys.animation_data_create()
    data.action = face.data.shape_keys.animation_data.action
    data.action_slot = face.data.shape_keys.animation_data.action_slot
    for jaw in (1.5, 0.5, 1.0):
        settings.jaw = jaw
    np.testing.assert_allclose(heights("jawOpen"), before, atol=1e-4)
    assert edit_count(bpy.data.actions[0]) == 0
    bpy.ops.lipsync.bake()
    np.testing.assert_allclose(heights("jawOpen"), before, atol=1e-4)
    assert panel_data.last_report().edits == 0


def test_a_copy_of_the_character_keeps_the_hand_edits_and_the_original_its_own(settings):
    face = bpy.data.objects["Face"]
    frame, wanted = raised("mouthPucker")
    for obj in bpy.context.scene.objects:
        obj.select_set(True)
    bpy.ops.object.duplicate()
    copy = bpy.data.objects["Face.001"]
    for character in (copy, face):
        settings.character = character
        bpy.ops.lipsync.bake()
        action = character.data.shape_keys.animation_data.action
        pucker = next(each for each in curves_of(action) if '"mouthPucker"' in each.data_path)
        assert pucker.evaluate(frame) == pytest.approx(wanted, abs=0.03)
    assert copy.data.shape_keys.animation_data.action != face.data.shape_keys.animation_data.action


@pytest.mark.parametrize("mode", ["every", "sparse"])
def test_hand_edits_survive_sliders_and_bakes_and_can_be_hidden_and_discarded(settings, mode):
    settings.key_mode = mode
    untouched = heights("mouthFunnel")
    moved = curve("mouthFunnel")
    for point in list(moved.keyframe_points)[8:12]:
        point.co.y += 0.3
    moved.update()
    frames = [point.co.x for point in list(moved.keyframe_points)[8:12]]
    wanted = moved.evaluate(frames[1])
    bpy.ops.lipsync.bake()
    assert curve("mouthFunnel").evaluate(frames[1]) == pytest.approx(wanted, abs=0.01)
    settings.jaw = 1.2
    assert curve("mouthFunnel").evaluate(frames[1]) == pytest.approx(wanted, abs=0.03)
    settings.jaw = 1.0
    bpy.ops.lipsync.hide_edits()
    np.testing.assert_allclose(heights("mouthFunnel"), untouched, atol=1e-4)
    bpy.ops.lipsync.hide_edits()
    assert curve("mouthFunnel").evaluate(frames[1]) == pytest.approx(wanted, abs=0.01)
    bpy.ops.lipsync.discard_edits()
    np.testing.assert_allclose(heights("mouthFunnel"), untouched, atol=1e-4)


def test_a_line_of_a_minute_is_not_taken_for_edited(settings):
    """Blender turns handles in single precision, which is coarse at late frames."""
    settings.start_frame, settings.key_mode = 20000, "sparse"
    bpy.ops.lipsync.bake()
    settings.jaw = 1.1
    bpy.ops.lipsync.bake()
    assert panel_data.last_report().edits == 0


def test_the_playhead_goes_through_the_doubtful_places_and_round(settings):
    (action,) = bpy.data.actions
    prediction = stored_prediction(action)
    phones = prediction.timeline.phones
    sure = [0.9] * len(phones)

    def heard_with(confidences: list[float]) -> None:
        known = tuple(replace(phone, confidence=value) for phone, value in zip(phones, confidences))
        store_prediction(action, replace(prediction, timeline=replace(prediction.timeline, phones=known), sure=None))

    heard_with(sure)
    assert not bpy.ops.lipsync.next_doubt.poll()
    spoken = [index for index, phone in enumerate(phones) if phone.unit != "sil"]
    places = (spoken[1], spoken[-2])
    heard_with([0.05 if index in places else 0.9 for index in range(len(phones))])
    scene, visited = bpy.context.scene, []
    scene.frame_set(0)
    for _ in range(3):
        bpy.ops.lipsync.next_doubt()
        visited.append(scene.frame_current)
    first, last = (1 + phones[index].start * 24 for index in places)
    assert visited == pytest.approx([first, last, first], abs=0.51)


def test_markers_replace_ours_and_leave_the_artists_alone(settings):
    scene = bpy.context.scene
    scene.timeline_markers.new("mine", frame=3)
    bpy.ops.lipsync.mark(kind="SOUNDS")
    sounds = [marker.name for marker in scene.timeline_markers]
    assert "b" in sounds and "mine" in sounds and len(sounds) > 10
    with pytest.raises(RuntimeError, match="words of this take are not known"):
        bpy.ops.lipsync.mark(kind="WORDS")
    bpy.ops.lipsync.mark(kind="NONE")
    assert [marker.name for marker in scene.timeline_markers] == ["mine"]


def test_presets_are_kept_shared_and_deleted(settings, tmp_path):
    settings.jaw, settings.asymmetry = 1.3, 0.25
    bpy.ops.lipsync.save_preset(name="Grandpa / 2")
    assert settings.preset == "Grandpa / 2" and presets.own_file("Grandpa / 2")
    bpy.ops.lipsync.export_preset(filepath=str(tmp_path / "g.json"))
    assert json.loads((tmp_path / "g.json").read_text())["style"]["jaw"] == pytest.approx(1.3)
    settings.preset = "Neutral"
    assert settings.jaw == 1.0 and not bpy.ops.lipsync.delete_preset.poll()
    settings.preset = "Grandpa / 2"
    assert settings.jaw == pytest.approx(1.3)
    bpy.ops.lipsync.delete_preset()
    assert not presets.own_file("Grandpa / 2") and settings.jaw == pytest.approx(1.3)
    bpy.ops.lipsync.import_preset(filepath=str(tmp_path / "g.json"))
    assert settings.preset == "Grandpa / 2"
    presets.own_file("Grandpa / 2").unlink()


def test_a_take_can_be_a_strip_of_the_nla_and_sliders_act_on_it(settings):
    settings.as_strip = True
    bpy.ops.lipsync.bake()
    data = bpy.data.objects["Face"].data.shape_keys.animation_data
    assert data.action is None and data.nla_tracks["Lipsync"].strips[0].action.name == "boat_en"
    before = heights("jawOpen").max()
    settings.intensity = 0.5
    assert heights("jawOpen").max() < 0.75 * before
    assert bpy.data.objects["Face"].data.shape_keys.animation_data.action is None


@pytest.fixture
def strips(addon):
    """Three lines of the sequencer, each a strip of the NLA: from frame 1, 200 and 400."""
    build_character()
    editor = bpy.context.scene.sequence_editor_create()
    for name, frame in (("hello_en", 1), ("market_en", 200), ("boat_en", 400)):
        sounds = editor.strips if hasattr(editor, "strips") else editor.sequences
        sounds.new_sound(name, str(LINES / f"{name}.flac"), 1, frame)
    bpy.ops.lipsync.bake_scene()
    return bpy.context.scene


def jaws() -> dict[str, list[float]]:
    """The heights of the jaw in each take."""
    takes = {a["lipsync_take"]: a for a in bpy.data.actions if "lipsync_take" in a}
    jaw = {name: next(c for c in curves_of(a) if '"jawOpen"' in c.data_path) for name, a in takes.items()}
    return {name: [p.co.y for p in c.keyframe_points] for name, c in jaw.items()}


@pytest.mark.parametrize("frame, take", [(10, "hello_en"), (230, "market_en"), (420, "boat_en"), (2000, "boat_en")])
def test_of_several_strips_the_one_at_the_playhead_is_acted_on(strips, frame, take):
    strips.frame_set(frame)
    before = jaws()
    strips.lipsync.intensity = 0.5
    after = jaws()
    assert {name for name in before if before[name] != after[name]} == {take}
    bpy.ops.lipsync.mark(kind="SOUNDS")
    first = {"hello_en": 1, "market_en": 200, "boat_en": 400}[take]
    frames = [marker.frame for marker in strips.timeline_markers]
    assert first <= min(frames) and max(frames) < first + 150


def test_what_is_exported_does_not_depend_on_the_playhead(strips):
    found = []
    for frame in (10, 230, 420):
        strips.frame_set(frame)
        objects = panel_data.objects(bpy.context)
        curves = read_channels(strips, objects).values
        found.append((panel_data.exported_take(bpy.context), take_frames(objects), curves.sum()))
    assert found[0] == found[1] == found[2]


def test_a_slider_that_comes_to_rest_after_the_playhead_went_on_writes_the_take_it_moved(strips):
    strips.frame_set(230)
    before = jaws()
    strips.lipsync.key_mode = "every"
    with sliders.held():
        strips.lipsync.intensity = 0.5
    sliders.write(bpy.context, quick=False, take="hello_en")
    after = jaws()
    assert {name for name in before if before[name] != after[name]} == {"hello_en"}


def test_markers_and_doubts_follow_a_strip_that_was_moved(settings):
    settings.as_strip = True
    bpy.ops.lipsync.bake()
    scene = bpy.context.scene
    bpy.ops.lipsync.mark(kind="SOUNDS")
    before = [marker.frame for marker in scene.timeline_markers]
    for owner in (*bpy.data.shape_keys, *bpy.data.objects):
        for track in owner.animation_data.nla_tracks if owner.animation_data else ():
            for strip in track.strips:
                strip.frame_end += 100
                strip.frame_start += 100
    bpy.ops.lipsync.mark(kind="SOUNDS")
    assert [marker.frame for marker in scene.timeline_markers] == [frame + 100 for frame in before]
    if bpy.ops.lipsync.next_doubt.poll():
        scene.frame_set(0)
        bpy.ops.lipsync.next_doubt()
        assert scene.frame_current > 100


def test_the_panel_says_what_can_be_done_with_the_take(settings):
    text = drawn()
    assert "Sliders act at once on" in text and "lipsync.next_doubt" in text and "lipsync.hide_edits" in text
