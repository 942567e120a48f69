"""The whole path with a predictor that opens the mouth by loudness."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.audio_clip import AudioClip, Sound
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.progress import Cancelled, Progress, no_progress
from lipsync_addon.core.style import StyleSettings
from lipsync_addon.core.track import AnimationTrack


class ByLoudness:
    """Half the loudness of every 20 ms as jawOpen, never quite closed."""

    def predict(self, sound: Sound, *, controls: Controls, progress: Progress = no_progress) -> AnimationTrack:
        progress(0.5)
        samples = np.concatenate(list(sound.blocks()))
        loudness = np.abs(samples[: len(samples) // 320 * 320].reshape(-1, 320)).max(axis=1)
        return AnimationTrack(("jawOpen",), 0.1 + 0.5 * loudness[:, None], 50.0)


def clip(level: float) -> AudioClip:
    return AudioClip(np.full(16000, level, np.float32), 16000, "line.wav")


def test_sound_becomes_motion_in_the_chosen_style() -> None:
    performance = animate(clip(0.8), ByLoudness(), StyleSettings(intensity=0.5))
    np.testing.assert_allclose(performance.track.values, 0.25, atol=1e-6)
    assert performance.notices == ()


def test_silence_gives_a_still_mouth_and_says_so() -> None:
    performance = animate(clip(0.0005), ByLoudness())
    assert not performance.track.values.any() and len(performance.track.values) == 50
    assert performance.notices == ("line.wav: silent, so the mouth stays still.",)


def test_cancel_passes_through() -> None:
    def give_up(fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        animate(clip(0.5), ByLoudness(), progress=give_up)
