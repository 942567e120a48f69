"""`lipsync watch`: bakes what appears or changes in a folder, for a recording session."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.errors import LipsyncError
from . import batch

HELP = "Bake recordings as they appear or change in a folder, until Ctrl-C."
EXAMPLES = ('lipsync watch recordings --out build --to "{id}.csv"',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder, and what `lipsync batch` knows."""
    parser.set_defaults(only=[], again=False, delete_removed=False)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where recordings appear")
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between looks (default 1)")
    batch.add_run_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """A batch of the folder after every change. What lies there still growing waits."""
    from ..batch.lock import Busy
    from ..batch.plan import Choice
    from ..batch.watch import look, settled

    if not options.folder.is_dir():
        raise LipsyncError(f"{options.folder} is no folder.", "Give the folder in which recordings appear.")
    if options.out.absolute().is_relative_to(options.folder.absolute()):
        raise LipsyncError(f"{options.out} lies in the folder that is watched.", "Choose another --out.")
    options.lines = [str(options.folder)]
    if not (options.quiet or options.machine_readable):
        print(f"Watching {options.folder}. Ctrl-C ends.", flush=True)
    begun, waiting = False, ""
    with batch.stoppable() as stop, batch.executor(options) as executor:
        looks = settled(lambda: look(options.folder), lambda: stop.wait(options.interval), lambda: bool(waiting))
        for growing in looks:
            choice = Choice(growing=frozenset(str(path.absolute()) for path in growing), languages=options.languages)
            try:
                if batch.bake_all(options, choice, executor, stop) == batch.STOPPED:
                    return batch.STOPPED
                begun, waiting = True, ""
            except LipsyncError as error:  # what a recording session must not end at
                busy = isinstance(error, Busy)
                if not (busy or begun):
                    raise
                if not (busy and waiting):  # said once, tried at each look
                    then = "It is tried again." if busy else "It is tried again when something changes."
                    print(f"lipsync: {error} {then}", file=sys.stderr, flush=True)
                waiting = str(error) if busy else ""
    return 130
