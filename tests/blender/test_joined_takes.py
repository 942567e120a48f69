"""One take of several sequencer strips does all that a take of one sound does: styles, single phones, words,
re-bakes."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import panel_data, sliders, waveforms
from lipsync_addon.blender.actions import TAKE
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.blender.words_settings import timeline_of
from lipsync_addon.core.waveform import waveform
from tests.blender.scene_builder import build_character, curves_of
from tests.blender.test_speaker import actors  # noqa: F401, a fixture

LINES = Path(__file__).parents[2] / "examples" / "lines"
FPS = 25  # two frames of the network each
CUT = 150  # frames after the start, in the second sentence
FAR = 1.2  # seconds that the network looks about, once as it hears and once as it moves
START = 11


@pytest.fixture
def line(addon, tmp_path):
    """Three sentences in one sound, which is one strip of the sequencer; a character."""
    samples = [soundfile.read(LINES / f"{name}.flac")[0] for name in ("hello_en", "boat_en", "market_en")]
    rate = soundfile.info(LINES / "hello_en.flac").samplerate
    assert {soundfile.info(LINES / f"{name}.flac").samplerate for name in ("boat_en", "market_en")} == {rate}
    soundfile.write(tmp_path / "line.wav", np.concatenate(samples), rate)
    build_character()
    scene = bpy.context.scene
    scene.render.fps = FPS
    scene.sequence_editor_create()
    scene.lipsync.voices.per, scene.lipsync.key_mode = "character", "every"
    return add(tmp_path / "line.wav", 1, START)


def add(path: Path, channel: int, start: int):
    return bpy.context.scene.sequence_editor.strips.new_sound(path.stem, str(path), channel, start)


def cut(strip, later: int = 0) -> int:
    """The strip as two, of which the second begins so many frames later. Returns the last frame of the sound."""
    end, first = strip.frame_final_end, strip.frame_start
    second = add(Path(strip.sound.filepath), 2, int(first))
    strip.frame_final_end = START + CUT
    second.frame_final_start = START + CUT
    second.frame_start += later
    return end


def values(frames) -> np.ndarray:
    """[frames, keys] what the take's curves say, but for the viseme of silence."""
    (action,) = [each for each in bpy.data.actions if TAKE in each]
    keys = [curve for curve in curves_of(action) if "key_blocks" in curve.data_path and "_sil" not in curve.data_path]
    return np.array([[curve.evaluate(frame) for curve in keys] for frame in frames])


def bake() -> None:
    assert bpy.ops.lipsync.bake_scene() == {"FINISHED"}


def whole_and_cut(strip, act, later: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(frames, what they show of one strip, of two) after `act`; those near the cut are left out."""
    found = []
    bake()
    act()
    frames = np.arange(START, strip.frame_final_end - FPS)
    frames = frames[np.abs(frames - START - CUT) > FAR * FPS]
    found.append(values(frames))
    for action in [each for each in bpy.data.actions if TAKE in each]:
        bpy.data.actions.remove(action)
    bpy.context.scene.lipsync.speaker.intensity = 1.0
    words = bpy.context.scene.lipsync.words
    words.phones.clear()
    words.edited, words.take, words.source = False, "", ""
    cut(strip, later)
    bake()
    act()
    assert sliders.problem() is None
    found.append(values(frames + later * (frames > START + CUT)))
    return frames, *found


def untouched() -> None:
    pass


def clearly() -> None:
    bpy.context.scene.lipsync.speaker.intensity = 1.4


def other_phone() -> None:
    words = bpy.context.scene.lipsync.words
    words.active = next(i for i, p in enumerate(words.phones) if p.start > 9 and p.unit in ("m", "b", "p"))
    assert bpy.ops.lipsync.change_phone(ipa="u") == {"FINISHED"}


@pytest.mark.parametrize("act", [untouched, clearly])
@pytest.mark.parametrize("later", [0, 40])
def test_away_from_the_cut_it_is_the_take_of_one_sound(line, act, later):
    frames, whole, joined = whole_and_cut(line, act, later)
    assert len(frames) > 150 and whole.std() > 0.01
    apart = np.abs(joined - whole).max(1)
    assert (apart < 2e-4).mean() > 0.98  # kept in whole parts of 65535, played in single precision
    assert apart.max() < 0.03, "a gap just at the limit of a seal keeps it in one take and not in the other"


def test_a_style_reaches_every_strip_and_back_again_is_as_it_was(line):
    end = cut(line, 40)
    bake()
    frames = np.arange(START, end + 40)
    before = values(frames)
    bpy.context.scene.lipsync.speaker.intensity = 1.4
    louder = values(frames)
    assert sliders.problem() is None
    moved = np.abs(louder - before).max(1) > 0.02
    assert moved[:CUT].sum() > 30 and moved[CUT + 40 :].sum() > 30 and not moved[CUT + 8 : CUT + 30].any()
    bpy.context.scene.lipsync.speaker.intensity = 1.0
    np.testing.assert_allclose(values(frames), before, atol=2e-5)  # a step of what a take keeps


def test_in_gaps_the_mouth_rests_and_at_a_cut_without_one_it_goes_on(line):
    cut(line, 40)
    bake()
    assert np.abs(values(np.arange(START + CUT + 6, START + CUT + 34))).max() < 0.01
    bpy.context.scene.sequence_editor.strips[1].frame_start -= 40
    bake()
    jaw = values(np.arange(START + CUT - 3, START + CUT + 4))
    line.frame_final_end = int(line.frame_start) + line.frame_duration
    bpy.context.scene.sequence_editor.strips.remove(bpy.context.scene.sequence_editor.strips[1])
    bake()
    whole = values(np.arange(START + CUT - 3, START + CUT + 4))
    assert np.abs(jaw - whole).max() < 0.35 and np.abs(whole).max() > 0.05


def test_a_phone_of_the_second_strip_is_edited_and_kept_by_a_new_bake(line):
    end = cut(line, 40)
    bake()
    words, frames = bpy.context.scene.lipsync.words, np.arange(START, end + 40)
    before = values(frames)
    other_phone()
    place = words.phones[words.active].start
    after = values(frames)
    touched = np.flatnonzero((after != before).any(1))
    assert np.abs(after - before).max() > 0.1 and np.abs(touched / FPS - place).max() < 1.0
    edited = timeline_of(words)
    bake()
    np.testing.assert_allclose(values(frames), after, atol=2e-3)
    assert [phone.unit for phone in timeline_of(words).phones] == [phone.unit for phone in edited.phones]
    assert words.edited
    assert bpy.ops.lipsync.forget_phone_edits() == {"FINISHED"}
    bake()
    np.testing.assert_allclose(values(frames), before, atol=1e-4)


def test_edited_phones_of_takes_per_strip_are_kept_by_a_new_bake_of_the_scene(line):
    scene, words = bpy.context.scene, bpy.context.scene.lipsync.words
    cut(line, 40)
    scene.lipsync.voices.per = "strip"
    bake()
    units = {}
    for frame in (START, START + CUT + 80):
        scene.frame_set(frame)
        words.active = next(i for i, phone in enumerate(words.phones) if i > 3 and phone.unit != "sil")
        assert bpy.ops.lipsync.change_phone(ipa="u") == {"FINISHED"}
        units[words.take] = [phone.unit for phone in words.phones]
    assert len(units) == 2
    bake()
    for frame in (START, START + CUT + 80):
        scene.frame_set(frame)
        assert [phone.unit for phone in words.phones] == units[words.take]


def test_the_waveform_of_such_a_take_is_that_of_its_strips(line):
    cut(line, 40)
    bake()
    samples, rate = soundfile.read(line.sound.filepath)
    outline = waveform(waveforms.sound_of(bpy.context.scene))
    for at in (1.0, 4.0):
        low, high = outline.between(at, at + 1, 1)
        part = samples[int(at * rate) : int((at + 1) * rate)]
        assert (low[0], high[0]) == pytest.approx((part.min(), part.max()), abs=0.05)
    low, high = outline.between(CUT / FPS + 0.2, (CUT + 35) / FPS, 1)
    assert (low[0], high[0]) == pytest.approx((0, 0), abs=1e-4)


def test_a_strip_that_is_spoken_by_somebody_else_is_told(actors, line):  # noqa: F811
    cut(line, 40)
    for strip in bpy.context.scene.sequence_editor.strips:
        strip.select = True
    bpy.ops.lipsync.list_voices(selected=True)
    bpy.context.scene.lipsync.voices.rows[1].actor = "anna"
    bake()
    (action,) = [each for each in bpy.data.actions if TAKE in each]
    assert stored_prediction(action).hearing is None
    assert any("not of one speaker" in notice for notice in panel_data.last_report().notices)
