"""The 15 visemes of every frame as Oculus LipSync keeps them, for `JsonUtility.FromJsonOverwrite` in Unity.

Layout: the fields of `OVRLipSyncSequence` (entries, length in seconds) and `OVRLipSync.Frame` (frameNumber, frameDelay
in ms, Visemes, laughterScore) in the Oculus LipSync Unity integration. Its GetFrameAtTime takes entry floor(count *
time / length).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..core.channels import VISEMES_15
from ..core.track import AnimationTrack
from .base import ExportOptions, blocks, frame_count
from .cues import check_visemes


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """One entry per line, at the track's own rate unless another is asked for. Raises LipsyncError without visemes."""
    check_visemes(track)
    track, fps = track.select(VISEMES_15), options.fps or track.fps
    yield f'{{"length": {frame_count(track, fps, options.offset) / fps:.6f}, "entries": ['.encode()
    separator, frame = "\n", 0
    for block in blocks(track, fps, options.offset):
        for row in block.values.tolist():
            weights = [round(value, 5) for value in row]
            entry = {"frameNumber": frame, "frameDelay": 0, "Visemes": weights, "laughterScore": 0.0}
            yield (separator + json.dumps(entry)).encode()
            separator, frame = ",\n", frame + 1
    yield b"\n]}\n"
