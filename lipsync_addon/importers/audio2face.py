"""NVIDIA Audio2Face: the JSON of the Omniverse app and `animation_frames.csv` of Audio2Face-3D (layouts:
exporters/audio2face.py).

Names that are not ARKit's (tongue shapes, head) are left out. Audio2Face's mouthClose holds some opening of the jaw; it
is taken as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.track import AnimationTrack
from .tables import checked_rate, evenly, known_columns


def from_json(data: dict[str, Any]) -> AnimationTrack:
    """Raises ValueError, KeyError or TypeError for other data."""
    names, fps = data["facsNames"], checked_rate(float(data["exportFps"]))
    values = np.array(data["weightMat"], np.float64).reshape(-1, len(names))
    columns = known_columns(names)
    return evenly(list(columns), np.arange(len(values)) / fps, values[:, list(columns.values())])


def from_rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> AnimationTrack:
    """Raises ValueError for a table that is not like that."""
    columns = known_columns([name.removeprefix("blendShapes.") for name in head])
    time = head.index("timeCode")
    values = [[float(row[column]) for column in columns.values()] for row in rows]
    return evenly(list(columns), [float(row[time]) for row in rows], np.array(values))
