"""Live Link Face CSV, as the iPhone app records it: for Unreal, MotionBuilder and Blender's readers of it.

Layout from real captures (AnimaVR/NeuroSync_Player, livelink/animations): 61 columns after the count, two left-right
pairs in the opposite order of Apple's, ten decimals. Read it by name: other writers use another order. The columns are
always the 52 ARKit coefficients; channels that the track lacks are 0. The eyes' angles follow from their eyeLook
coefficients as in the captures (0.57 to 0.63 radians at 1). No capture at hand turns the head: that its columns are
radians with the signs of the eyes' is our reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..core.channels import ARKIT_52, HEAD_ANGLES, eye_turns
from ..core.track import AnimationTrack
from .base import ExportOptions, blocks

USUAL_FPS = 60.0

_RIGHT_FIRST = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}

CHANNELS: tuple[str, ...] = tuple(_RIGHT_FIRST.get(name, name) for name in ARKIT_52)
"""The 52 coefficients in the order of the captures."""

ROTATIONS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
"""Radians of the head and the eyes."""

COLUMNS = tuple(name[0].upper() + name[1:] for name in CHANNELS) + ROTATIONS


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Rows at k / fps on the sound's clock, from 0 to the track's end."""
    fps = options.fps or USUAL_FPS
    yield ("Timecode,BlendshapeCount," + ",".join(COLUMNS) + "\n").encode()
    frame = 0
    for block in blocks(track, fps, options.offset):
        values = np.hstack([block.filled(CHANNELS).values, _rotations(block)])
        moves = values.any(axis=0) | np.signbit(values).any(axis=0)
        cells = "".join(",%.10f" if each else f",{0:.10f}" for each in moves)  # half of the face stays at rest
        row = f"%s,{len(COLUMNS)}{cells}\n"
        rows = values[:, moves].tolist()
        yield "".join(row % (timecode(frame + i, fps), *weights) for i, weights in enumerate(rows)).encode()
        frame += len(rows)


def _rotations(track: AnimationTrack) -> NDArray[np.float32]:
    """[T, 9] the columns ROTATIONS; eyes do not roll."""
    head = track.filled(HEAD_ANGLES).values
    columns = [head]
    for side in ("Left", "Right"):
        for turns in (*eye_turns(side), {}):
            weights = np.array(list(turns.values()), np.float32)
            columns.append((track.filled(tuple(turns)).values @ weights)[:, None])
    return np.hstack(columns)


def timecode(frame: int, fps: float) -> str:
    """HH:MM:SS:FF.mmm of a frame: clock time, then frames since the full second, then thousandths of a frame.

    At a rate like 29.97 a second does not begin on a frame, so thousandths appear; time never drifts from the sound.
    """
    seconds = math.floor(frame / fps + 1e-9)
    thousandths = max(round((frame - seconds * fps) * 1000), 0)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"
