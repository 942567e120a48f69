"""Azure speech visemes as JSON: the two kinds of event that Microsoft's synthesiser sends, for players built on them.

Layout from Microsoft's guide "Get facial position with viseme". Visemes: a list of {"audioOffset" in ticks of 100 ns,
"visemeId" 0..21}, named as in SpeechSynthesisVisemeEventArgs. Blend shapes: {"FrameIndex", "BlendShapes": rows of 55 at
60 fps}: the 52 ARKit coefficients in Apple's order, then headRoll (radians), leftEyeRoll and rightEyeRoll, 0 here.
Which id stands for which of our visemes: data/mouth_shapes/azure.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..core.channels import ARKIT_52
from ..core.track import AnimationTrack
from .base import ExportOptions, blocks
from .cues import shape_cues

USUAL_FPS = 60.0
TICKS = 10_000_000
"""In a second."""


def visemes(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """One event where each mouth shape begins. Raises LipsyncError without visemes."""
    events = (
        {"audioOffset": round(cue.start * TICKS), "visemeId": int(cue.shape)}
        for cue in shape_cues(track, options, "azure")
    )
    yield ("[\n" + ",\n".join(" " + json.dumps(event) for event in events) + "\n]\n").encode()


def blend_shapes(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """One event with all frames."""
    yield b'{"FrameIndex": 0, "BlendShapes": ['
    separator = "\n"
    for block in blocks(track, options.fps or USUAL_FPS, options.offset):
        for row in block.filled((*ARKIT_52, "headRoll")).values.tolist():
            yield (separator + json.dumps([round(value, 5) for value in row] + [0, 0])).encode()
            separator = ",\n"
    yield b"\n]}\n"
