"""bake_character(): from a .blend with a character to finished files, without a window. The command line calls it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from ..core.mapping import JawSettings
from ..core.pipeline import Performance
from ..core.progress import Progress, no_progress
from ..core.writing import whole_file
from .actions import TAKE, takes_of
from .bake import BakeReport, BakeSettings, bake
from .mesh_measure import as_in_file
from .rig_scan import find_character
from .scene_export import ENDINGS, write_character
from .take_clips import write_takes

OUTPUTS = (*ENDINGS, ".blend")
"""What bake_character() can write."""


def bake_character(
    character: Path,
    line: Path,
    performance: Performance,
    outputs: Sequence[Path],
    *,
    fps: float | None = None,
    engine: str = "",
    also: Sequence[tuple[Path, Performance]] = (),
    clamp: bool = False,
    jaw: JawSettings = JawSettings(),
    replaces: str = "",
    progress: Progress = no_progress,
) -> BakeReport:
    """Bakes one voice line onto the character of a .blend and writes .blend files and those that scene_export knows.

    `line`: the sound file; the take is named after it, and it is packed into a .blend output. `fps`: frames per
    second of the result; None: the character's own. `engine`: one of scene_export.ENGINES. `also`: further lines, each
    a take of its own in the same files. `clamp`: weights stay within 0..1, whatever goes beyond; else the ranges of
    keys are widened for it in the files. `replaces`: a take in the character's file whose hand edits `line` takes over,
    word by word. Takes start at frame 0. Raises LipsyncError, and then none of the outputs is
    written.
    """
    if wrong := [path.name for path in outputs if path.suffix.lower() not in OUTPUTS]:
        raise LipsyncError(f"{wrong[0]} has an ending that cannot be written.", f"Use one of {', '.join(OUTPUTS)}.")
    open_character(character)
    scene = bpy.context.scene
    if fps is not None:
        scene.render.fps, scene.render.fps_base = frame_rate_parts(fps)
    try:
        with as_in_file(_state(character)):
            objects = find_character(scene)
    except LipsyncError as error:
        raise LipsyncError(f"{Path(character).name}: {error.message}", error.hint) from error
    progress(0.05)
    with_sound = any(path.suffix.lower() == ".blend" for path in outputs)
    settings = BakeSettings(start_frame=0, jaw=jaw, widen_ranges=True)
    if replaces and replaces not in (known := [action[TAKE] for action in takes_of(objects)]):
        there = f"It has {', '.join(map(repr, known))}." if known else "It has none."
        raise LipsyncError(f"{Path(character).name} has no take {replaces!r} to replace.", there)
    limited = _clamped if clamp else lambda each: each
    own = replace(settings, replaces=replaces)
    with as_in_file(_state(character)):
        report = bake(scene, objects, limited(performance), line.stem, own, sound=line if with_sound else None)
        notices = list(report.notices)
        for other, further in also:
            notices += bake(scene, objects, limited(further), other.stem, settings).notices
    scene.frame_start, scene.frame_end = report.first_frame, report.last_frame
    with ExitStack() as files:  # all of them or none
        for index, (path, temporary) in enumerate([(p, files.enter_context(whole_file(p))) for p in outputs]):
            progress(0.1 + 0.9 * index / len(outputs))
            if path.suffix.lower() == ".blend":
                write_packed(temporary)
            elif also:
                notices += write_takes(temporary, scene, objects, engine, clamp=clamp)
            else:
                first, last = report.first_frame, report.last_frame
                notices += write_character(temporary, scene, objects, report.take, first, last, engine, clamp=clamp)
    progress(1.0)
    return replace(report, notices=tuple(dict.fromkeys(notices)))


def _state(path: Path) -> str:
    """Another text once the file was written again."""
    facts = Path(path).stat()
    return f"{Path(path).resolve()}:{facts.st_mtime_ns}:{facts.st_size}"


def _clamped(performance: Performance) -> Performance:
    return replace(performance, track=performance.track.clamped)


def open_character(path: Path) -> None:
    """Opens a .blend without running the scripts in it. Raises LipsyncError if it is missing or no .blend."""
    path = Path(path)
    if not path.is_file():
        raise LipsyncError(f"The character {path} does not exist.", "Give the path of a .blend file.")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise LipsyncError(
            f"{path} is not a Blender file that this Blender ({bpy.app.version_string}) can open.",
            "Give a .blend file, saved by the same or an older Blender.",
        ) from error


def write_packed(path: Path) -> None:
    """Saves a copy of the open file with its sounds inside, so that it can be moved anywhere."""
    for sound in bpy.data.sounds:
        if sound.packed_file is None:
            sound.pack()
    path.unlink(missing_ok=True)  # Blender would keep the empty temporary file as a backup, .blend1
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True)
    except RuntimeError as error:
        raise LipsyncError(f"The .blend file was not written: {error}".rstrip(), "Choose another folder.") from error


def frame_rate_parts(fps: float) -> tuple[int, float]:
    """Blender's (fps, fps_base): 23.976 is 24 / 1.001, as film and video have it. Raises LipsyncError for a rate
    that Blender cannot play."""
    nominal = round(fps)
    if not 1 <= nominal <= 32767:
        raise LipsyncError(f"{fps:g} frames per second is not possible.", "Give a rate such as 24, 25, 29.97 or 60.")
    for base in (1.0, 1.001):
        if abs(nominal / base - fps) < 0.002:
            return nominal, base
    return nominal, nominal / fps
