"""Key reduction: never off by more than asked, closures kept, and no key that could be missed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.aperture import SEALED, lip_gap_weights
from lipsync_addon.core.key_reduction import fewest_keys, reduced_keys
from lipsync_addon.core.track import AnimationTrack

LIPS = ("jawOpen", "mouthClose", "mouthFunnel", "viseme_PP")
CURVES = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.25, 0.3, 0.55, 1.0]), min_size=1, max_size=40).map(
    lambda values: np.array(values, np.float32)
)


def drawn(values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    return np.interp(np.arange(len(values)), keys, values[keys])


@given(CURVES, st.sampled_from([0.001, 0.05, 0.2]))
def test_no_frame_is_off_by_more_than_the_error(values: np.ndarray, error: float) -> None:
    keys = fewest_keys(values, error)
    assert keys[0] == 0 and keys[-1] == len(values) - 1 and (np.diff(keys) > 0).all()
    assert np.abs(drawn(values, keys) - values).max() <= error + 1e-6


@given(st.lists(st.integers(0, 20), min_size=3, max_size=9, unique=True), st.sampled_from([0.05, 0.2]))
def test_no_choice_of_fewer_frames_would_do(levels: list[int], error: float) -> None:
    values = np.array(levels, np.float32) / 20
    keys = fewest_keys(values, error)
    inner = range(1, len(values) - 1)
    for chosen in itertools.chain.from_iterable(itertools.combinations(inner, n) for n in range(len(keys) - 2)):
        fewer = np.array([0, *chosen, len(values) - 1])
        assert np.abs(drawn(values, fewer) - values).max() > error - 1e-6


def test_a_hold_keeps_both_ends_and_nothing_between() -> None:
    values = np.array([0, 0, 0, 0, 0.5, 1, 1, 1, 1, 0.9], np.float32)
    assert fewest_keys(values, 0.01).tolist() == [0, 3, 5, 8, 9]


@pytest.mark.parametrize("error", [0.0, -1.0])
def test_no_error_allowed_keeps_every_frame(error: float) -> None:
    assert fewest_keys(np.zeros(5, np.float32), error).tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.6])] * len(LIPS)), min_size=1, max_size=30))
def test_sealed_lips_stay_sealed(rows: list[tuple[float, ...]]) -> None:
    track = AnimationTrack(LIPS, np.array(rows), 50.0)
    keys = reduced_keys(track, 0.15)
    curves = np.stack([drawn(column, at) for at, column in zip(keys, track.values.T)], axis=1)
    assert np.abs(curves - track.values).max() <= 0.15 + 1e-6
    weights = lip_gap_weights(LIPS)
    sealed = track.values @ weights < SEALED
    assert (curves[sealed] @ weights <= SEALED + 2e-4).all()


def test_speech_needs_far_fewer_keys_than_frames(shared) -> None:
    """The mouth of a real capture, five seconds at 60 frames a second, within 0.02."""
    import csv
    import gzip

    with gzip.open(shared / "data" / "faces" / "livelink" / "alex_rom_3.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))[:300]
    names = ("jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower")
    values = [[float(row[name[0].upper() + name[1:]]) for name in names] for row in rows]
    track = AnimationTrack(names, np.array(values), 60.0)
    assert sum(map(len, reduced_keys(track, 0.02))) < 0.3 * track.values.size
