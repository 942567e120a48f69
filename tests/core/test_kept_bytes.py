"""What a take keeps comes back, however little it is."""

from __future__ import annotations

from lipsync_addon.core.take_edits import Timing
from lipsync_addon.core.take_record import TakeRecord, from_bytes, to_bytes


def test_a_take_without_curves_comes_back() -> None:
    record = from_bytes(to_bytes(TakeRecord(Timing(1.0, 25.0))))
    assert record is not None and record.timing == Timing(1.0, 25.0) and not record.curves
