"""A take's bytes give back what was heard, within the precision that they promise."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from lipsync_addon.core.adaptation import Adaptation
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.prediction import Prediction, as_kept, from_bytes, to_bytes
from lipsync_addon.core.prosody import Prosody
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.timeline_file import to_json
from lipsync_addon.core.track import AnimationTrack

RNG = np.random.default_rng(0)
TRACK = AnimationTrack(("jawOpen", "mouthClose"), RNG.random((60, 2)).astype(np.float32), 50.0)
SAID = PhonemeTimeline((Phone("sil", 0, 0.5, 0.9), Phone("m", 0.5, 1.2, 0.1, 0)), ("m",), "en", "line.wav")


def test_phones_residual_and_timeline_come_back() -> None:
    phones = RNG.dirichlet(np.full(len(PHONES), 0.1), 60).astype(np.float32)
    residual = RNG.uniform(-1, 1, (60, 16)).astype(np.float32)
    kept = as_kept(Prediction(TRACK, SAID, False, "line.wav", hearing=Hearing(phones, 50.0, residual)))
    assert kept.timeline == SAID and kept.source == "line.wav" and kept.doubts == ((0.5, 1.2),)
    np.testing.assert_allclose(kept.hearing.phones, phones, atol=5e-4)
    np.testing.assert_allclose(kept.hearing.residual, residual, atol=5e-4)
    np.testing.assert_allclose(kept.track.values, TRACK.values, atol=1e-5)
    again = as_kept(kept)
    assert (again.track.values == kept.track.values).all() and (again.hearing.phones == kept.hearing.phones).all()


@pytest.mark.parametrize("frames", [60, 256, 700])
def test_as_kept_is_what_comes_back_to_the_bit(frames) -> None:
    phones = RNG.dirichlet(np.full(len(PHONES), 0.1), frames).astype(np.float32)
    residual = RNG.uniform(-1, 1, (frames, 16)).astype(np.float32)
    residual[:5] = 0.0  # not known
    voice = Prosody(RNG.random(frames).astype(np.float32), RNG.random(frames).astype(np.float32))
    track = AnimationTrack(TRACK.names, RNG.random((frames, 2)).astype(np.float32), 50.0)
    third = replace(SAID.phones[1], start=1 / 3, confidence=2 / 7)
    said = replace(SAID, phones=(replace(SAID.phones[0], end=1 / 3), third))
    made = Prediction(track, said, False, "a", voice, hearing=Hearing(phones, 50.0, residual), original=SAID)
    kept, back = as_kept(made), from_bytes(to_bytes(as_kept(made)))
    assert from_bytes(to_bytes(made)).timeline == kept.timeline == back.timeline and kept.original == back.original
    pairs = [(kept.track.values, back.track.values), (kept.hearing.phones, back.hearing.phones)]
    pairs += [(kept.hearing.residual, back.hearing.residual), (kept.prosody.level, back.prosody.level)]
    assert all((one == other).all() and one.dtype == other.dtype for one, other in pairs)
    assert not kept.hearing.residual[:5].any()
    assert (from_bytes(to_bytes(made)).track.values == kept.track.values).all()


def test_what_the_network_was_told_and_the_actor_come_back_bit_for_bit() -> None:
    gain, offset = RNG.random((2, 2)).astype(np.float32)
    weights = RNG.normal(size=(5, 2)).astype(np.float32)
    actor = Adaptation(
        "0123456789abcdef", TRACK.names, gain, offset, weights, {}, Controls({"clear": 0.5}, 1.2), "anna"
    )
    controls = Controls({"filmed": 0.25}, 0.8, {"joy": 0.5})
    kept = from_bytes(to_bytes(Prediction(TRACK, SAID, controls=controls, actor=actor)))
    assert kept.controls.to_json() == controls.to_json()
    assert (kept.actor.name, kept.actor.digest) == ("anna", actor.digest)
    assert kept.sure is None and (kept.actor.weights == weights).all() and kept.timeline == SAID
    np.testing.assert_allclose(kept.track.values, TRACK.values, atol=1e-5)


def test_places_where_phones_or_motion_are_uncertain_are_doubts_but_not_what_a_person_set() -> None:
    phones = tuple(Phone("a", k / 5, (k + 1) / 5, sure) for k, sure in enumerate((0.1, 0.9, 0.9, 1.0, 0.9)))
    sure = np.ones(60, np.float32)
    sure[20:40] = 0.1  # of the phones at 0.4 and 0.6 s
    said = PhonemeTimeline(phones, (), "", "line.wav")
    kept = as_kept(Prediction(TRACK, said, sure=sure))
    np.testing.assert_allclose(kept.sure, sure, atol=0.002)
    assert [pytest.approx(span) for span in kept.doubts] == [(0.0, 0.2), (0.4, 0.6)]


def test_a_take_of_the_version_before_is_read() -> None:
    data, frames = to_bytes(Prediction(TRACK, SAID, sure=np.ones(60, np.float32))), len(TRACK.values)
    phones = RNG.dirichlet(np.full(len(PHONES), 0.1), frames).astype("<f2")
    residual = RNG.uniform(-1, 1, (frames, 16)).astype("<f2")
    heard = np.hstack((phones, residual)).tobytes()
    rows = np.round(TRACK.values * 65535).astype("<u2").tobytes()
    streams = [zlib.compress(each) for each in (heard, rows, np.full(frames, 255, np.uint8).tobytes())]
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size]) | {
        "version": 4,
        "heard": len(PHONES) + 16,
        "streams": list(map(len, streams)),
    }
    del head["digest"]
    text = json.dumps(head).encode()
    kept = from_bytes(len(text).to_bytes(4, "little") + text + b"".join(streams))
    assert kept.timeline == SAID and (kept.hearing.phones == phones).all() and (kept.hearing.residual == residual).all()
    assert (kept.track.values == as_kept(Prediction(TRACK)).track.values).all() and (kept.sure == 1).all()


def test_a_take_of_the_version_before_that_is_read() -> None:
    data = to_bytes(Prediction(TRACK, SAID))
    size = int.from_bytes(data[:4], "little")
    said = to_json(SAID)
    head = json.loads(data[4 : 4 + size]) | {"version": 3, "speech_style": "clear", "timeline": said}
    del head["controls"], head["actor"], head["original"], head["streams"]
    text, body = json.dumps(head).encode(), np.round(TRACK.values * 65535).astype("<u2").tobytes()
    kept = from_bytes(len(text).to_bytes(4, "little") + text + zlib.compress(body))
    assert kept.timeline == SAID
    assert kept.controls.to_json() == {"styles": {"clear": 1.0}} and kept.actor is None
    np.testing.assert_allclose(kept.track.values, TRACK.values, atol=1e-5)


def test_a_line_that_nobody_listened_to_has_no_sounds() -> None:
    kept = from_bytes(to_bytes(Prediction(TRACK)))
    assert (kept.timeline, kept.hearing, kept.sounds, kept.doubts) == (None, None, (), ())
