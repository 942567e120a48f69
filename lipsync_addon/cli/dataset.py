"""`lipsync dataset build`: films of people who speak, as data on which model/ trains."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import LipsyncError
from ..core.progress import Progress, part
from ..exporters.arguments import frame_rate
from .capture import add_tracker_arguments
from .progress_line import progress_line
from .words import add_recogniser_arguments, recognised

if TYPE_CHECKING:
    from ..core.pipeline import LineWords
    from ..inference.predictor import Predictor
    from ..speech.text_file import Cue
    from ..video.training_lines import FilmLines
    from ..video.training_source import FilmRecord

HELP = "Make training data of films: cut, followed, checked, labelled, with a datasheet."
EXAMPLES = (
    "lipsync dataset build films/*.mp4 --out data/",
    "lipsync dataset build anna/*.mov ben/*.mov --out data/ --speaker-by-folder --language en-GB --loudness -23",
)
RECIPE = 3
"""Counts up when the same film gives other data."""
TRANSCRIPTS = (".txt", ".srt", ".vtt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The films, the folder, who speaks, and what is done to the sound."""
    add = parser.add_argument
    add("action", choices=["build"], help="what to do")
    add(
        "films",
        type=Path,
        nargs="+",
        metavar="FILM",
        help="its words in a .txt, .srt or .vtt of the same name, if known",
    )
    add("--out", type=Path, required=True, metavar="FOLDER", help="the data; films that are done there are kept")
    speakers = parser.add_mutually_exclusive_group()
    speakers.add_argument("--speaker", default="", metavar="NAME", help="who speaks in all of these films")
    speakers.add_argument("--speaker-by-folder", action="store_true", help="films lie in folders named after speakers")
    add("--language", default="", metavar="TAG", help="of the words, e.g. en-GB (else guessed)")
    add("--transcribe", action="store_true", help="recognise the words without a text (English; others by a model)")
    add_recogniser_arguments(parser)
    add("--fps", type=frame_rate, help="bring all pictures to this rate first, e.g. 25 to track 60 fps in less time")
    add("--loudness", type=float, metavar="LUFS", help="make all equally loud, e.g. -23 (EBU R 128)")
    add("--denoise", action="store_true", help="take steady noise out of the sound")
    add("--quiet", action="store_true", help="print nothing but what is refused")
    add_tracker_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Builds film by film, tells what is refused and why, and joins the source."""
    from ..video import check_installed

    check_installed("cv2", "jiwer", *([] if options.tracker else ["mediapipe"]))
    if options.loudness is not None and not -70 <= options.loudness <= -5:
        raise LipsyncError(f"{options.loudness:g} LUFS is no loudness.", "Give -70 to -5, for example -23.")
    from ..core.training_frames import FRAME_RATE
    from ..inference.predictor import Predictor
    from ..video.training_source import check_folder, write_source

    check_folder(options.out)
    predictor = Predictor.load(options.network)
    if predictor.spec.fps != FRAME_RATE:
        raise LipsyncError(f"Data has {FRAME_RATE:g} frames per second, this network not.", "Choose another network.")
    settings = {
        "network": predictor.spec.fingerprint, "denoise": options.denoise, "loudness": options.loudness,
        "language": options.language, "fps": options.fps, "transcribe": options.transcribe,
        "transcriber": [options.transcriber, str(options.transcriber_model or "")],
        "tracker": options.tracker or "MediaPipe", "recipe": RECIPE,
    }  # fmt: skip
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LipsyncError(f"{options.out} cannot be made: {error.strerror}.", "Choose another folder.") from error
    records: dict[str, FilmRecord] = {}
    with progress_line(options.quiet) as progress:
        for number, film in enumerate(options.films):
            share = part(progress, number / len(options.films), (number + 1) / len(options.films))
            key, record = _record(film, options, predictor, settings, share)
            if key in records:
                same = records[key].facts["film"]
                print(f"lipsync: {film} is the same film as {same}, so it is left out.", file=sys.stderr)
                continue
            records[key] = record
            for notice in record.facts["notices"]:
                print(f"lipsync: {notice}", file=sys.stderr)
            for refusal in record.facts["refused"]:
                where = "" if refusal["start"] is None else f" {refusal['start']:.2f} to {refusal['end']:.2f} s"
                print(f"lipsync: {film}{where} is refused. {refusal['reason']}", file=sys.stderr)
    sheet = write_source(options.out, list(records.values()), predictor.spec.hop, settings)
    if not sheet["lines"]:
        raise LipsyncError("Nothing of these films can train.", f"{options.out / 'datasheet.md'} says why.")
    if not options.quiet:
        taken = sum(bool(film["lines"]) for film in sheet["films"])
        print(f"{taken} of {len(records)} films, {sheet['lines']} lines, {sheet['seconds']:.1f} s -> {options.out}")


def _record(
    film: Path, options: argparse.Namespace, predictor: Predictor, settings: dict, progress: Progress
) -> tuple[str, FilmRecord]:
    """(key, what the film gives), from the folder if the same film was done in the same way."""
    from ..video.tracker import open_tracker
    from ..video.training_lines import SoundTreatment, film_lines
    from ..video.training_source import read_record, record_file, refused_whole, write_record

    speaker = film.resolve().parent.name if options.speaker_by_folder else options.speaker
    text = next((film.with_suffix(end) for end in TRANSCRIPTS if film.with_suffix(end).is_file()), None)
    key = _key(film, text, speaker, settings)
    file = record_file(options.out, key)
    if record := read_record(file):
        return key, record
    with open_tracker(options.tracker, options.face_model) as tracker:
        try:
            found: FilmLines = film_lines(
                film, tracker, predictor, _words(film, text, options), language=options.language,
                treatment=SoundTreatment(options.denoise, options.loudness), fps=options.fps, progress=progress,
            )  # fmt: skip
        except LipsyncError as error:
            found = refused_whole(error.message.replace(str(film), film.name))
    found.language = found.language or options.language
    return key, write_record(file, film.name, speaker, found, predictor.spec.hop)


def _key(film: Path, text: Path | None, speaker: str, settings: dict) -> str:
    """Of the contents and of all that decides what comes of them."""
    digest = hashlib.sha256(repr((speaker, sorted(settings.items()))).encode())
    for path in filter(None, (film, text)):
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digest.update(str(path).encode())  # a refusal by its name
    return digest.hexdigest()[:24]


def _words(film: Path, text: Path | None, options: argparse.Namespace) -> LineWords | list[Cue] | None:
    """What is said: a text, subtitles, what is recognised, or nothing that is known."""
    from ..speech.text_file import read_cues, read_text
    from ..speech.transcript import Transcript

    if text and text.suffix.lower() in (".srt", ".vtt"):
        return read_cues(text)
    if text:
        return Transcript.of(read_text(text), options.language)
    if not options.transcribe:
        return None
    from ..video.media import open_film

    understood = recognised(open_film(film).sound, options)
    return Transcript.of(understood.text, understood.language) if understood.text else None
