"""Text, language and the phoneme track in Blender: bakes use them, buttons change them, undo brings them back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
import soundfile

from lipsync_addon.blender import phoneme_strip, waveforms
from lipsync_addon.blender.operators.strip import dragged
from lipsync_addon.blender.playing import ALWAYS
from lipsync_addon.blender.shown_take import Place
from lipsync_addon.blender.stored import store_prediction, stored_prediction
from lipsync_addon.blender.words_settings import timeline_of
from lipsync_addon.core.aperture import LIP_GAP, SEALED
from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.core.waveform import waveform
from tests.blender.scene_builder import build_character, curves_of

TEXT = "Een kat hoort immers te miauwen, en niet te praten."


@pytest.fixture
def words(addon, shared: Path, tmp_path: Path):
    """A character and a Dutch line, baked with its text."""
    samples, rate = soundfile.read(shared / "bench" / "dev_nl" / "nl_rhasspy_1.opus")
    soundfile.write(tmp_path / "line.wav", samples, rate)
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.start_frame = str(tmp_path / "line.wav"), 11
    settings.words.text, settings.words.language = TEXT, "nl"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    return settings.words


def place(words, unit: str) -> int:
    """Makes the first phone of this unit the active one."""
    words.active = next(i for i, phone in enumerate(words.phones) if phone.unit == unit)
    return words.active


def test_a_bake_lists_the_phones_with_their_words(words):
    timeline = timeline_of(words)
    assert [word.text for word in timeline.word_spans()] == TEXT.split()
    assert (timeline.source, timeline.language, words.edited) == ("line.wav", "nl", False)
    assert sum(phone.unit in BILABIALS for phone in timeline.phones) == 3


def test_text_in_an_unknown_language_is_told_before_any_work(words):
    words.language = "xx"
    with pytest.raises(RuntimeError, match="does not read the language 'xx'"):
        bpy.ops.lipsync.bake()


def test_buttons_change_the_active_phone(words):
    index = place(words, "ɑ")
    before = timeline_of(words)
    assert bpy.ops.lipsync.change_phone(ipa="o") == {"FINISHED"}
    assert words.phones[index].unit == "o" and words.edited
    bpy.ops.lipsync.mute_phone()
    assert words.phones[index].mute
    bpy.ops.lipsync.move_boundary(seconds=before.phones[index].start + 0.02)
    assert words.phones[index].start == pytest.approx(before.phones[index].start + 0.02, abs=1e-4)
    bpy.ops.lipsync.insert_phone(ipa="s")
    assert len(words.phones) == len(before.phones) + 1 and words.phones[index + 1].unit == "s"
    words.active = index + 1
    bpy.ops.lipsync.delete_phone()
    assert len(words.phones) == len(before.phones)
    kat = next(span for span in before.word_spans() if span.text == "kat")
    words.active = kat.first
    bpy.ops.lipsync.stretch_word(start=kat.start - 0.05, end=kat.end)
    assert timeline_of(words).word_spans()[1].start == pytest.approx(kat.start - 0.05, abs=1e-3)
    assert timeline_of(words).end == pytest.approx(before.end, abs=1e-4)


def lowest_gap(words, index: int) -> float:
    """Of the character's lips during a phone."""
    return min(gaps(words, index))


def widest_gap(words, index: int) -> float:
    """The other end of it."""
    return max(gaps(words, index))


def gaps(words, index: int) -> list[float]:
    """Of the lips on every frame of a phone."""
    (action,) = {obj.data.shape_keys.animation_data.action for obj in bpy.data.objects if obj.name == "Face"}
    phone = words.phones[index]
    rate = bpy.context.scene.render.fps
    frames = range(round(11 + phone.start * rate), round(11 + phone.end * rate) + 1)
    curves = {curve.data_path.split('"')[1]: curve for curve in curves_of(action) if "key_blocks" in curve.data_path}
    return [sum(LIP_GAP.get(name, 0) * curve.evaluate(f) for name, curve in curves.items()) for f in frames]


def test_the_curves_follow_an_edit_at_once_and_only_if_they_are_to(words):
    index = place(words, "ɑ")
    was = lowest_gap(words, index)
    words.follow = False
    bpy.ops.lipsync.change_phone(ipa="m")
    assert lowest_gap(words, index) == was > SEALED
    words.follow = True
    bpy.ops.lipsync.change_phone(ipa="b")
    assert lowest_gap(words, index) < SEALED


def keys(words) -> dict[str, dict[float, float]]:
    """Frame -> value of every key of the take, by shape key."""
    action = bpy.data.objects["Face"].data.shape_keys.animation_data.action
    return {c.data_path: {k.co.x: k.co.y for k in c.keyframe_points} for c in curves_of(action)}


def test_an_edit_makes_its_own_stretch_again_without_the_sound(words, tmp_path):
    before, index = keys(words), place(words, "ɑ")
    middle = 11 + bpy.context.scene.render.fps * words.phones[index].start
    soundfile.write(tmp_path / "line.wav", [0.0] * 16000, 16000)  # a bake would be of silence now
    bpy.ops.lipsync.change_phone(ipa="m")
    after = keys(words)
    changed = {f for path in before for f in before[path] if after[path].get(f) != before[path][f]}
    assert before.keys() == after.keys() and changed
    assert all(abs(frame - middle) < 0.7 * bpy.context.scene.render.fps for frame in changed)
    bpy.ops.lipsync.change_phone(ipa="o")
    assert keys(words) != after and lowest_gap(words, index) > SEALED


def test_a_muted_p_leaves_the_lips_open(words):
    index = place(words, "p")
    assert lowest_gap(words, index) < SEALED
    bpy.ops.lipsync.mute_phone()
    assert lowest_gap(words, index) > SEALED


def test_a_take_without_what_was_heard_is_baked_again(words):
    action = bpy.data.objects["Face"].data.shape_keys.animation_data.action
    store_prediction(action, replace(stored_prediction(action), hearing=None))
    index = place(words, "ɑ")
    bpy.ops.lipsync.change_phone(ipa="m")
    assert lowest_gap(words, index) < SEALED


def test_what_is_no_ipa_changes_nothing(words):
    place(words, "ɑ")
    before = timeline_of(words)
    with pytest.raises(RuntimeError, match="'9' is no IPA"):
        bpy.ops.lipsync.change_phone(ipa="9")
    assert timeline_of(words) == before and not words.edited


def test_phones_are_inserted_as_long_as_there_is_time_and_the_line_still_bakes(words):
    index = place(words, "ɑ")
    with pytest.raises(RuntimeError, match=rf"Phone {index} .*, and this takes 0.02 s"):
        for _ in range(17):
            bpy.ops.lipsync.insert_phone(ipa="s")
    assert words.phones[index + 1].unit == "s"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}


def test_a_bake_plays_the_edited_track_until_the_edits_are_discarded(words):
    index = place(words, "ɑ")
    bpy.ops.lipsync.change_phone(ipa="m")
    bpy.ops.lipsync.bake()
    assert words.phones[index].unit == "m" and words.edited
    assert bpy.ops.lipsync.forget_phone_edits() == {"FINISHED"}
    bpy.ops.lipsync.bake()
    assert words.phones[index].unit == "ɑ" and not words.edited


def test_without_text_the_track_is_what_is_heard(words):
    words.text = ""
    bpy.ops.lipsync.bake()
    assert len(words.phones) > 15 and not timeline_of(words).word_spans()


def test_buttons_are_grey_before_the_first_bake(addon):
    assert not bpy.ops.lipsync.change_phone.poll()
    assert not bpy.ops.lipsync.forget_phone_edits.poll()


def test_the_strip_stands_under_the_keys_of_its_phones(words):
    found = list(phoneme_strip.boxes(timeline_of(words), Place(ALWAYS, words.start_frame, 24.0)))
    assert [box.text for box in found if box.row == phoneme_strip.WORDS] == TEXT.split()
    kat = next(box for box in found if box.text == "kat")
    span = next(span for span in timeline_of(words).word_spans() if span.text == "kat")
    assert (kat.first, kat.last) == pytest.approx((11 + 24 * span.start, 11 + 24 * span.end), abs=1e-3)


def test_the_strip_marks_what_is_doubtful_muted_and_stressed(words):
    index = place(words, "ɑ")
    timeline = timeline_of(words)
    phones = list(timeline.phones)
    phones[index] = replace(phones[index], stress=1.5)
    phones[index + 1] = replace(phones[index + 1], mute=True)
    doubts = [(phones[index].start, phones[index + 1].end)]
    found = phoneme_strip.boxes(replace(timeline, phones=tuple(phones)), Place(ALWAYS, 0, 24.0), doubts)
    boxes = {box.index: box for box in found if box.row == phoneme_strip.PHONES}
    assert (boxes[index].doubtful, boxes[index].mute, boxes[index].text) == (True, False, "ˈɑ")
    assert (boxes[index + 1].doubtful, boxes[index + 1].mute) == (False, True)


def test_doubts_are_those_of_the_take(words):
    action = bpy.data.objects["Face"].data.shape_keys.animation_data.action
    prediction, index = stored_prediction(action), place(words, "ɑ")
    phones = list(prediction.timeline.phones)
    phones[index] = replace(phones[index], confidence=0.05)
    store_prediction(action, replace(prediction, timeline=replace(prediction.timeline, phones=tuple(phones))))
    assert any(a <= phones[index].start and b >= phones[index].end for a, b in phoneme_strip.doubts_of(bpy.context))
    words.source = "other.wav"
    assert phoneme_strip.doubts_of(bpy.context) == ()


def test_only_the_part_in_sight_is_read_with_whole_words(words):
    timeline = timeline_of(words)
    hoort = next(span for span in timeline.word_spans() if span.text == "hoort")
    part, before = phoneme_strip.part_shown(words, hoort.start + 0.05, hoort.end - 0.05)
    assert (before, before + len(part.phones)) == (hoort.first, hoort.last)
    assert part.phones == timeline.phones[hoort.first : hoort.last]
    whole, none = phoneme_strip.part_shown(words, -5.0, 99.0)
    assert (whole, none) == (timeline, 0)


def test_the_waveform_is_of_the_sound_that_was_baked(words, tmp_path):
    outline = waveform(waveforms.sound_of(bpy.context.scene))
    timeline = timeline_of(words)
    assert len(outline.low) / outline.rate == pytest.approx(timeline.end, abs=0.1)
    kat = next(span for span in timeline.word_spans() if span.text == "kat")
    loud, still = (outline.between(*span, 1)[1][0] for span in ((kat.start, kat.end), (0.0, 0.05)))
    assert loud > 2 * still
    bpy.context.scene.lipsync.sound_file = ""
    assert (
        waveform(waveforms.sound_of(bpy.context.scene)).low.tolist() == outline.low.tolist()
    )  # of the sequencer's strip
    for strip in list(bpy.context.scene.sequence_editor.strips):
        bpy.context.scene.sequence_editor.strips.remove(strip)
    assert waveforms.sound_of(bpy.context.scene) is None


def test_stress_makes_the_mouth_move_more(words):
    index = place(words, "ɑ")
    weak, strong = [], []
    for stress, found in ((0.3, weak), (1.8, strong)):
        assert bpy.ops.lipsync.stress_phone(stress=stress) == {"FINISHED"}
        found.append(widest_gap(words, index))
    assert words.phones[index].stress == pytest.approx(1.8) and strong[0] > 1.5 * weak[0]


def test_the_mouse_holds_what_is_near(words):
    timeline = timeline_of(words)
    kat = next(span for span in timeline.word_spans() if span.text == "kat")
    assert phoneme_strip.grip_at(timeline, 0, kat.start + 0.002, 0.01) == phoneme_strip.Grip("boundary", kat.first)
    assert phoneme_strip.grip_at(timeline, 1, kat.end - 0.002, 0.01) in (
        phoneme_strip.Grip("word end", kat.index),
        phoneme_strip.Grip("word start", kat.index + 1),
    )
    middle = (timeline.phones[kat.first].start + timeline.phones[kat.first].end) / 2
    assert phoneme_strip.grip_at(timeline, 0, middle, 0.01) is None


def test_a_drag_moves_what_is_held(words):
    timeline = timeline_of(words)
    kat = next(span for span in timeline.word_spans() if span.text == "kat")
    moved = dragged(timeline, phoneme_strip.Grip("boundary", kat.first), kat.start + 0.03)
    assert moved.phones[kat.first].start == pytest.approx(kat.start + 0.03)
    stretched = dragged(timeline, phoneme_strip.Grip("word start", kat.index), kat.start - 0.05)
    assert stretched.word_spans()[kat.index].start == pytest.approx(kat.start - 0.05)
    assert stretched.word_spans()[kat.index].end == pytest.approx(kat.end)


@pytest.mark.parametrize(("height", "rows"), [(50, 0), (75, 1), (95, 2), (120, 2), (140, 3)])
def test_only_rows_that_a_low_region_has_room_for_are_there(height, rows):
    """In pixels at a scale of 1, the numbers of the frames above the rows and the scroll bar below them."""
    for scale in (1.0, 1.5):
        system = SimpleNamespace(ui_scale=scale)
        context = SimpleNamespace(
            region=SimpleNamespace(height=height * scale), preferences=SimpleNamespace(system=system)
        )
        assert phoneme_strip.rows_in(context) == rows
        reached = {phoneme_strip.row_at(context, y) for y in range(round(height * scale))}
        assert reached - {None} == set(range(rows))
