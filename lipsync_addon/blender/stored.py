"""What a take keeps of its recording, so that it can be played in another style without the network."""

from __future__ import annotations

from functools import lru_cache

import bpy

from ..core.prediction import Prediction, from_bytes, to_bytes

PREDICTION = "lipsync_prediction"
"""Custom property of our actions: core/prediction.py as bytes."""

_read = lru_cache(maxsize=4)(from_bytes)


def store_prediction(action: bpy.types.Action, prediction: Prediction | None) -> None:
    """Keeps it with the take, in the place of an earlier one."""
    if PREDICTION in action:
        del action[PREDICTION]  # Blender 4.5 and 5.0 write bytes over other bytes up to the first zero only
    if prediction is not None:
        action[PREDICTION] = to_bytes(prediction)


def stored_prediction(action: bpy.types.Action | None) -> Prediction | None:
    """What was kept; None for a take without it: a captured face, or one that an older version baked."""
    data = action.get(PREDICTION) if action else None
    return _read(data) if isinstance(data, bytes) else None


def forget_predictions() -> None:
    """Gives the memory back."""
    _read.cache_clear()
