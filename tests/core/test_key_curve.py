"""Keys as arrays: cutting a curve changes nothing that is played."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from lipsync_addon.core.key_curve import BEZIER, CONSTANT, LINEAR, KeyCurve

VALUES = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=12)


def curve(values: list[float], kind: int, seed: int = 0) -> KeyCurve:
    """Keys 1 to 9 frames apart with handles of any length and direction."""
    random = np.random.default_rng(seed)
    frames = np.cumsum(random.integers(1, 10, len(values))).astype(float)
    made = KeyCurve.smooth(frames, np.array(values), random.normal(0, 0.1, len(values)))
    points = made.points.copy()
    points[:, 0] -= random.uniform(0, 3, (len(values), 2)) * (1, 0.1)
    points[:, 2] += random.uniform(0, 3, (len(values), 2)) * (1, 0.1)
    return KeyCurve(points, np.full(len(values), kind, np.int32), made.handles)


@given(VALUES, st.sampled_from([CONSTANT, LINEAR, BEZIER]), st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
@example([0.0] * 8, BEZIER, 98, 0.0, 0.90625)  # its handles pass each other
def test_a_piece_plays_as_the_whole_did(values, kind, seed, a, b):
    whole = curve(values, kind, seed)
    first, last = np.sort(np.round(whole.frames[0] + np.array((a, b)) * np.ptp(whole.frames), 2))
    piece = whole.between(first, last)
    frames = np.linspace(first, last, 50)
    if kind == CONSTANT:
        frames = frames[np.abs(frames[:, None] - whole.frames).min(1) > 1e-3]  # not on the steps themselves
    # Where handles pass each other the curve can stand upright, and rounding of frames moves far along it.
    np.testing.assert_allclose(piece.at(frames), whole.at(frames), atol=3e-5)


@given(VALUES, st.integers(0, 99), st.integers(1, 10))
def test_two_pieces_make_the_whole_again(values, seed, where):
    whole = curve(values, BEZIER, seed)
    middle = float(whole.frames[min(where, len(values) - 1)])
    joined = whole.between(whole.frames[0], middle).followed_by(whole.between(middle, whole.frames[-1]))
    assert joined.is_like(whole)


def test_values_are_held_beyond_the_ends():
    np.testing.assert_array_equal(KeyCurve.plain([2, 4], [0.5, 0.7]).at([0, 3, 9]), [0.5, 0.6, 0.7])


def test_one_key_and_none_are_curves_too():
    assert KeyCurve.plain([3], [0.25]).at([0.0]).tolist() == [0.25]
    assert KeyCurve.plain([], []).at([0.0]).tolist() == [0.0]


def test_keys_are_told_apart_however_small_the_rig_is():
    small = KeyCurve.smooth(np.arange(4) * 5.0, np.array([0, 3, 1, 2]) * 1e-6, np.zeros(4))
    points = small.points.copy()
    points[1, 1, 1] *= 1.01
    assert small.is_like(small) and not KeyCurve(points, small.kinds, small.handles).is_like(small)


def test_a_number_that_hardly_moves_is_the_same_in_single_precision() -> None:
    """The first part of a quaternion of a jaw that hardly opens."""
    frames, values = np.arange(60.0), 1 - 1e-6 * np.random.default_rng(0).random(60)
    curve = KeyCurve.smooth(frames, values, np.zeros(60))
    single = KeyCurve(curve.points.astype(np.float32).astype(np.float64), curve.kinds, curve.handles)
    assert single.is_like(curve)
    points = curve.points.copy()
    points[30, :, 1] -= 1e-4
    assert not KeyCurve(points, curve.kinds, curve.handles).is_like(curve)
