"""`lipsync speak`: a text as sound and animation, before anybody is recorded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.errors import LipsyncError
from ..core.pipeline import Known, animate
from ..core.timeline_file import save
from ..exporters import EXPORTERS
from ..exporters.arguments import add_format_arguments, frame_rate
from .outputs import checked_outputs, write_curves
from .own_results import check_free, remember
from .performance import (
    add_face_arguments,
    add_style_arguments,
    chosen_controls,
    chosen_face,
    chosen_predictor,
    chosen_style,
)

HELP = "Speak a text: sound and animation to block a scene before the actor is recorded."
EXAMPLES = (
    'lipsync speak "Baby, come back." --voice en-GB --to line.wav --animate line.csv',
    'lipsync speak "Baby, come back." --voice voices/en_US-joe-medium.onnx --to line.wav --animate line.csv',
    'lipsync speak "Komm zurück!" --voice de+f3 --rate 150 --to line.wav --timeline line.phones.json',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The text, the voice and the results."""
    parser.set_defaults(character=None, also=[], engine=None, replaces="")
    add = parser.add_argument
    add("text", metavar="TEXT", help="what to say")
    add(
        "--voice",
        default="",
        metavar="VOICE",
        help="language, e.g. en-GB, hi; with a timbre: en-US+f3; or a Piper voice, FILE.onnx (else guessed)",
    )
    add("--rate", type=int, default=170, help="words a minute, 80 to 450 (default 170)")
    add("--pitch", type=int, default=50, help="0 to 100 (default 50); not of Piper voices")
    add("--to", dest="sound", type=Path, required=True, metavar="FILE.wav", help="the speech")
    add(
        "--animate",
        dest="to",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help=f"animation ({', '.join(EXPORTERS)}); may be repeated",
    )
    add("--timeline", type=Path, metavar="FILE.json", help="save the phonemes with their times")
    add("--fps", type=frame_rate, help="frames per second of the animation (else what the format expects)")
    add("--overwrite", action="store_true", help="replace files that exist")
    add_style_arguments(parser)
    add_face_arguments(parser)
    add_format_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Speaks, and animates what was spoken with its exact phones."""
    from ..speech.sound_file import open_sound, save_sound
    from ..speech.synthesis import PITCHES, RATES, language_of, speak
    from ..speech.transcript import Transcript, reading

    for name, (low, high) in (("rate", RATES), ("pitch", PITCHES)):
        if not low <= getattr(options, name) <= high:
            raise LipsyncError(f"--{name} {getattr(options, name)} is not within {low} to {high}.", "Choose another.")
    if options.sound.suffix.lower() not in (".wav", ".flac", ".ogg"):
        raise LipsyncError(f"{options.sound} has an unknown ending.", "Use .wav, .flac or .ogg.")
    style, face = chosen_style(options), chosen_face(options)
    options.line = options.sound
    for path in filter(None, (options.sound, options.timeline)):
        check_free(path, options.overwrite)
    for path in options.to:
        if path.suffix.lower() not in EXPORTERS:
            raise LipsyncError(f"{path} cannot be made of curves alone.", f"Use one of {', '.join(EXPORTERS)}.")
    _, curves = checked_outputs(options, alone=set(EXPORTERS))
    predictor = chosen_predictor(options) if curves else None
    clip, timeline = speak(options.text, options.voice, rate=options.rate, pitch=options.pitch)
    words = Transcript.of(options.text, language_of(options.voice))
    for notice in reading(words.pronunciation):
        print(f"lipsync: {notice}", file=sys.stderr)
    save_sound(clip, options.sound)
    print(f"{clip.source}, {clip.duration:.2f} s -> {options.sound}")
    if timeline is None:
        print("The voice does not tell its times, so the words are aligned with the sound.")
        predictor = predictor or chosen_predictor(options)
    if predictor:
        sound = open_sound(options.sound, predictor.spec.sample_rate)
        known = Known(timeline) if timeline else words
        performance = animate(sound, predictor, style, face, known, controls=chosen_controls(options))
        timeline = performance.timeline
        if curves:
            print(*write_curves(options, performance, curves), sep="\n")
    if options.timeline:
        save(timeline, options.timeline)
        print(f"{len(timeline.phones)} phonemes -> {options.timeline}")
    remember(filter(None, (options.sound, options.timeline, *curves)))
