"""A take's bytes give back what was heard, within the precision that they promise."""

from __future__ import annotations

import numpy as np

from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.prediction import Prediction, as_kept, from_bytes, to_bytes
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
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


def test_a_line_that_nobody_listened_to_has_no_sounds() -> None:
    kept = from_bytes(to_bytes(Prediction(TRACK)))
    assert (kept.timeline, kept.hearing, kept.sounds, kept.doubts) == (None, None, (), ())
