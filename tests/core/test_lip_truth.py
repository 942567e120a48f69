"""At p b m the lips of a mesh meet and at f v the lower one reaches the teeth; nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.lip_geometry import find_mouth
from lipsync_addon.core.lip_truth import (
    CLOSED,
    FADE,
    HELD,
    MOST,
    TOUCH,
    LipModel,
    contacts,
    corrected,
    lip_model,
    upper_teeth,
)
from lipsync_addon.core.mesh_shapes import KeyOffsets, MeshShapes
from lipsync_addon.core.track import AnimationTrack
from tests.core.paper_face import paper_face

KEYS = ("open", "pucker", "left", "right", "upper")
FPS = 50.0
NAMES = ("jawOpen", "mouthPucker", "mouthSmileLeft", "mouthSmileRight", "mouthUpperUpLeft")


def said(sounds: str, each: float = 0.2) -> AnimationTrack:
    """A track of channels in which these visemes follow each other, "aa PP aa"."""
    shares = [VISEMES_15.index(f"viseme_{sound}") for sound in sounds.split() for _ in range(round(each * FPS))]
    values = np.zeros((len(shares), len(NAMES) + 15), np.float32)
    values[np.arange(len(shares)), len(NAMES) + np.array(shares)] = 1.0
    return AnimationTrack((*NAMES, *VISEMES_15), values, FPS)


def mapped(values: np.ndarray) -> AnimationTrack:
    return AnimationTrack(tuple(f"shape_key:Face:key {i}" for i in range(1, len(KEYS) + 1)), values, FPS)


def model(
    weights: np.ndarray | None = None, face: MeshShapes | None = None, teeth: float | None = None
) -> LipModel:
    face = face or paper_face(KEYS)
    names = [f"key {i}" for i in range(1, len(KEYS) + 1)]
    moves = [face.keys.get(name) for name in names]
    weights = np.eye(len(KEYS)) if weights is None else weights
    return lip_model(face, find_mouth([face]), moves, [face.reach(name) for name in names], weights, teeth)


def held_open(track: AnimationTrack, opening: float = 0.2) -> AnimationTrack:
    values = np.zeros((len(track.values), len(KEYS)), np.float32)
    values[:, 0] = opening
    return mapped(values)


LOW, HIGH = np.zeros(len(KEYS)), np.ones(len(KEYS))


def test_lips_that_a_style_keeps_open_meet_at_every_closure():
    track = said("aa PP aa PP aa nn PP aa")
    played = held_open(track)
    result, truth = corrected(track, played, model(), LOW, HIGH)
    report = truth.report()
    assert str(report) == "3 of 3 closures seal, 3 corrected." and not report.notices()
    gaps = model().gaps(result.values)
    for contact in contacts(track):
        inside = (track.times >= contact.start) & (track.times < contact.end)
        assert gaps[inside][:, 1:-1].max(1).min() <= CLOSED
    assert model().gaps(played.values)[:, 1:-1].max(1).min() > CLOSED


def test_only_the_surroundings_of_a_closure_change_and_they_do_so_gently():
    track = said("aa aa aa PP aa aa aa")
    played = held_open(track)
    result, _ = corrected(track, played, model(), LOW, HIGH)
    change = np.abs(result.values - played.values).max(1)
    (contact,) = contacts(track)
    far = (track.times < contact.start - FADE) | (track.times > contact.end + FADE)
    assert not change[far].any() and change.max() > 0.1
    assert np.abs(np.diff(result.values, axis=0)).max() < 0.2 * np.pi / 2 / (FADE * FPS) + 1e-3
    assert (change > 0.99 * change.max()).sum() >= round(2 * HELD * FPS) + 1, "a film of 24 frames a second shows it"


def test_what_is_true_already_is_left_alone():
    track = said("aa PP aa")
    played = held_open(track, 0.0)
    result, truth = corrected(track, played, model(), LOW, HIGH)
    report = truth.report()
    assert result is played and str(report) == "1 of 1 closure seals."


@pytest.mark.parametrize("sounds", ["aa ih ou", "sil"])
def test_nothing_is_done_and_said_without_such_sounds(sounds: str):
    track = said(sounds)
    played = held_open(track)
    result, truth = corrected(track, played, model(), LOW, HIGH)
    report = truth.report()
    assert result is played and str(report) == ""


def test_lips_that_nothing_can_close_are_told_and_left_alone():
    face = paper_face(KEYS)
    apart = face.points.copy()
    moved = face.keys["key 1"]
    apart[moved.vertices] += 0.5 * moved.offsets
    face = replace(face, points=apart, keys=face.keys)
    track = said("aa PP aa")
    played = held_open(track, 0.0)
    result, truth = corrected(track, played, model(face=face), LOW, HIGH)
    report = truth.report()
    assert result is played and (report.sealed, report.closures) == (0, 1)
    assert report.notices() == (
        "The lips stay apart at 0.30 s: the character has no shape that closes them there.",
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5), st.sampled_from(("PP", "FF")))
def test_changes_stay_within_their_bounds(values: list[float], sound: str):
    track = said(f"aa {sound} aa")
    played = mapped(np.tile(np.float32(values), (len(track.values), 1)))
    result, truth = corrected(track, played, model(teeth=0.0), LOW, HIGH)
    report = truth.report()
    assert (result.values >= 0).all() and (result.values <= 1).all()
    assert np.abs(result.values - played.values).max() <= MOST + 1e-5
    assert report.sealed <= report.closures and report.reached <= report.bites


def test_targets_that_belong_to_one_channel_go_together():
    weights = np.eye(len(KEYS))
    weights[:, 1] = 0.4 * weights[:, 0]
    track = said("aa PP aa")
    played = held_open(track)
    played = played.with_values(played.values + np.float32((0, 0.08, 0, 0, 0)))
    result, _ = corrected(track, played, model(weights), LOW, HIGH)
    change = result.values - played.values
    np.testing.assert_allclose(change[:, 1], 0.4 * change[:, 0], atol=1e-6)
    assert np.abs(change[:, 0]).max() > 0.1


def test_the_lower_lip_reaches_the_teeth():
    track = said("aa FF aa")
    played = held_open(track, 0.3)
    with_teeth = model(teeth=0.0)
    result, truth = corrected(track, played, with_teeth, LOW, HIGH)
    report = truth.report()
    assert str(report) == "1 of 1 f, v reaches the teeth, 1 corrected."
    assert with_teeth.reach(result.values).min() <= TOUCH < with_teeth.reach(played.values).min()
    assert corrected(track, played, model(), LOW, HIGH)[0] is played, "without teeth nobody can tell"


def test_upper_teeth_are_what_stays_behind_the_lips():
    face = paper_face(KEYS)
    mouth = find_mouth([face])
    upper, lower = (box("Upper", 0.02, 0.2), box("Lower", -0.2, -0.02))
    drop = KeyOffsets(np.arange(8, dtype=np.int32), np.full((8, 3), (0, 0, -0.3), np.float32))
    moved = {"Face": [face.keys["key 1"]], "Lower": [drop]}
    edge = upper_teeth([face, upper, lower], mouth, moved)
    assert edge == pytest.approx((0.02 - mouth.centre[2]) / mouth.width, abs=1e-3)
    assert upper_teeth([face], mouth, moved) is None
    assert upper_teeth([face, lower], mouth, moved) is None


def box(owner: str, low: float, high: float) -> MeshShapes:
    """Teeth: a box behind the lips."""
    points = np.array([(x, y, z) for x in (-0.3, 0.3) for y in (0.1, 0.2) for z in (low, high)], np.float32)
    edges = [(i, j) for i in range(8) for j in range(i) if np.count_nonzero(points[i] != points[j]) == 1]
    # A vertex in the middle, as every row of teeth has.
    points = np.concatenate([points, [(0.0, 0.1, low)]]).astype(np.float32)
    return MeshShapes(owner, points, np.array([*edges, (8, 0)], np.int32), {})
