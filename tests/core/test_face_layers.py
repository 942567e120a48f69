"""Blinks come as often as people's, brows rise on accents, and no emotion opens sealed lips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.face_layers import FaceSettings, accents, blink_times, emotion_table, with_blinks, with_face
from lipsync_addon.core.prosody import Prosody, prosody_of
from lipsync_addon.core.track import AnimationTrack

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


@given(MOTION, EMOTIONS)
def test_no_emotion_opens_sealed_lips(values: np.ndarray, emotions: dict[str, float]) -> None:
    track = AnimationTrack(ARKIT_52, values, 50.0)
    quiet = Prosody(np.full(len(values), -100, np.float32), np.zeros(len(values), np.float32))
    new = with_face(track, quiet, FaceSettings(emotions=emotions))
    assert (lip_gap(new)[lip_gap(track) < SEALED] < SEALED + 1e-4).all()
    assert (new.values >= 0).all() and (new.values <= 1).all()


def test_emotions_move_only_channels_of_arkit() -> None:
    assert {name for weights in emotion_table().values() for name in weights} <= set(ARKIT_52)


def test_a_face_without_layers_is_the_track_itself() -> None:
    track = still_face(2)
    assert with_face(track, phrases(track), FaceSettings()) is track
