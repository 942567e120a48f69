"""Live preview: sound moves the character while it is heard, nothing is keyed, the character is as before
afterwards."""

from __future__ import annotations

import io
import tarfile

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import live_sound
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.live import LivePreview
from lipsync_addon.blender.live_face import LiveFace
from lipsync_addon.blender.live_sound import FileSound, Microphone, SceneSound
from lipsync_addon.blender.sound_import import sound_of_scene
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.style import StyleSettings
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_character, random_track, snapshot

RATE = 16000
HOP = 320


class Loudness:
    """A network that opens the jaw as loud as it is: what it shows tells which sound it was given."""

    sample_rate, look_ahead, channels = RATE, 0.1, ("jawOpen",)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._rest, self._frames = np.zeros(0, np.float32), 0
        self.heard = np.zeros(0, np.float32)

    def push(self, samples: np.ndarray) -> AnimationTrack:
        self.heard = np.concatenate([self.heard, samples])
        waiting = np.concatenate([self._rest, samples])
        whole = len(waiting) // HOP
        self._rest, start = waiting[whole * HOP :], self._frames / 50
        self._frames += whole
        levels = np.abs(waiting[: whole * HOP].reshape(whole, HOP)).max(axis=1, keepdims=True)
        return AnimationTrack(("jawOpen",), levels.astype(np.float32), 50.0, start)


@pytest.fixture(scope="module")
def speech(shared) -> np.ndarray:
    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        samples, _ = soundfile.read(io.BytesIO(archive.extractfile("jfk.opus").read()), dtype="float32")
    return samples[: 4 * RATE]


def jaw() -> float:
    return bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"].value


def test_a_file_moves_the_character_in_real_time_and_leaves_no_trace(speech):
    objects = build_character()
    bake(bpy.context.scene, objects, Performance(random_track()), "earlier", BakeSettings(1))
    bpy.context.scene.frame_set(20)
    before = snapshot()
    network = Loudness()
    preview = LivePreview(FileSound(AudioClip(speech, RATE)), network, LiveFace(objects, network.channels))
    preview.start(100.0)
    for now in 100.003 + np.arange(1, 5 * 30) / 30:  # never at the border of two frames
        more = preview.step(now)
        frame = min(int((now - 100) * 50), 200) - 1
        if frame >= 0:
            expected = np.abs(speech[frame * HOP : (frame + 1) * HOP]).max()
            assert jaw() == pytest.approx(expected, abs=1e-5)
        assert more == (now < 104)
    assert preview.frames == 200
    turned = bpy.data.objects["Rig"].pose.bones["jaw"].rotation_quaternion.angle
    assert turned == pytest.approx(0.4 * jaw(), abs=1e-4)
    preview.stop()
    assert snapshot() == before


def test_undo_and_deletion_on_the_way_do_no_harm(speech):
    objects, network = build_character(), Loudness()
    bpy.ops.ed.undo_push(message="one")
    bpy.data.objects["Teeth"].location.x = 1
    bpy.ops.ed.undo_push(message="two")
    preview = LivePreview(FileSound(AudioClip(speech, RATE)), network, LiveFace(objects, network.channels))
    preview.start(0.0)
    preview.step(1.0)
    bpy.ops.ed.undo()  # every reference from before is invalid now
    preview.step(1.5)
    assert jaw() > 0.01
    bpy.data.objects.remove(bpy.data.objects["Teeth"])
    preview.step(2.0)
    preview.stop()
    assert jaw() == 0 and "Teeth" not in bpy.data.objects


def test_style_acts_on_what_is_shown(speech):
    objects, network = build_character(), Loudness()
    shown = []
    for intensity in (1.0, 0.5):
        face = LiveFace(objects, network.channels)
        preview = LivePreview(
            FileSound(AudioClip(speech, RATE)), network, face, StyleSettings(intensity, smoothing=0.1)
        )
        preview.start(0.0)
        preview.step(1.0)
        shown.append(jaw())
        preview.stop()
    assert shown[1] == pytest.approx(shown[0] / 2) and shown[0] > 0.05


def test_the_playing_scene_is_heard_where_its_playhead_is(speech, tmp_path):
    soundfile.write(tmp_path / "speech.wav", speech, RATE)
    scene, objects = bpy.context.scene, build_character()
    scene.sequence_editor_create().strips.new_sound("speech", str(tmp_path / "speech.wav"), 1, 11)
    scene.frame_start, scene.frame_end = 1, 120
    sound, start = sound_of_scene(scene, RATE)
    network = Loudness()
    source = SceneSound(scene, sound, start, network.look_ahead)
    preview = LivePreview(source, network, LiveFace(objects, network.channels))
    preview.start(0.0)
    for frame in range(30, 41):
        scene.frame_set(frame)
        preview.step(frame / 24)
    first = int(((30 - 11) / 24 + 0.1) * RATE)
    expected = speech[first : first + len(network.heard)]
    assert len(network.heard) == pytest.approx(10 / 24 * RATE, abs=2)
    assert np.corrcoef(network.heard[8:], expected[:-8])[0, 1] > 0.9 or np.corrcoef(network.heard, expected)[0, 1] > 0.9
    scene.frame_set(90)  # put elsewhere: what was heard before does not count
    preview.step(2.0)
    assert len(network.heard) == 0
    scene.frame_set(91)
    preview.step(2.1)
    assert 0 < len(network.heard) < 0.06 * RATE
    preview.stop()


def test_a_recording_is_what_was_heard(speech, tmp_path):
    objects, network = build_character(), Loudness()
    file = tmp_path / "take.wav"
    preview = LivePreview(
        FileSound(AudioClip(speech, RATE)), network, LiveFace(objects, network.channels), record_to=file
    )
    preview.start(0.0)
    for now in np.arange(0, 2, 0.033):
        preview.step(now)
    assert preview.stop() == file
    samples, rate = soundfile.read(file)
    assert rate == RATE and len(samples) == len(network.heard) > 1.9 * RATE
    assert np.abs(samples - speech[: len(samples)]).max() < 1e-4


def test_a_microphone_that_cannot_be_opened_says_why(speech, monkeypatch):
    objects, network = build_character(), Loudness()
    before = snapshot()
    monkeypatch.setattr(live_sound, "MICROPHONE_LIBRARY", "no_such_library")
    preview = LivePreview(Microphone(RATE), network, LiveFace(objects, network.channels))
    with pytest.raises(LipsyncError, match="no_such_library"):
        preview.start(0.0)
    preview.stop()
    assert snapshot() == before


@pytest.fixture
def saved(tmp_path, speech):
    """A saved file with a character, and a line to play to it."""
    build_character()
    soundfile.write(tmp_path / "speech.wav", speech, RATE)
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.live.source = str(tmp_path / "speech.wav"), "FILE"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    return tmp_path


def test_the_button_plays_a_file_and_keys_nothing(addon, saved):
    before = snapshot()
    assert bpy.ops.lipsync.live() == {"FINISHED"}
    assert snapshot() == before and not bpy.data.actions


def test_a_recording_is_baked_by_the_better_network(addon, saved):
    scene = bpy.context.scene
    scene.lipsync.live.record = True
    scene.frame_set(12)
    assert bpy.ops.lipsync.live() == {"FINISHED"}
    (recording,) = (saved / "lipsync_recordings").glob("*.wav")
    assert soundfile.info(recording).duration == pytest.approx(4, abs=0.05)
    assert [action["lipsync_take"] for action in bpy.data.actions] == [recording.stem]
    (strip,) = scene.sequence_editor.strips
    assert strip.frame_final_start == 12
    values = []
    for frame in range(20, 100, 2):
        scene.frame_set(frame)
        values.append(jaw())
    assert 0.1 < max(values) <= 1 and min(values) < 0.05


def test_start_says_why_it_is_grey(addon, saved, monkeypatch):
    from lipsync_addon.blender.operators.live import LIPSYNC_OT_live

    settings = bpy.context.scene.lipsync

    def reason() -> str | None:
        assert bpy.ops.lipsync.live.poll() == (LIPSYNC_OT_live.disabled_reason(bpy.context) is None)
        return LIPSYNC_OT_live.disabled_reason(bpy.context)

    assert reason() is None
    settings.live.source = "SCENE"
    assert "no sound in the sequencer" in reason()
    settings.live.source = "MICROPHONE"
    monkeypatch.setattr(live_sound, "MICROPHONE_LIBRARY", "no_such_library")
    assert "no_such_library" in reason()
    settings.live.source, settings.sound_file = "FILE", ""
    assert "Choose a sound file" in reason()
    assert not bpy.ops.lipsync.stop_live.poll()
