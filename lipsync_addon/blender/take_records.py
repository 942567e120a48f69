"""What the add-on remembers of a take, as a custom property of its action, under the names that its curves have now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.kept_bytes import key_of
from ..core.take_record import CurveId, CurveRecord, TakeRecord, from_bytes, to_bytes

RECORD = "lipsync_record"
"""Custom property of our actions: core/take_record.py as bytes."""

_records: dict[bytes, TakeRecord | None] = {}  # the latest by key_of(): a slider reads what it wrote, again and again


def record_as_stored(action: bpy.types.Action) -> TakeRecord | None:
    """Under the names that its curves had when it was last asked for."""
    data = action.get(RECORD)
    if not isinstance(data, bytes):
        return None
    key = key_of(data)
    return _records[key] if key in _records else _kept(key, from_bytes(data))


def store_record(action: bpy.types.Action, record: TakeRecord) -> None:
    """The reverse."""
    if RECORD in action:
        del action[RECORD]  # Blender 4.5 and 5.0 write bytes over other bytes up to the first zero only
    data = to_bytes(record)
    action[RECORD] = data
    _kept(key_of(data), record)


def forget_records() -> None:
    """Gives the memory back."""
    _records.clear()


def record_of(action: bpy.types.Action, ours: Mapping[CurveId, bpy.types.FCurve]) -> TakeRecord | None:
    """record_as_stored() under the names that these curves of ours have now."""
    known = record_as_stored(action)
    record = known and _renamed(known, ours)
    return record if record is known else _kept(key_of(action[RECORD]), record)


def _renamed(record: TakeRecord, ours: Mapping[CurveId, bpy.types.FCurve]) -> TakeRecord:
    """Blender gives curves new paths when a shape key or a bone gets another name: the record follows them. Which was
    which is told by the keys that nobody touched."""
    new = [key for key in ours if key not in record.curves and key not in record.deleted]
    if not new:
        return record
    curves = dict(record.curves)
    gone = {key: _places(_known_keys(curves[key])) for key in curves if key not in ours}
    for key in new:
        there = _places(_keys_of(ours[key]))
        likes = {old: np.isin(was, there).mean() for old, was in gone.items() if (old[0], old[2]) == (key[0], key[2])}
        if likes and likes[best := max(likes, key=likes.get)] > 0.5:
            curves[key] = curves.pop(best)
            del gone[best]
    return record if curves.keys() == record.curves.keys() else replace(record, curves=curves)


def _known_keys(curve: CurveRecord) -> NDArray[np.floating]:
    """[N, 2] frame and height of the keys that we wrote last."""
    keys = curve.result or curve.written
    return np.stack((keys.frames, keys.values), 1)


def _keys_of(curve: bpy.types.FCurve) -> NDArray[np.floating]:
    """[N, 2] of those that are there."""
    found = np.empty((len(curve.keyframe_points), 2), np.float32)
    curve.keyframe_points.foreach_get("co", found.ravel())
    return found


def _places(keys: NDArray[np.floating]) -> NDArray[np.uint64]:
    """[N] the same keys, each as one number, to be looked up."""
    return np.ascontiguousarray(keys, np.float32).view(np.uint64).ravel()


def _kept(key: bytes, record: TakeRecord | None) -> TakeRecord | None:
    if key not in _records and len(_records) > 1:
        del _records[next(iter(_records))]
    _records[key] = record
    return record
