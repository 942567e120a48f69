"""Visemes become weights: smooth, of the same sum, and closed wherever the sound is p b m."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.mapping import map_track, resolve
from lipsync_addon.core.profile_match import RigInventory
from lipsync_addon.core.rig_profile import load_profile
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.visemes import CONTACTS, blended
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound

ROOT = Path(__file__).parents[2]
LINES = sorted((ROOT / "examples" / "lines").glob("*.flac"))
PP = VISEMES_15.index("viseme_PP")
AA = VISEMES_15.index("viseme_aa")
VOWELS = load_profile(ROOT / "lipsync_addon" / "data" / "rigs" / "vowels.json")

frames = arrays.arrays(np.float64, st.tuples(st.integers(1, 60), st.just(15)), elements=st.floats(0, 1))


def visemes(values: np.ndarray, fps: float = 50.0) -> AnimationTrack:
    return AnimationTrack(VISEMES_15, values, fps)


def vowel_then_sound(sound: int, first: int, last: int, count: int = 60) -> np.ndarray:
    """`aa`, with another sound from one frame up to another."""
    values = np.full((count, 15), 0.01)
    values[:, AA] = 0.86
    values[first:last, [AA, sound]] = values[first:last, [sound, AA]]
    return values


@pytest.fixture(scope="module", params=LINES, ids=lambda path: path.stem)
def line(request) -> AnimationTrack:
    """A voice line as the network that comes along hears it."""
    predictor = Predictor.load(providers=("CPU",))
    return predictor.predict(open_sound(request.param, predictor.spec.sample_rate))


def test_the_lips_close_at_every_p_b_m_that_the_network_hears_on_a_rig_of_five_vowels(line):
    """From 60 ms on: what is shorter, the ARKit curves do not close either."""
    mapped = map_track(line, resolve(VOWELS, RigInventory({"Face": tuple("AIUEO")}), line.names))
    heard = line.select(VISEMES_15).values.argmax(1) == PP
    edges = np.flatnonzero(np.diff(heard.astype(int), prepend=0, append=0)).reshape(-1, 2)
    closures = [(a, b) for a, b in edges if b - a >= 3]
    assert closures
    for a, b in closures:
        assert mapped.values[a:b].sum(1).min() < 0.01, f"open at {a / line.fps:.2f} s"
    assert mapped.values.max() > 0.5, "vowels open the mouth"


def test_a_real_line_flickers_far_less_and_keeps_moving(line):
    def turns(track: AnimationTrack) -> int:
        """Places where a curve turns back by more than a twentieth."""
        change = np.diff(track.select(VISEMES_15).values, axis=0)
        large = np.abs(change) > 0.05
        return int(((change[1:] * change[:-1] < 0) & large[1:] & large[:-1]).sum())

    smooth = blended(line)
    assert turns(smooth) < 0.5 * turns(line)
    assert np.abs(np.diff(smooth.select(VISEMES_15).values, axis=0)).max() < 0.75  # never a jump from shape to shape


@given(frames)
def test_weights_stay_weights(values):
    mixed = blended(visemes(values)).values
    assert mixed.min() >= -1e-6
    total = values.sum(1)
    assert (mixed.sum(1) <= total.max() + 1e-4).all() and (mixed.sum(1) >= total.min() - 1e-4).all()


@pytest.mark.parametrize("fps", [24.0, 29.97, 50.0, 120.0])
@pytest.mark.parametrize("name", CONTACTS)
def test_a_contact_of_80_ms_is_whole_and_fades(name, fps):
    contact = VISEMES_15.index(name)
    first, length = round(fps), max(2, round(0.08 * fps))
    mixed = blended(visemes(vowel_then_sound(contact, first, first + length, 2 * round(fps)), fps)).values
    middle = first + length // 2
    assert mixed[middle, contact] == pytest.approx(mixed[middle].sum()) and mixed[middle, AA] < 1e-6
    far = round(0.2 * fps)
    assert mixed[first - far, contact] < 0.05 and mixed[first + length + far, AA] > 0.8


def test_a_single_frame_of_doubt_is_no_closure_but_it_is_one_if_the_lips_are_sealed():
    values = vowel_then_sound(PP, 30, 31)
    open_mouth = np.tile([0.5, 0.0], (60, 1))
    sealed = open_mouth.copy()
    sealed[28:33] = [0.3, 0.3]
    names = (*VISEMES_15, "jawOpen", "mouthClose")
    for coefficients, closed in ((open_mouth, False), (sealed, True)):
        track = AnimationTrack(names, np.hstack([values, coefficients]), 50.0)
        assert (blended(track).values[30, PP] > 0.99) == closed


def test_other_channels_and_tracks_without_visemes_are_left_as_they_are():
    values = np.random.default_rng(0).random((20, 2), np.float32)
    track = AnimationTrack(("jawOpen", "mouthClose"), values, 50.0)
    assert blended(track) is track
    both = AnimationTrack(("jawOpen", *VISEMES_15), np.random.default_rng(1).random((20, 16)), 50.0)
    np.testing.assert_array_equal(blended(both).channel("jawOpen"), both.channel("jawOpen"))
