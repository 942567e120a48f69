"""Keys keep their promises: the error of the sparse ones, and that p, b, m are seen at any rate and on twos."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_addon.core.aperture import SEALED, lip_gap_weights
from lipsync_addon.core.key_curve import CONSTANT, KeyCurve
from lipsync_addon.core.key_fitting import CHUNK, Fitter, fitted
from lipsync_addon.core.keying import KEY_MODES, KeySettings, closures, held_poses, keyed, pose_times
from lipsync_addon.core.track import AnimationTrack

NAMES = ("jawOpen", "mouthClose", "mouthFunnel", "viseme_sil", "viseme_PP", "viseme_aa")
WEIGHTS = lip_gap_weights(NAMES)
CURVES = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.25, 0.3, 0.55, 1.0]), min_size=1, max_size=60)


def speech(closed_at: list[float], seconds: float, width: float = 0.01) -> AnimationTrack:
    """An open mouth that closes at these times, for no longer than `width`."""
    times = np.arange(int(seconds * 100) + 1) / 100
    near = np.abs(times[:, None] - np.array([*closed_at, -9.0])).min(1)
    shut = np.clip(1 - (near - width / 2) / 0.06, 0, 1)
    jaw = 0.4 + 0.1 * np.sin(7 * times)
    visemes = np.stack(
        (0 * shut, np.where(near <= width / 2 + 1e-9, 0.9, 0.1), np.where(shut > 0.99, 0.1, 0.9)), axis=1
    )
    values = np.column_stack((jaw, shut * jaw * 0.9, 0.2 * (1 - shut), visemes))
    return AnimationTrack(NAMES, values.astype(np.float32), 100.0)


def keys_of(track: AnimationTrack, mode: str, rate: float, error: float = 0.02) -> tuple[np.ndarray, list[KeyCurve]]:
    frames = np.arange(np.ceil(track.duration * rate - 1e-6) + 1)
    settings = KeySettings(mode, error)
    return frames, keyed(track, np.ones(len(track.names)), frames, frames / rate, closures(track), settings)[0]


@given(st.lists(CURVES, min_size=1, max_size=3), st.sampled_from([0.005, 0.05, 0.2]), st.sets(st.integers(0, 59)))
def test_no_frame_is_off_by_more_than_the_error_and_kept_frames_are_keyed(columns, error, kept):
    count = min(map(len, columns))
    values = np.array([column[:count] for column in columns]).T
    kept = [frame for frame in kept if frame < count]
    frames = 7.0 + np.arange(count)
    for column, curve in zip(values.T, fitted(frames, values, np.full(values.shape[1], error), kept=kept), strict=True):
        assert np.abs(curve.at(frames) - column).max() <= error + 1e-9
        assert (curve.frames[0], curve.frames[-1]) == (frames[0], frames[-1])
        assert np.isin(frames[kept], curve.frames).all() or np.ptp(column) <= error
        np.testing.assert_allclose(curve.values, column[np.searchsorted(frames, curve.frames)], atol=1e-12)


@given(CURVES)
def test_between_the_keys_nothing_leaves_the_values_around_it(column):
    values = np.array(column)[:, None]
    curve = fitted(np.arange(len(values)), values, np.array([0.02]))[0]
    for first, last in zip(curve.frames[:-1], curve.frames[1:]):
        inside = curve.at(np.linspace(first, last, 20))
        around = values[int(first) : int(last) + 1]
        # A third of a step: the cubic may lean out where a curve turns within a frame of a key, no further.
        lean = 0.34 * np.abs(np.diff(values[max(int(first) - 1, 0) : int(last) + 2, 0])).max() + 1e-9
        assert inside.min() >= around.min() - lean and inside.max() <= around.max() + lean


def test_long_takes_are_solved_in_parts_that_meet():
    values = 0.5 + 0.5 * np.sin(np.arange(CHUNK + 500) / 5)[:, None]
    frames = np.arange(len(values))
    curve = fitted(frames, values, np.array([0.02]))[0]
    assert np.abs(curve.at(frames) - values[:, 0]).max() <= 0.02 and CHUNK in curve.frames
    assert len(curve.frames) < 0.25 * len(values)


def test_what_stands_still_has_two_keys():
    frames = np.arange(300)
    assert len(fitted(frames, np.full((300, 1), 0.4), np.array([0.02]))[0].frames) == 2


@pytest.mark.parametrize("mode", KEY_MODES)
@pytest.mark.parametrize("rate", [24.0, 25.0, 30000 / 1001, 60.0])
@given(at=st.lists(st.floats(0.3, 5.7), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_every_closure_shows_a_sealed_frame(mode, rate, at):
    """However short, at any rate, as long as they are not more in a row than there are poses."""
    step = 2 / rate if mode == "twos" else 3 / rate if mode == "stepped" else 1 / rate
    closed = [at for at, before in zip(sorted(at), [-9.0, *sorted(at)]) if at - before > 2.2 * step + 0.14]
    track = speech(closed, 6.0)
    frames, curves = keys_of(track, mode, rate)
    gap = np.stack([curve.at(frames) for curve in curves], axis=1) @ WEIGHTS
    found = closures(track)
    assert len(found) == len(closed)
    for closure in found:
        near = np.abs(frames / rate - closure.deepest) <= step + 0.02
        assert gap[near].min() < SEALED + 0.25 * 0.02, closure


def test_a_pose_is_taken_from_a_closure_only_if_it_would_be_missed():
    track = speech([1.0, 2.04], 3.0)
    times = np.arange(37) / 12  # on twos: 1.0 is a pose, the 40 ms around 2.04 lie between two
    moved = pose_times(times, closures(track))
    assert moved[12] == times[12]
    assert np.flatnonzero(moved != times).tolist() == [24]
    assert abs(moved[24] - 2.04) < 0.011


def test_a_captured_face_is_keyed_as_it_was_captured():
    captured = speech([1.02], 2.0).select(NAMES[:3])
    assert closures(captured) == []
    frames, curves = keys_of(captured, "every", 24.0)
    np.testing.assert_allclose(curves[0].values, captured.at(frames / 24)[:, 0], atol=1e-7)


def test_on_twos_every_second_frame_has_a_pose_that_is_held():
    frames, curves = keys_of(speech([1.0], 3.0), "twos", 24.0)
    assert (curves[0].frames == frames[::2]).all() and (curves[0].kinds == CONSTANT).all()
    np.testing.assert_array_equal(curves[0].at(frames[1::2]), curves[0].at(frames[:-1:2]))


def test_held_poses_change_when_the_sound_does():
    values = np.repeat(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), [9, 4, 3, 6], axis=0)
    values += 0.02 * np.random.default_rng(0).random(values.shape)
    starts, shown = held_poses(values, np.array([14]))
    assert starts.tolist() == [0, 9, 13, 16]
    assert shown[2] == 14 and all(start <= frame for start, frame in zip(starts, shown))


def test_no_pose_is_shorter_than_two_frames():
    starts, _ = held_poses(np.random.default_rng(1).random((101, 3)), np.arange(0, 101, 3))
    assert np.diff([*starts, 101]).min() >= 2


@pytest.mark.parametrize("mode", KEY_MODES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_takes_have_keys(mode, count):
    track = AnimationTrack(NAMES, np.full((count, len(NAMES)), 0.5), 24.0)
    frames, curves = keys_of(track, mode, 24.0)
    assert all(np.allclose(curve.at(frames), 0.5) for curve in curves)


def test_on_twos_a_pose_at_the_edge_of_a_closure_shows_its_middle():
    """An m of 80 ms of which the one pose that falls into it sees the first moment only."""
    track = speech([1.04], 2.0, 0.08)
    (closure,) = (found for found in closures(track) if found.deepest > 0)
    values = track.values.copy()
    values[:, NAMES.index("mouthClose")] *= np.clip(1.2 - 20 * np.abs(track.times - closure.deepest), 0, 1)
    frames = np.arange(0.0, 49.0)
    moved = frames / 24 + closure.start + 0.001 - 1.0  # the pose of frame 24 is 1 ms within
    curves = keyed(track.with_values(values), np.ones(len(NAMES)), frames, moved, [closure], KeySettings("twos"))[0]
    gap = np.array([curve.at(frames[24:25])[0] for curve in curves]) @ WEIGHTS
    assert gap == pytest.approx(track.with_values(values).at(np.array([closure.deepest]))[0] @ WEIGHTS, abs=1e-6)


def test_sparse_keys_stay_where_an_edit_does_not_reach() -> None:
    """A Fitter that has seen the track chooses keys anew around what changed, within the error, and nowhere else."""
    rng = np.random.default_rng(3)
    frames = np.arange(1000.0)
    values = np.cumsum(rng.normal(0, 0.02, (1000, 6)), axis=0)
    values[:, 4] = 0.25  # nothing moves
    limits, shares = np.full(6, 0.04), np.full(1000, 0.5)
    fitter = Fitter()
    first = fitter(frames, values, limits, shares)
    for curve, fresh in zip(first, fitted(frames, values, limits, shares), strict=True):
        np.testing.assert_array_equal(curve.points, fresh.points)
    assert fitter(frames, values, limits, shares) == first
    changed = values.copy()
    changed[400:430, :5] += np.hanning(30)[:, None] * 0.3
    again = fitter(frames, changed, limits, shares)
    assert again[5] is first[5] and len(again[4].points) > 2
    for k, (old, new) in enumerate(zip(first, again, strict=True)):
        assert np.abs(new.at(frames) - changed[:, k]).max() <= 0.02
        if k < 4:
            far = [points.tolist() for points in old.points if not 340 < points[1, 0] < 490]
            assert far == [points.tolist() for points in new.points if not 340 < points[1, 0] < 490]
            assert len(new.points) <= len(fitted(frames, changed[:, [k]], limits[[k]], shares)[0].points) + 3
    back = fitter(frames, values, limits, shares)
    for k in range(6):
        assert np.abs(back[k].at(frames) - values[:, k]).max() <= 0.02
    everything = fitter(frames, values[::-1].copy(), limits, shares)
    for curve, fresh in zip(everything, fitted(frames, values[::-1], limits, shares), strict=True):
        np.testing.assert_array_equal(curve.points, fresh.points)
