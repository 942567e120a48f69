"""What a take keeps of its recording, so that it can be played in another style without the network."""

from __future__ import annotations

import json
from dataclasses import asdict

import bpy

from ..core.face_layers import FaceSettings
from ..core.kept_bytes import key_of
from ..core.keying import KeySettings
from ..core.prediction import Prediction, from_bytes, to_bytes

PREDICTION = "lipsync_prediction"
"""Custom property of our actions: core/prediction.py as bytes."""
PLAYED = "lipsync_played"
"""Custom property of our actions: layers of the face and keys, as JSON."""

_MOST = 4  # predictions that are held as they were read
_known: dict[bytes, Prediction | None] = {}  # by key_of()


def store_prediction(action: bpy.types.Action, prediction: Prediction | None) -> None:
    """Keeps it with the take, in the place of an earlier one."""
    if PREDICTION in action:
        del action[PREDICTION]  # Blender 4.5 and 5.0 write bytes over other bytes up to the first zero only
    if prediction is not None:
        action[PREDICTION] = to_bytes(prediction)


def store_kept(action: bpy.types.Action, prediction: Prediction) -> None:
    """store_prediction() of one that is as_kept() already: it need not be read again for the next edit."""
    store_prediction(action, prediction)
    _hold(key_of(action[PREDICTION]), prediction)


def stored_prediction(action: bpy.types.Action | None) -> Prediction | None:
    """What was kept; None for a take without it: a captured face, or one that an older version baked."""
    data = action.get(PREDICTION) if action else None
    if not isinstance(data, bytes):
        return None
    key = key_of(data)
    if key not in _known:
        _hold(key, from_bytes(data))
    return _known[key]


def store_played(action: bpy.types.Action, face: FaceSettings, keys: KeySettings) -> None:
    """Keeps with the take how it was played and keyed."""
    known = {"face": asdict(face) | {"emotions": dict(face.emotions)}, "keys": asdict(keys)}
    action[PLAYED] = json.dumps(known, default=float)


def stored_played(action: bpy.types.Action | None) -> tuple[FaceSettings, KeySettings]:
    """The reverse; no layers and a key on every frame for a take that an older version baked."""
    data = action.get(PLAYED) if action else None
    if not isinstance(data, str):
        return FaceSettings(), KeySettings()
    known = json.loads(data)
    return FaceSettings(**known["face"]), KeySettings(**known["keys"])


def forget_predictions() -> None:
    """Gives the memory back."""
    _known.clear()


def _hold(key: bytes, prediction: Prediction | None) -> None:
    while len(_known) >= _MOST:
        del _known[next(iter(_known))]
    _known[key] = prediction
