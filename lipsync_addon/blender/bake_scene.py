"""bake_scene(): all that is said in the sequencer onto the characters that say it, at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import bpy

from ..core.joining import joined_lines, settled_line
from ..core.pipeline import Performance
from ..core.progress import Progress, no_progress, part
from .bake import BakeReport, BakeSettings, Line, bake_all
from .keyframes import frame_rate
from .voices import Voice

TakePer = Literal["strip", "character"]
"""A take for each strip, laid down in the NLA editor one after another; or one active action for each character,
from its first line to its last."""


def perform_voices(
    voices: Sequence[Voice], perform: Callable[[Voice, Progress], Performance], progress: Progress = no_progress
) -> list[Performance]:
    """`perform` each voice. Touches no bpy. Raises what `perform` raises, Cancelled among it."""
    total = sum(voice.sound.duration for voice in voices) or 1.0
    performances, done = [], 0.0
    for voice in voices:
        share = voice.sound.duration / total
        performances.append(perform(voice, part(progress, done, done + share)))
        done += share
    return performances


def bake_scene(
    scene: bpy.types.Scene,
    voices: Sequence[Voice],
    performances: Sequence[Performance],
    settings: BakeSettings = BakeSettings(),
    per: TakePer = "strip",
) -> list[BakeReport]:
    """Writes the performances of the voices, one for each. `settings.start_frame` is not looked at: strips say where.

    Raises LipsyncError; after any error in any of them the scene is exactly as it was.
    """
    lines = (_lines_of_strips if per == "strip" else _lines_of_characters)(scene, voices, performances)
    return bake_all(scene, lines, replace(settings, as_strip=settings.as_strip or per == "strip"))


def _lines_of_strips(
    scene: bpy.types.Scene, voices: Sequence[Voice], performances: Sequence[Performance]
) -> list[Line]:
    return [
        Line(_objects(scene, voice), settled_line(performance), voice.take, voice.start_frame)
        for voice, performance in zip(voices, performances, strict=True)
    ]


def _lines_of_characters(
    scene: bpy.types.Scene, voices: Sequence[Voice], performances: Sequence[Performance]
) -> list[Line]:
    rate, lines = frame_rate(scene), []
    for objects in dict.fromkeys(voice.objects for voice in voices):
        said = [(v, p) for v, p in zip(voices, performances, strict=True) if v.objects == objects]
        first = min(voice.start_frame for voice, _ in said)
        armature = next((name for name in objects if scene.objects[name].type == "ARMATURE"), objects[0])
        take = f"{scene.name} {armature}"
        whole = joined_lines([((voice.start_frame - first) / rate, performance) for voice, performance in said], take)
        lines.append(Line(_objects(scene, said[0][0]), whole, take, first))
    return lines


def _objects(scene: bpy.types.Scene, voice: Voice) -> tuple[bpy.types.Object, ...]:
    """Those that are still there."""
    return tuple(scene.objects[name] for name in voice.objects if name in scene.objects)
