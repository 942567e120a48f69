"""The command `lipsync`: a module for each of its commands, with HELP, EXAMPLES, add_arguments(parser) and
run(options)."""

from __future__ import annotations

import argparse
import atexit
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from ..core.errors import LipsyncError
from . import adapt, bake, batch, capture, convert, dataset, evaluate, formats, info, rate, speak, video, watch

COMMANDS: tuple[ModuleType, ...] = (
    bake, batch, watch, speak, video, capture, evaluate, rate, adapt, dataset, convert, formats, info,
)  # fmt: skip
"""In the order of the help. What a module needs beside core, it imports when it runs, if that takes long."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 2 for what the user can put right, 130 for Ctrl-C; others
    are the command's own."""
    options = parser().parse_args(arguments)
    options.words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options) or 0
    except LipsyncError as error:
        print(f"lipsync: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lipsync: stopped. Nothing half-written is left.", file=sys.stderr)
        return 130


def command() -> NoReturn:
    """What the installed command runs: `main`, and the end of the process."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # who reads it has enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + 13  # as shells tell SIGPIPE
    if "bpy" in sys.modules:
        # A thread of Blender's sound device can miss that it is to end and then holds the process for ever.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    whole = argparse.ArgumentParser(
        prog="lipsync",
        description="Recorded speech in, mouth animation out.",
        epilog="Examples:\n  " + "\n  ".join(command.EXAMPLES[0] for command in COMMANDS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        new = commands.add_parser(
            command.__name__.rpartition(".")[2],
            help=command.HELP,
            description=command.HELP,
            epilog="Example:\n  " + "\n  ".join(command.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        new.set_defaults(run=command.run)
        new.add_argument("--network", type=Path, metavar="FILE.json", help="another network's description")
        command.add_arguments(new)
    return whole
