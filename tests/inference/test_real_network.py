"""The network that ships: still in silence, no seams, and a mouth that follows real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.inference.network import Network
from lipsync_addon.inference.predictor import Predictor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(providers=["CPU"])


def recorded(shared: Path, count: int, rate: int) -> AudioClip:
    """Sentences of several people, one after the other."""
    parts = []
    for file in sorted((shared / "bench" / "dev" / "audio").glob("*.flac"))[1 : count + 1]:
        samples, file_rate = soundfile.read(file, dtype="float32")
        assert file_rate == rate
        parts += [samples, np.zeros(rate // 4, np.float32)]
    return AudioClip(np.concatenate(parts), rate, "recorded")


def test_windows_leave_no_seam(predictor: Predictor, shared: Path) -> None:
    clip = recorded(shared, 12, predictor.spec.sample_rate)
    network = Network.load(providers=["CPU"])
    whole = Predictor(network, window_seconds=1000).predict(clip)
    assert len(whole.values) > 2 * 16 * predictor.spec.fps  # several windows of the usual length
    np.testing.assert_allclose(predictor.predict(clip).values, whole.values, atol=1e-5)
    tight = Predictor(network, window_seconds=1.3)
    np.testing.assert_allclose(tight.predict(clip).values, whole.values, atol=1e-5)


def test_still_in_silence(predictor: Predictor) -> None:
    track = predictor.predict(
        AudioClip(np.zeros(10 * predictor.spec.sample_rate, np.float32), predictor.spec.sample_rate)
    )
    seconds = track.duration
    assert lip_gap(track).max() < SEALED
    assert (
        np.abs(np.diff(track.select(predictor.spec.outputs["arkit"]).values, axis=0)).sum(axis=0).max() / seconds < 0.02
    )
    assert (track.channel("viseme_sil") > 0.5).all()


def test_speech_opens_the_mouth_and_pauses_close_it(predictor: Predictor, shared: Path) -> None:
    rate = predictor.spec.sample_rate
    clip = recorded(shared, 1, rate)
    padded = AudioClip(np.concatenate([np.zeros(rate), clip.samples, np.zeros(rate)]), rate)
    gap = lip_gap(predictor.predict(padded))
    talking = slice(50, -50)
    assert gap[talking].max() > 3 * SEALED
    assert gap[:25].max() < SEALED and gap[-25:].max() < SEALED
