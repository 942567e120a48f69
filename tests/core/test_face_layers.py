"""Blinks come as often as people's, brows rise on accents, and no emotion opens sealed lips."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.channels import ARKIT_52, HEAD_ANGLES
from lipsync_addon.core.face_accents import accents, blink_times, with_blinks
from lipsync_addon.core.face_layers import LAYERS, FaceSettings, emotion_table, with_emotions, with_face
from lipsync_addon.core.prosody import Prosody, prosody_of
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.vocal import speaking

RATE = 16000
MOTION = hnp.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(52)), elements=st.floats(0, 1, width=32))
EMOTIONS = st.dictionaries(st.sampled_from(sorted(emotion_table())), st.floats(0, 1))


def still_face(seconds: float, fps: float = 50.0) -> AnimationTrack:
    return AnimationTrack(ARKIT_52, np.zeros((int(seconds * fps), 52), np.float32), fps)


def phrases(track: AnimationTrack) -> Prosody:
    """A voice that pauses for 0.4 s every 3 s."""
    speaking = track.times % 3 < 2.6
    return Prosody(np.where(speaking, -20, -70).astype(np.float32), np.where(speaking, 120, 0).astype(np.float32))


@pytest.mark.parametrize("pitch", [80.0, 120.0, 220.0, 400.0])
def test_pitch_and_level_of_a_voice_with_overtones(pitch: float) -> None:
    time = np.arange(RATE) / RATE
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8)) * 0.1
    heard = prosody_of(AudioClip(wave, RATE), np.arange(5, 45) / 50)
    assert np.abs(heard.pitch / pitch - 1).max() < 0.02
    assert np.abs(heard.level - 10 * np.log10((wave**2).mean())).max() < 1


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, RATE)
    times = np.arange(5, 45) / 50
    assert (prosody_of(AudioClip(noise, RATE), times).pitch > 0).mean() < 0.1
    silence = prosody_of(AudioClip(np.zeros(RATE), RATE), times)
    assert not silence.pitch.any()
    assert (silence.level == -100).all()


class Hum:
    """A voice of any length that is never in memory at once."""

    source, sample_rate = "hum", RATE

    def __init__(self, seconds: int) -> None:
        self.duration = float(seconds)

    def blocks(self):
        second = np.sin(np.arange(RATE) / RATE * 2 * np.pi * 150).astype(np.float32) * 0.1
        for _ in range(int(self.duration)):
            yield second


def test_prosody_of_long_sound_takes_no_more_memory() -> None:
    peaks = []
    for seconds in (30, 120):
        tracemalloc.start()
        heard = prosody_of(Hum(seconds), np.arange(seconds * 50) / 50)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert np.abs(heard.pitch[5:-5] / 150 - 1).max() < 0.02
    assert peaks[1] < 1.05 * peaks[0]


def test_prosody_does_not_depend_on_the_blocks() -> None:
    samples = np.random.default_rng(5).normal(0, 0.1, 3 * RATE).astype(np.float32)
    times = np.arange(-10, 170) / 50  # before the sound and after it
    whole = prosody_of(AudioClip(samples, RATE), times)
    pieces = Hum(3)
    pieces.blocks = lambda: iter(np.array_split(samples, 977))
    for name in ("level", "pitch"):
        assert (getattr(prosody_of(pieces, times), name) == getattr(whole, name)).all()


@pytest.mark.parametrize("seed", range(200))
def test_blinks_of_a_minute(seed: int) -> None:
    track = still_face(60)
    voice = phrases(track)
    blinks = blink_times(track.times, voice, seed=seed)
    assert 12 <= len(blinks) <= 20
    assert np.diff(blinks).min() > 1.2
    assert (blinks == blink_times(track.times, voice, seed=seed)).all()


def test_blinks_prefer_pauses() -> None:
    track = still_face(60)
    blinks = np.concatenate([blink_times(track.times, phrases(track), seed=seed) for seed in range(200)])
    assert (blinks % 3 >= 2.6 - 1e-6).mean() > 0.5  # pauses are 13 % of the time


def test_lids_close_fully_at_24_frames_a_second() -> None:
    track = still_face(60)
    blinks = blink_times(track.times, phrases(track))
    lids = with_blinks(track, blinks).resampled(24.0)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        down = [lids.channel(name)[np.abs(lids.times - blink) < 0.06].max() for blink in blinks]
        assert min(down) > 0.9
        assert (lids.channel(name) > 0.05).mean() < 0.12


def test_brows_rise_on_the_syllable_that_stands_out() -> None:
    track = still_face(6)
    bump = np.exp(-0.5 * ((track.times - 3) / 0.08) ** 2)
    voice = Prosody((-25 + 10 * bump).astype(np.float32), (110 * 2 ** (bump / 2)).astype(np.float32))
    times, strengths = accents(track.times, voice)
    assert np.abs(times - 3).max() < 0.05 and len(times) == 1 and strengths[0] > 0.5
    brows = with_face(track, voice, FaceSettings(brows=1)).channel("browInnerUp")
    assert abs(track.times[brows.argmax()] - 3) < 0.08
    assert not brows[np.abs(track.times - 3) > 0.6].any()


def test_the_nose_of_disgust_does_not_twitch_at_closures() -> None:
    """Lips that open and meet four times a second; the sneer fades around a closure and does not fall to 0 in it."""
    names = list(ARKIT_52)
    values = np.zeros((100, 52), np.float32)
    values[:, names.index("jawOpen")] = 0.15 - 0.15 * np.cos(np.arange(100) / 50 * 2 * np.pi * 4)
    track = AnimationTrack(ARKIT_52, values, 50.0)
    sneer = with_emotions(track, {"disgust": 0.5}).channel("noseSneerLeft")
    assert sneer.max() > 0.35 and np.abs(np.diff(sneer)).max() < 0.15


@given(MOTION, EMOTIONS)
def test_no_emotion_opens_sealed_lips(values: np.ndarray, emotions: dict[str, float]) -> None:
    track = AnimationTrack(ARKIT_52, values, 50.0)
    quiet = Prosody(np.full(len(values), -100, np.float32), np.zeros(len(values), np.float32))
    new = with_face(track, quiet, FaceSettings(emotions=emotions))
    assert (lip_gap(new)[lip_gap(track) < SEALED] < SEALED + 1e-4).all()
    assert (new.values >= 0).all() and (new.values <= 1).all()


STRENGTHS = st.fixed_dictionaries({name: st.floats(0, most) for name, most in LAYERS.items()})


@given(hnp.arrays(np.float32, (60, 52), elements=st.floats(0, 1, width=32)), EMOTIONS, STRENGTHS, st.integers(0, 59))
def test_no_layer_opens_lips_that_speech_seals(
    values: np.ndarray, emotions: dict[str, float], strengths: dict[str, float], silent: int
) -> None:
    track = AnimationTrack(ARKIT_52, values, 50.0)
    speech = np.arange(60) >= silent
    voice = Prosody(np.where(speech, -20, -80).astype(np.float32), np.where(speech, 130, 0).astype(np.float32))
    new = with_face(track, voice, FaceSettings(**strengths, emotions=emotions))
    sealed = (lip_gap(track) < SEALED) & speaking(track.times, voice)
    assert (lip_gap(new)[sealed] < SEALED + 1e-4).all()
    assert (new.select(ARKIT_52).values >= 0).all() and (new.select(ARKIT_52).values <= 1).all()


def test_a_closure_before_the_voice_stays_closed() -> None:
    """Lips meet for a p before anything is heard: a breath and the rest pose leave them alone."""
    names = ("jawOpen", "mouthClose", "viseme_sil", "viseme_PP")
    track = AnimationTrack(names, np.tile(np.float32([0.1, 0, 1, 0]), (150, 1)), 50.0)
    values = track.values.copy()
    values[80:] = [0.2, 0, 0, 0]
    values[70:80] = [0.1, 0.1, 0, 1]  # 1.4 to 1.6 s, the voice begins at 1.6
    voice = Prosody(np.where(np.arange(150) < 80, -80, -20).astype(np.float32), np.repeat([0, 130], [80, 70]))
    new = with_face(track.with_values(values), voice, FaceSettings(breath=2, rest=2, calm=1))
    assert (lip_gap(new)[70:80] < SEALED).all()
    assert lip_gap(new)[50:68].max() > lip_gap(new)[:30].max()  # and yet there was a breath


def test_head_moves_little_begins_and_ends_at_rest_and_eyes_hold_on() -> None:
    track = still_face(20)
    new = with_face(track, phrases(track), FaceSettings(head=1, gaze=0.001))
    angles = new.select(HEAD_ANGLES).values
    assert not angles[[0, -1]].any()
    assert 0.02 < angles.std(axis=0).max() < np.abs(angles).max() < 0.25
    assert np.abs(np.diff(angles, axis=0)).max() * 50 < 1.0  # radians a second
    looking_right = new.channel("eyeLookOutRight") - new.channel("eyeLookInRight")
    assert np.abs(0.6 * looking_right + new.channel("headYaw")).max() < 0.002


def test_the_head_nods_on_the_accent() -> None:
    track = still_face(6)
    bump = np.exp(-0.5 * ((track.times - 3) / 0.08) ** 2)
    plain = Prosody(np.full(300, -25, np.float32), np.full(300, 110, np.float32))
    voice = Prosody((-25 + 10 * bump).astype(np.float32), (110 * 2 ** (bump / 2)).astype(np.float32))
    nod = (with_face(track, each, FaceSettings(head=1)).channel("headPitch") for each in (voice, plain))
    difference = np.subtract(*nod)
    assert abs(track.times[difference.argmax()] - 3.05) < 0.15 and difference.max() > 0.02


def test_glances_jump_hold_and_are_the_same_again() -> None:
    track = still_face(30)
    settings = FaceSettings(gaze=1, seed=3)
    eyes = with_face(track, phrases(track), settings)
    speed = np.abs(np.diff(eyes.channel("eyeLookOutLeft")))
    assert 0.02 < eyes.channel("eyeLookOutLeft").max() < 0.6
    assert (speed > 1e-6).mean() < 0.25  # most of the time they hold still
    assert (eyes.values == with_face(track, phrases(track), settings).values).all()
    assert (eyes.values != with_face(track, phrases(track), FaceSettings(gaze=1, seed=4)).values).any()


def test_emotions_move_only_channels_of_arkit() -> None:
    assert {name for weights in emotion_table().values() for name in weights} <= set(ARKIT_52)


def test_a_face_without_layers_is_the_track_itself() -> None:
    track = still_face(2)
    assert with_face(track, phrases(track), FaceSettings()) is track
