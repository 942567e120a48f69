"""Where takes play once their strips in the NLA were moved, scaled, cut, repeated or muted: what Blender shows there,
what the phoneme strip draws, what the buttons go to, what an edit changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import panel_data, phoneme_strip
from lipsync_addon.blender.actions import TAKE
from lipsync_addon.blender.playing import animated_block
from lipsync_addon.blender.shown_take import places, shown_action
from lipsync_addon.blender.stored import store_prediction, stored_prediction
from lipsync_addon.blender.take_curves import read_channels, take_frames
from lipsync_addon.blender.words_settings import timeline_of
from tests.blender.scene_builder import build_character, curves_of

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"
TEXT = "Five brave puppies paddled a blue boat over the moonlit pool."


@pytest.fixture
def scene(addon):
    """A take as a strip of the NLA, from frame 11 on, with its words."""
    build_character()
    scene = bpy.context.scene
    settings = scene.lipsync
    settings.sound_file, settings.add_sound, settings.start_frame = str(LINE), False, 11
    settings.words.text, settings.key_mode, settings.as_strip = TEXT, "every", True
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    return scene


@pytest.mark.parametrize("change", ["rate", "rate and slider"])
def test_a_strip_shows_the_whole_take_at_another_frame_rate(scene, change):
    scene.render.fps = 48
    if "slider" in change:
        scene.lipsync.jaw = 1.2
    else:
        bpy.ops.lipsync.bake()
    first, last = strips()[0].action.curve_frame_range
    assert last - first > 150
    for strip in strips():
        assert (strip.action_frame_start, strip.action_frame_end) == (first, last)
        assert (strip.frame_start, strip.frame_end) == pytest.approx((first, last), abs=1e-3)


def test_a_copy_of_a_strip_with_an_action_of_its_own_is_acted_on_alone(scene):
    first = strips()[0].action
    second = first.copy()
    for strip in strips():
        track = next(t for t in strip.id_data.animation_data.nla_tracks if strip.name in t.strips)
        copy = track.strips.new("copy", int(strip.frame_end) + 50, second)
        copy.action_slot = next(s for s in second.slots if s.identifier == strip.action_slot.identifier)
    scene.frame_set(int(copy.frame_start) + 20)
    assert panel_data.active_action(bpy.context) == second
    before = jaw(first), jaw(second)
    scene.lipsync.jaw = 1.6
    assert jaw(first) == before[0] and max(jaw(second)) > 1.2 * max(before[1])


def jaw(action: bpy.types.Action) -> list[float]:
    curve = next(curve for curve in curves_of(action) if '"jawOpen"' in curve.data_path)
    return [point.co.y for point in curve.keyframe_points]


def strips() -> list[bpy.types.NlaStrip]:
    """The strip of the take on every data-block."""
    blocks = [animated_block(obj) for obj in bpy.data.objects]
    data = [
        block.animation_data for block in sorted(blocks, key=lambda block: block.name != "Key") if block.animation_data
    ]
    found = [strip for each in data for track in each.nla_tracks if track.name == "Lipsync" for strip in track.strips]
    return [strip for strip in found if strip.action and TAKE in strip.action]


def moved(strip) -> None:
    strip.frame_start_ui = strip.frame_start + 100.5


def scaled(strip) -> None:
    strip.scale = 1.5


def cut(strip) -> None:
    strip.action_frame_start, strip.action_frame_end = strip.action_frame_start + 20, strip.action_frame_end - 15


def repeated(strip) -> None:
    strip.frame_start_ui = 30
    strip.repeat = 2.4


def reverse(strip) -> None:
    strip.use_reverse = True
    strip.scale = 0.8


def timed(strip) -> None:
    """Its own time, animated: the first half at half speed."""
    strip.use_animated_time = True
    strip.use_animated_time_cyclic = False
    keys = strip.fcurves.find("strip_time").keyframe_points
    for frame, at in ((strip.frame_start, strip.action_frame_start), (strip.frame_end, strip.action_frame_start + 40)):
        keys.insert(frame, at).interpolation = "LINEAR"


CHANGES = [moved, scaled, cut, repeated, reverse, timed]


def change(how) -> None:
    for strip in strips():
        how(strip)
    bpy.context.view_layer.update()


@pytest.mark.parametrize("how", CHANGES)
def test_places_are_where_blender_plays_the_take(scene, how):
    change(how)
    strip, key = strips()[0], bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"]
    curve = next(curve for curve in curves_of(strip.action) if '"jawOpen"' in curve.data_path)
    found = places(bpy.context, shown_action(bpy.context))
    frames = np.arange(int(strip.frame_start) + 1, int(strip.frame_end))
    assert len(frames) > 20 and found[0].piece.first == strip.frame_start
    assert found[-1].piece.last == pytest.approx(strip.frame_end, abs=1e-3)
    heights = []
    for frame in frames.tolist():
        scene.frame_set(frame)
        (piece, *_) = [place.piece for place in found if place.piece.first <= frame < place.piece.last]
        assert key.value == pytest.approx(curve.evaluate(piece.in_action(frame)), abs=2e-3)
        heights.append(key.value)
    assert max(heights) > 0.1
    # What is exported is what plays, too.
    first, last = take_frames(panel_data.objects(bpy.context))
    assert first <= frames[0] and last >= frames[-1] and last - first <= len(frames) + 4
    exported = read_channels(scene, panel_data.objects(bpy.context)).channel("jawOpen")
    np.testing.assert_allclose(exported[frames - first], heights, atol=2e-3)


@pytest.mark.parametrize("how", CHANGES)
def test_words_and_markers_are_drawn_where_they_play(scene, how):
    change(how)
    timeline, found = timeline_of(scene.lipsync.words), places(bpy.context, shown_action(bpy.context))
    bpy.ops.lipsync.mark(kind="WORDS")
    marks = sorted((marker.frame, marker.name) for marker in scene.timeline_markers)
    boxes = [box for place in found for box in phoneme_strip.boxes(timeline, place) if box.row == phoneme_strip.WORDS]
    assert boxes and all(box.first <= box.last for box in boxes)
    expected = []
    for span in timeline.word_spans():
        at = 11 + 24 * span.start
        for place in found:
            if place.piece.plays(at):
                expected.append((round(place.piece.in_scene(at)), span.text))
    assert marks == sorted(expected) and marks
    for frame, text in marks:
        near = [box for box in boxes if box.text == text and box.first - 0.51 <= frame <= box.last + 0.51]
        assert near, (frame, text)
    count = len([box for box in boxes if box.text == "boat"])
    assert count == {repeated: 2, cut: 1}.get(how, count)


@pytest.mark.parametrize("how", CHANGES)
def test_the_next_doubtful_place_is_where_it_plays(scene, how):
    change(how)
    action = shown_action(bpy.context)
    prediction = stored_prediction(action)
    span = next(span for span in prediction.timeline.word_spans() if span.text in ("brave", "puppies"))
    phones = tuple(
        replace(phone, confidence=0.05 if span.first <= index < span.last else 0.9)
        for index, phone in enumerate(prediction.timeline.phones)
    )
    store_prediction(action, replace(prediction, timeline=replace(prediction.timeline, phones=phones), sure=None))
    scene.frame_set(0)
    visited = []
    for _ in range(4):
        bpy.ops.lipsync.next_doubt()
        visited.append(scene.frame_current)
    sides = [
        (place.within(span.start, span.end))
        for place in places(bpy.context, action)
        if place.within(span.start, span.end)
    ]
    assert visited[0] == min(round(first) for first, _ in sides)
    if how is repeated:
        assert visited[:3] == [*sorted(round(first) for first, _ in sides)][:3]


@pytest.mark.parametrize("how", [moved, scaled, cut, repeated, reverse])
def test_an_edit_changes_the_frames_of_the_action_that_play_there(scene, how):
    change(how)
    words, strip = scene.lipsync.words, strips()[0]
    words.active = next(i for i, phone in enumerate(words.phones) if phone.unit == "b" and phone.start > 1.2)
    place = places(bpy.context, shown_action(bpy.context))[0]
    middle = (words.phones[words.active].start + words.phones[words.active].end) / 2
    scene.frame_set(round(place.frame(middle)))
    key = bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"]
    closed, before = key.value, (strip.frame_start, strip.frame_end, strip.scale, strip.repeat)
    action = strip.action
    was = {curve.data_path: [point.co.y for point in curve.keyframe_points] for curve in curves_of(action)}
    assert bpy.ops.lipsync.change_phone(ipa="ɑ") == {"FINISHED"}
    bpy.context.view_layer.update()
    scene.frame_set(scene.frame_current)
    assert key.value > closed + 0.05
    strip = strips()[0]
    assert (strip.frame_start, strip.frame_end, strip.scale, strip.repeat) == pytest.approx(before)
    now = {curve.data_path: [point.co.y for point in curve.keyframe_points] for curve in curves_of(strip.action)}
    other = {i for path in was if path in now for i, (a, b) in enumerate(zip(was[path], now[path])) if a != b}
    assert other and max(abs(i - 24 * middle) for i in other) < 24


def test_a_muted_take_is_not_drawn_and_a_second_strip_of_it_is(scene):
    for strip in strips():
        strip.mute = True
    assert places(bpy.context, shown_action(bpy.context)) == []
    assert not bpy.ops.lipsync.next_doubt.poll()
    for strip in strips():
        strip.mute = False
    data = bpy.data.objects["Face"].data.shape_keys.animation_data
    first = strips()[0]
    again = data.nla_tracks["Lipsync"].strips.new("again", 300, first.action)
    again.action_slot = first.action_slot
    found = [place.piece.first for place in places(bpy.context, shown_action(bpy.context))]
    assert found == [11, 300]
    first.mute = True
    found = [place.piece.first for place in places(bpy.context, shown_action(bpy.context))]
    assert 300 in found
    bpy.ops.lipsync.mark(kind="WORDS")
    assert max(marker.frame for marker in scene.timeline_markers) > 300


def test_the_track_follows_the_playhead_from_take_to_take(addon):
    build_character()
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    for name, frame in (("hello_en", 1), ("boat_en", 200)):
        editor.strips.new_sound(name, str(LINE.parent / f"{name}.flac"), 1, frame)
    scene.frame_set(1)
    bpy.ops.lipsync.bake_scene()
    words = scene.lipsync.words
    assert words.take == words.source == "hello_en" and len(words.phones) > 10
    scene.frame_set(220)
    assert words.take == words.source == "boat_en"
    assert timeline_of(words).phones[-1].end == pytest.approx(4, abs=1)
    words.follow = False
    bpy.ops.lipsync.change_phone(ipa="u")
    scene.frame_set(1)
    assert words.take == "boat_en", "changes that no curve has followed are not lost"
    words.follow = True
    bpy.ops.lipsync.change_phone(ipa="o")
    scene.frame_set(2)
    assert words.take == "hello_en" and not words.edited
    scene.frame_set(220)
    assert words.edited and words.phones[words.active].unit == "o" or any(p.unit == "o" for p in words.phones)
