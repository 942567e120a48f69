"""What NVIDIA Audio2Face writes, for tools that read it.

JSON: the blend shape export of the Omniverse app, {"exportFps", "trackPath", "numPoses", "numFrames", "facsNames",
"weightMat"}, names in camel case (layout as read and written by OpenFaceFX, `export_a2f.py`). CSV:
`animation_frames.csv` of the Audio2Face-3D client (NVIDIA/Audio2Face-3D-Samples, `a2f_3d/client/service.py`): pandas'
table with an index without a name, `timeCode` in seconds and `blendShapes.JawOpen` in Pascal case.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from ..core.track import AnimationTrack
from .base import ExportOptions, blocks, frame_count, named

USUAL_FPS = 30.0


def weights_json(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A row of weights per frame."""
    track, fps = named(track, options, "arkit"), options.fps or USUAL_FPS
    head = {
        "exportFps": int(fps) if fps == int(fps) else fps,
        "trackPath": options.sound,
        "numPoses": len(track.names),
        "numFrames": frame_count(track, fps, options.offset),
        "facsNames": track.names,
    }
    yield (json.dumps(head)[:-1] + ', "weightMat": [').encode()
    separator = "\n"
    for block in blocks(track, fps, options.offset):
        rows = ",\n".join(json.dumps([round(value, 6) for value in row]) for row in block.values.tolist())
        yield (separator + rows).encode()
        separator = ",\n"
    yield b"\n]}\n"


def frames_csv(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A row per frame."""
    track, fps = named(track, options, "unreal"), options.fps or USUAL_FPS
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(["", "timeCode", *(f"blendShapes.{name}" for name in track.names)])
    yield head.getvalue().encode()
    row, index = "%d,%.6f" + ",%.6f" * len(track.names) + "\n", 0
    for block in blocks(track, fps, options.offset):
        times, rows = block.times.tolist(), block.values.tolist()
        yield "".join(row % (index + i, times[i], *weights) for i, weights in enumerate(rows)).encode()
        index += len(rows)
