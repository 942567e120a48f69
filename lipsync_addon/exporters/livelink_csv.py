"""Live Link Face CSV, as the iPhone app records it: for Unreal, MotionBuilder and Blender's readers of it.

Layout from real captures (AnimaVR/NeuroSync_Player, livelink/animations): 61 columns after the count, two left-right
pairs in the opposite order of Apple's, ten decimals. Read it by name: other writers use another order. The columns are
always the 52 ARKit coefficients; channels that the track lacks are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..core.channels import ARKIT_52
from ..core.track import AnimationTrack
from .base import ExportOptions, blocks

USUAL_FPS = 60.0

_RIGHT_FIRST = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}

CHANNELS: tuple[str, ...] = tuple(_RIGHT_FIRST.get(name, name) for name in ARKIT_52)
"""The 52 coefficients in the order of the captures."""

ROTATIONS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
"""Of the head and the eyes: always 0 here."""

COLUMNS = tuple(name[0].upper() + name[1:] for name in CHANNELS) + ROTATIONS


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Rows at k / fps on the sound's clock, from 0 to the track's end."""
    fps = options.fps or USUAL_FPS
    yield ("Timecode,BlendshapeCount," + ",".join(COLUMNS) + "\n").encode()
    row = "%s," + str(len(COLUMNS)) + ",%.10f" * len(CHANNELS) + ",0.0000000000" * len(ROTATIONS) + "\n"
    frame = 0
    for block in blocks(track, fps, options.offset):
        rows = block.filled(CHANNELS).values.tolist()
        yield "".join(row % (timecode(frame + i, fps), *weights) for i, weights in enumerate(rows)).encode()
        frame += len(rows)


def timecode(frame: int, fps: float) -> str:
    """HH:MM:SS:FF.mmm of a frame: clock time, then frames since the full second, then thousandths of a frame.

    At a rate like 29.97 a second does not begin on a frame, so thousandths appear; time never drifts from the sound.
    """
    seconds = math.floor(frame / fps + 1e-9)
    thousandths = max(round((frame - seconds * fps) * 1000), 0)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"
