"""The predictor on the tiny network: seams, contract, cancel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import AudioClip, CheckedSound
from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.progress import Cancelled
from lipsync_addon.inference.heard import HeardBefore
from lipsync_addon.inference.network import Network
from lipsync_addon.inference.predictor import WINDOW_SECONDS, Predictor

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


@pytest.mark.parametrize("window_seconds", [0.1, 1.0, WINDOW_SECONDS])
def test_windows_leave_no_seam(predictor: Predictor, tiny_network: Path, window_seconds: float) -> None:
    clip = noise(40.123)
    network = Network.load(tiny_network, providers=["CPU"])
    whole = Predictor(network, window_seconds=1000).predict(clip)
    parts = Predictor(network, window_seconds=window_seconds).predict(InBlocks(clip, 9999))
    assert whole.values[:, :52].std() > 0.05  # otherwise any two would agree
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-5)


@pytest.mark.parametrize("told", [0.0, 1.0, 1e9])
def test_a_file_that_lies_about_its_length_is_moved_to_its_end(predictor: Predictor, told: float) -> None:
    clip = noise(3.2)
    liar = InBlocks(clip, 5000)
    liar.duration = told
    np.testing.assert_array_equal(predictor.predict(liar).values, predictor.predict(clip).values)
    np.testing.assert_array_equal(predictor.hear(liar).phones, predictor.hear(clip).phones)


def test_frames_are_where_the_sound_is(predictor: Predictor) -> None:
    samples = np.zeros(2 * RATE, np.float32)
    samples[RATE - 100 : RATE + 100] = 1.0
    moving = np.flatnonzero((predictor.predict(AudioClip(samples, RATE), outputs=["arkit"]).values > 0.01).any(axis=1))
    before, after = (
        sum(getattr(graph, side) for graph in (predictor.spec.hear, predictor.spec.move))
        for side in ("right_context", "left_context")
    )
    assert 50 - before <= moving.min() <= 50 <= moving.max() <= 50 + after


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

    short = Predictor(Network.load(tiny_network, providers=["CPU"]), window_seconds=1.0)
    with pytest.raises(Cancelled):
        short.predict(noise(10), progress=give_up_half_way)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(0.5, abs=0.1)


def test_progress_reaches_the_end(predictor: Predictor) -> None:
    seen: list[float] = []
    predictor.predict(noise(4 * WINDOW_SECONDS), progress=seen.append)
    assert seen[0] == 0.0 and seen[-1] == 1.0 and len(seen) > 3


def copy_network(source: Path, folder: Path, **changes: object) -> Path:
    """The network beside a description in which *hear* is another."""
    spec = ModelSpec.load(source)
    for graph in (spec.hear, spec.move):
        (folder / graph.file).write_bytes((source.parent / graph.file).read_bytes())
    replace(spec, hear=replace(spec.hear, **changes)).save(folder / "copy.json")
    return folder / "copy.json"


def test_damaged_network_is_refused(tiny_network: Path, tmp_path: Path) -> None:
    network = copy_network(tiny_network, tmp_path)
    hear = tmp_path / "tiny.hear.onnx"
    hear.write_bytes(hear.read_bytes()[:-1] + b"\0")
    with pytest.raises(LipsyncError, match="tiny.hear.onnx is damaged"):
        Predictor.load(network)


def test_network_that_breaks_its_contract_is_refused(tiny_network: Path, tmp_path: Path) -> None:
    network = copy_network(tiny_network, tmp_path, outputs={"phones": PHONES[:51]})
    with pytest.raises(LipsyncError, match="51 channels"):
        Predictor.load(network)


def test_missing_network_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="Install the add-on again"):
        Predictor.load(tmp_path / "none.json")


def test_a_graph_alone_is_no_network(tiny_network: Path) -> None:
    with pytest.raises(LipsyncError, match="Give the .json"):
        Predictor.load(tiny_network.with_suffix(".hear.onnx"))


def test_moving_from_what_was_heard_is_predicting(predictor: Predictor) -> None:
    clip = noise(3)
    hearing = predictor.hear(clip)
    np.testing.assert_array_equal(
        hearing.phones.argmax(1), predictor.predict(clip, outputs=["phones"]).values.argmax(1)
    )
    np.testing.assert_allclose(predictor.move(hearing).values, predictor.predict(clip).values, atol=1e-6)


def test_an_edited_stretch_is_made_again_and_nothing_else(predictor: Predictor) -> None:
    hearing = predictor.hear(noise(6))
    before = predictor.move(hearing)
    phones, residual = hearing.phones.copy(), hearing.residual.copy()
    phones[100:110], residual[100:110] = np.eye(len(PHONES))[PHONES.index("p")], 0
    edited = Hearing(phones, hearing.fps, residual)
    stretch = predictor.move(edited, frames=slice(100, 110))
    after = before.pasted(stretch)
    np.testing.assert_allclose(after.values, predictor.move(edited).values, atol=1e-5)
    changed = np.flatnonzero((after.values != before.values).any(1))
    move = predictor.spec.move
    assert 100 - move.right_context <= changed.min() <= changed.max() < 110 + move.left_context


@pytest.mark.parametrize("on_cpu", [True, False])
def test_lines_that_go_through_the_network_together_are_each_line_alone(
    predictor: Predictor, on_cpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Network, "on_cpu", on_cpu)  # a GPU takes longer windows, of few sizes
    clips = [noise(seconds, seed) for seed, seconds in enumerate((0.5, 3.2, 1.7, 9.5, 3.0, WINDOW_SECONDS + 4, 0.02))]
    for clip, hearing in zip(clips, predictor.hear_many(clips), strict=True):
        if clip.duration > WINDOW_SECONDS:
            assert hearing is None
            continue
        alone = predictor.hear(clip)
        np.testing.assert_allclose(hearing.phones, alone.phones, atol=1e-5)
        np.testing.assert_allclose(hearing.residual, alone.residual, atol=1e-5)


def test_a_sound_that_cannot_be_used_leaves_the_lines_beside_it_alone(predictor: Predictor) -> None:
    broken = CheckedSound(AudioClip(np.full(RATE, np.nan, np.float32), RATE, "broken"))
    before, none, after = predictor.hear_many([noise(1), broken, noise(2)])
    assert (len(before), none, len(after)) == (51, None, 101)


def test_a_line_that_was_heard_moves_as_if_it_were_not(predictor: Predictor) -> None:
    clip, measured = noise(2), CheckedSound(noise(2))
    (hearing,) = predictor.hear_many([clip])
    track = HeardBefore(predictor, hearing).predict(measured, outputs=["phones", "arkit"])
    np.testing.assert_allclose(track.values, predictor.predict(clip, outputs=["phones", "arkit"]).values, atol=1e-5)
    assert measured.peak == np.abs(clip.samples).max()


def test_controls_steer_and_unknown_ones_are_refused(predictor: Predictor) -> None:
    clip = noise(1)
    neutral = predictor.predict(clip).values
    assert np.abs(predictor.predict(clip, controls=Controls(emotions={"joy": 1.0})).values - neutral).max() > 0.01
    with pytest.raises(LipsyncError, match="no style 'loud'.*"):
        predictor.predict(clip, controls=Controls({"loud": 1.0}))
    with pytest.raises(LipsyncError, match="no emotion 'rage'"):
        predictor.predict(clip, controls=Controls(emotions={"rage": 1.0}))
