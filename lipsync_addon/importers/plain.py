"""Our own tables: the CSV with a column `time`, and the JSON (layouts: exporters/curves_csv.py, curves_json.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.track import AnimationTrack
from .tables import checked_rate, evenly


def from_rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> AnimationTrack:
    """Every column under its own name. Raises ValueError for a table that is not like that."""
    if head[0] != "time":
        raise ValueError("its first column is not `time`")
    table = np.array([[float(cell) for cell in row] for row in rows]).reshape(len(rows), len(head))
    return evenly(head[1:], table[:, 0], table[:, 1:])


def from_json(data: dict[str, Any]) -> AnimationTrack:
    """Raises ValueError, KeyError or TypeError for other data."""
    if data["format_version"] != 1:
        raise ValueError(f"format_version is {data['format_version']}, this version reads 1")
    names, fps, start = data["names"], checked_rate(float(data["fps"])), float(data["start"])
    values = np.array(data["values"], np.float64).reshape(-1, len(names))
    if not (np.isfinite(values).all() and np.isfinite(start)):
        raise ValueError("it holds values that are not numbers")
    return AnimationTrack(tuple(names), values, fps, start)
