"""`lipsync evaluate`: how well a mouth fits its sound."""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.progress import Progress, part
from ..core.writing import check_writable, whole_file
from ..inference.predictor import Predictor
from .capture import add_tracker_arguments
from .outputs import INSTALL_BLENDER, without_chatter
from .own_results import is_ours, remember
from .performance import named_actor
from .progress_line import progress_line
from .words import add_words_arguments, chosen_words

if TYPE_CHECKING:
    from ..video.agreement import SeenMouth

HELP = "Judge how well lips and sound of a film, or of curves and a sound, belong together."
EXAMPLES = (
    "lipsync evaluate --video final.mp4 --to report.html --to report.json",
    'lipsync evaluate --video final.mp4 --text "Baby, come back." --to report.html',
    "lipsync evaluate --track curves.csv --sound line.wav --to report.json",
    "lipsync evaluate --character spoken.blend --to report.html",
)
ENDINGS = (".html", ".json")
VERDICTS = {
    "together": "sound and mouth belong together",
    "uncertain": "whether sound and mouth belong together is uncertain",
    "apart": "sound and mouth do not belong together",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is seen, what is heard, what is said, and the reports."""
    add = parser.add_argument
    seen = parser.add_mutually_exclusive_group(required=True)
    seen.add_argument("--video", type=Path, metavar="FILM", help="film of one who speaks")
    seen.add_argument("--track", type=Path, metavar="CURVES", help="ARKit curves, as `lipsync convert` reads them")
    seen.add_argument("--character", type=Path, metavar="FILE.blend", help="a character that speaks; needs Blender")
    add(
        "--sound",
        type=Path,
        metavar="LINE",
        help="what is heard, from frame 0 of a .blend on (else its or the film's own)",
    )
    add("--actor", metavar="NAME", help="whose mouth it is, made with `lipsync adapt`, or FILE.json")
    add("--face", type=int, metavar="N", help="the Nth face from the left (else the largest)")
    add("--to", type=Path, metavar="FILE", action="append", default=[], help="report, .html or .json; may be repeated")
    add("--overwrite", action="store_true", help="replace files that exist")
    add("--quiet", action="store_true", help="print the score alone")
    add_tracker_arguments(parser)
    add_words_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Tracks or reads the mouth, hears the sound, prints the measures and writes the reports."""
    from ..video import check_installed

    film_packages = ["cv2", *([] if options.tracker else ["mediapipe"])] if options.video else []
    pages = [path for path in options.to if path.suffix.lower() == ".html"]
    check_installed("jiwer", *(["jinja2", "matplotlib", "cv2"] if pages else []), *film_packages)
    from ..video.evaluation import Heard, evaluate

    for path in options.to:
        if path.suffix.lower() not in ENDINGS:
            raise LipsyncError(f"{path} has an unknown ending.", "Use .html or .json.")
        check_writable(path, options.overwrite or is_ours(path))
    if options.track and not options.sound:
        raise LipsyncError(f"{options.track} has no sound of its own.", "Add --sound with the line.")
    options.line = options.sound or options.video or options.character
    started = time.perf_counter()
    words = chosen_words(options)
    actor = named_actor(options.actor) if options.actor else None
    predictor = Predictor.load(options.network)
    predictor = predictor.adapted(actor) if actor else predictor
    with progress_line(options.quiet) as progress:
        mouth, sound, thumbnails = _seen(options, predictor.spec.sample_rate, part(progress, 0.0, 0.9))
        found = evaluate(mouth, Heard.of(sound, predictor, words, part(progress, 0.9, 1.0)))
    name = (options.video or options.track or options.character).name
    for path in options.to:
        with whole_file(path) as temporary:
            if path.suffix.lower() == ".json":
                text = json.dumps({"file": name, **found.summary()}, indent=2)
            else:
                from ..video.report import page

                text = page(name, found, thumbnails)
            temporary.write_text(text, encoding="utf-8")
    remember(options.to)
    if options.quiet:
        print(f"{found.score:.0f}")
        return
    length = float(mouth.times[-1] - mouth.times[0])
    fit = found.agreement
    print(f"{name}: {found.score:.0f} of 100; {VERDICTS[found.verdict]} (likelihood {fit.likelihood:.2f})")
    print(f"Mouth {fit.offset * 1000:+.0f} ms after the sound, confidence {fit.confidence:.2f}")
    print(f"Opening r {fit.r_opening:.2f} while speaking, {fit.r_unshifted:.2f} unshifted; ", end="")
    print(f"speed r {fit.r_speed:.2f}, width r {fit.r_width:.2f}")
    if found.closure_hits is not None:
        print(f"p, b, m: {found.closure_hits:.2f} of {found.bilabials} shut (by chance {found.closure_chance:.2f})")
    print(
        f"Mouth shapes agree by {found.viseme_agreement:.2f}, tremble {found.tremble:.2f}, rest {found.rest_motion:.2f}"
    )
    print(f"{length / (time.perf_counter() - started):.1f} seconds per second")


def _seen(
    options: argparse.Namespace, rate: int, progress: Progress
) -> tuple[SeenMouth, Sound, list[tuple[str, str]]]:
    """The mouth, the sound at `rate`, and small pictures of a film as (seconds, data URI)."""
    from ..speech.sound_file import open_sound
    from ..video.agreement import SeenMouth

    if options.character:
        return (*_of_character(options, rate, progress), [])
    if options.track:
        from ..importers import read_curves

        return SeenMouth.of_track(read_curves(options.track)), open_sound(options.sound, rate), []
    from ..video.media import open_film

    mouth, thumbnails = _filmed(options, progress)
    sound = open_sound(options.sound, rate) if options.sound else open_film(options.video).sound(rate)
    return mouth, sound, thumbnails


def _of_character(options: argparse.Namespace, rate: int, progress: Progress) -> tuple[SeenMouth, Sound]:
    """The mouth of a .blend's character, and the sound in its sequencer unless another is given."""
    if not importlib.util.find_spec("bpy"):
        raise LipsyncError(f"{options.character} needs Blender.", INSTALL_BLENDER.format("--character"))
    from ..blender.mouth_motion import film_of_character
    from ..video.agreement import SeenMouth

    with without_chatter():
        motion, sound = film_of_character(options.character, options.sound, rate, progress)
    return SeenMouth(motion.times, motion.opening, motion.width), sound


def _filmed(options: argparse.Namespace, progress: Progress) -> tuple[SeenMouth, list[tuple[str, str]]]:
    """The chosen face's mouth, and small pictures as (seconds, data URI)."""
    from ..video.following import follow_faces
    from ..video.media import open_film
    from ..video.report import Thumbnails
    from ..video.tracker import open_tracker

    thumbnails = Thumbnails()
    with open_tracker(options.tracker, options.face_model) as tracker:
        followed = follow_faces(open_film(options.video), tracker, progress=progress, watch=thumbnails)
    face = followed.chosen(options.face, str(options.video))
    return face.mouth(followed.times), thumbnails.uris(followed.times)
