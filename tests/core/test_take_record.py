"""What a take remembers of its curves comes back to the bit of single precision, however long it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lipsync_addon.core import take_record
from lipsync_addon.core.kept_bytes import key_of
from lipsync_addon.core.key_curve import BEZIER, CONSTANT, LINEAR, KeyCurve
from lipsync_addon.core.spoken import Heard
from lipsync_addon.core.take_edits import Timing
from lipsync_addon.core.take_record import CurveRecord, Origin, TakeRecord, from_bytes, to_bytes

FRAMES = np.arange(1.0, 301.0)
RNG = np.random.default_rng(5)
TIMING = Timing(1.0, 24.0, (Heard(0.0, 0.5, "m", 0), Heard(0.5, 1.0, "a")), ("ma",))


def plain(kind: int = LINEAR) -> KeyCurve:
    return KeyCurve.plain(FRAMES, RNG.random(300).astype(np.float32), kind)


def record() -> TakeRecord:
    every, other = plain(), plain()
    smooth = KeyCurve.smooth(FRAMES[::9], RNG.random(34), RNG.normal(size=34))
    mixed = KeyCurve(smooth.points, np.where(np.arange(34) % 3, BEZIER, CONSTANT).astype(np.int32), smooth.handles)
    earlier = Timing(20.0, 25.0, TIMING.sounds)
    curves = {
        (1, "jawOpen", 0): CurveRecord(every),
        (2, "jawOpen", 0): CurveRecord(every),  # of another mesh
        (1, "mouthClose", 0): CurveRecord(other, mixed, Origin(every, smooth, earlier)),
        (1, "tongueOut", 0): CurveRecord(plain(CONSTANT)),
    }
    return TakeRecord(TIMING, curves, {(1, "cheekPuff", 0): CurveRecord(smooth)}, hidden=True)


def same(one: KeyCurve | None, other: KeyCurve | None) -> bool:
    if one is None or other is None:
        return one is other
    shaping = slice(1, 2) if one.is_plain else slice(None)  # handles of lines and steps shape nothing
    points = [curve.points[:, shaping].astype(np.float32) for curve in (one, other)]
    numbers = (one.kinds == other.kinds).all() and (one.handles == other.handles).all()
    return bool(numbers and (points[0] == points[1]).all())


@pytest.mark.parametrize("long", [False, True])
def test_all_of_it_comes_back(monkeypatch, long) -> None:
    monkeypatch.setattr(take_record, "LONG", 1 if long else 1_000_000)
    made = record()
    data = to_bytes(made)
    back = from_bytes(data)
    assert back.timing == made.timing and back.hidden and list(back.curves) == list(made.curves)
    for known, found in ((made.curves, back.curves), (made.deleted, back.deleted)):
        for key, each in known.items():
            assert same(each.written, found[key].written) and same(each.result, found[key].result)
            assert (each.origin is None) == (found[key].origin is None)
    origins = [each.curves[(1, "mouthClose", 0)].origin for each in (made, back)]
    assert same(origins[0].written, origins[1].written) and same(origins[0].current, origins[1].current)
    assert origins[1].timing == origins[0].timing
    assert to_bytes(back) == data and key_of(data) != key_of(to_bytes(TakeRecord(TIMING, made.curves)))
    assert len(key_of(data)) == 32


def test_meshes_with_the_same_keys_cost_no_more_than_one() -> None:
    every = plain()
    one, many = (TakeRecord(TIMING, {(n, "a", 0): CurveRecord(every) for n in range(count)}) for count in (1, 20))
    assert len(to_bytes(many)) - len(to_bytes(one)) < 20 * 120  # names and numbers, no keys


def test_a_record_of_the_version_before_is_read() -> None:
    every, smooth = plain(), KeyCurve.smooth(FRAMES[::50], RNG.random(6), np.zeros(6))
    head = {
        "version": 1,
        "curves": [
            {"id": [1, "a", 0], "written": {"n": 300, "kind": LINEAR}, "result": None, "origin": None},
            {"id": [1, "b", 0], "written": {"n": 6, "kinds": BEZIER, "handles": 3}, "result": None, "origin": None},
        ],
        "deleted": [],
        "hidden": False,
        "timings": [{"start": 1.0, "rate": 24.0, "sounds": [], "words": []}],
    }
    text = json.dumps(head).encode()
    arrays = np.concatenate((every.points[:, 1].ravel(), smooth.points.ravel())).astype("<f4")
    back = from_bytes(len(text).to_bytes(4, "little") + text + arrays.tobytes())
    assert same(back.curves[(1, "a", 0)].written, every) and same(back.curves[(1, "b", 0)].written, smooth)
