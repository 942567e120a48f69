"""A line that is heard piece by piece moves the mouth almost as a line that is known as a whole."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.network import LIVE_NETWORK, Network
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.inference.stream import Stream

RATE = 16000


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load()


@pytest.fixture(scope="module")
def speech(shared: Path) -> np.ndarray:
    with tarfile.open(sorted((shared / "data" / "speech" / "jfk_en").glob("*.tar"))[0]) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        return soundfile.read(io.BytesIO(file.read()), dtype="float32")[0][: 8 * RATE]


def streamed(stream: Stream, samples: np.ndarray, size: int) -> AnimationTrack:
    stream.reset()
    pieces = [stream.push(samples[start : start + size]) for start in range(0, len(samples), size)]
    given = [piece for piece in pieces if len(piece.values)]
    for one, other in zip(given, given[1:]):
        assert other.start == pytest.approx(one.start + len(one.values) / one.fps)
    return AnimationTrack(stream.channels, np.concatenate([piece.values for piece in given]), given[0].fps)


def test_it_follows_the_whole_line_closely_and_the_lips_close(predictor: Predictor, speech: np.ndarray) -> None:
    stream = Stream.load(providers=["CPU"])
    live, whole = streamed(stream, speech, 320), predictor.predict(AudioClip(speech, RATE))
    assert stream.look_ahead <= 0.11
    assert len(whole.values) - len(live.values) <= round(stream.look_ahead * whole.fps) + 1
    known = whole.with_values(whole.values[: len(live.values)])
    assert np.corrcoef(lip_gap(live), lip_gap(known))[0, 1] > 0.9
    assert np.corrcoef(live.channel("mouthFunnel"), known.channel("mouthFunnel"))[0, 1] > 0.8
    closed = (lip_gap(known) < SEALED) & (known.channel("viseme_PP") + known.channel("viseme_FF") > 0.5)
    assert closed.sum() > 8 and (lip_gap(live)[closed] < SEALED).mean() > 0.8


def test_pieces_of_any_size_give_the_same(speech: np.ndarray) -> None:
    stream = Stream.load(providers=["CPU"])
    reference = streamed(stream, speech[: 2 * RATE], 320)
    for size in (111, 160):
        np.testing.assert_allclose(streamed(stream, speech[: 2 * RATE], size).values, reference.values, atol=1e-5)
    whole = Predictor.load(LIVE_NETWORK, providers=["CPU"]).predict(AudioClip(speech[: 2 * RATE], RATE)).values
    np.testing.assert_allclose(reference.values, whole[: len(reference.values)], atol=1e-5)
    rest = stream.finish().values
    np.testing.assert_allclose(rest, whole[-len(rest) :], atol=1e-5)


@pytest.mark.parametrize("controls", [Controls(intensity=1.4), Controls({"clear": 1.0}, 0.7, {"joy": 0.8})], ids=str)
def test_what_it_is_told_moves_it_as_the_whole_line(speech: np.ndarray, controls: Controls) -> None:
    network = Network.load(LIVE_NETWORK, providers=["CPU"])
    stream, plain = Stream(network, controls=controls), Stream(network)
    live = streamed(stream, speech[: 2 * RATE], 320).values
    whole = Predictor(network).predict(AudioClip(speech[: 2 * RATE], RATE), controls=controls).values
    np.testing.assert_allclose(np.concatenate([live, stream.finish().values]), whole, atol=1e-5)
    assert stream.look_ahead == pytest.approx(plain.look_ahead + 0.08)
    later = len(streamed(plain, speech[: 2 * RATE], 320).values) - len(live)
    assert later == 4, "the closures that a frame has to know of"


def test_memory_does_not_grow(speech: np.ndarray) -> None:
    stream = Stream.load(providers=["CPU"])
    for start in range(0, len(speech) - 1600, 1600):
        stream.push(speech[start : start + 1600])
        assert len(stream._sound._held) < 2 * RATE and len(stream._heard._held) < 100
