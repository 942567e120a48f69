"""Live Link Face CSV, as the iPhone app records it: for Unreal, MotionBuilder and Blender's readers of it.

Layout from real captures (AnimaVR/NeuroSync_Player, livelink/animations): 61 columns after the count, two left-right
pairs in the opposite order of Apple's, ten decimals. Read it by name: other writers use another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..core.channels import ARKIT_52
from ..core.track import AnimationTrack
from .base import ExportOptions

_RIGHT_FIRST = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}

CHANNELS: tuple[str, ...] = tuple(_RIGHT_FIRST.get(name, name) for name in ARKIT_52)
"""The 52 coefficients in the order of the captures."""

ROTATIONS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
"""Of the head and the eyes: always 0 here."""

COLUMNS = tuple(name[0].upper() + name[1:] for name in CHANNELS) + ROTATIONS
ROWS_AT_ONCE = 4096


class LiveLinkCsv:
    """The 52 ARKit coefficients; channels that the track lacks are 0."""

    label = "Live Link Face"
    extension = ".csv"
    usual_fps = 60.0

    def render(self, track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
        """Rows at k / fps on the sound's clock, from 0 to the track's end."""
        fps = options.fps or self.usual_fps
        yield ("Timecode,BlendshapeCount," + ",".join(COLUMNS) + "\n").encode()
        row = "%s," + str(len(COLUMNS)) + ",%.10f" * len(CHANNELS) + ",0.0000000000" * len(ROTATIONS) + "\n"
        count = max(math.ceil((track.start + track.duration) * fps - 1e-6) + 1, 0) if len(track.values) else 0
        for first in range(0, count, ROWS_AT_ONCE):
            frames = np.arange(first, min(first + ROWS_AT_ONCE, count))
            part = AnimationTrack(track.names, track.at(frames / fps), fps).filled(CHANNELS)
            yield "".join(
                row % (timecode(frame, fps), *weights)
                for frame, weights in zip(frames.tolist(), part.values.tolist(), strict=True)
            ).encode()


def timecode(frame: int, fps: float) -> str:
    """HH:MM:SS:FF.mmm of a frame: clock time, then frames since the full second, then thousandths of a frame.

    At a rate like 29.97 a second does not begin on a frame, so thousandths appear; time never drifts from the sound.
    """
    seconds = math.floor(frame / fps + 1e-9)
    thousandths = max(round((frame - seconds * fps) * 1000), 0)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"
