"""`lipsync video`: a picture that speaks, or a film whose mouth says another line."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.face_layers import FaceSettings
from ..core.pipeline import Known, LineWords, Performance, animate
from ..core.progress import Progress, part
from ..core.track import AnimationTrack
from ..core.writing import check_writable, whole_file
from ..exporters.arguments import frame_rate, number_within
from .capture import add_tracker_arguments
from .outputs import INSTALL_BLENDER, without_chatter
from .own_results import is_ours, remember
from .performance import (
    add_emotion_arguments,
    add_style_arguments,
    chosen_controls,
    chosen_emotions,
    chosen_predictor,
    chosen_style,
)
from .progress_line import progress_line

HELP = "Let a picture speak, or the mouth of a film say another line."
EXAMPLES = (
    "lipsync video --image face.jpg --audio line.wav --output result.mp4 --quality high --fps 25",
    "lipsync video --video talk.mp4 --audio dub.wav --output dubbed.mp4",
    "lipsync video --character hero.blend --audio line.wav --output result.mp4 --quality low",
    'lipsync video --image face.jpg --text "Your payment is due on Friday." --voice en-IN --output result.mp4',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is seen, what is said, and the film."""
    add = parser.add_argument
    seen = parser.add_mutually_exclusive_group(required=True)
    seen.add_argument("--image", type=Path, metavar="PICTURE", help="a face that looks at the camera")
    seen.add_argument("--video", type=Path, metavar="FILM", help="of somebody whose mouth is to say another line")
    seen.add_argument(
        "--character", type=Path, metavar="FILE.blend", help="rendered by Blender: Workbench, EEVEE, Cycles"
    )
    said = parser.add_mutually_exclusive_group(required=True)
    said.add_argument("--audio", type=Path, metavar="LINE", help="sound file with speech")
    said.add_argument("--text", metavar="WORDS", help="is spoken first, by espeak-ng")
    add("--voice", default="", metavar="TAG", help="with --text: language, e.g. en-IN; with a timbre: en-US+f3")
    add("--output", type=Path, required=True, metavar="FILE.mp4", help="the film")
    add("--quality", choices=("low", "medium", "high"), default="high", help="480, 720, or the picture's own height")
    add("--fps", type=frame_rate, default=25.0, help="frames per second of a picture that speaks (default 25)")
    add("--upscale", type=number_within(1, 8), default=1.0, help="enlarge the picture or film first, 1 .. 8 times")
    add("--face", type=int, metavar="N", help="the Nth face from the left, where there are several")
    add(
        "--blinks", type=number_within(0, 2), default=1.0, help="of a picture: 0 off .. 1 (default) .. 2 twice as often"
    )
    add("--head", type=number_within(0, 2), default=0.6, help="of a picture: how far the head moves, 0 .. 2")
    add("--gpu", choices=("true", "false"), default="true", help="false: run the network on the CPU")
    add("--no-mark", action="store_true", help="leave out the metadata that says that the film is synthetic")
    add("--overwrite", action="store_true", help="replace a file that exists")
    add("--quiet", action="store_true", help="print nothing but errors and notices")
    add_style_arguments(parser)
    add_emotion_arguments(parser)
    add_tracker_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Hears the line, moves the face and writes the film."""
    from ..video import check_installed

    check_installed(*([] if options.character else ["cv2"] if options.tracker else ["cv2", "mediapipe"]))
    from ..speech.sound_file import open_sound

    if options.output.suffix.lower() not in (".mp4", ".mov"):
        raise LipsyncError(f"{options.output} has an unknown ending.", "Use .mp4 or .mov.")
    if options.output.resolve() in {
        path.resolve() for path in (options.image, options.video, options.character, options.audio) if path
    }:
        raise LipsyncError(f"{options.output} would overwrite its own source.", "Choose another name.")
    check_writable(options.output, options.overwrite or is_ours(options.output))
    started = time.perf_counter()
    style = chosen_style(options)
    face = FaceSettings() if options.video else FaceSettings(blinks=options.blinks, brows=0.6, head=options.head)
    face = replace(face, emotions=chosen_emotions(options))
    predictor = chosen_predictor(options, ["CPU"] if options.gpu == "false" else None)
    with progress_line(options.quiet) as progress, _line(options) as (line, words):
        sound = open_sound(line, predictor.spec.sample_rate)
        told, shown = chosen_controls(options), part(progress, 0.0, 0.1)
        track = animate(sound, predictor, style, face, words, controls=told, progress=shown).track
        if options.character:
            done, fps = _rendered(options, line, track, part(progress, 0.1, 1.0)), options.fps
        else:
            done, fps = _moved(options, line, track, part(progress, 0.1, 1.0))
    remember([options.output])
    if options.video and done / fps < track.duration - 0.1:
        print(f"lipsync: {options.video} is shorter than the line: the film ends with it.", file=sys.stderr)
    if not options.quiet:
        spent = time.perf_counter() - started
        marked = "" if options.no_mark else ', marked "synthetic"'
        print(f"{done} pictures, {done / fps:.2f} s{marked} -> {options.output}")
        print(f"{spent:.1f} s, {done / fps / spent:.2f} seconds of film per second")


def _moved(options: argparse.Namespace, line: Path, track: AnimationTrack, progress: Progress) -> tuple[int, float]:
    """Writes the picture or film with its mouth moved; (number of pictures, frames per second)."""
    from ..video.talking import QUALITIES, write_film

    quality = QUALITIES[options.quality]
    with _pictures(options, track, quality.height, part(progress, 0.0, 0.3)) as (pictures, fps, count):
        with whole_file(options.output) as temporary:
            done = write_film(
                pictures, temporary, fps, line, quality, count=count, mark=not options.no_mark,
                progress=part(progress, 0.3, 1.0),
            )  # fmt: skip
    return done, fps


def _rendered(options: argparse.Namespace, line: Path, track: AnimationTrack, progress: Progress) -> int:
    """Bakes onto the character, lets Blender render it, and marks the film; the number of pictures."""
    if not importlib.util.find_spec("bpy"):
        raise LipsyncError(f"{options.character} needs Blender.", INSTALL_BLENDER.format("--character"))
    if not options.character.is_file():
        raise LipsyncError(f"The character {options.character} does not exist.", "Give the path of a .blend file.")
    from ..blender.bake_file import bake_character
    from ..blender.film import render_film
    from ..video.marking import marked_copy

    with tempfile.TemporaryDirectory() as folder, whole_file(options.output) as target:
        blend, film = Path(folder) / "spoken.blend", Path(folder) / "film.mp4"
        with without_chatter():
            bake_character(options.character, line.resolve(), Performance(track), [blend], fps=options.fps)
            frames = render_film(blend, film, options.quality, progress=progress)
        marked_copy(film, target, mark=not options.no_mark)
    return frames


@contextmanager
def _line(options: argparse.Namespace) -> Iterator[tuple[Path, LineWords | None]]:
    """The sound that is heard, and its phones where they are known."""
    if options.audio:
        yield options.audio, None
        return
    from ..speech.sound_file import save_sound
    from ..speech.synthesis import language_of, speak
    from ..speech.transcript import Transcript

    with tempfile.TemporaryDirectory() as folder:
        clip, timeline = speak(options.text, options.voice)
        path = Path(folder) / "line.wav"
        save_sound(clip, path)
        yield path, Known(timeline) if timeline else Transcript.of(options.text, language_of(options.voice))


@contextmanager
def _pictures(
    options: argparse.Namespace, track: AnimationTrack, height: int, progress: Progress
) -> Iterator[tuple[Iterator[NDArray[np.uint8]], float, int]]:
    """(pictures, frames per second, about how many)"""
    from ..video.media import open_film
    from ..video.talking import fitted, one_face, read_picture, resynced, speaking_picture
    from ..video.tracker import open_tracker

    with open_tracker(options.tracker, options.face_model) as tracker:
        if options.image:
            whole = read_picture(options.image)
            whole = fitted(whole, round(whole.shape[0] * options.upscale), options.upscale)
            points = one_face(whole, tracker, options.face, options.image, options.upscale)
            picture = fitted(whole, height)
            points = points * (picture.shape[0] / whole.shape[0])
            track = track.resampled(options.fps)
            yield speaking_picture(picture, points, track), options.fps, len(track.values)
        else:
            film = open_film(options.video)
            films = resynced(
                film, tracker, track, options.face, height=height, upscale=options.upscale, progress=progress
            )
            yield films, film.fps, max(round(min(film.duration, track.duration) * film.fps), 1)
