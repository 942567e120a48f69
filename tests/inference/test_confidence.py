"""The network's confidence on lines that did not train it: less in noise, and less where the mouth is wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.adaptation_fit import correlation
from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.confidence import confidence
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.network import DEFAULT_NETWORK, Network
from lipsync_addon.inference.predictor import Predictor

soundfile = pytest.importorskip("soundfile")
CLIPS = 10


def heard(predictor: Predictor, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(confidence, lip gap, whether somebody speaks) of each frame."""
    clip = AudioClip(samples.astype(np.float32), 16000, "clip")
    track = predictor.predict(clip, outputs=("arkit", "phones", "log_variance"))
    phones, variance = (track.select(predictor.spec.outputs[name]) for name in ("phones", "log_variance"))
    gap = lip_gap(track.select(predictor.spec.outputs["arkit"]))
    return confidence(phones, variance.values), gap, phones.channel("sil") < 0.5


def test_it_falls_in_noise_and_where_the_lips_are_not_as_seen(shared: Path) -> None:
    """GRID's dev clips with the tracked opening of the lips, clean and with as much white noise as speech and more."""
    predictor, rng = Predictor(Network.load(DEFAULT_NETWORK, threads=1)), np.random.default_rng(0)
    sure, wrong, means = [], [], {}
    for sound in sorted((shared / "bench" / "dev" / "audio").glob("s1_*.flac"))[:CLIPS]:
        samples, rate = soundfile.read(sound, dtype="float32")
        assert rate == 16000
        with (shared / "bench" / "dev" / "gt" / f"{sound.stem}.csv").open(newline="") as file:
            seen = np.array([(row["t"], row["open"]) for row in csv.DictReader(file) if row["ok"] == "1"], float)
        for noise in (0.0, 1.8):
            level = noise * np.sqrt(np.mean(samples**2))
            found, gap, speaks = heard(predictor, samples + level * rng.standard_normal(len(samples)))
            error = np.abs(gap - np.interp(np.arange(len(gap)) / predictor.spec.fps, *seen.T))
            curves = AnimationTrack(("sure", "wrong"), np.stack([found, error], axis=1), predictor.spec.fps)
            blocks = [curves.values[k : k + 20][speaks[k : k + 20]] for k in range(0, len(gap), 20)]
            for block in blocks:
                if len(block) > 10:
                    sure.append(block[:, 0].mean())
                    wrong.append(block[:, 1].mean())
            means.setdefault(noise, []).append(found[speaks].mean())
    assert np.mean(means[1.8]) < 0.85 * np.mean(means[0.0])
    assert min(means[0.0]) > 0.4
    ranks = [np.argsort(np.argsort(each)).astype(float) for each in (sure, wrong)]
    spearman = correlation(*ranks)
    print(f"Spearman of confidence and error over {len(sure)} blocks of 0.4 s: {spearman:.2f}")
    assert spearman < -0.2
