"""MikuMikuDance motion (.vmd) with morph keys at 30 frames a second.

Layout as read by mmd-parser and written by OpenFaceFX (`export_vmd.py`): 30 bytes "Vocaloid Motion Data 0002", the
model's name in 20 bytes of Shift-JIS, the number of bone keys (none), the number of morph keys, each 15 bytes of name,
a frame and a weight, then four counts of 0 (camera, light, shadow, IK) without which readers refuse the file. Frames
are unsigned, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .base import ExportOptions, curves, named, on_clock

FPS = 30.0
"""MMD has no other."""


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Morph after morph. Raises LipsyncError for a name that does not fit into 15 bytes of Shift-JIS."""
    track = on_clock(named(track, options, "mmd"), FPS, options.offset)
    names = [_bytes(name) for name in track.names]
    morphs = list(curves(track, options.max_error))
    model = options.clip.encode("shift_jis", "replace")[:20]
    yield struct.pack("<30s20sII", b"Vocaloid Motion Data 0002", model, 0, sum(len(each.frames) for each in morphs))
    for name, curve in zip(names, morphs):
        keys = zip(curve.frames.tolist(), curve.values.tolist())
        yield b"".join(struct.pack("<15sIf", name, frame, value) for frame, value in keys)
    yield struct.pack("<4I", 0, 0, 0, 0)


def _bytes(name: str) -> bytes:
    try:
        encoded = name.encode("shift_jis")
    except UnicodeEncodeError as error:
        raise LipsyncError(f"MMD cannot write the morph name {name!r}.", "Use names of Shift-JIS letters.") from error
    if len(encoded) > 15:
        raise LipsyncError(f"The morph name {name!r} is too long for MMD.", "Use names of at most 15 bytes.")
    return encoded
