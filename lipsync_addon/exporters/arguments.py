"""Formats and their options on the command line: for every command that writes curves."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path

from ..core.errors import LipsyncError
from . import EXPORTERS, FORMATS, ExportOptions, Format, JawCurve
from .base import TURNING
from .channel_set import ALL, load_set, set_ids


OF_CHARACTERS = (".fbx", ".glb")
"""Endings that mean a whole character to `lipsync bake`, unless --format names a format of curves."""


def add_format_arguments(parser: argparse.ArgumentParser) -> None:
    """--format and the fields of ExportOptions, but for the frame rate, which is not for curves alone."""
    group = parser.add_argument_group("curves", "What a format does with these: lipsync_addon/exporters/README.md")
    add = group.add_argument
    add(
        "--format",
        action="append",
        default=[],
        choices=FORMATS,
        metavar="ID",
        help="write all --to of the format's ending in it; may be repeated; `lipsync formats` lists them",
    )
    add(
        "--names",
        type=set_of_names,
        metavar="SET",
        help=f"under the names of {', '.join(set_ids())}; or of your character: a rig profile or set, .json",
    )
    add("--prefix", default="", metavar="TEXT", help='before every name, e.g. "blendShape1."')
    add(
        "--offset",
        type=number_within(-3600, 3600),
        default=0.0,
        metavar="SECONDS",
        help="later by as much, earlier if below 0",
    )
    add(
        "--max-error",
        type=number_within(0, 1),
        default=0.0,
        metavar="WEIGHT",
        help="leave out keys that matter less, e.g. 0.01",
    )
    add("--clamp", action="store_true", help="cut weights off at 0 and 1 (else what goes beyond, see --limit, is kept)")
    add("--path", default="", metavar="PATH", help="the mesh below the animated object, for Unity, Godot, glTF and FBX")
    add(
        "--jaw",
        type=jaw_curve,
        metavar="PATH:X,Y,Z:X,Y,Z",
        help="Unity, glTF, FBX: turn this bone from rest to open, in degrees",
    )


def chosen_formats(arguments: argparse.Namespace) -> dict[str, Format]:
    """The format of each file ending."""
    return EXPORTERS | {FORMATS[each].extension: FORMATS[each] for each in arguments.format}


def check_used(arguments: argparse.Namespace, written: Iterable[Format]) -> None:
    """Raises LipsyncError for an option that none of the `written` formats uses; characters use none of these."""
    used = {name for each in written for name in ("offset", *each.uses)}
    for name in ("offset", *TURNING):
        if name not in used and getattr(arguments, name) != getattr(ExportOptions(), name):
            users = ", ".join(each.id for each in FORMATS.values() if name in each.uses) or "any format of curves"
            raise LipsyncError(f"--{name.replace('_', '-')} is not used.", f"Leave it out, or write {users}.")


def export_options(arguments: argparse.Namespace, target: Path, sound: Path) -> ExportOptions:
    """What the arguments say, for one file."""
    known = {field.name for field in fields(ExportOptions)}
    options = ExportOptions(**{name: value for name, value in vars(arguments).items() if name in known})
    return replace(options, clip=target.stem, sound=sound.name)


def format_lines() -> list[str]:
    """The list for the user, a line per format."""
    lines = []
    for each in FORMATS.values():
        usual = EXPORTERS[each.extension] is each and each.extension not in OF_CHARACTERS
        how = "" if usual else f"   --format {each.id}"
        lines.append(f"{each.id:20} {each.extension:6} {each.label}{how}")
    return lines


def jaw_curve(text: str) -> JawCurve:
    """ "Armature/Jaw:0,0,90:18,0,90": bone, Euler angles at rest, Euler angles at jawOpen 1."""
    try:
        path, rest, opened = text.rsplit(":", 2)
        (x, y, z), (a, b, c) = (map(float, angles.split(",")) for angles in (rest, opened))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like Armature/Jaw:0,0,90:18,0,90") from error
    if not all(map(math.isfinite, (x, y, z, a, b, c))):
        raise argparse.ArgumentTypeError(f"{text!r} has angles that are not numbers")
    return JawCurve(path, (x, y, z), (a, b, c))


def set_of_names(text: str) -> str:
    """A type for argparse: the id of a set, or the path of one."""
    if text != ALL:
        try:
            load_set(text)
        except LipsyncError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return text


def number_within(low: float, high: float) -> Callable[[str], float]:
    """A type for argparse: a number that is not outside low..high."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not within {low:g} to {high:g}")
        return value

    return number


def frame_rate(text: str) -> float:
    """A type for argparse: frames per second; 23.976 and 29.97 are short for 24 / 1.001 and 30 / 1.001."""
    fps = number_within(1, 1000)(text)
    exact = round(fps) / 1.001
    return exact if abs(fps - exact) < 0.002 else fps
