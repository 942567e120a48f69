"""The mouth does not flap on breath, coughs, a crowd and laughter, and speech is left alone: with our network."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.face_layers import FaceSettings
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.prosody import prosody_of
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.vocal import laughing, speaking
from lipsync_addon.inference.predictor import Predictor

RATE = 16000


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load()


def recording(shared: Path, name: str, index: int | str = 0) -> np.ndarray:
    with tarfile.open(sorted((shared / "data" / "speech" / name).glob("*.tar"))[0]) as archive:
        member = archive.getmember(index) if isinstance(index, str) else archive.getmembers()[index]
        return soundfile.read(io.BytesIO(archive.extractfile(member).read()), dtype="float32")[0]


def motion(track: AnimationTrack, start: float, end: float) -> float:
    """Way that the mouth's coefficients go, a second."""
    part = track.select([name for name in ARKIT_52 if name in track.names])
    values = part.values[(part.times >= start) & (part.times < end)]
    return float(np.abs(np.diff(values, axis=0)).sum() / (end - start))


def both(samples: np.ndarray, predictor: Predictor) -> tuple[AnimationTrack, AnimationTrack]:
    sound = AudioClip(samples.astype(np.float32), RATE)
    return tuple(animate(sound, predictor, face=face).track for face in (FaceSettings(), FaceSettings(calm=1)))


def breathing(seconds: float) -> np.ndarray:
    """Noise of the colour of breath, in and out."""
    count = int(seconds * RATE)
    noise = np.convolve(np.random.default_rng(2).normal(0, 0.03, count), np.hanning(9), "same")
    return noise * np.abs(np.sin(np.arange(count) / RATE * np.pi * 1.2))


def coughing() -> np.ndarray:
    """Three bursts of noise."""
    sound, noise = np.zeros(2 * RATE), np.random.default_rng(3).normal(0, 0.3, 3000)
    for start in (4000, 10000, 18000):
        sound[start : start + 3000] += noise * np.exp(-np.arange(3000) / 600)
    return sound


def laughter(shared: Path, period: float) -> np.ndarray:
    """Bursts of a recorded vowel with breath between them."""
    line = recording(shared, "ljspeech32_en")
    times = np.arange(len(line) // 320) / 50
    pitched = np.flatnonzero(prosody_of(AudioClip(line, RATE), times).pitch > 0)
    vowel = line[int(times[pitched[len(pitched) // 2]] * RATE) :][:1440] * np.hanning(1440)
    random, sound = np.random.default_rng(0), np.zeros(int((8 * period + 1) * RATE))
    for burst in range(8):
        start = int((0.5 + burst * period + random.normal(0, 0.008)) * RATE)
        sound[start : start + 1440] += vowel * 0.9**burst
        rest = int((period - 0.09) * RATE)
        sound[start + 1440 : start + 1440 + rest] += breathing(1)[:rest] * np.hanning(rest) * 0.3
    return sound


@pytest.mark.parametrize("noise", [breathing(2), coughing()], ids=["breath", "cough"])
def test_between_words_and_alone(noise: np.ndarray, shared: Path, predictor: Predictor) -> None:
    words, quiet = recording(shared, "kathleen_en"), np.zeros(RATE // 2)
    line = np.concatenate([words, quiet, noise, quiet, words])
    spoken, start = len(words) / RATE, len(words) / RATE + 0.5
    plain, calm = both(line, predictor)
    assert motion(calm, start, start + 2) < 0.15 * motion(calm, 0, spoken)
    for first in (0.3, start + 2.8):
        last = first + spoken - 0.8
        assert motion(calm, first, last) == pytest.approx(motion(plain, first, last), rel=0.01)
    _, alone = both(noise, predictor)
    assert motion(alone, 0, 2) < 0.25 * motion(calm, 0, spoken)


def test_a_recorded_breath_before_the_first_word(shared: Path, predictor: Predictor) -> None:
    """An actor out of breath: she breathes from 0.16 to 0.54 s. Network 0.1.0 alone opens the jaw by 0.13."""
    _, calm = both(recording(shared, "a2f_samples_en", "Claire_outofbreath_mandarin.opus"), predictor)
    breath = (calm.times > 0.16) & (calm.times < 0.5)
    assert calm.channel("jawOpen")[breath].max() < 0.01


def test_the_crowd_after_a_speech(shared: Path, predictor: Predictor) -> None:
    """Networks up to 0.3.0 alone opened the jaw; 0.4.0 leaves it shut."""
    plain, calm = both(recording(shared, "jfk_en"), predictor)
    crowd = plain.times > 10.7
    assert calm.channel("jawOpen")[crowd].max() < 0.01
    assert motion(calm, 0, 10.3) > 0.9 * motion(plain, 0, 10.3)


@pytest.mark.parametrize("period", [0.16, 0.2, 0.24])
def test_laughter_is_a_smile_that_does_not_flap(period: float, shared: Path, predictor: Predictor) -> None:
    sound = laughter(shared, period)
    plain, calm = both(sound, predictor)
    middle = (0.9, 8 * period + 0.1)
    jaw = [np.abs(np.diff(track.channel("jawOpen")[(track.times > middle[0]) & (track.times < middle[1])])).sum()
           for track in (plain, calm)]  # fmt: skip
    assert jaw[1] < 0.4 * jaw[0]
    assert calm.channel("mouthSmileLeft")[int(2 * period * 50) + 30] > 0.4


@pytest.mark.parametrize("corpus", ["kathleen_en", "kerstin_de", "nathalie_nl", "speechocean762_en", "danieldona_es"])
def test_speech_is_never_taken_for_laughter_or_noise(corpus: str, shared: Path) -> None:
    for index in range(0, 30, 3):
        line = AudioClip(recording(shared, corpus, index), RATE)
        times = np.arange(int(line.duration * 50)) / 50
        voice = prosody_of(line, times)
        assert not laughing(times, voice).any()
        loud = voice.level > np.percentile(voice.level, 95) - 15
        assert (loud & ~speaking(times, voice)).mean() < 0.05
