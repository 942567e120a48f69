"""The animator's own changes to a take as a layer: put aside, shown again, or given up for good."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ..core.take_record import CurveRecord, TakeRecord, edits_of
from .actions import our_curves, stored_record
from .keyframes import read_keys
from .take_records import store_record


def edits_hidden(action: bpy.types.Action) -> bool:
    """Whether the take is shown without the animator's changes."""
    record = stored_record(action)
    return record is not None and record.hidden


def edit_count(action: bpy.types.Action) -> int:
    """Curves with changes by hand, curves that were removed among them."""
    record = stored_record(action)
    if record is None:
        return 0
    curves = our_curves(action)
    edited = sum(
        edits_of(known, read_keys(curves[key]), record.timing) is not None
        for key, known in record.curves.items()
        if key in curves
    )
    return edited + sum(key not in curves for key in {**record.curves, **record.deleted})


def hide_edits(action: bpy.types.Action, hidden: bool) -> None:
    """From the next time that the take is written on. What was changed up to now is kept."""
    record, curves = stored_record(action), our_curves(action)
    known = {
        key: replace(each, origin=edits_of(each, read_keys(curves[key]), record.timing)) if key in curves else each
        for key, each in record.curves.items()
    }
    shown = {key: _as_it_is(each, curves[key]) if key in curves else each for key, each in known.items()}
    store_record(action, TakeRecord(record.timing, shown, record.deleted, hidden))


def discard_edits(action: bpy.types.Action) -> None:
    """The next time that the take is written it is as the network wants it; removed curves come back."""
    record, curves = stored_record(action), our_curves(action)
    as_ours = {key: CurveRecord(read_keys(curves[key])) for key in record.curves if key in curves}
    store_record(action, TakeRecord(record.timing, as_ours))


def _as_it_is(record: CurveRecord, curve: bpy.types.FCurve) -> CurveRecord:
    """What the curve shows now is what we know of it, so that nothing is taken for a change twice."""
    return replace(record, result=read_keys(curve)) if record.origin else record
