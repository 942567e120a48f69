"""Windows cover every frame once, with the sound where the network expects it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.inference.windows import SIZE_STEP, Windows

HOP, LEFT, RIGHT = 4, 3, 2


def windows(frames: int, *, at_once: bool = False, step: int = 1) -> Windows:
    """For sound: a frame more than whole hops."""
    return Windows(left=LEFT, right=RIGHT, frames=frames, hop=HOP, after=1, at_once=at_once, step=step)


@given(
    samples=st.integers(0, 2000),
    frames=st.integers(1, 120),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
def test_every_frame_comes_once_with_its_own_surroundings(samples: int, frames: int, cuts: list[int]) -> None:
    sound = np.arange(1, samples + 1, dtype=np.float32)
    padded = np.concatenate([np.zeros(LEFT * HOP), sound, np.zeros((frames + RIGHT + 60) * HOP)])
    first = 0
    for window in windows(frames).of(np.split(sound, sorted(cuts))):
        assert window.first == first and 1 <= window.count <= frames
        needed = (LEFT + window.count + RIGHT) * HOP
        assert len(window.rows) >= needed
        np.testing.assert_array_equal(window.rows[:needed], padded[first * HOP : first * HOP + needed])
        first += window.count
    assert first == samples // HOP + 1


def test_few_sizes_for_many_lengths() -> None:
    def sizes(step: int) -> set[int]:
        lengths = (np.zeros(samples, np.float32) for samples in range(1, 8000, 7))
        return {len(w.rows) for length in lengths for w in windows(400, step=step).of([length])}

    assert len(sizes(SIZE_STEP)) == 400 // SIZE_STEP
    assert len(sizes(1)) == 400  # nothing is computed that nobody asked for


@pytest.mark.parametrize("samples", [0, 1])
def test_almost_no_sound_still_gives_a_frame(samples: int) -> None:
    assert [window.count for window in windows(400).of([np.ones(samples, np.float32)])] == [1]


@given(st.lists(st.integers(0, 30), max_size=20))
def test_frames_come_as_soon_as_their_context_is_there(packets: list[int]) -> None:
    heard, came, stream = 0, 0, windows(400, at_once=True)
    for packet in packets:
        heard += packet
        came += sum(window.count for window in stream.push(np.ones(packet, np.float32)))
        assert came == max(heard // HOP - RIGHT, 0)
    assert came + sum(window.count for window in stream.finish()) == heard // HOP + 1
