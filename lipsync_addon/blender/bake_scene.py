"""bake_scene(): all that is said in the sequencer onto the characters that say it, at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import bpy

from ..core.joining import TakeMover, joined_lines, settled_line
from ..core.pipeline import Performance
from ..core.progress import Progress, no_progress, part
from ..core.timeline_retiming import Edits
from .bake import BakeReport, BakeSettings, Line, bake_all
from .keyframes import frame_rate
from .strip_places import StripPlace
from .voices import Voice

TakePer = Literal["strip", "character"]
"""A take for each strip, laid down in the NLA editor one after another; or one active action for each character,
from its first line to its last."""


@dataclass(frozen=True, slots=True)
class Group:
    """Voices that become one take."""

    take: str
    start_frame: float
    objects: tuple[str, ...]
    """Of the character."""
    lines: tuple[tuple[float, int], ...]
    """(second of the take where it begins, index of the voice)"""
    joined: bool
    """Whether the take is more than the line of one strip."""


def groups_of(scene: bpy.types.Scene, voices: Sequence[Voice], per: TakePer = "strip") -> list[Group]:
    """The takes that the voices make up."""
    if per == "strip":
        return [
            Group(voice.take, voice.start_frame, voice.objects, ((0.0, index),), joined=False)
            for index, voice in enumerate(voices)
        ]
    rate, groups = frame_rate(scene), []
    for objects in dict.fromkeys(voice.objects for voice in voices):
        said = [(voice, index) for index, voice in enumerate(voices) if voice.objects == objects]
        first = min(voice.start_frame for voice, _ in said)
        armature = next((name for name in objects if scene.objects[name].type == "ARMATURE"), objects[0])
        lines = tuple(((voice.start_frame - first) / rate, index) for voice, index in said)
        groups.append(Group(f"{scene.name} {armature}", first, objects, lines, joined=True))
    return groups


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


def perform_groups(
    groups: Sequence[Group],
    performances: Sequence[Performance],
    mover: TakeMover | None = None,
    edits: Sequence[Edits | None] = (),
) -> list[Performance]:
    """One for each take, of those of the voices. Touches no bpy. `mover`, `edits` (one for each take): see
    joined_lines()."""
    return [
        joined_lines([(start, performances[index]) for start, index in group.lines], group.take, mover, own)
        if group.joined
        else settled_line(performances[group.lines[0][1]])
        for group, own in zip(groups, edits or [None] * len(groups), strict=True)
    ]


def bake_scene(
    scene: bpy.types.Scene,
    voices: Sequence[Voice],
    performances: Sequence[Performance],
    settings: BakeSettings = BakeSettings(),
    per: TakePer = "strip",
    mover: TakeMover | None = None,
) -> list[BakeReport]:
    """Writes the performances of the voices, one for each. `settings.start_frame` is not looked at: strips say where.

    `mover`: the Predictor, which makes one motion of the lines of a character where they become one take. Raises
    LipsyncError; after any error in any of them the scene is exactly as it was.
    """
    groups = groups_of(scene, voices, per)
    return bake_groups(scene, groups, perform_groups(groups, performances, mover), voices, settings)


def bake_groups(
    scene: bpy.types.Scene,
    groups: Sequence[Group],
    performances: Sequence[Performance],
    voices: Sequence[Voice],
    settings: BakeSettings = BakeSettings(),
) -> list[BakeReport]:
    """bake_scene() of takes whose performances are ready."""
    lines = [
        Line(_objects(scene, group), performance, group.take, group.start_frame, _places(group, voices))
        for group, performance in zip(groups, performances, strict=True)
    ]
    as_strip = settings.as_strip or not any(group.joined for group in groups)
    return bake_all(scene, lines, replace(settings, as_strip=as_strip))


def _places(group: Group, voices: Sequence[Voice]) -> tuple[StripPlace, ...]:
    return tuple(place for _, index in group.lines if (place := voices[index].place))


def _objects(scene: bpy.types.Scene, group: Group) -> tuple[bpy.types.Object, ...]:
    """Those that are still there."""
    return tuple(scene.objects[name] for name in group.objects if name in scene.objects)
