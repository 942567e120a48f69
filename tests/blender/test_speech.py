"""A text becomes sound and a take with exact times; a recording becomes a text; what is missing is told."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import api
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.blender.words_settings import timeline_of
from lipsync_addon.core.aperture import LIP_GAP, SEALED
from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.speech import transcriber
from lipsync_addon.speech.synthesis import speak
from tests.blender.scene_builder import build_character, curves_of

TEXT = "Baby, come back to 42 Park Lane."
LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


@pytest.fixture
def settings(addon, tmp_path):
    """A saved file with a character and a text."""
    build_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    settings = bpy.context.scene.lipsync
    settings.words.text, settings.words.voice, settings.start_frame = TEXT, "en-GB", 5
    return settings


def gap(action: bpy.types.Action, frame: float) -> float:
    curves = {c.data_path.split('"')[1]: c for c in curves_of(action) if "key_blocks" in c.data_path}
    return sum(LIP_GAP.get(name, 0) * curve.evaluate(frame) for name, curve in curves.items())


def test_speak_gives_a_strip_a_take_and_exact_times(settings, tmp_path):
    assert bpy.ops.lipsync.speak() == {"FINISHED"}
    file = tmp_path / "lipsync_recordings" / "spoken_baby_come_back_to_42_park_lane.wav"
    samples, rate = soundfile.read(file)
    _, exact = speak(TEXT, "en-GB")  # espeak-ng never speaks a text twice to the sample
    (strip,) = bpy.context.scene.sequence_editor.strips
    assert (strip.name, strip.frame_start, Path(strip.sound.filepath).name) == (file.stem, 5, file.name)
    timeline = timeline_of(settings.words)
    assert [(p.unit, p.word) for p in timeline.phones] == [(p.unit, p.word) for p in exact.phones]
    assert max(abs(a.start - b.start) for a, b in zip(timeline.phones, exact.phones)) < 0.0101  # a pitch period
    assert timeline.end == pytest.approx(len(samples) / rate, abs=1e-3)
    baby, come, *_ = timeline.word_spans()
    said, pause = (
        float(np.square(samples[int(a * rate) : int(b * rate)]).mean() ** 0.5)
        for a, b in ((baby.start, baby.end), (baby.end + 0.06, come.start - 0.02))
    )
    assert said > 10 * pause
    (action,) = bpy.data.actions
    closures = [phone for phone in timeline.phones if phone.unit in BILABIALS]
    assert action.name == file.stem and len(closures) == 5
    for phone in closures:
        frames = np.arange(np.floor(5 + 24 * phone.start), np.ceil(5 + 24 * phone.end) + 1)
        assert min(gap(action, frame) for frame in frames) < SEALED


def test_the_button_and_the_function_give_the_same(settings, tmp_path):
    bpy.ops.lipsync.speak()
    (action,) = bpy.data.actions
    pressed = {(c.data_path, c.array_index): [p.co.y for p in c.keyframe_points] for c in curves_of(action)}
    bpy.data.actions.remove(action)
    report = api.speak(bpy.data.objects["Face"], TEXT, tmp_path / "a.wav", voice="en-GB", start_frame=5)
    (action,) = bpy.data.actions
    called = {(c.data_path, c.array_index): [p.co.y for p in c.keyframe_points] for c in curves_of(action)}
    assert report.take == "a" and report.first_frame == 5 and called.keys() == pressed.keys()
    differences = np.concatenate([np.subtract(called[key], pressed[key]) for key in called])
    assert np.abs(differences).mean() < 0.002  # of the synthesiser's own chance
    assert [Path(s.sound.filepath).name for s in bpy.context.scene.sequence_editor.strips if s.name == "a"] == ["a.wav"]


def test_the_spoken_take_is_the_one_that_a_recording_replaces(settings, tmp_path):
    bpy.ops.lipsync.speak()
    assert settings.words.replaces == "spoken_baby_come_back_to_42_park_lane"
    assert Path(settings.sound_file).stem == settings.words.replaces
    exact = timeline_of(settings.words)
    assert bpy.ops.lipsync.bake() == {"FINISHED"}  # of the spoken sound itself: its times stay exact
    assert timeline_of(settings.words).phones == exact.phones
    settings.words.active = next(i for i, phone in enumerate(settings.words.phones) if phone.unit == "p")
    bpy.ops.lipsync.mute_phone()
    clip, _ = speak(TEXT, "en-US+f3", rate=130)
    soundfile.write(tmp_path / "actor.wav", clip.samples, clip.sample_rate)
    settings.sound_file = str(tmp_path / "actor.wav")
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    muted = [phone for phone in timeline_of(settings.words).phones if phone.mute]
    assert [(phone.unit, settings.words.edited) for phone in muted] == [("p", True)]


def test_a_text_block_goes_before_the_field(settings):
    block = bpy.data.texts.new("Scene 1")
    block.write("Hello Poppy.\nHow are you?")
    settings.words.text_block = block
    bpy.ops.lipsync.speak()
    assert timeline_of(settings.words).words == ("Hello", "Poppy.", "How", "are", "you?")


def test_speaking_again_replaces_the_take_and_its_phone_edits(settings):
    bpy.ops.lipsync.speak()
    settings.words.active = 2
    bpy.ops.lipsync.mute_phone()
    settings.words.voice_rate = 250
    assert bpy.ops.lipsync.speak() == {"FINISHED"}
    assert not settings.words.edited and not any(phone.mute for phone in settings.words.phones)
    assert len(bpy.data.actions) == 1 and len(bpy.context.scene.sequence_editor.strips) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": " "}, "Type the text to speak"),
        ({"voice": "xx"}, "does not read the language 'xx'"),
        ({"voice": "en+zz"}, "no timbre 'zz'"),
        ({"text": "😀"}, "no words that can be said"),
    ],
)
def test_what_cannot_be_spoken_is_told_and_changes_nothing(settings, tmp_path, change, reason):
    for name, value in change.items():
        setattr(settings.words, name, value)
    with pytest.raises(RuntimeError, match=reason):
        bpy.ops.lipsync.speak()
    assert not list(bpy.data.actions) and not list(tmp_path.glob("**/*.wav"))


def test_speak_is_grey_without_espeak_and_in_an_unsaved_file(settings, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "espeakng_loader" else find(name))
    with pytest.raises(RuntimeError, match="espeak-ng is missing"):
        bpy.ops.lipsync.speak()
    monkeypatch.undo()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_character()
    bpy.context.scene.lipsync.words.text = TEXT
    with pytest.raises(RuntimeError, match="Save the .blend file first"):
        bpy.ops.lipsync.speak()


def test_transcribe_is_grey_without_pocketsphinx(settings, monkeypatch):
    settings.sound_file = str(LINE)
    monkeypatch.setattr(transcriber, "unavailable", lambda model: "pocketsphinx is not installed.")
    with pytest.raises(RuntimeError, match="pocketsphinx is not installed"):
        bpy.ops.lipsync.transcribe()
    assert settings.words.text == TEXT


def test_a_model_of_ones_own_is_named_where_it_cannot_be_used(settings, tmp_path, monkeypatch):
    settings.sound_file, settings.words.recogniser_model = str(LINE), str(tmp_path)
    with pytest.raises(RuntimeError, match="has no model of faster-whisper"):
        bpy.ops.lipsync.transcribe()
    (tmp_path / "model.bin").touch()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "faster_whisper" else find(name))
    with pytest.raises(RuntimeError, match="faster-whisper, which recognises words, is not installed"):
        bpy.ops.lipsync.transcribe()


def test_transcribe_needs_a_sound(settings, monkeypatch):
    monkeypatch.setattr(transcriber, "unavailable", lambda model: "")
    with pytest.raises(RuntimeError, match="Choose a sound file"):
        bpy.ops.lipsync.transcribe()


def test_transcribe_fills_the_text_with_what_is_said(settings):
    settings.sound_file = str(LINE)
    assert bpy.ops.lipsync.transcribe() == {"FINISHED"}
    words = settings.words.text.split()
    assert settings.words.language == "en-US" and {"blue", "boat", "pool"} & set(words)
    assert api.transcribe(LINE) == settings.words.text


def test_a_recording_of_nothing_leaves_the_text(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(transcriber, "unavailable", lambda model: "")
    monkeypatch.setattr(transcriber, "transcribe", lambda sound, **_: transcriber.Transcribed("", "en-US"))
    soundfile.write(tmp_path / "a.wav", np.zeros(16000), 16000)
    settings.sound_file = str(tmp_path / "a.wav")
    assert bpy.ops.lipsync.transcribe() == {"FINISHED"}
    assert settings.words.text == TEXT


def test_a_script_can_bake_with_text_and_take_over_edits(addon, tmp_path):
    face, *_ = build_character()
    api.speak(face, TEXT, tmp_path / "draft.wav", voice="en-GB", add_sound=False)
    settings = bpy.context.scene.lipsync
    from lipsync_addon.blender.stored import store_prediction

    action = bpy.data.actions["draft"]
    draft = stored_prediction(action)
    index = next(i for i, phone in enumerate(draft.timeline.phones) if phone.unit == "p")
    phones = list(draft.timeline.phones)
    phones[index] = replace(phones[index], mute=True)
    edited = replace(draft.timeline, phones=tuple(phones))
    store_prediction(action, replace(draft, timeline=edited, original=draft.timeline))
    clip, _ = speak(TEXT, "en-US", rate=140)
    soundfile.write(tmp_path / "actor.wav", clip.samples, clip.sample_rate)
    api.bake(face, tmp_path / "actor.wav", text=TEXT, language="en-US", replaces="draft")
    found = stored_prediction(bpy.data.actions["actor"]).timeline
    assert [phone.unit for phone in found.phones if phone.mute] == ["p"] and not settings.words.phones
