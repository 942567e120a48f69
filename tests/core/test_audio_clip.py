"""Sound in memory, and what is refused before the network hears it."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.audio_clip import AudioClip, CheckedSound
from lipsync_addon.core.errors import LipsyncError


def test_blocks_are_the_whole_clip() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 200_000).astype(np.float32)
    clip = AudioClip(samples, 16000)
    np.testing.assert_array_equal(np.concatenate(list(clip.blocks())), samples)
    assert clip.duration == 12.5


def test_peak_and_silence() -> None:
    loud, quiet = (CheckedSound(AudioClip(np.full(9, level), 16000)) for level in (-0.5, 0.0009))
    for sound in (loud, quiet):
        list(sound.blocks())
    assert loud.peak == 0.5 and not loud.is_silent
    assert quiet.is_silent


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(value: float) -> None:
    with pytest.raises(LipsyncError, match="line.wav holds samples that are not numbers"):
        list(CheckedSound(AudioClip(np.array([0.0, value]), 16000, "line.wav")).blocks())


def test_no_samples() -> None:
    with pytest.raises(LipsyncError, match="line.wav has no samples"):
        list(CheckedSound(AudioClip(np.zeros(0), 16000, "line.wav")).blocks())


def test_stereo_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        AudioClip(np.zeros((10, 2)), 16000)
