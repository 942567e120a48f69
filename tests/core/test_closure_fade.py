"""Lips stay sealed under whatever change, and what parts no lips keeps it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.aperture import SEALED, lip_gap_weights
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.closure_fade import REACH, closures_kept

WEIGHTS = lip_gap_weights(ARKIT_52)
PUCKER, JAW = ARKIT_52.index("mouthPucker"), ARKIT_52.index("jawOpen")


def speech(frames: int = 60) -> np.ndarray:
    """[T, C] a jaw that opens and shuts three times, with rounded lips."""
    values = np.zeros((frames, len(ARKIT_52)), np.float32)
    values[:, JAW] = 0.5 * np.sin(np.linspace(0, 3 * np.pi, frames)) ** 2
    values[:, PUCKER] = 0.6
    return values


@given(st.integers(0, 2**32 - 1))
def test_sealed_lips_stay_sealed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = np.clip(speech() * rng.uniform(0.2, 1.5, len(ARKIT_52)) + rng.normal(0, 0.02, (60, 52)), 0, 1)
    values = np.clip(before * rng.uniform(0, 2, len(ARKIT_52)) + rng.uniform(-0.3, 0.5, len(ARKIT_52)), 0, 1)
    new = closures_kept(values.astype(np.float32), before.astype(np.float32), ARKIT_52)
    assert new.min() >= 0 and new.max() <= 1
    sealed = before @ WEIGHTS < SEALED
    assert (new @ WEIGHTS)[sealed].max(initial=0) < SEALED + 1e-4


def test_a_pucker_that_is_changed_does_not_jump_where_lips_close() -> None:
    before = speech()
    values = before.copy()
    values[:, PUCKER] = 0.1
    values[:, JAW] += 0.15
    new = closures_kept(values, before, ARKIT_52)
    np.testing.assert_allclose(new[:, PUCKER], 0.1, atol=1e-6)
    sharpest = np.abs(np.diff(before[:, JAW], 2)).max()
    assert np.abs(np.diff(new[:, JAW], 2)).max() < 2 * sharpest
    wide = np.flatnonzero(before[:, JAW] > 0.45)
    np.testing.assert_allclose(new[wide, JAW], values[wide, JAW], atol=1e-6)


def test_a_frame_depends_on_so_many_frames_only() -> None:
    before = np.stack([speech(), speech()[::-1]])
    values = np.clip(before + np.float32(0.2), 0, 1)
    whole = closures_kept(values, before, ARKIT_52)
    part = closures_kept(values[:, 20:50], before[:, 20:50], ARKIT_52)
    np.testing.assert_array_equal(part[:, REACH:-REACH], whole[:, 20 + REACH : 50 - REACH])


def test_nothing_happens_to_what_closes_anyway() -> None:
    before = speech()
    np.testing.assert_array_equal(closures_kept(before * np.float32(0.7), before, ARKIT_52), before * np.float32(0.7))
