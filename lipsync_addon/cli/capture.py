"""`lipsync capture`: the motion of a face in a film."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import LipsyncError
from ..core.pipeline import Performance
from ..core.progress import no_progress
from ..exporters import EXPORTERS
from ..exporters.arguments import add_format_arguments, frame_rate, number_within
from .outputs import CHARACTER_ENDINGS, add_output_arguments, checked_outputs, write_characters, write_curves
from .own_results import remember
from .progress_line import progress_line

if TYPE_CHECKING:
    from ..video.capture import Capture

HELP = "Take the motion of a face from a film."
EXAMPLES = (
    "lipsync capture face.mp4 --to take.csv",
    "lipsync capture two.mp4 --face 2 --to right.csv --to right.json",
    "lipsync capture face.mp4 --neutral 0 0.5 --to take.json --smoothing 0.5",
    "lipsync capture face.mp4 --character hero.blend --to take.glb",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The film, the results, which face, and the tracker."""
    add = parser.add_argument
    add("line", type=Path, metavar="FILM", help="film with a face, any size, frame rate and format that ffmpeg knows")
    parser.set_defaults(also=[], engine=None, replaces="")
    add_output_arguments(parser, (*EXPORTERS, *CHARACTER_ENDINGS))
    add("--character", type=Path, metavar="FILE.blend", help="whose shape keys and jaw to move; needs Blender")
    add("--face", type=int, metavar="N", help="the Nth face from the left (else the largest)")
    add("--neutral", type=float, nargs=2, metavar=("FROM", "TO"), help="seconds in which the face is at rest")
    add("--smoothing", type=number_within(0, 4), default=1.0, help="0 as tracked .. 1 (default) .. 4 very soft")
    add("--fps", type=frame_rate, help="frames per second of the result (else what the format expects)")
    add("--quiet", action="store_true", help="print nothing but errors and notices")
    add_tracker_arguments(parser)
    add_format_arguments(parser)


def add_tracker_arguments(parser: argparse.ArgumentParser) -> None:
    """--tracker and --face-model, of every command that looks at pictures."""
    parser.add_argument("--tracker", metavar="MODULE:CLASS", help="another face tracker (else MediaPipe)")
    parser.add_argument("--face-model", type=Path, metavar="FILE.task", help="MediaPipe's face landmarker")


def run(options: argparse.Namespace) -> None:
    """Tracks and solves, then writes all files that --to names."""
    from ..video import check_installed

    check_installed("cv2", *([] if options.tracker else ["mediapipe"]))
    from ..video.capture import capture_film
    from ..video.tracker import open_tracker

    started = time.perf_counter()
    characters, curves = checked_outputs(options)
    with progress_line(options.quiet) as progress, open_tracker(options.tracker, options.face_model) as tracker:
        captures = capture_film(
            options.line, tracker, smoothing=options.smoothing, neutral=options.neutral, progress=progress
        )
    largest = max(range(len(captures)), key=lambda i: float(captures[i].track.channel("quality").sum()))
    number = largest + 1 if options.face is None else options.face
    if not 1 <= number <= len(captures):
        raise LipsyncError(
            f"{options.line} has no face {number}.", f"Faces are counted from the left, here from 1 to {len(captures)}."
        )
    chosen = captures[number - 1]
    if len(captures) > 1 and options.face is None:
        print(
            f"lipsync: {len(captures)} faces; this is number {number} from the left. Others: --face N.", file=sys.stderr
        )
    performance = Performance(chosen.track)
    results, notices = [], ()
    if characters:
        result, notices = write_characters(options, performance, characters, no_progress)
        results.append(result)
    results += write_curves(options, performance, curves)
    remember(options.to)
    for notice in (*notices, *_doubts(chosen)):
        print(f"lipsync: {notice}", file=sys.stderr)
    if not options.quiet:
        track, spent = chosen.track, time.perf_counter() - started
        quality = track.channel("quality").mean()
        print(f"{options.line}: {track.duration:.2f} s at {track.fps:g} frames per second, quality {quality:.2f}")
        print(*results, sep="\n")
        print(f"{spent:.1f} s, {track.duration / spent:.2f} seconds of film per second")


def _doubts(capture: Capture) -> tuple[str, ...]:
    poor = [f"{start:.2f} to {end:.2f} s" for start, end in capture.poor]
    if not poor:
        return ()
    more = f" and {len(poor) - 4} more" if len(poor) > 4 else ""
    return (f"The face is seen badly or not at all at {', '.join(poor[:4])}{more}: check these.",)
