"""The predictor on the tiny network: seams, contract, cancel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.core.progress import Cancelled
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.inference.session import Session

RATE = 16000


@pytest.fixture(scope="module")
def predictor(tiny_network: Path) -> Predictor:
    return Predictor.load(tiny_network, providers=["CPU"])


def noise(seconds: float, seed: int = 0) -> AudioClip:
    """Loudness that rises and falls: enough for a network that only hears loudness."""
    random = np.random.default_rng(seed)
    steps = int(seconds * RATE)
    loudness = np.interp(np.arange(steps), np.linspace(0, steps, 200), random.uniform(0, 0.5, 200))
    return AudioClip((random.normal(0, 0.3, steps) * loudness).astype(np.float32), RATE, "noise")


class InBlocks:
    """A sound that comes in blocks of odd sizes."""

    def __init__(self, clip: AudioClip, size: int) -> None:
        self.sample_rate, self.duration, self.source = clip.sample_rate, clip.duration, clip.source
        self._clip, self._size = clip, size

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self._clip.samples), self._size):
            yield self._clip.samples[start : start + self._size]


@pytest.mark.parametrize("window_seconds", [0.1, 1.0, 16.0])
def test_windows_leave_no_seam(predictor: Predictor, tiny_network: Path, window_seconds: float) -> None:
    clip = noise(40.123)
    session = Session(tiny_network, ["CPU"])
    whole = Predictor(predictor.spec, session, window_seconds=1000).predict(clip)
    parts = Predictor(predictor.spec, session, window_seconds=window_seconds).predict(InBlocks(clip, 9999))
    assert whole.values[:, :52].std() > 0.05  # otherwise any two would agree
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-5)


def test_frames_are_where_the_sound_is(predictor: Predictor) -> None:
    samples = np.zeros(2 * RATE, np.float32)
    samples[RATE - 100 : RATE + 100] = 1.0
    moving = np.flatnonzero(predictor.predict(AudioClip(samples, RATE), outputs=["arkit"]).values.any(axis=1))
    assert 50 - predictor.spec.right_context <= moving.min() <= 50 <= moving.max() <= 50 + predictor.spec.left_context


@pytest.mark.parametrize("samples, frames", [(1, 1), (319, 1), (320, 2), (16000, 51), (16001, 51)])
def test_number_of_frames(predictor: Predictor, samples: int, frames: int) -> None:
    track = predictor.predict(AudioClip(np.full(samples, 0.1, np.float32), RATE))
    assert track.values.shape == (frames, 67)
    assert (track.names, track.fps, track.start) == (ARKIT_52 + VISEMES_15, 50.0, 0.0)


def test_weights_stay_within_limits(predictor: Predictor) -> None:
    loud = AudioClip(noise(5).samples * 50, RATE)
    weights = predictor.predict(loud, outputs=["arkit"]).values
    assert weights.min() == 0.0 and weights.max() == 1.0


def test_outputs_are_chosen_by_name(predictor: Predictor) -> None:
    clip = noise(1)
    both, visemes = predictor.predict(clip), predictor.predict(clip, outputs=["visemes"])
    assert visemes.names == VISEMES_15
    np.testing.assert_allclose(visemes.values, both.select(VISEMES_15).values, atol=1e-6)


def test_sound_at_another_rate_is_our_mistake(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="44100"):
        predictor.predict(AudioClip(np.zeros(100, np.float32), 44100))


def test_cancel_stops_between_windows(predictor: Predictor, tiny_network: Path) -> None:
    seen: list[float] = []

    def give_up_half_way(fraction: float) -> None:
        seen.append(fraction)
        if fraction >= 0.5:
            raise Cancelled

    short = Predictor(predictor.spec, Session(tiny_network, ["CPU"]), window_seconds=1.0)
    with pytest.raises(Cancelled):
        short.predict(noise(10), progress=give_up_half_way)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(0.5, abs=0.1)


def test_progress_reaches_the_end(predictor: Predictor) -> None:
    seen: list[float] = []
    predictor.predict(noise(40), progress=seen.append)
    assert seen[0] == 0.0 and seen[-1] == 1.0 and len(seen) > 3


def copy_network(source: Path, folder: Path, **changes: object) -> Path:
    network = folder / "copy.onnx"
    network.write_bytes(source.read_bytes())
    spec = ModelSpec.load(source.with_suffix(".json"))
    fields = {name: getattr(spec, name) for name in spec.__dataclass_fields__}
    ModelSpec(**{**fields, **changes}).save(network.with_suffix(".json"))
    return network


def test_damaged_network_is_refused(tiny_network: Path, tmp_path: Path) -> None:
    network = copy_network(tiny_network, tmp_path)
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(LipsyncError, match="copy.onnx is damaged"):
        Predictor.load(network)


def test_network_that_breaks_its_contract_is_refused(tiny_network: Path, tmp_path: Path) -> None:
    network = copy_network(tiny_network, tmp_path, outputs={"arkit": ARKIT_52[:51]})
    with pytest.raises(LipsyncError, match="51 channels"):
        Predictor.load(network)


def test_missing_network_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="Install the add-on again"):
        Predictor.load(tmp_path / "none.onnx")
