"""Rhubarb Lip Sync's own files, TSV, XML and JSON, for everything that reads them.

Layouts from Rhubarb's exporters (DanielSWolf/rhubarb-lip-sync, `TsvExporter.cpp` and its neighbours): times in
hundredths of a second from 0.00, shapes A to H and X without gaps; TSV ends with X at the end of the recording.
Which shape stands for which viseme: data/mouth_shapes/rhubarb.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.sax.saxutils import escape

from ..core.track import AnimationTrack
from .base import ExportOptions
from .cues import Cue, shape_cues


def tsv(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A line where each shape begins. Raises LipsyncError without visemes."""
    cues = _cues(track, options)
    lines = [f"{cue.start:.2f}\t{cue.shape}\n" for cue in cues]
    yield "".join([*lines, f"{cues[-1].end:.2f}\tX\n"]).encode()


def xml(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """An element per shape. Raises LipsyncError without visemes."""
    cues = _cues(track, options)
    yield f"""<?xml version="1.0" encoding="utf-8"?>
<rhubarbResult>
  <metadata>
    <soundFile>{escape(options.sound)}</soundFile>
    <duration>{cues[-1].end:.2f}</duration>
  </metadata>
  <mouthCues>
""".encode()
    for cue in cues:
        yield f'    <mouthCue start="{cue.start:.2f}" end="{cue.end:.2f}">{cue.shape}</mouthCue>\n'.encode()
    yield b"  </mouthCues>\n</rhubarbResult>\n"


def cues_json(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """An object per shape. Raises LipsyncError without visemes."""
    cues = _cues(track, options)
    sound = json.dumps(options.sound, ensure_ascii=False)
    lines = ",\n".join(f'    {{ "start": {c.start:.2f}, "end": {c.end:.2f}, "value": "{c.shape}" }}' for c in cues)
    head = f'  "metadata": {{\n    "soundFile": {sound},\n    "duration": {cues[-1].end:.2f}\n  }},\n'
    yield f'{{\n{head}  "mouthCues": [\n{lines}\n  ]\n}}\n'.encode()


def _cues(track: AnimationTrack, options: ExportOptions) -> list[Cue]:
    return shape_cues(track, options, "rhubarb")
