"""The network that ships, told how to speak: lips that close without emotion close with every one of them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.controls import Controls, names_of
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.inference.network import DEFAULT_NETWORK, Network
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(Network.load(DEFAULT_NETWORK, threads=1))


@pytest.fixture(scope="module")
def clip(shared: Path) -> str:
    """A GRID sentence: "bin blue at f two now"."""
    return "s1_bbaf2n"


@pytest.fixture(scope="module")
def hearing(predictor: Predictor, shared: Path, clip: str) -> Hearing:
    return predictor.hear(open_sound(shared / "bench" / "dev" / "audio" / f"{clip}.flac", predictor.spec.sample_rate))


def test_p_b_m_stay_sealed_under_every_emotion_and_intensity(predictor: Predictor, hearing: Hearing) -> None:
    spec = predictor.spec
    neutral = predictor.move(hearing, outputs=("arkit",))
    sealed = lip_gap(neutral) < SEALED
    bilabial = hearing.phones[:, [spec.outputs["phones"].index(unit) for unit in "pbm"]].sum(axis=1) > 0.5
    closed = sealed & bilabial
    assert closed.sum() >= 5
    for emotion, strength, size in product(names_of(spec.controls, "emotion"), (0.5, 1.0), (0.4, 1.0, 1.6)):
        moved = predictor.move(hearing, outputs=("arkit",), controls=Controls({}, size, {emotion: strength}))
        assert np.abs(moved.values - neutral.values).max() > 0.03, emotion
        assert lip_gap(moved)[closed].max() < SEALED + 1e-4, (emotion, strength, size)
        assert lip_gap(moved)[sealed].max() < SEALED + 1e-4, (emotion, strength, size)


def test_styles_mix(predictor: Predictor, hearing: Hearing) -> None:
    def jaw(**styles: float) -> np.ndarray:
        return predictor.move(hearing, outputs=("arkit",), controls=Controls(styles)).channel("jawOpen")

    filmed, clear, mixed = jaw(filmed=1.0), jaw(clear=1.0), jaw(filmed=0.5, clear=0.5)
    assert np.abs(filmed - clear).mean() > 0.01
    assert np.abs(mixed - (filmed + clear) / 2).mean() < 0.5 * np.abs(filmed - clear).mean()


def test_windows_and_stretches_do_not_change_what_is_told(predictor: Predictor, hearing: Hearing) -> None:
    controls = Controls({"clear": 0.5}, 1.5, {"surprise": np.linspace(0, 1, len(hearing))})
    whole = predictor.move(hearing, controls=controls)
    cut = Predictor(Network.load(DEFAULT_NETWORK, threads=1), window_seconds=0.7).move(hearing, controls=controls)
    np.testing.assert_allclose(cut.values, whole.values, atol=1e-4)
    part = predictor.move(hearing, controls=controls, frames=slice(60, 70))
    first = round(part.start * part.fps)
    np.testing.assert_allclose(part.values, whole.values[first : first + len(part.values)], atol=1e-4)
