"""Keys of every kind show what the mapped track does at p, b, m, f, v, or say which of them they do not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_addon.core.key_truth import ROUNDING, frames_of, shown
from lipsync_addon.core.keying import KEY_MODES, KeySettings, keyed
from lipsync_addon.core.lip_truth import Contact, LipTruth
from lipsync_addon.core.track import AnimationTrack
from tests.core.test_lip_truth import KEYS, mapped, model

LIPS = cache(lambda: model(teeth=TEETH))
TEETH = -0.02
"""Height of their edge in mouth widths: the lower lip passes it as the mouth opens."""


def played(spans: list[tuple[float, float, bool]], seconds: float = 4.0) -> tuple[AnimationTrack, LipTruth]:
    """A mouth that is open, but closed, or half closed at the teeth, in the middle 10 ms of these spans."""
    times = np.arange(round(seconds * 100) + 1) / 100
    values = np.zeros((len(times), len(KEYS)), np.float32)
    values[:, 0] = 0.4
    middles = [round((start + end) * 50) for start, end, _ in spans]
    values[middles, 0] = 0.0
    track = AnimationTrack(mapped(values).names, values, 100.0)
    found = tuple(Contact(*span) for span in spans)
    every = np.ones(len(spans), bool)
    return track, LipTruth(LIPS(), found, times[middles], every, ~every)


def drawn(track: AnimationTrack, truth: LipTruth, mode: str, rate: float) -> tuple[np.ndarray, np.ndarray, list]:
    frames = np.arange(np.ceil(track.duration * rate - 1e-6) + 1)
    curves, met = keyed(track, np.ones(len(KEYS)), frames, frames / rate, [], KeySettings(mode), truth=truth)
    return frames, met, curves


@pytest.mark.parametrize("mode", KEY_MODES)
@pytest.mark.parametrize("rate", [24.0, 30000 / 1001])
@given(at=st.lists(st.integers(20, 370), min_size=1, max_size=8), lips=st.booleans(), width=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_every_contact_has_its_frame_where_there_are_enough(mode, rate, at, lips, width):
    apart = 100 * (4.5 if mode in ("twos", "stepped") else 2.2) / rate + 2 * width
    chosen = [a for a, before in zip(sorted(at), [-99, *sorted(at)]) if a - before > apart]
    spans = [((a - width) / 100, (a + width) / 100, lips ^ bool(index % 2)) for index, a in enumerate(chosen)]
    track, truth = played(spans)
    frames, met, curves = drawn(track, truth, mode, rate)
    assert met.all()
    values = np.stack([curve.at(frames) for curve in curves], axis=1)
    for contact in truth.contacts:
        near = np.abs(frames / rate - (contact.start + contact.end) / 2) <= (2 if mode == "twos" else 1) / rate + 0.051
        assert truth.missed(values[near], contact.lips).min() <= ROUNDING


@pytest.mark.parametrize("mode", KEY_MODES)
def test_contacts_that_no_frame_is_left_for_are_said(mode):
    track, truth = played([(1.0, 1.02, True), (2.0, 2.02, True)])
    lost = LipTruth(truth.model, truth.contacts, np.array([1.01, 2.9]), truth.met, truth.mended)  # open by then
    _, met, _ = drawn(track, lost, mode, 24.0)
    assert met.tolist() == [True, False]
    report = truth.report(met)
    assert (report.sealed, report.closures, report.lost_at) == (1, 2, (2.01,))
    assert "2.01 s: the keys have no frame left" in report.notices()[0]


def test_frames_of_a_contact_are_those_within_it_or_the_poses_around_it():
    times = np.arange(20) / 10
    assert frames_of(Contact(0.42, 0.78, True), 0.7, times, 1).tolist() == [7, 6, 5]
    assert frames_of(Contact(0.52, 0.58, True), 0.55, times, 1).tolist() in ([5, 6], [6, 5])
    assert sorted(frames_of(Contact(0.42, 0.58, True), 0.5, times, 2).tolist()) == [4, 5, 6]
    assert sorted(frames_of(Contact(0.38, 0.58, True), 0.5, times, 2).tolist()) == [4, 5]
    assert frames_of(Contact(5.0, 6.0, True), 5.5, times, 1).tolist() == [19]


def test_nothing_to_show_is_shown():
    track, truth = played([])
    assert len(shown(truth, np.arange(5) / 24, 1, lambda at: track.values[at].astype(float))) == 0
