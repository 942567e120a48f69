"""Another recording of a line: what the animator changed goes where the same is said, and what has no place is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import panel_data
from lipsync_addon.blender.actions import stored_record
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.core.timeline import WordSpan
from lipsync_addon.speech.synthesis import speak
from tests.blender.scene_builder import build_character
from tests.blender.test_take import curve

LINES = Path(__file__).parents[2] / "examples" / "lines"
BOAT = "Five brave puppies paddled a blue boat over the moonlit pool."


@pytest.fixture
def line(addon, tmp_path) -> Path:
    """Where the sound of the line is to be, for a character that is to say it."""
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound = str(tmp_path / "line.wav"), False
    return tmp_path / "line.wav"


def frame_of(seconds: float) -> float:
    timing = stored_record(take()).timing
    return timing.start_frame + seconds * timing.rate


def take() -> bpy.types.Action:
    (action,) = (action for action in bpy.data.actions if "lipsync_take" in action)
    return action


def word(text: str) -> WordSpan:
    return next(span for span in stored_prediction(take()).timeline.word_spans() if span.text.strip(".,!") == text)


def raised(first: float, last: float, by: float = 0.4) -> None:
    """The animator lifts the keys of one curve between two seconds."""
    changed = curve("mouthFunnel")
    for point in changed.keyframe_points:
        if frame_of(first) <= point.co.x <= frame_of(last):
            point.co.y += by
    changed.update()


def lifted(first: float, last: float) -> float:
    """How far the curve lies above what the network wants, at most, between two seconds."""
    key = next(key for key in stored_record(take()).curves if '"mouthFunnel"' in key[1] and "key_blocks" in key[1])
    without = stored_record(take()).curves[key].written
    frames = np.arange(np.ceil(frame_of(first)), frame_of(last))
    shown = np.array([curve("mouthFunnel").evaluate(frame) for frame in frames])
    return float((shown - without.at(frames)).max())


@pytest.mark.parametrize("mode", ["every", "sparse"])
def test_an_edit_goes_along_with_its_word_to_another_voice_and_pace(line, mode):
    settings = bpy.context.scene.lipsync
    settings.words.text, settings.words.language, settings.key_mode = BOAT, "en-US", mode
    shutil.copy(LINES / "boat_en.flac", line)
    bpy.ops.lipsync.bake()
    before = word("paddled")
    raised(before.start, before.end)
    made = lifted(before.start, before.end)  # sparse keys swing over what they were raised by
    said, _ = speak(BOAT, "en-GB", rate=120)
    soundfile.write(line, np.concatenate((np.zeros(int(0.7 * said.sample_rate)), said.samples)), said.sample_rate)
    bpy.ops.lipsync.bake()
    after = word("paddled")
    assert after.start > before.start + 0.5 and panel_data.last_report().edits == 1
    assert lifted(after.start, after.end) == pytest.approx(made, abs=0.1)
    for other in ("Five", "pool"):
        span = word(other)
        assert lifted(span.start, span.end) < 0.02, other
    assert not any("dropped" in notice for notice in panel_data.last_report().notices)


def test_an_edit_of_what_is_not_said_any_more_is_dropped_and_told(line):
    hello, rate = soundfile.read(LINES / "hello_en.flac")
    boat, _ = soundfile.read(LINES / "boat_en.flac")
    soundfile.write(line, np.concatenate((hello, boat)), rate)
    bpy.ops.lipsync.bake()
    border = len(hello) / rate
    raised(1.0, 1.5)
    raised(border + 1.5, border + 2.0)
    soundfile.write(line, np.concatenate((np.zeros(rate // 2), boat)), rate)
    bpy.ops.lipsync.bake()
    report = panel_data.last_report()
    assert report.edits == 1 and lifted(2.0, 2.5) == pytest.approx(0.4, abs=0.1)
    assert lifted(0.0, 1.7) < 0.02
    (told,) = (notice for notice in report.notices if "dropped" in notice)
    assert "'mouthFunnel' of 'Face' at 0.9" in told or "'mouthFunnel' of 'Face' at 1.0" in told
    bpy.ops.lipsync.bake()
    assert panel_data.last_report().edits == 1 and not any("dropped" in n for n in panel_data.last_report().notices)


@pytest.mark.parametrize("mode", ["every", "sparse", "twos", "stepped"])
@pytest.mark.parametrize("as_strip", [False, True])
def test_an_edit_does_not_hold_the_mouth_through_a_pause_that_is_new(line, mode, as_strip):
    """Another reader stops after the word: the edit ends with it, and its last frames do not come back after the
    pause."""
    settings = bpy.context.scene.lipsync
    settings.words.text, settings.words.language, settings.key_mode = BOAT, "en-US", mode
    settings.as_strip = as_strip
    shutil.copy(LINES / "boat_en.flac", line)
    bpy.ops.lipsync.bake()
    before = word("paddled")
    raised(before.start, before.end + 0.05)
    made = lifted(before.start, before.end)  # sparse keys swing over what they were raised by
    samples, rate = soundfile.read(LINES / "boat_en.flac")
    cut = round(before.end * rate)
    soundfile.write(line, np.concatenate((samples[:cut], np.zeros(rate), samples[cut:])), rate)
    bpy.ops.lipsync.bake()
    after, following = word("paddled"), word("a")
    assert following.start > after.end + 0.7 and panel_data.last_report().edits == 1
    assert lifted(after.start, after.end - 0.05) == pytest.approx(made, abs=0.12)
    assert lifted(after.end + 0.25, following.start - 0.05) < 0.03
    assert lifted(following.start + 0.1, following.end + 0.5) < 0.03
    assert lifted(0.0, before.start - 0.1) < 0.03


@pytest.mark.parametrize("mode", ["every", "sparse"])
def test_an_edit_without_a_place_is_there_again_in_the_next_recording_that_has_its_words(line, mode):
    settings = bpy.context.scene.lipsync
    settings.key_mode, settings.words.language = mode, "en-US"
    hello, rate = soundfile.read(LINES / "hello_en.flac")
    boat, _ = soundfile.read(LINES / "boat_en.flac")
    both = "Hello! My name is Poppy. Feed me a voice, and watch my mouth move. " + BOAT
    whole = np.concatenate((hello, boat))
    recordings = [(whole, both), (hello, both.removesuffix(BOAT)), (whole, both)]
    told = []
    for index, (samples, text) in enumerate(recordings):
        soundfile.write(line, samples, rate)
        settings.words.text = text
        bpy.ops.lipsync.bake()
        told.append([notice for notice in panel_data.last_report().notices if "dropped" in notice])
        if index == 0:
            raised(word("paddled").start, word("paddled").end)
            made = lifted(word("paddled").start, word("paddled").end)
        if index == 1:
            assert panel_data.last_report().edits == 0 and lifted(0.0, 3.0) < 0.02
            settings.jaw = 1.1
            settings.jaw = 1.0
            bpy.ops.lipsync.bake()
            assert not any("dropped" in notice for notice in panel_data.last_report().notices), "told once"
    assert [len(each) for each in told] == [0, 1, 0]
    assert panel_data.last_report().edits == 1 and made > 0.3
    span = word("paddled")
    assert lifted(span.start, span.end) == pytest.approx(made, abs=0.05)
