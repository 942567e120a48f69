"""`lipsync batch`: a whole table of lines, again and again as it changes."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import LipsyncError
from . import bake

if TYPE_CHECKING:  # they load sqlite and more, which no other command needs
    from ..batch.plan import Choice
    from ..batch.run import Executor
    from ..batch.state import State
    from ..batch.worker import Line

HELP = "Bake many lines: a table, a folder or sound files; only what changed since the last run."
EXAMPLES = (
    "lipsync batch lines.csv --out build",
    "lipsync batch lines.csv --out build --dry-run",
    'lipsync batch voices --out build --to "{id}.csv" --to "{id}.json" --preset Shouted',
    'lipsync batch strings.csv --out build --sound "voices/{language}/{key}.wav" --to "{language}/{key}.anim"',
    "lipsync batch lines.xlsx --out build --to {id}.fbx --character Poppy=poppy.blend --workers 4",
)
FAILED, STOPPED = 1, 3
"""Exit codes: some lines failed; the run could not go on to its end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table, the outputs, what is done with which lines; then everything that `lipsync bake` knows."""
    add = parser.add_argument
    add("lines", nargs="+", metavar="LINES", help="table (.csv .tsv .jsonl .xlsx), folder, sound file or pattern")
    add_run_arguments(parser)
    add("--dry-run", action="store_true", help="say what would be done and why; write nothing")
    add(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only lines whose id is like this; may be repeated",
    )
    add("--ids", type=Path, metavar="FILE.json", help="only the lines whose ids this JSON list holds")
    add("--again", action="store_true", help="bake lines too that did not change")
    add("--delete-removed", action="store_true", help="delete results of lines that the table has no more")


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What `lipsync batch` and `lipsync watch` have in common."""
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="FOLDER", help="for the results; what was done is noted in it")
    add(
        "--to",
        action="append",
        default=[],
        metavar="NAME",
        help='result, e.g. "{language}/{id}.csv" (the default: {id}.csv)',
    )
    add("--column", action="append", default=[], metavar="OURS=THEIRS", help='e.g. text="Line (English)"')
    add("--sound", default="", metavar="PATH", help='where the table names none: "voices/{language}/{key}.wav"')
    add("--language", dest="languages", action="append", default=[], help="only lines in it; may be repeated")
    add(
        "--character",
        action="append",
        default=[],
        metavar="[NAME=]FILE.blend",
        help="for all lines, or for a character's",
    )
    add("--workers", type=int, default=0, metavar="N", help="processes that bake (default: one for each core)")
    add("--timeout", type=float, default=300.0, metavar="SECONDS", help="give a line up after so long (default 300)")
    add("--cluster", metavar="ADDRESS", help="bake on Dask: tcp://host:8786, or `local` to start one here")
    add("--machine-readable", action="store_true", help="tell how it goes as JSON lines")
    add("--quiet", action="store_true", help="tell only what failed")
    bake.add_motion_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Bakes what changed. Returns 0, FAILED, STOPPED or 130."""
    from ..batch.plan import Choice

    ids = _ids(options.ids) if options.ids else None
    choice = Choice(options.only, ids, options.again, languages=options.languages)
    if options.dry_run:
        return _dry_run(options, choice)
    with stoppable() as stop, executor(options) as baking:
        return bake_all(options, choice, baking, stop)


def bake_all(options: argparse.Namespace, choice: Choice, executor: Executor, stop: threading.Event) -> int:
    """One run from the table to the report."""
    from ..batch import plan, report
    from ..batch.lock import locked
    from ..batch.progress import shown
    from ..batch.run import run as run_lines
    from ..batch.state import CannotWrite, State
    from .baker import Baker

    worker = Baker(options)
    worker.network()  # without one, nothing needs to begin
    state = State(options.out)
    with ExitStack() as stack:
        stack.callback(state.close)
        stack.enter_context(locked(state.folder / "lock"))
        try:
            state.recover()
            with state.transaction():
                total = plan.take_in(state, _lines(options))
                chosen = choice.only or choice.ids is not None
                if not chosen and options.words[0] == "batch":  # the panel in Blender does it again
                    state.remember(words=json.dumps(options.words), folder=str(Path.cwd()))
            _tell_absent(options, choice, state)
            with shown(total, quiet=options.quiet, machine_readable=options.machine_readable) as events:
                totals = run_lines(state, worker, executor, choice, events, stop.is_set)
            if options.delete_removed and not totals.stopped:
                deleted, kept = state.delete_removed()
                _say(options, f"Deleted: {', '.join(deleted) or 'nothing'}.")
                if kept:
                    _say(options, f"Changed by hand, so they stay: {', '.join(kept)}.")
            written = report.write(state, totals)
        except CannotWrite as error:  # the disk is full, say: what was committed until then stays
            print(f"lipsync: {error} The next run goes on from here.", file=sys.stderr)
            return STOPPED
        code = 130 if stop.is_set() else STOPPED if totals.stopped else FAILED if totals.counts["fail"] else 0
        if options.machine_readable:
            events.end(code=code, report=str(written), **report.numbers(totals))
        for sentence in report.sentences(state, totals):
            _say(options, sentence)
        _say(options, f"Report: {written}")
        return code


def _dry_run(options: argparse.Namespace, choice: Choice) -> int:
    from ..batch import plan
    from ..batch.progress import one_line
    from ..batch.state import State
    from .baker import Baker, option_of

    state, counts, columns = State(options.out, writing=False), {}, set()
    with state.transaction(keep=False):
        plan.take_in(state, _lines(options))
        _tell_absent(options, choice, state)
        for step in plan.steps(state, Baker(options), choice):
            counts[step.decision] = counts.get(step.decision, 0) + 1
            columns |= set(step.line.fields)
            if step.decision != plan.Decision.LEAVE:
                outputs = f" -> {', '.join(step.line.outputs)}" if step.decision == plan.Decision.BAKE else ""
                print(f"{step.decision.upper():5} {one_line(step.line.id)}: {one_line(step.reason + outputs)}")
        for what, names in zip(("lines", "files"), state.removed()):
            if names:
                print(f"No longer in the table, {what}: {', '.join(map(one_line, names))}")
    known = {"id", "name", "text", "language", "character", "key"}
    if unknown := sorted(name for name in columns - known if not option_of(name)):
        print(f"Columns that change nothing but names: {', '.join(unknown)}")
    print(", ".join(f"{count} {decision}" for decision, count in counts.items()) or "No lines.")
    state.close()
    return FAILED if counts.get(plan.Decision.FAIL) else 0


def _lines(options: argparse.Namespace) -> Iterator[Line]:
    from ..batch.table import ALIASES, rows
    from .baker import endings_alone, lines

    columns = dict(_pair(text, "--column") for text in options.column)
    if unknown := sorted(set(columns) - set(ALIASES)):
        raise LipsyncError(f"--column {unknown[0]} is no column of ours.", f"Use one of {', '.join(ALIASES)}.")
    pairs = (text.rpartition("=") for text in options.character)
    characters = {name: Path(file) for name, _, file in pairs}
    if missing := [file for file in characters.values() if not file.is_file()]:
        raise LipsyncError(f"The character {missing[0]} does not exist.", "Give the path of a .blend file.")
    found = rows(options.lines, columns=columns, sound=options.sound, languages=options.languages)
    return lines(found, options.to or ["{id}.csv"], characters, endings_alone(options))


def _ids(file: Path) -> frozenset[str]:
    try:
        ids = json.loads(file.read_bytes())
    except OSError as error:
        raise LipsyncError(f"{file} cannot be read: {error.strerror or error}.", "Check the path.") from error
    except ValueError as error:
        raise LipsyncError(f"{file} is not JSON: {error}.", 'Give a list such as ["intro", "outro"].') from error
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise LipsyncError(f"{file} is no list of ids.", 'Give a list such as ["intro", "outro"].')
    return frozenset(ids)


def _tell_absent(options: argparse.Namespace, choice: Choice, state: State) -> None:
    """Which ids of the list no line has: a name that is spelled otherwise would be left out without a word."""
    if absent := sorted(set(choice.ids or ()).difference(state.ids())):
        shown = ", ".join(absent[:5]) + " ..." * (len(absent) > 5)
        told = f"The table has no line for {len(absent)} of the ids in {options.ids.name}: {shown}"
        print(f"lipsync: {told}", file=sys.stderr)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise LipsyncError(f"{option} {text} has no =.", "For example --column text=Dialogue.")
    return name, value


def executor(options: argparse.Namespace) -> Executor:
    """What bakes, as a context: processes here, or a cluster. Nothing starts before there is a line to bake."""
    from .baker import Baker

    if options.cluster:
        from ..batch.cluster import Cluster

        return Cluster(Baker(options), options.cluster, workers=options.workers, timeout=options.timeout)
    from ..batch.pool import Here, Pool, default_workers

    if "bpy" in sys.modules and sys.modules["bpy"].app.binary_path:
        return Here(Baker(options))  # Blender's program, whose processes would be Python without Blender
    return Pool(Baker(options), options.workers or default_workers(), timeout=options.timeout)


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets; a second Ctrl-C is what it always was."""
    event = threading.Event()

    def stop(*_: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)  # None where it was not Python that set it


def _say(options: argparse.Namespace, text: str) -> None:
    if not (options.quiet or options.machine_readable):
        print(text)
