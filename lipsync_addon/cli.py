"""The command `lipsync`: bake a voice line, or say what is installed."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .core.errors import LipsyncError
from .core.face_layers import FaceSettings, emotion_table, with_face
from .core.pipeline import Performance, animate
from .core.presets import LIMITS, find_preset
from .core.progress import Progress, no_progress, part
from .core.prosody import prosody_of
from .core.style import StyleSettings
from .core.writing import check_writable
from .exporters import EXPORTERS, FORMATS, write
from .exporters.arguments import (
    add_format_arguments,
    chosen_formats,
    export_options,
    format_lines,
    frame_rate,
    number_within,
)
from .inference.predictor import Predictor
from .inference.session import PROVIDERS
from .speech.sound_file import open_sound

CHARACTER_ENDINGS = (".fbx", ".glb", ".blend")
"""What needs Blender and a character."""

STYLE_HELP = {
    "intensity": "0 still .. 1 as predicted (default) .. 2 twice as strong",
    "smoothing": "soften over time, e.g. 0.02 (default 0)",
    "jaw": "0 .. 2: how far the jaw moves (default 1)",
    "lips": "0 .. 2: how far the lips round, spread and part (default 1)",
    "closure": "1 .. 2: how firmly closed lips press (default 1)",
    "anticipation": "how much the mouth leads the sound, e.g. 0.03 (default 0)",
    "asymmetry": "-1 .. 1: right or left half of the mouth stronger (default 0)",
}

BAKE_EXAMPLES = (
    "lipsync bake line.wav --to line.csv --preset Shouted --lips 1.4",
    "lipsync bake line.wav --to line.csv --to line.json",
    "lipsync bake line.wav --to line.csv --blinks --brows --emotion joy=0.4",
    "lipsync bake line.wav --to line.anim --path Armature/Face --max-error 0.01",
    "lipsync bake line.wav --to line.csv --format rigmapper --fps 30",
    "lipsync bake line.wav --character hero.blend --to line.fbx",
)
CONVERT_EXAMPLE = "lipsync convert capture.csv --to take.anim --max-error 0.01"
INFO_EXAMPLE = "lipsync info"
FORMATS_EXAMPLE = "lipsync formats"
INSTALL_BLENDER = "Install Blender as a Python package, `pip install bpy==4.5.15` (Python 3.11), or leave out {}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 2 for what the user can put right, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except LipsyncError as error:
        print(f"lipsync: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lipsync: stopped. Nothing half-written is left.", file=sys.stderr)
        return 130
    return 0


def bake(options: argparse.Namespace) -> None:
    """One voice line to all files that --to names. Characters first: they are what most can go wrong with."""
    started = time.perf_counter()
    style, face = _style(options), _face(options)
    characters, curves = _checked_outputs(options)
    predictor = Predictor.load(options.network, providers=options.provider and [options.provider])
    sound = open_sound(options.line, predictor.spec.sample_rate)
    with _progress_line(options.quiet) as progress:
        share = 0.2 if characters else 1.0
        performance = animate(sound, predictor, style, progress=part(progress, 0.0, share))
        if face != FaceSettings(seed=face.seed):
            track = performance.track
            performance = replace(performance, track=with_face(track, prosody_of(sound, track.times), face))
        predicted = time.perf_counter()
        results, notices = [], performance.notices
        if characters:
            result, notices = _write_characters(options, performance, characters, part(progress, share, 1.0))
            results.append(result)
        results += _write_curves(options, performance, curves)
    for notice in notices:
        print(f"lipsync: {notice}", file=sys.stderr)
    if options.quiet:
        return
    track, finished = performance.track, time.perf_counter()
    print(f"{options.line}: {track.duration:.2f} s, {len(track.values)} frames of {len(track.names)} channels")
    print(f"Network {predictor.spec.name} {predictor.spec.version} on {predictor.provider_line}")
    print(*results, sep="\n")
    print(f"Prediction {predicted - started:.2f} s, writing {finished - predicted:.2f} s")


def info(options: argparse.Namespace) -> None:
    """What is installed and what will run."""
    predictor = Predictor.load(options.network)
    spec = predictor.spec
    channels = ", ".join(f"{len(names)} {output}" for output, names in spec.outputs.items())
    formats = [f"{ending} ({exporter.label})" for ending, exporter in EXPORTERS.items()]
    print(f"lipsync   {_version('lipsync') or 'run from its source folder'}")
    print(f"network   {spec.name} {spec.version}, {spec.sample_rate} Hz in, {spec.fps:g} frames per second: {channels}")
    print(f"runs on   {predictor.provider_line}")
    print(f"writes    {', '.join(formats)}; with a character {', '.join(CHARACTER_ENDINGS)}")
    print(f"Blender   {_version('bpy') or 'not in this Python. ' + INSTALL_BLENDER.format('characters')}")


def convert(options: argparse.Namespace) -> None:
    """Curves that are there already to all files that --to names."""
    from .importers import read_curves  # no other command needs it

    for path in options.to:
        if path.suffix.lower() not in EXPORTERS:
            raise LipsyncError(f"{path} cannot be made of curves alone.", f"Use one of {', '.join(EXPORTERS)}.")
    _, outputs = _checked_outputs(options, alone=set(EXPORTERS))
    track = read_curves(options.line)
    results = _write_curves(options, Performance(track), outputs)
    print(f"{options.line}: {track.duration:.2f} s, {len(track.values)} frames of {len(track.names)} channels")
    print(*results, sep="\n")


def formats(options: argparse.Namespace) -> None:
    """What curves can be written as."""
    print(*format_lines(), sep="\n")


def _add_style_arguments(parser: argparse.ArgumentParser) -> None:
    """--preset, and a slider for each number of a style; one that is not given is the preset's."""
    parser.add_argument("--preset", metavar="NAME", help="a named style, e.g. Shouted, or FILE.json")
    for name, text in STYLE_HELP.items():
        unit = "SECONDS" if name in ("smoothing", "anticipation") else None
        flag = "--jaw-gain" if name == "jaw" else f"--{name}"  # --jaw is a bone of Unity's
        limits = number_within(*LIMITS[name])
        parser.add_argument(flag, type=limits, dest=f"style_{name}", metavar=unit or name.upper(), help=text)


def _style(options: argparse.Namespace) -> StyleSettings:
    """The preset's style with the sliders that were given. Raises LipsyncError for an unknown preset."""
    style = find_preset(options.preset).style if options.preset else StyleSettings()
    given = {name: getattr(options, f"style_{name}") for name in STYLE_HELP}
    return replace(style, **{name: value for name, value in given.items() if value is not None})


def _add_face_arguments(parser: argparse.ArgumentParser) -> None:
    """A switch or slider for each layer of the face beside the mouth."""
    add, strength = parser.add_argument, number_within(0, 2)
    add("--blinks", type=strength, nargs="?", const=1.0, default=0.0, help="blink; 1 (16 a minute) .. 2 twice as often")
    add("--brows", type=strength, nargs="?", const=1.0, default=0.0, help="raise the brows on accents; 0 .. 2 how far")
    emotions = ", ".join(emotion_table())
    add("--emotion", metavar="NAME=0..1", action="append", default=[], help=f"{emotions}; may be repeated")
    add("--seed", type=int, default=0, help="another whole number from 0 up gives other blinks (default 0)")


def _face(options: argparse.Namespace) -> FaceSettings:
    """The layers that were asked for. Raises LipsyncError for an unknown emotion or a strength beyond 0..1."""
    emotions = {}
    for text in options.emotion:
        name, _, number = text.partition("=")
        try:
            strength = float(number)
        except ValueError:
            strength = -1.0
        if name not in emotion_table() or not 0 <= strength <= 1:
            known = ", ".join(emotion_table())
            raise LipsyncError(f"--emotion {text} is not an emotion with a strength.", f"joy=0.4, or: {known}.")
        emotions[name] = strength
    if options.seed < 0:
        raise LipsyncError(f"--seed {options.seed} is below 0.", "Give a whole number from 0 up.")
    return FaceSettings(options.blinks, options.brows, emotions, options.seed)


def _checked_outputs(options: argparse.Namespace, alone: Set[str] = frozenset()) -> tuple[list[Path], list[Path]]:
    """The files that need Blender and those that do not. Raises LipsyncError for what cannot work, before work.

    `alone`: endings that mean curves without a character, as those do for which --format names a format of curves.
    """
    alone = alone | {FORMATS[each].extension for each in options.format}
    characters = [p for p in options.to if p.suffix.lower() in CHARACTER_ENDINGS and p.suffix.lower() not in alone]
    curves = [path for path in options.to if path.suffix.lower() in EXPORTERS and path not in characters]
    inputs = [path.resolve() for path in (options.line, options.character) if path]
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
    if characters and not importlib.util.find_spec("bpy"):
        raise LipsyncError(f"{characters[0]} needs Blender.", INSTALL_BLENDER.format("--character"))
    if options.character and not options.character.is_file():
        raise LipsyncError(f"The character {options.character} does not exist.", "Give the path of a .blend file.")
    for path in options.to:
        check_writable(path)
    return characters, curves


def _write_characters(
    options: argparse.Namespace, performance: Performance, outputs: list[Path], progress: Progress
) -> tuple[str, tuple[str, ...]]:
    """Returns what to tell the user, and notices."""
    from .blender.bake_file import bake_character  # imports bpy, half a second

    with _without_chatter():
        report = bake_character(
            options.character, options.line, performance, outputs, fps=options.fps, progress=progress
        )
    return f"{report} -> {', '.join(map(str, outputs))}", report.notices


def _write_curves(options: argparse.Namespace, performance: Performance, outputs: list[Path]) -> list[str]:
    """Returns what to tell the user."""
    done, formats = [], chosen_formats(options)
    for path in outputs:
        exporter = formats[path.suffix.lower()]
        write(performance.track, path, exporter, export_options(options, path, options.line))
        done.append(f"{exporter.label} -> {path}")
    return done


@contextmanager
def _progress_line(quiet: bool) -> Iterator[Progress]:
    """Per cent on the terminal, wiped at the end; nothing in a pipe or where quiet."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    try:
        yield lambda fraction: print(f"\r{fraction:4.0%}", end="", file=sys.stderr, flush=True)
    finally:
        print("\r     \r", end="", file=sys.stderr, flush=True)


@contextmanager
def _without_chatter() -> Iterator[None]:
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


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lipsync",
        description="Recorded speech in, mouth animation out.",
        epilog="Examples:\n  " + "\n  ".join([BAKE_EXAMPLES[0], CONVERT_EXAMPLE, FORMATS_EXAMPLE, INFO_EXAMPLE]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str, *examples: str):
        epilog = "Example:\n  " + "\n  ".join(examples)
        new = commands.add_parser(
            name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        new.set_defaults(run=run)
        new.add_argument("--network", type=Path, metavar="FILE.onnx", help="another network, its .json beside it")
        return new

    bake_parser = command("bake", bake, "Turn one voice line into animation.", *BAKE_EXAMPLES)
    add = bake_parser.add_argument
    endings = ", ".join(dict.fromkeys((*EXPORTERS, *CHARACTER_ENDINGS)))
    add("line", type=Path, metavar="LINE", help="sound file with speech, any rate and number of channels")
    add("--to", type=Path, metavar="FILE", action="append", required=True, help=f"result ({endings}); may be repeated")
    add("--character", type=Path, metavar="FILE.blend", help="whose shape keys and jaw to move; needs Blender")
    add("--fps", type=frame_rate, help="frames per second of the result, e.g. 23.976 (else what the format expects)")
    _add_style_arguments(bake_parser)
    _add_face_arguments(bake_parser)
    names = ", ".join(provider.name for provider in PROVIDERS)
    add("--provider", metavar="NAME", help=f"run on this hardware ({names}) instead of the first that works")
    add("--quiet", action="store_true", help="print nothing but errors and notices")
    add_format_arguments(bake_parser)
    convert_parser = command("convert", convert, "Turn curves of another program into other files.", CONVERT_EXAMPLE)
    convert_parser.set_defaults(character=None)
    add = convert_parser.add_argument
    add("line", type=Path, metavar="CURVES", help="Live Link, Rhubarb or Audio2Face file, or a CSV or JSON of ours")
    add("--to", type=Path, metavar="FILE", action="append", required=True, help=f"result ({', '.join(EXPORTERS)})")
    add("--fps", type=frame_rate, help="frames per second of the result (else what the format expects)")
    add_format_arguments(convert_parser)
    command("formats", formats, "List the formats of curves.", FORMATS_EXAMPLE)
    command("info", info, "Say what is installed, what the network runs on and what can be written.", INFO_EXAMPLE)
    return parser


if __name__ == "__main__":
    sys.exit(main())
