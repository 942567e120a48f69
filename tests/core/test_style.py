"""Settings change the motion as an animator expects, and never open lips that were sealed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.style import StyleSettings, apply_style, still
from lipsync_addon.core.track import AnimationTrack

LIPS = ("jawOpen", "mouthClose", "mouthFunnel", "mouthRollLower", "mouthUpperUpLeft", "mouthShrugLower")
MOTION = hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.just(len(LIPS))), elements=st.floats(0, 1, width=32))
GAINS = st.dictionaries(st.sampled_from(LIPS), st.tuples(st.floats(-1, 3), st.floats(-1, 1)))
IN_PLACE = {
    "intensity": st.floats(0, 2),
    "smoothing": st.floats(0, 0.2),
    "jaw": st.floats(0, 2),
    "lips": st.floats(0, 2),
    "closure": st.floats(1, 2),
    "asymmetry": st.floats(-1, 1),
    "limit": st.floats(1, 2),
    "channels": GAINS,
}
STYLES = st.builds(StyleSettings, **IN_PLACE)
MOVED = st.builds(StyleSettings, anticipation=st.floats(-0.2, 0.2), **IN_PLACE)


@given(MOTION, STYLES)
def test_sealed_lips_stay_sealed(values: np.ndarray, style: StyleSettings) -> None:
    track = AnimationTrack(LIPS, values, 50.0)
    sealed = lip_gap(track) < SEALED
    assert (lip_gap(apply_style(track, style))[sealed] < SEALED + 1e-4).all()


@given(MOTION, MOVED)
def test_closures_move_with_the_mouth(values: np.ndarray, style: StyleSettings) -> None:
    track = AnimationTrack(LIPS, values, 50.0)
    frames = np.arange(len(values)) + int(np.floor(style.anticipation * 50 + 0.5))
    sealed = (lip_gap(track) < SEALED)[np.clip(frames, 0, len(values) - 1)]
    assert (lip_gap(apply_style(track, style))[sealed] < SEALED + 1e-4).all()


@given(MOTION, MOVED)
def test_weights_stay_within_limits(values: np.ndarray, style: StyleSettings) -> None:
    values = apply_style(AnimationTrack(LIPS, values, 50.0), style).values
    assert values.min() >= 0 and values.max() <= np.float32(style.limit)


def test_a_strong_style_goes_beyond_1_where_it_may() -> None:
    track = AnimationTrack(("jawOpen", "mouthFunnel"), [[0.8, 0.2], [0.2, 0.8]], 50.0)
    strong = StyleSettings(intensity=1.5, limit=1.1, channels={"mouthFunnel": (1.0, -0.5)})
    np.testing.assert_allclose(apply_style(track, strong).values, [[1.1, 0.0], [0.3, 0.6]], atol=1e-6)
    assert apply_style(track, StyleSettings(intensity=1.5)).values.max() == 1


@given(MOTION)
def test_nothing_asked_nothing_changed(values: np.ndarray) -> None:
    np.testing.assert_array_equal(apply_style(AnimationTrack(LIPS, values, 50.0), StyleSettings()).values, values)


def talking() -> AnimationTrack:
    """jawOpen up and down twice a second, with one closed frame in the middle of an open second."""
    times = np.arange(100) / 50
    jaw = 0.3 - 0.25 * np.cos(2 * np.pi * 2 * times)
    close = np.zeros(100)
    close[60:63] = jaw[60:63]
    return AnimationTrack(("jawOpen", "mouthClose"), np.stack([jaw, close], axis=1), 50.0)


def test_intensity_scales_open_lips() -> None:
    jaw, apart = talking().channel("jawOpen"), lip_gap(talking()) > 2 * SEALED
    for intensity in (0.0, 0.5, 1.5):
        styled = apply_style(talking(), StyleSettings(intensity=intensity))
        np.testing.assert_allclose(styled.channel("jawOpen")[apart], jaw[apart] * intensity, atol=1e-6)


def test_smoothing_calms_the_motion_and_keeps_the_closure() -> None:
    styled = apply_style(talking(), StyleSettings(smoothing=0.06))
    open_part = slice(0, 50)
    assert np.ptp(styled.channel("jawOpen")[open_part]) < 0.9 * np.ptp(talking().channel("jawOpen")[open_part])
    assert (lip_gap(styled)[60:63] < SEALED + 1e-6).all()


def test_smoothing_means_seconds_at_any_rate() -> None:
    fine = apply_style(talking().resampled(100.0), StyleSettings(smoothing=0.04)).resampled(50.0)
    coarse = apply_style(talking(), StyleSettings(smoothing=0.04))
    np.testing.assert_allclose(fine.values[10:50], coarse.values[10:50], atol=0.01)


def test_still_mouth() -> None:
    names = ARKIT_52 + VISEMES_15
    rest = still(AnimationTrack(names, np.full((3, len(names)), 0.4), 50.0))
    assert not rest.select(ARKIT_52).values.any()
    np.testing.assert_array_equal(rest.select(VISEMES_15).values[0], [1.0] + [0.0] * 14)


def test_jaw_gain_keeps_closures() -> None:
    styled = apply_style(talking(), StyleSettings(jaw=1.4))
    jaw, apart = talking().channel("jawOpen"), lip_gap(talking()) > 2 * SEALED
    np.testing.assert_allclose(styled.channel("jawOpen")[apart], jaw[apart] * 1.4, atol=1e-6)
    assert (lip_gap(styled)[60:63] < SEALED).all()


def test_the_mouth_leads_by_whole_and_broken_frames() -> None:
    jaw = talking().channel("jawOpen")
    whole = apply_style(talking(), StyleSettings(anticipation=0.04)).channel("jawOpen")
    np.testing.assert_allclose(whole[:40], jaw[2:42])
    between = apply_style(talking(), StyleSettings(anticipation=0.03)).channel("jawOpen")
    np.testing.assert_allclose(between[10:20], (jaw[11:21] + jaw[12:22]) / 2, atol=1e-5)


def test_closure_presses_closed_lips_only() -> None:
    names = ("jawOpen", "mouthClose", "mouthPressLeft", "viseme_sil")
    frames = np.array([[0.4, 0.4, 0, 0], [0.4, 0, 0, 0], [0, 0, 0, 1]], np.float32)  # p, a, silence
    styled = apply_style(AnimationTrack(names, frames, 50.0), StyleSettings(closure=2))
    np.testing.assert_allclose(styled.channel("mouthPressLeft"), [0.5, 0, 0])


def test_asymmetry_leans_to_one_side() -> None:
    track = AnimationTrack(("mouthSmileLeft", "mouthSmileRight"), np.full((2, 2), 0.5), 50.0)
    left, right = apply_style(track, StyleSettings(asymmetry=0.5)).values[0]
    assert left > 0.5 > right


def test_gain_and_offset_of_one_channel() -> None:
    track = AnimationTrack(("mouthSmileLeft", "mouthSmileRight"), np.full((2, 2), 0.5), 50.0)
    styled = apply_style(track, StyleSettings(channels={"mouthSmileLeft": (0.5, 0.1)}))
    np.testing.assert_allclose(styled.values[0], [0.35, 0.5], atol=1e-6)
