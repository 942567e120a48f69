"""The outline of a sound: no peak is lost, and it stays small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.waveform import RATE, waveform

SR = 16000


def test_a_click_is_seen_at_its_time_and_nowhere_else() -> None:
    samples = np.zeros(2 * SR, np.float32)
    samples[SR + 100], samples[SR + 101] = 0.8, -0.5
    found = waveform(AudioClip(samples, SR))
    assert found.rate == RATE and found.peak == pytest.approx(0.8, abs=0.01)
    low, high = found.between(0.0, 2.0, 100)
    assert (np.flatnonzero(high), np.flatnonzero(low)) == ([50], [50])
    assert (high[50], low[50]) == pytest.approx((0.8, -0.5), abs=0.01)


def test_beyond_the_ends_there_is_nothing() -> None:
    low, high = waveform(AudioClip(np.ones(SR), SR)).between(-1.0, 3.0, 4)
    assert high.tolist() == [0, 1, 0, 0] and low.tolist() == [0, 1, 0, 0]


@given(st.integers(1, 5000), st.integers(1, 400), st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_joined_stretches_lose_no_peak(count, block, half_most, seed) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, count).astype(np.float32)

    class Blocks(AudioClip):
        def blocks(self) -> Iterator[np.ndarray]:
            yield from (self.samples[i : i + block] for i in range(0, count, block))

    found = waveform(Blocks(samples, 1000), most=2 * half_most)
    assert len(found.low) <= 2 * half_most + 2
    step = round(1000 / found.rate)
    pieces = [samples[i : i + step] for i in range(0, count, step)]
    assert len(found.low) == len(pieces)
    assert found.low / 127 == pytest.approx([piece.min() for piece in pieces], abs=0.005)
    assert found.high / 127 == pytest.approx([piece.max() for piece in pieces], abs=0.005)


def test_an_hour_is_as_small_as_eleven_minutes() -> None:
    class Hour:
        sample_rate, duration, source = SR, 3600.0, "hour"

        def blocks(self) -> Iterator[np.ndarray]:
            yield from (np.full(SR, 0.5, np.float32) for _ in range(3600))

    found = waveform(Hour())
    assert found.low.nbytes + found.high.nbytes <= 1 << 18
    assert len(found.low) / found.rate == pytest.approx(3600, abs=0.1)
