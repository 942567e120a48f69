"""A spoken take with edits is replaced by the recorded one: edits of curves and phones move along by word."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
import soundfile

from lipsync_addon.blender import panel_data
from lipsync_addon.blender.bake_file import bake_character
from lipsync_addon.blender.line_words import known_words
from lipsync_addon.blender.operators.bake import shared_predictor
from lipsync_addon.blender.sound_import import open_sound
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.blender.words_settings import timeline_of
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance, animate
from lipsync_addon.speech.sound_file import save_sound
from lipsync_addon.speech.synthesis import speak
from lipsync_addon.speech.transcript import Transcript
from tests.blender.scene_builder import build_character, curves_of, random_track

TEXT = "Een kat hoort immers te miauwen, en niet te praten."
START = 11


@pytest.fixture
def draft(addon, shared: Path, tmp_path: Path):
    """The spoken take "draft", with a phone of "kat" changed and muted "m", and a key of "praten" raised by hand."""
    clip, timeline = speak(TEXT, "nl")
    save_sound(clip, tmp_path / "draft.wav")
    samples, rate = soundfile.read(shared / "bench" / "dev_nl" / "nl_rhasspy_1.opus")
    soundfile.write(tmp_path / "actor.wav", samples, rate)
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.start_frame = str(tmp_path / "draft.wav"), START
    settings.words.text, settings.words.language = TEXT, "nl"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    words = settings.words
    words.active = next(i for i, phone in enumerate(words.phones) if phone.unit == "ɑ")
    bpy.ops.lipsync.change_phone(ipa="o")
    words.active = next(i for i, phone in enumerate(words.phones) if phone.unit == "m")
    bpy.ops.lipsync.mute_phone()
    return settings


def raised(word: str) -> None:
    """Puts keys of mouthSmileLeft to 0.9 in the middle of a word of the take that plays."""
    curve = smile()
    span = next(w for w in timeline_of(bpy.context.scene.lipsync.words).word_spans() if w.text.startswith(word))
    frame = round(START + 24 * (span.start + span.end) / 2)
    for point in curve.keyframe_points:
        if abs(point.co.x - frame) <= 2:
            point.co.y = 0.9
    curve.update()


def smile() -> bpy.types.FCurve:
    action = bpy.data.objects["Face"].data.shape_keys.animation_data.action
    return next(c for c in curves_of(action) if c.data_path == 'key_blocks["mouthSmileLeft"].value')


def replace_it(settings, tmp_path: Path) -> None:
    settings.sound_file, settings.words.replaces = str(tmp_path / "actor.wav"), "draft"
    assert bpy.ops.lipsync.bake() == {"FINISHED"}


def test_phones_and_curves_are_edited_in_the_recorded_take_where_the_words_are(draft, tmp_path):
    raised("praten")
    replace_it(draft, tmp_path)
    words, timeline = draft.words, timeline_of(draft.words)
    assert timeline.source == "actor.wav" and words.edited
    kat = next(span for span in timeline.word_spans() if span.text == "kat")
    assert [p.unit for p in timeline.phones[kat.first : kat.last]] == ["k", "o", "t"]
    assert [timeline.words[p.word] for p in timeline.phones if p.mute] == ["immers"]
    praten = next(span for span in timeline.word_spans() if span.text.startswith("praten"))
    highest = max(smile().keyframe_points, key=lambda point: point.co.y)
    assert highest.co.y > 0.8
    assert START + 24 * praten.start - 1 <= highest.co.x <= START + 24 * praten.end + 1
    assert panel_data.last_report().edits == 1
    assert {"draft", "actor"} <= {action.name for action in bpy.data.actions}


def test_the_take_that_was_replaced_is_as_it_was(draft, tmp_path):
    raised("praten")
    before, path = [tuple(p.co) for p in smile().keyframe_points], smile().data_path
    action = bpy.data.actions["draft"]
    replace_it(draft, tmp_path)
    assert [tuple(p.co) for c in curves_of(action) if c.data_path == path for p in c.keyframe_points] == before
    assert stored_prediction(action).source == "draft.wav"


def test_a_further_bake_keeps_the_edits_and_does_not_add_to_them(draft, tmp_path):
    raised("praten")
    replace_it(draft, tmp_path)
    phones, keys = timeline_of(draft.words).phones, [n for p in smile().keyframe_points for n in p.co]
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert timeline_of(draft.words).phones == phones
    assert [n for p in smile().keyframe_points for n in p.co] == pytest.approx(keys, abs=1e-4)


def test_discarded_phone_edits_do_not_come_back(draft, tmp_path):
    replace_it(draft, tmp_path)
    bpy.ops.lipsync.forget_phone_edits()
    bpy.ops.lipsync.bake()
    assert "ɑ" in [phone.unit for phone in draft.words.phones] and not draft.words.edited


def test_edits_that_the_curves_did_not_follow_move_along_too(draft, tmp_path):
    draft.words.follow = False
    draft.words.active = next(i for i, phone in enumerate(draft.words.phones) if phone.unit == "p")
    bpy.ops.lipsync.change_phone(ipa="f")
    replace_it(draft, tmp_path)
    assert [p.unit for p in timeline_of(draft.words).phones if p.word == 9][0] == "f"


def test_without_a_take_to_replace_nothing_moves_along(draft, tmp_path):
    draft.words.replaces, draft.sound_file = "", str(tmp_path / "actor.wav")
    bpy.ops.lipsync.bake()
    assert not draft.words.edited and not any(phone.mute for phone in draft.words.phones)
    _, edits = known_words(draft.words, panel_data.character(bpy.context), "third.wav", "third")
    assert edits is None


def test_the_command_line_moves_edits_of_curves_too(draft, tmp_path):
    raised("praten")
    line = tmp_path / "actor.wav"
    predictor, words = shared_predictor(None), Transcript.of(TEXT, "nl")
    performance = animate(open_sound(line, predictor.spec.sample_rate), predictor, words=words, keep=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    outputs = [tmp_path / "a.blend"]
    report = bake_character(tmp_path / "hero.blend", line, performance, outputs, replaces="draft")
    assert report.edits == 1 and max(point.co.y for point in smile().keyframe_points) > 0.8
    report = bake_character(tmp_path / "hero.blend", line, performance, [tmp_path / "b.blend"])
    assert report.edits == 0


def test_a_take_that_is_not_there_is_told(tmp_path, addon):
    build_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    with pytest.raises(LipsyncError, match="hero.blend has no take 'draft' to replace"):
        outputs, made = [tmp_path / "a.glb"], Performance(random_track())
        bake_character(tmp_path / "hero.blend", tmp_path / "l.wav", made, outputs, replaces="draft")
    assert not (tmp_path / "a.glb").exists()
