"""Tracks keep their motion at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsync_addon.core.track import AnimationTrack

FPS = st.sampled_from([12.0, 23.976, 24.0, 24 / 1.001, 25.0, 29.97, 30 / 1.001, 30.0, 50.0, 59.94, 60.0, 120.0])
CURVES = hnp.arrays(np.float32, st.tuples(st.integers(1, 80), st.just(2)), elements=st.floats(0, 1, width=32))
AB = ("jawOpen", "mouthClose")


@given(CURVES, FPS, FPS)
def test_resampling_stays_within_the_curve(values: np.ndarray, fps: float, new_fps: float) -> None:
    new = AnimationTrack(AB, values, fps).resampled(new_fps)
    assert (new.values.min(axis=0) >= values.min(axis=0) - 1e-6).all()
    assert (new.values.max(axis=0) <= values.max(axis=0) + 1e-6).all()


@given(st.floats(0, 1, width=32), st.integers(1, 80), FPS, FPS)
def test_resampling_keeps_constants(value: float, count: int, fps: float, new_fps: float) -> None:
    new = AnimationTrack(AB, np.full((count, 2), value), fps).resampled(new_fps)
    np.testing.assert_allclose(new.values, value, atol=1e-6)


@given(CURVES, FPS, FPS)
def test_resampling_covers_the_whole_motion_and_no_more(values: np.ndarray, fps: float, new_fps: float) -> None:
    track = AnimationTrack(AB, values, fps, start=1.5)
    new = track.resampled(new_fps)
    assert new.start == 1.5
    np.testing.assert_allclose(new.values[0], values[0], atol=1e-6)
    np.testing.assert_allclose(new.values[-1], values[-1], atol=1e-6)
    assert track.duration - 1e-6 / fps <= new.duration + 1e-6 and new.duration < track.duration + 1 / new_fps


@pytest.mark.parametrize("new_fps", [23.976, 24 / 1.001, 29.97, 30 / 1.001, 60.0])
def test_an_hour_does_not_drift(new_fps: float) -> None:
    times = np.arange(3600 * 50 + 1) / 50
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * 0.5 * times)[:, None]
    new = AnimationTrack(("jawOpen",), wave.astype(np.float32), 50.0).resampled(new_fps)
    np.testing.assert_allclose(
        new.values[:, 0], 0.5 + 0.4 * np.sin(2 * np.pi * 0.5 * np.minimum(new.times, 3600)), atol=1e-3
    )


@given(CURVES)
def test_same_rate_is_the_same_curve(values: np.ndarray) -> None:
    np.testing.assert_array_equal(AnimationTrack(AB, values, 50.0).resampled(50.0).values, values)


@pytest.mark.parametrize("fps", [24.0, 29.97])
def test_no_frames_and_one_frame(fps: float) -> None:
    assert AnimationTrack(AB, np.zeros((0, 2)), 50.0).resampled(fps).values.shape == (0, 2)
    assert AnimationTrack(AB, np.ones((1, 2)), 50.0).resampled(fps).values.tolist() == [[1.0, 1.0]]


def test_values_between_and_beyond_frames() -> None:
    track = AnimationTrack(("jawOpen",), np.array([[0.0], [1.0]]), 10.0, start=2.0)
    np.testing.assert_allclose(track.at(np.array([0.0, 2.0, 2.05, 2.1, 9.0]))[:, 0], [0, 0, 0.5, 1, 1], atol=1e-5)


def test_a_track_cannot_be_changed_from_outside() -> None:
    values = np.zeros((3, 2), np.float32)
    track = AnimationTrack(AB, values, 50.0)
    values[:] = 1
    assert not track.values.any()
    with pytest.raises(ValueError):
        track.values[0, 0] = 1


@pytest.mark.parametrize(
    "names, shape, fps", [(("a",), (3, 2), 50.0), (("a", "a"), (3, 2), 50.0), (AB, (3, 2), 0.0), (AB, (6,), 50.0)]
)
def test_nonsense_is_refused(names: tuple[str, ...], shape: tuple[int, ...], fps: float) -> None:
    with pytest.raises(ValueError):
        AnimationTrack(names, np.zeros(shape), fps)


def test_channels_by_name() -> None:
    track = AnimationTrack(AB, np.array([[0.1, 0.2]]), 50.0)
    assert track.select(["mouthClose"]).values.tolist() == [[pytest.approx(0.2)]]
    assert track.filled(["tongueOut", "jawOpen"]).values.tolist() == [[0.0, pytest.approx(0.1)]]
    with pytest.raises(KeyError, match="tongueOut"):
        track.select(["tongueOut"])
