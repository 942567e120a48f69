"""The words of a line and its phoneme track, as options of every command that animates."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.pipeline import Known, LineWords
from ..core.timeline_retiming import Edits
from .own_results import check_free

if TYPE_CHECKING:
    from ..speech.transcriber import Transcribed

TABLES = (".csv", ".tsv", ".jsonl", ".xlsx")
SUBTITLES = (".srt", ".vtt")
PHONEMES = (".json", ".textgrid")
"""Endings of files that are not read as text."""


def add_words_arguments(parser: argparse.ArgumentParser) -> None:
    """The text or the phonemes that are known, and where to save the phonemes."""
    group = parser.add_argument_group("words", "What is said, so that every p, b and m closes: docs/words.md")
    one = group.add_mutually_exclusive_group()
    one.add_argument("--text", metavar="WORDS", help="what is said in the line")
    one.add_argument(
        "--text-file", type=Path, metavar="FILE", help=".txt, .srt, .vtt, .fountain, or a table with a row for the line"
    )
    one.add_argument("--transcribe", action="store_true", help="recognise the words: English, others by a model")
    one.add_argument(
        "--timeline-in", type=Path, metavar="FILE", help="phonemes: of --timeline, a .TextGrid, or Rhubarb's"
    )
    add_recogniser_arguments(group)
    group.add_argument("--language", metavar="TAG", default="", help="of the text, e.g. hi or en-IN (else guessed)")
    group.add_argument("--timeline", type=Path, metavar="FILE.json", help="save the phonemes with their times")


def add_recogniser_arguments(group: argparse._ActionsContainer) -> None:
    """What recognises words for --transcribe."""
    group.add_argument(
        "--transcriber",
        choices=("pocketsphinx", "faster-whisper", "vosk"),
        default="",
        help="what recognises them (else pocketsphinx, or what the model is for); pip install it",
    )
    group.add_argument(
        "--transcriber-model",
        type=Path,
        metavar="FOLDER",
        help="model of faster-whisper or Vosk that you have; nothing is downloaded",
    )


def chosen_words(options: argparse.Namespace) -> LineWords | None:
    """What the options say is said in the line. Raises LipsyncError for what cannot be read or said."""
    if options.timeline:
        check_free(options.timeline, options.overwrite)
        if options.timeline.suffix.lower() != ".json":
            raise LipsyncError(f"{options.timeline} is no name for phonemes.", "Give it the ending .json.")
    if options.timeline_in:
        from ..importers import read_phonemes

        return Known(read_phonemes(options.timeline_in))
    if options.transcribe:
        return _transcribed(options)
    if options.transcriber or options.transcriber_model:
        raise LipsyncError("A recogniser was chosen, but nothing is to be recognised.", "Add --transcribe.")
    if options.text is None and options.text_file is None:
        if options.language:
            raise LipsyncError("A language is given, but no text.", "Add --text, --text-file or --transcribe.")
        if of_words := [path for path in options.to if path.suffix.lower() in SUBTITLES]:
            raise LipsyncError(f"{of_words[0]} shows words, and none are given.", "Add --text or --text-file.")
        of_phones = options.timeline or any(path.suffix.lower() == ".textgrid" for path in options.to)
        return Known() if of_phones else None
    from ..speech.text_file import read_text  # no line without words needs these
    from ..speech.transcript import line_words

    text, language = options.text, options.language
    if text is None and options.text_file.suffix.lower() in PHONEMES:
        raise LipsyncError(f"{options.text_file} is no text.", "If it holds phonemes, give it by --timeline-in.")
    if text is None and options.text_file.suffix.lower() in TABLES:
        text, of_table = _of_table(options.text_file, options.line)
        language = language or of_table
    elif text is None:
        text = read_text(options.text_file)
    return line_words(text, language)


def chosen_edits(options: argparse.Namespace) -> Edits | None:
    """The edits of an earlier take that are to move along. Raises LipsyncError for what cannot be read."""
    from ..importers import read_phonemes

    return Edits(*map(read_phonemes, options.edits_of)) if options.edits_of else None


def _transcribed(options: argparse.Namespace) -> LineWords:
    """The words that are recognised in the line, which the user is told."""
    from ..speech.sound_file import open_sound
    from ..speech.transcript import Transcript

    line = options.line
    understood = recognised(lambda rate: open_sound(line, rate), options)
    if not understood.text:
        return Known(notices=("no words were recognised, so what is heard is used.",))
    print(f"{line}: recognised: {understood.text}")
    return Transcript.of(understood.text, understood.language)


def recognised(opened: Callable[[int], Sound], options: argparse.Namespace) -> Transcribed:
    """The words in the sound that `opened` gives at a rate in Hz, as the options choose."""
    from ..speech.languages import reader_of
    from ..speech.transcriber import SAMPLE_RATE, transcribe

    return transcribe(
        opened(SAMPLE_RATE),
        recogniser=options.transcriber,
        model=options.transcriber_model,
        language=reader_of(options.language).language if options.language else "",
    )


def _of_table(path: Path, line: Path) -> tuple[str, str]:
    """(text, language) of the row whose sound or id is the line, with or without folder and ending."""
    from ..batch.table import spoken_lines

    if said := spoken_lines(path, {line.stem}).get(line.stem):
        return said
    raise LipsyncError(f"{path} has no text for {line.name}.", f"Add a row with {line.name} and its text.")
