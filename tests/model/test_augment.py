"""Every change to the sound is drawn from a seed, does what its name says, and leaves the mouth's time alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model import augment
from model.augment import Chance, augmented, coloured, drawn_filters, in_a_room, mu_law, noise_for, warped_filters
from model.network import LogMel
from model.voices import other_voices, random_changes

KINDS = {
    "all of them": lambda sound, g: augmented(sound, g),
    "room": lambda sound, g: in_a_room(sound, Chance(g, len(sound))),
    "recorder": lambda sound, g: augment.band_limited(sound, Chance(g, len(sound))),
    "noise": lambda sound, g: noise_for(sound, Chance(g, len(sound))),
    "vocal tract": lambda sound, g: LogMel()(sound, drawn_filters(len(sound), g, share=1.0)),
    "microphone and masks": lambda sound, g: coloured(LogMel()(sound), g),
}


@pytest.fixture(scope="module")
def batch(speech) -> torch.Tensor:
    """[4, 2 s] pieces of real speech."""
    return torch.from_numpy(speech[: 4 * 32000].reshape(4, 32000).copy())


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_what_happens(kind, batch):
    first, again, other = (KINDS[kind](batch, torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.isfinite().all()


def test_noise_is_3_to_35_db_below_the_speech(batch):
    level = lambda sound: sound.square().mean(1).log10() * 10  # noqa: E731
    below = [
        level(batch) - level(noise_for(batch, Chance(torch.Generator().manual_seed(seed), 4))) for seed in range(10)
    ]
    below = torch.stack(below)
    assert 2.9 < below.min() < 15 and 25 < below.max() < 35.1


def test_a_room_lasts_after_the_sound_and_starts_with_it():
    click = torch.zeros(1, 16000)
    click[0, 4000] = 1.0
    heard = in_a_room(click, Chance(torch.Generator().manual_seed(0), 1))[0]
    assert heard[:3990].abs().max() < 1e-5 and heard[4000] == pytest.approx(1.0, abs=1e-4)
    assert heard[4100:8000].abs().max() > 0.005


def test_a_telephone_carries_8_bits_on_a_curve():
    ramp = torch.linspace(-1, 1, 200001)[None]
    steps = mu_law(ramp).unique()
    assert 250 <= len(steps) <= 256
    assert (steps.diff()[120:135] < steps.diff()[-5:].min() / 20).all()  # fine near 0, coarse where loud


def test_a_recorder_cuts_the_highs(batch):
    narrow = augment.band_limited(batch, Chance(torch.Generator().manual_seed(0), 4))
    highs = lambda sound: torch.fft.rfft(sound).abs()[:, 14000:].mean(1)  # noqa: E731  # above 7 kHz
    assert (highs(narrow) < 0.5 * highs(batch)).all()


def test_loud_sound_is_clipped_now_and_then_and_level_falls_by_up_to_45_db(batch):
    many = batch.repeat(30, 1)
    changed = augmented(many, torch.Generator().manual_seed(1))
    peak = changed.abs().amax(1)
    assert peak.max() <= 1 and -51 < 20 * float(peak.min().log10()) < -35
    flat = (changed.abs() > 0.999 * peak[:, None]).sum(1)
    assert 1 <= (flat > 20).sum() < 20  # 5 % of 120 are cut off at their peaks


def test_another_vocal_tract_moves_a_formant_and_not_its_time():
    time = torch.arange(16000) / 16000
    sound = (torch.sin(2 * torch.pi * 1200 * time) * (time > 0.5))[None]
    plain = LogMel()(sound)[0]
    banks = warped_filters("cpu")
    peaks = [int(LogMel()(sound, bank[None])[0, :, 80].argmax()) for bank in banks[1:30]]
    assert len(set(peaks)) > 3 and min(peaks) < int(plain[:, 80].argmax()) < max(peaks)
    moved = LogMel()(sound, banks[5][None])[0]
    assert (moved.amax(0)[:45] < -8).all() and (moved.amax(0)[55:95] > 0).all()


def test_masks_hide_bands_and_moments(batch):
    mel = LogMel()(batch.repeat(8, 1))
    floor = mel.amin(dim=(1, 2), keepdim=True)
    changed = coloured(mel, torch.Generator().manual_seed(2))
    gain = changed - mel
    assert gain.abs().median() > 0.1 and gain.abs().max() < 60
    hidden = (changed.var(dim=2) < 1e-9).sum(1)  # bands that are the same at every moment
    assert (hidden > 0).any() and (hidden == 0).any() and hidden.max() < 14 and floor.isfinite().all()


def test_another_voice_has_another_pitch_at_the_same_time():
    time = np.arange(24000) / 16000
    voiced = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20)) * (time > 0.4) * (time < 1.2) * 0.1
    (higher,) = other_voices(voiced.astype(np.float32), [(1.5, 1.0)])
    assert len(higher) == len(voiced)
    spectrum = np.abs(np.fft.rfft(higher[8000:16000] * np.hanning(8000)))
    assert np.argmax(spectrum[50:150]) * 2 + 100 == pytest.approx(180, abs=4)
    loud = np.flatnonzero(np.abs(higher) > 0.02) / 16000
    assert loud[0] == pytest.approx(0.4, abs=0.03) and loud[-1] == pytest.approx(1.2, abs=0.03)
    assert random_changes(3, np.random.default_rng(3)) == random_changes(3, np.random.default_rng(3))
