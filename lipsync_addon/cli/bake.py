"""`lipsync bake`: one voice line to all files that are wanted."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.pipeline import Performance, animate
from ..core.timeline_file import save
from ..core.progress import Progress, no_progress, part
from ..exporters import EXPORTERS
from ..exporters.arguments import add_format_arguments, frame_rate
from ..inference.predictor import Predictor
from ..inference.session import PROVIDERS
from .outputs import CHARACTER_ENDINGS, ENGINES, add_output_arguments, checked_outputs, write_characters, write_curves
from .own_results import remember
from .performance import (
    add_face_arguments,
    add_style_arguments,
    chosen_controls,
    chosen_face,
    chosen_predictor,
    chosen_style,
)
from .progress_line import progress_line
from .words import SUBTITLES, add_words_arguments, chosen_edits, chosen_words

HELP = "Turn one voice line into animation."
EXAMPLES = (
    "lipsync bake line.wav --to line.csv --preset Shouted --lips 1.4",
    "lipsync bake line.wav --to line.csv --to line.json",
    "lipsync bake line.wav --to line.csv --face --head 0.5 --emotion joy=0.4",
    'lipsync bake line.wav --to line.csv --text "Baby, please come back." --timeline line.phones.json',
    "lipsync bake line.wav --to line.anim --path Armature/Face --max-error 0.01",
    "lipsync bake line.wav --to line.csv --format rigmapper --fps 30",
    "lipsync bake line.wav --character hero.blend --to line.fbx --for unreal",
    "lipsync bake hello.wav --also goodbye.wav --character hero.blend --to hero.glb",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The line, the results, the character, and how the face moves."""
    add = parser.add_argument
    add("line", type=Path, metavar="LINE", help="sound file with speech, any rate and number of channels")
    add_output_arguments(parser, (*EXPORTERS, *CHARACTER_ENDINGS))
    add("--character", type=Path, metavar="FILE.blend", help="whose shape keys and jaw to move; needs Blender")
    add(
        "--also",
        type=Path,
        metavar="LINE",
        action="append",
        default=[],
        help="another line as a further take in the same file (.fbx, .glb, .usd, .blend with a character; or --format "
        "gltf-animation, fbx-animation); may be repeated",
    )
    add(
        "--edits-of",
        type=Path,
        nargs=2,
        metavar=("OLD.json", "EDITED.json"),
        help="phonemes of an earlier take, as they were saved and as you changed them: the changes move along by word",
    )
    add(
        "--replaces",
        metavar="TAKE",
        default="",
        help="an earlier take in the character's file: your changes of its curves move along by word",
    )
    add("--quiet", action="store_true", help="print nothing but errors and notices")
    add_motion_arguments(parser)
    add_words_arguments(parser)


def add_motion_arguments(parser: argparse.ArgumentParser) -> None:
    """How the face moves and how that is written: what a line has in common with the others of a batch."""
    add = parser.add_argument
    add("--for", dest="engine", choices=ENGINES, help="write the character's FBX with this engine's units and names")
    add("--fps", type=frame_rate, help="frames per second of the result, e.g. 23.976 (else what the format expects)")
    add_style_arguments(parser)
    add_face_arguments(parser)
    names = ", ".join(provider.name for provider in PROVIDERS)
    add("--provider", metavar="NAME", help=f"run on this hardware ({names}) instead of the first that works")
    add_format_arguments(parser)


def open_sound(path: Path, sample_rate: int) -> Sound:
    """A sound file by libsndfile; in Blender's own program, which comes without, by what Blender has."""
    from ..speech import sound_file

    if sound_file.is_installed():
        return sound_file.open_sound(path, sample_rate)
    from ..blender import sound_import

    return sound_import.open_sound(path, sample_rate)


@dataclass(frozen=True, slots=True)
class Baked:
    """One voice line, done."""

    performance: Performance
    results: tuple[str, ...]
    """What to tell the user of each file."""
    predicted: float
    """time.perf_counter() when the network was done."""


def bake_line(
    options: argparse.Namespace,
    predictor: Predictor,
    progress: Progress = no_progress,
    written: Callable[[list[Path]], None] = lambda paths: None,
) -> Baked:
    """One voice line to all files that --to names. Characters first: they are what most can go wrong with.

    `options`: as add_arguments() makes them. `written` is told of files as soon as they are there. Raises LipsyncError.
    """
    style, face, words = chosen_style(options), chosen_face(options), chosen_words(options)
    characters, curves = checked_outputs(options)
    edits, controls = chosen_edits(options), chosen_controls(options)
    sound = open_sound(options.line, predictor.spec.sample_rate)
    share = 0.2 if characters else 1.0
    performance = animate(
        sound,
        predictor,
        style,
        face,
        words,
        edits=edits,
        controls=controls,
        progress=part(progress, 0.0, share / (1 + len(options.also))),
    )
    _check_words(options, performance)
    also = []
    for place, line in enumerate(options.also, 1):
        begin, end = (share * step / (1 + len(options.also)) for step in (place, place + 1))
        further = open_sound(line, predictor.spec.sample_rate)
        performed = animate(
            further, predictor, style, face, controls=controls, progress=part(progress, begin, end)
        )
        also.append((line, performed))
    predicted = time.perf_counter()
    results = []
    if characters:
        result, notices = write_characters(options, performance, characters, part(progress, share, 1.0), also)
        performance = replace(performance, notices=notices)
        results.append(result)
        written(characters)
    results += write_curves(options, performance, curves, also)
    written(curves)
    if options.timeline and performance.timeline:
        save(performance.timeline, options.timeline)
        written([options.timeline])
        results.append(f"{len(performance.timeline.phones)} phonemes -> {options.timeline}")
    return Baked(performance, tuple(results), predicted)


def _check_words(options: argparse.Namespace, performance: Performance) -> None:
    """Raises LipsyncError where subtitles are wanted and no word is known, before anything is written."""
    shown = [path for path in options.to if path.suffix.lower() in SUBTITLES]
    if shown and not (performance.timeline and performance.timeline.word_spans()):
        why = " ".join(performance.notices)
        raise LipsyncError(f"{shown[0]} shows words, and none are known. {why}", "Mend the text, or leave it out.")


def run(options: argparse.Namespace) -> None:
    """Bakes the line and says what was done."""
    started = time.perf_counter()
    for check in (chosen_style, chosen_face, checked_outputs):  # before the network is opened
        check(options)
    predictor = chosen_predictor(options, options.provider and [options.provider])
    with progress_line(options.quiet) as progress:
        baked = bake_line(options, predictor, progress, remember)
    for notice in baked.performance.notices:
        print(f"lipsync: {notice}", file=sys.stderr)
    if options.quiet:
        return
    track, finished = baked.performance.track, time.perf_counter()
    print(f"{options.line}: {track.duration:.2f} s, {len(track.values)} frames of {len(track.names)} channels")
    print(f"Network {predictor.spec.name} {predictor.spec.version} on {predictor.provider_line}")
    print(*baked.results, sep="\n")
    print(f"Prediction {baked.predicted - started:.2f} s, writing {finished - baked.predicted:.2f} s")
