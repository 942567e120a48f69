"""The teacher's opening: its map is found by least squares under a ridge, and its lips rest where nobody speaks."""

from __future__ import annotations

import numpy as np
import pytest

from model import paths
from model.datasets.teacher import ONSET_S, RELEASE_S, opening_of, teacher_opening, with_rest
from model.fit_teacher import fitted


@pytest.fixture
def frames():
    """Coefficients, and the opening of a face that the first and the third of them open."""
    random = np.random.default_rng(0)
    coefficients = random.normal(0, [270, 220, 110, 120, 70, 50], (5000, 6))
    return coefficients, 0.07 + coefficients @ [1.2e-4, 0, -8e-5, 0, 0, 0]


def test_without_a_ridge_the_map_is_the_faces_own(frames):
    np.testing.assert_allclose(fitted(*frames, 0.0), [1.2e-4, 0, -8e-5, 0, 0, 0, 0.07], atol=1e-9)


def test_a_ridge_holds_down_all_but_the_first(frames):
    own, held, first = (fitted(*frames, ridge) for ridge in (0.0, 1.0, 1e6))
    assert held[0] == pytest.approx(own[0], rel=0.05)
    assert held[2] == pytest.approx(own[2] / 2, rel=0.05), "at 1 half is left of a factor that nothing else explains"
    assert np.abs(first[1:6]).max() < 1e-9 and first[6] == pytest.approx(0.07, abs=1e-3)


def test_the_openings_are_the_first_coefficients_in_the_main_and_never_below_0(shared):
    with np.load(paths.FACES / "teacher" / "nathalie_nl.npz") as data:
        coefficients, name = data["coef"][data["offsets"][0] : data["offsets"][1]], str(data["names"][0])
    times, lips = teacher_opening("nathalie_nl")[name.rsplit("/", 1)[-1]]
    np.testing.assert_array_equal(lips, opening_of(coefficients))
    assert times[0] == pytest.approx(0.02) and len(times) == len(lips) == len(coefficients)
    assert lips.min() >= 0 and np.corrcoef(lips, coefficients[:, 0].astype(float))[0, 1] > 0.9


def test_lips_rest_after_speech_and_long_before_it():
    times = np.round(np.arange(0, 6, 0.04), 2)
    phones = [(0, 2, "sil"), (2, 2.4, "a"), (2.4, 2.8, "t"), (2.8, 4, "sil"), (4, 4.4, "o"), (4.4, 6, "sil")]
    _, lips = with_rest((times, np.full(len(times), 0.08, np.float32)), phones)
    at = lambda second: float(np.interp(second, times, lips))  # noqa: E731
    kept = [*np.arange(2 - ONSET_S, 2.8, 0.1), *np.arange(4 - ONSET_S, 4.4, 0.1)]
    assert [at(second) for second in kept] == pytest.approx([0.08] * len(kept))
    for shut in (0, 1.0, 2.8 + RELEASE_S, 3.1, 4.4 + RELEASE_S, 5.5):
        assert at(shut) == pytest.approx(0, abs=1e-6), shut
    assert at(2.88) == pytest.approx(0.08 * 0.6, abs=1e-3), "on the way"


def test_lines_without_phones_stay_as_the_teacher_heard_them():
    curve = np.arange(3.0), np.full(3, 0.1, np.float32)
    assert with_rest(curve, [(0, 3, "sil")])[1] is curve[1]
