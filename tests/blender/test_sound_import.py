"""Blender's decoder gives the samples that soundfile gives, for every format; and sentences for what is no sound."""

from __future__ import annotations

import shutil
import tarfile
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import soundfile
import soxr

from lipsync_addon.blender import sound_import
from lipsync_addon.blender.operators.bake import sound_problem
from lipsync_addon.blender.sound_import import open_sound, sound_of_scene, sound_of_strip
from lipsync_addon.core.audio_clip import CheckedSound
from lipsync_addon.core.errors import LipsyncError
from tests.blender.scene_builder import build_character

FORMATS = {
    "wav": {}, "flac": {}, "ogg": {"format": "OGG", "subtype": "VORBIS"}, "mp3": {"format": "MP3"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}  # fmt: skip


@pytest.fixture(scope="session")
def speech(shared, tmp_path_factory) -> np.ndarray:
    """[N] a president at 16 kHz."""
    folder = tmp_path_factory.mktemp("speech")
    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        archive.extractall(folder, filter="data")
    samples, rate = soundfile.read(folder / "jfk.opus", dtype="float32")
    assert rate == 16000
    return samples / np.abs(samples).max() * 0.95


def write(path, speech, rate, channels):
    samples = soxr.resample(speech, 16000, rate)
    samples = np.clip(np.stack([samples * (1 - 0.3 * c) for c in range(channels)], axis=1), -1, 1)
    soundfile.write(path, samples, rate, **FORMATS[path.suffix[1:]])
    return path


def read(sound) -> np.ndarray:
    return np.concatenate(list(sound.blocks()))


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("length", [131072, 160000, 160001])  # aud writes 1024 at a time
def test_a_long_sound_is_decoded_into_a_file_to_the_same_samples(speech, tmp_path, monkeypatch, ending, length):
    path = write(tmp_path / f"line.{ending}", np.resize(speech, length), 48000, 2)
    for rate in (48000, 16000):
        short = read(open_sound(path, rate))
        monkeypatch.setattr(sound_import, "_LONG", 0.0)
        kinds = []
        in_file = sound_import._in_file
        monkeypatch.setattr(sound_import, "_in_file", lambda *each: kinds.append(in_file(*each)) or kinds[-1])
        assert (read(open_sound(path, rate)) == short).all() and len(short) > 0
        assert isinstance(kinds[0], np.memmap)
        monkeypatch.undo()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("ending", FORMATS)
def test_samples_are_those_that_soundfile_reads(speech, tmp_path, ending, channels):
    rate = 48000 if ending == "opus" else 44100
    path = write(tmp_path / f"line.{ending}", speech, rate, channels)
    ours = read(open_sound(path, rate))
    theirs = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    assert len(ours) == len(theirs)
    assert np.abs(ours - theirs).max() < 5e-4  # 16 bits in between
    assert np.abs(ours).max() <= 1.0


@pytest.mark.parametrize("ending", FORMATS)
def test_resampling_keeps_time_and_speech(speech, tmp_path, ending):
    path = write(tmp_path / f"line.{ending}", speech, 48000 if ending == "opus" else 44100, 2)
    sound = open_sound(path, 16000)
    ours, expected = read(sound), speech * 0.85
    count = min(len(ours), len(expected))
    assert abs(len(ours) - len(expected)) <= 1
    assert abs(sound.duration - len(speech) / 16000) < 0.1
    lag = np.argmax([np.dot(ours[50 : count - 50], expected[50 + d : count - 50 + d]) for d in range(-40, 41)]) - 40
    assert lag == 0
    noise = np.sqrt(np.mean((ours[:count] - expected[:count]) ** 2) / np.mean(expected**2))
    assert noise < (0.02 if ending in ("wav", "flac") else 0.2)  # lossy formats change the samples themselves


def test_a_strip_gives_its_audible_part_and_where_it_begins(speech, tmp_path):
    path = write(tmp_path / "line.wav", speech, 16000, 1)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    strip = scene.sequence_editor_create().strips.new_sound("line", str(path), 1, 100)
    strip.frame_offset_start, strip.frame_offset_end = 24, 48
    sound, frame = sound_of_strip(strip, scene, 16000)
    assert frame == 124
    samples = read(sound)
    assert len(samples) == pytest.approx(sound.duration * 16000, abs=1)
    assert sound.duration == pytest.approx(strip.frame_final_duration / 24)
    np.testing.assert_allclose(samples[:1000], speech[16000:17000], atol=1e-4)


@pytest.mark.parametrize("offset", [0.5, -0.5])
def test_the_sound_offset_of_a_strip_is_heard_as_blender_plays_it(speech, tmp_path, offset):
    path = write(tmp_path / "line.wav", speech, 16000, 1)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    strip = scene.sequence_editor_create().strips.new_sound("line", str(path), 1, 100)
    strip.sound_offset = offset
    sound, frame = sound_of_strip(strip, scene, 16000)
    ours = read(sound)
    scene.frame_start, scene.frame_end = strip.frame_final_start, strip.frame_final_end - 1
    mixed, first = sound_of_scene(scene, 16000)
    theirs = read(mixed)[round((frame - first) / 24 * 16000) :]
    assert frame == (112 if offset > 0 else 100)
    assert len(ours) == pytest.approx(len(speech) - 8000, abs=16000 / 24)
    count = len(ours) - 1000
    assert np.corrcoef(ours[1000:count], theirs[1000:count])[0, 1] > 0.999


def test_mixed_sound_has_the_name_of_its_scene(speech, tmp_path):
    path = write(tmp_path / "line.wav", speech, 16000, 1)
    scene = bpy.context.scene
    scene.sequence_editor_create().strips.new_sound("line", str(path), 1, 1)
    sound, _ = sound_of_scene(scene, 16000)
    assert sound.source == scene.name


def test_a_strip_whose_file_is_gone_is_told(addon, speech, tmp_path):
    build_character()
    path = write(tmp_path / "line.wav", speech, 16000, 1)
    scene = bpy.context.scene
    strip = scene.sequence_editor_create().strips.new_sound("voice", str(path), 1, 1)
    scene.lipsync.source, scene.lipsync.strip = "STRIP", "voice"
    assert bpy.ops.lipsync.bake.poll()
    path.unlink()
    assert not bpy.ops.lipsync.bake.poll()
    assert sound_problem(scene) == "The sound file line.wav does not exist."
    with pytest.raises(LipsyncError, match="line.wav does not exist") as caught:
        sound_of_strip(strip, scene, 16000)
    assert "External Data" in caught.value.hint


def test_a_sound_offset_beyond_the_end_of_the_strip_is_told(speech, tmp_path):
    path = write(tmp_path / "line.wav", speech, 16000, 1)
    strip = bpy.context.scene.sequence_editor_create().strips.new_sound("line", str(path), 1, 1)
    strip.sound_offset = 60.0
    with pytest.raises(LipsyncError, match="'line' is heard") as caught:
        sound_of_strip(strip, bpy.context.scene, 16000)
    assert "Sound Offset" in caught.value.hint


def test_a_packed_strip_is_read_without_its_file(speech, tmp_path):
    path = write(tmp_path / "line.flac", speech, 44100, 2)
    scene = bpy.context.scene
    strip = scene.sequence_editor_create().strips.new_sound("line", str(path), 1, 1)
    strip.sound.pack()
    before = read(open_sound(path, 16000))
    path.unlink()
    sound, _ = sound_of_strip(strip, scene, 16000)
    np.testing.assert_array_equal(read(sound), before[: len(read(sound))])
    assert len(read(sound)) > 15 * len(before) / 16


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder"])
def test_what_is_no_sound_is_refused_by_name(tmp_path, kind):
    path = tmp_path / "line.wav"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("I am not a sound. " * 100)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(LipsyncError, match="line.wav") as caught:
        open_sound(path, 16000)
    assert caught.value.hint


def test_no_samples_and_nan_are_refused(tmp_path):
    path = tmp_path / "line.wav"
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(LipsyncError, match="no samples"):
        read(CheckedSound(open_sound(path, 16000)))
    soundfile.write(path, np.array([0, np.nan] * 999, np.float32), 44100, subtype="FLOAT")
    with pytest.raises(LipsyncError, match="not numbers"):
        read(CheckedSound(open_sound(path, 16000)))


def test_a_truncated_file_gives_what_is_there(speech, tmp_path):
    whole = write(tmp_path / "whole.wav", speech, 16000, 1)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:100_044])
    np.testing.assert_allclose(read(open_sound(cut, 16000)), speech[:50_000], atol=1e-4)


def test_a_name_that_is_not_ascii_is_read(speech, tmp_path):
    path = write(tmp_path / "plain.ogg", speech, 16000, 1)
    odd = tmp_path / "Größe – 声.ogg"
    shutil.copy(path, odd)
    assert len(read(open_sound(odd, 16000))) == len(speech)


@pytest.mark.parametrize("lacking", ["folder", "room"])
def test_a_long_sound_needs_no_place_for_files(speech, tmp_path, monkeypatch, lacking):
    """Where there is no folder for temporary files, or no room in it, it is decoded in memory: aud ends the process
    there."""
    path = write(tmp_path / "line.wav", np.tile(speech, 12), 16000, 1)
    before = read(open_sound(path, 16000))
    if lacking == "folder":
        monkeypatch.setattr(sound_import.tempfile, "tempdir", str(tmp_path / "gone"))
    else:
        monkeypatch.setattr(sound_import.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
        monkeypatch.setattr(sound_import.aud, "CONTAINER_WAV", None)  # a file cannot be written
    np.testing.assert_array_equal(read(open_sound(path, 16000)), before)
