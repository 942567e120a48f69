"""The files that --to names: checked before any work, written after it."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..core.errors import LipsyncError
from ..core.pipeline import Performance
from ..core.progress import Progress
from ..exporters import EXPORTERS, FORMATS, write
from ..exporters.arguments import check_used, chosen_formats, export_options
from .own_results import check_free

CHARACTER_ENDINGS = (".fbx", ".glb", ".usd", ".usda", ".usdc", ".abc", ".blend")
"""What needs Blender and a character."""
SEVERAL = (".fbx", ".glb", ".usd", ".usda", ".usdc", ".blend")
"""What holds several takes."""
ENGINES = ("unity", "unreal")
"""Whose needs an FBX can meet; as blender/scene_export, which this must not import without need."""
INSTALL_BLENDER = "Install Blender as a Python package, `pip install bpy==4.5.15` (Python 3.11), or leave out {}."


def add_output_arguments(parser: argparse.ArgumentParser, endings: Iterable[str]) -> None:
    """--to and --overwrite, for every command that writes files of these endings."""
    known = ", ".join(dict.fromkeys(endings))
    add = parser.add_argument
    add("--to", type=Path, metavar="FILE", action="append", required=True, help=f"result ({known}); may be repeated")
    add(
        "--overwrite",
        action="store_true",
        help="replace files that exist; without it only results of ours are replaced that nobody changed since",
    )


def checked_outputs(options: argparse.Namespace, alone: Set[str] = frozenset()) -> tuple[list[Path], list[Path]]:
    """As sorted_outputs(). Raises LipsyncError for a place that cannot be written as well."""
    found = sorted_outputs(options, alone)
    for path in options.to:
        check_free(path, options.overwrite)
    return found


def sorted_outputs(options: argparse.Namespace, alone: Set[str] = frozenset()) -> tuple[list[Path], list[Path]]:
    """The files that need Blender and those that do not. Raises LipsyncError for what cannot work, before work.

    `alone`: endings that mean curves without a character, as those do for which --format names a format of curves.
    """
    alone = alone | {FORMATS[each].extension for each in options.format}
    characters = [p for p in options.to if p.suffix.lower() in CHARACTER_ENDINGS and p.suffix.lower() not in alone]
    curves = [path for path in options.to if path.suffix.lower() in EXPORTERS and path not in characters]
    inputs = [path.resolve() for path in (options.line, options.character, *options.also) if path]
    for path in options.to:
        if path not in characters and path not in curves:
            known = ", ".join(dict.fromkeys((*EXPORTERS, *CHARACTER_ENDINGS)))
            raise LipsyncError(f"{path} has an unknown ending.", f"Use one of {known}.")
        if path.resolve() in inputs:
            raise LipsyncError(f"{path} would be overwritten by its own result.", "Choose another name after --to.")
    for chosen in (FORMATS[each] for each in options.format):
        if chosen.extension not in {path.suffix.lower() for path in curves}:
            raise LipsyncError(f"--format {chosen.id} is not used.", f"Add --to with a file named *{chosen.extension}.")
    if len({path.resolve() for path in options.to}) < len(options.to):
        raise LipsyncError("The same file stands twice after --to.", "Name each file once.")
    if characters and not options.character:
        ending = characters[0].suffix.lower()
        curves_alone = f", or --format {EXPORTERS[ending].id} for a file without one" if ending in EXPORTERS else ""
        raise LipsyncError(f"{characters[0]} needs a character.", f"Add --character FILE.blend{curves_alone}.")
    if options.character and not characters:
        raise LipsyncError(
            f"The character {options.character} is not used by these files.",
            f"Add --to with {', '.join(CHARACTER_ENDINGS)}, or leave out --character.",
        )
    _check_takes(options, characters)
    check_used(options, (chosen_formats(options)[path.suffix.lower()] for path in curves))
    if characters and not importlib.util.find_spec("bpy"):
        raise LipsyncError(f"{characters[0]} needs Blender.", INSTALL_BLENDER.format("--character"))
    if options.character and not os.path.isfile(options.character):
        raise LipsyncError(f"The character {options.character} does not exist.", "Give the path of a .blend file.")
    return characters, curves


def _check_takes(options: argparse.Namespace, characters: list[Path]) -> None:
    """What --also and --for ask of the files."""
    if options.also and (
        single := [path for path in options.to if not _holds_several(options, path, path in characters)]
    ):
        known, alone = ", ".join(SEVERAL), " or ".join(each.id for each in FORMATS.values() if each.several)
        raise LipsyncError(
            f"{single[0]} holds one line only.",
            f"With --also give --character and {known} after --to, or --format {alone}.",
        )
    if len({path.stem for path in (options.line, *options.also)}) <= len(options.also):
        raise LipsyncError("Two lines have the same name, and takes are named after them.", "Rename one of the files.")
    if options.replaces and not characters:
        raise LipsyncError("--replaces is not used: no character is written.", "Add --character and --to with .blend.")
    if options.engine and ".fbx" not in {path.suffix.lower() for path in characters}:
        raise LipsyncError(f"--for {options.engine} is not used.", "Add --character and --to with a file named *.fbx.")


def _holds_several(options: argparse.Namespace, path: Path, of_character: bool) -> bool:
    ending = path.suffix.lower()
    return ending in SEVERAL if of_character else chosen_formats(options)[ending].several


def write_characters(
    options: argparse.Namespace,
    performance: Performance,
    outputs: list[Path],
    progress: Progress,
    also: Sequence[tuple[Path, Performance]] = (),
) -> tuple[str, tuple[str, ...]]:
    """`also`: further lines for the same files. Returns what to tell the user, and notices."""
    from ..blender.bake_file import bake_character  # imports bpy, half a second

    with without_chatter():
        report = bake_character(
            options.character,
            options.line,
            performance,
            outputs,
            fps=options.fps,
            engine=options.engine or "",
            clamp=options.clamp,
            also=also,
            replaces=options.replaces,
            progress=progress,
        )
    return f"{report} -> {', '.join(map(str, outputs))}", report.notices


def write_curves(
    options: argparse.Namespace,
    performance: Performance,
    outputs: list[Path],
    also: Sequence[tuple[Path, Performance]] = (),
) -> list[str]:
    """`also`: further lines for the same files. Returns what to tell the user."""
    done, formats = [], chosen_formats(options)
    others = tuple((line.stem, further.track) for line, further in also)
    for path in outputs:
        exporter = formats[path.suffix.lower()]
        chosen = replace(export_options(options, path, options.line), said=performance.timeline, others=others)
        chosen = replace(chosen, clip=options.line.stem) if others else chosen
        write(performance.track, path, exporter, chosen)
        done.append(f"{exporter.label} -> {path}")
    return done


@contextmanager
def without_chatter() -> Iterator[None]:
    """Keeps Blender's own remarks ("Read blend: ...") off standard output; its errors come as exceptions."""
    sys.stdout.flush()
    terminal, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(terminal, 1)
        os.close(terminal)
        os.close(nowhere)
