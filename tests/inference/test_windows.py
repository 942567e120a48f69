"""Windows cover every frame once, with the sound where the network expects it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.inference.windows import windows

HOP, LEFT, RIGHT = 4, 3, 2


@given(
    samples=st.integers(0, 2000),
    frames=st.integers(1, 120),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
def test_every_frame_comes_once_with_its_own_surroundings(samples: int, frames: int, cuts: list[int]) -> None:
    sound = np.arange(1, samples + 1, dtype=np.float32)
    padded = np.concatenate([np.zeros(LEFT * HOP), sound, np.zeros((frames + RIGHT + 60) * HOP)])
    first = 0
    for window, count in windows(np.split(sound, sorted(cuts)), hop=HOP, left=LEFT, right=RIGHT, frames=frames):
        assert 1 <= count <= frames
        needed = (LEFT + count + RIGHT) * HOP
        assert len(window) >= needed
        np.testing.assert_array_equal(window[:needed], padded[first * HOP : first * HOP + needed])
        first += count
    assert first == samples // HOP + 1


def test_few_sizes_for_many_lengths() -> None:
    sizes = {
        len(window)
        for samples in range(1, 8000, 7)
        for window, _ in windows([np.zeros(samples, np.float32)], hop=HOP, left=LEFT, right=RIGHT, frames=400)
    }
    assert len(sizes) == 400 // 50


@pytest.mark.parametrize("samples", [0, 1])
def test_almost_no_sound_still_gives_a_frame(samples: int) -> None:
    counts = [
        count for _, count in windows([np.ones(samples, np.float32)], hop=HOP, left=LEFT, right=RIGHT, frames=400)
    ]
    assert counts == [1]
