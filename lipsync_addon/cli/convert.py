"""`lipsync convert`: curves of another program to other files."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..core.errors import LipsyncError
from ..core.pipeline import Performance
from ..exporters import EXPORTERS
from ..exporters.arguments import add_format_arguments, frame_rate
from .outputs import add_output_arguments, checked_outputs, write_curves
from .own_results import remember

HELP = "Turn curves of another program into other files."
EXAMPLES = (
    "lipsync convert capture.csv --to take.anim --max-error 0.01",
    "lipsync convert aligned.TextGrid --to take.csv --to take.srt",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The curves and the results."""
    parser.set_defaults(character=None, engine=None, also=[], replaces="")
    add = parser.add_argument
    add("line", type=Path, metavar="CURVES", help="Live Link, Rhubarb, Audio2Face, TextGrid, or a CSV or JSON of ours")
    add_output_arguments(parser, EXPORTERS)
    add("--fps", type=frame_rate, help="frames per second of the result (else what the format expects)")
    add_format_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Curves that are there already to all files that --to names."""
    from ..importers import read_curves, read_timeline  # no other command needs it

    for path in options.to:
        if path.suffix.lower() not in EXPORTERS:
            raise LipsyncError(f"{path} cannot be made of curves alone.", f"Use one of {', '.join(EXPORTERS)}.")
    _, outputs = checked_outputs(options, alone=set(EXPORTERS))
    track, said = read_curves(options.line), read_timeline(options.line)
    of_words = [path for path in outputs if path.suffix.lower() in (".srt", ".vtt")]
    if of_words and not (said and said.word_spans()):
        raise LipsyncError(
            f"{of_words[0]} shows words, and {options.line} has none.",
            "Convert a TextGrid with words, or bake the sound with --text.",
        )
    results = write_curves(options, Performance(track, timeline=said), outputs)
    remember(outputs)
    print(f"{options.line}: {track.duration:.2f} s, {len(track.values)} frames of {len(track.names)} channels")
    print(*results, sep="\n")
