"""What a capture can teach is learnt, what it cannot is left alone, and left and right go together."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.adaptation_fit import correlation, fitted, time_offset
from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.model_spec import ControlSpec
from lipsync_addon.core.track import AnimationTrack

NAMES = ("jawOpen", "mouthPucker", "mouthSmileLeft", "mouthSmileRight")
KNOWN = {
    "filmed": ControlSpec("style", 0.0, 0.0, 1.0, ""),
    "clear": ControlSpec("style", 0.0, 0.0, 1.0, ""),
    "intensity": ControlSpec("intensity", 1.0, 0.4, 1.6, ""),
}
FRAMES, FEATURES, FPS = 2000, 12, 50.0


def smooth(rng: np.random.Generator, count: int) -> np.ndarray:
    """[T, count] curves of about 4 Hz, mean 0, deviation 1."""
    kernel = np.hanning(13)
    found = np.stack([np.convolve(column, kernel, "same") for column in rng.standard_normal((count, FRAMES))], axis=1)
    return found / found.std(axis=0)


class FakeNetwork:
    """Curves of smooth features; a style turns some of them into others, the intensity scales all."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.features = smooth(rng, FEATURES)
        self.plain, self.filmed, self.clear = (rng.normal(0, 0.03, (FEATURES, len(NAMES))) for _ in range(3))

    def move(self, controls: Controls) -> tuple[AnimationTrack, np.ndarray]:
        shares = [controls.styles.get(name, 0.0) for name in ("filmed", "clear")]
        weights = self.plain + shares[0] * self.filmed + shares[1] * self.clear
        values = np.clip(0.4 * float(controls.intensity) + float(controls.intensity) * self.features @ weights, 0, 1)
        return AnimationTrack(NAMES, values.astype(np.float32), FPS), self.features.astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_what_can_be_learnt_is_and_noise_is_not(seed: int) -> None:
    network, rng = FakeNetwork(seed), np.random.default_rng(100 + seed)
    predicted, features = network.move(Controls())
    values = predicted.values.astype(np.float64)
    captured = np.stack(
        [
            0.6 * values[:, 0] + 0.1 + features @ rng.normal(0, 0.02, FEATURES),
            0.5 + 0.1 * smooth(rng, 1)[:, 0],  # has nothing to do with what is said
            0.5 * values[:, 2],
            0.5 + 0.1 * smooth(rng, 1)[:, 0],
        ],
        axis=1,
    )
    found = fitted(AnimationTrack(NAMES, captured, FPS), network.move, 0.0, "fake", KNOWN)
    jaw, pucker, left, right = (found.measured[name] for name in NAMES)
    assert jaw.strength == 1 and jaw.r_after > 0.99 > jaw.r_before
    assert pucker.r_after >= pucker.r_before
    assert np.std(features @ found.weights[:, 1]) < 0.5 * captured[:, 1].std()
    assert (left.strength, left.ridge) == (right.strength, right.ridge)
    new = found.apply(predicted.values, features)
    off = [np.abs(each[:, 0] - np.clip(captured[:, 0], 0, 1)).mean() for each in (predicted.values, new)]
    assert off[1] < 0.15 * off[0]


@pytest.mark.parametrize("seed", range(4))
def test_no_held_out_take_gets_worse(seed: int) -> None:
    """Half of a noisy capture is fitted; on the other half no channel's error grows."""
    network, rng = FakeNetwork(seed), np.random.default_rng(200 + seed)
    predicted, features = network.move(Controls())
    noise = 0.08 * smooth(rng, len(NAMES))
    captured = np.clip(predicted.values * rng.uniform(0.8, 1.2, len(NAMES)) + noise, 0, 1)
    half = AnimationTrack(NAMES, captured[: FRAMES // 2], FPS)
    found = fitted(half, network.move, 0.0, "fake", KNOWN)
    new = found.apply(predicted.values, features)
    rest = slice(FRAMES // 2 + 50, None)
    for column in range(len(NAMES)):
        before = np.mean((predicted.values[rest, column] - captured[rest, column]) ** 2)
        assert np.mean((new[rest, column] - captured[rest, column]) ** 2) < 1.02 * before


@pytest.mark.parametrize(
    "told", [{}, {"styles": {"filmed": 0.75}}, {"styles": {"filmed": 0.5, "clear": 0.25}, "intensity": 0.8}]
)
def test_style_and_intensity_are_found(told: dict) -> None:
    network = FakeNetwork(7)
    captured = network.move(Controls.from_json(told))[0]
    found = fitted(captured, network.move, 0.0, "fake", KNOWN)
    assert found.controls.to_json() == told
    assert found.changes_nothing == (not told)


def test_the_shift_in_time_is_found_and_another_take_refused() -> None:
    network, other = FakeNetwork(8), FakeNetwork(9)
    predicted = network.move(Controls())[0]
    late = AnimationTrack(NAMES, predicted.values, FPS, 0.3)
    assert time_offset(late, predicted) == (pytest.approx(0.3), pytest.approx(1.0))
    assert abs(correlation(lip_gap(other.move(Controls())[0]), lip_gap(predicted))) < 0.3
    with pytest.raises(LipsyncError, match="do not match"):
        time_offset(other.move(Controls())[0], predicted)
