"""How a run goes, told to a terminal (rich), to a pipe (plain lines) or to a program (JSON lines)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from .plan import Decision, Step
from .worker import Outcome


class PlainLines:
    """A line for each line that is baked, kept or failed; those without change are only counted."""

    def __init__(self, total: int, out: TextIO, *, quiet: bool = False) -> None:
        self._total, self._out, self._quiet = total, out, quiet
        self._count = 0

    def step(self, step: Step) -> None:
        """A line that is not baked."""
        self._count += 1
        if step.decision in (Decision.KEEP, Decision.FAIL):
            self._say(f"{'kept  ' if step.decision == Decision.KEEP else 'FAILED'} {step.line.id}: {step.reason}")

    def done(self, outcome: Outcome, reason: str) -> None:
        """A line that was baked, or failed."""
        self._count += 1
        name = outcome.task.line.id
        self._say(f"FAILED {name}: {outcome.error}" if outcome.error else f"baked  {name}: {reason}")

    def without(self, id: str, decision: Decision, reason: str) -> None:
        """It was baked, but has no result."""
        self._say(f"{'kept  ' if decision == Decision.KEEP else 'FAILED'} {id}: {reason}")

    def _say(self, text: str) -> None:
        if not self._quiet or text.startswith("FAILED"):
            print(f"[{self._count}/{self._total}] {one_line(text)}", file=self._out, flush=True)


class JsonLines:
    """An object in each line of standard output: {"event": "line", "id": …, "status": …, "reason": …}."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._out = out
        self._write(event="start", lines=total)

    def step(self, step: Step) -> None:
        """A line that is not baked."""
        self._write(event="line", id=step.line.id, status=step.decision.value, reason=step.reason)

    def done(self, outcome: Outcome, reason: str) -> None:
        """A line that was baked, or failed."""
        status = "fail" if outcome.error else "baked"
        self._write(event="line", id=outcome.task.line.id, status=status, reason=outcome.error or reason)

    def without(self, id: str, decision: Decision, reason: str) -> None:
        """It was baked, but has no result."""
        self._write(event="line", id=id, status=decision.value, reason=reason)

    def end(self, **values: object) -> None:
        """The last line."""
        self._write(event="end", **values)

    def _write(self, **values: object) -> None:
        print(json.dumps(values, ensure_ascii=False), file=self._out, flush=True)


class _Bar(PlainLines):
    """rich's progress bar, with what failed or was kept above it."""

    def __init__(self, total: int, progress: Any) -> None:
        super().__init__(total, sys.stderr)
        self._progress = progress
        self._bar = progress.add_task("baking", total=total)

    def step(self, step: Step) -> None:
        """A line that is not baked."""
        super().step(step)
        self._progress.update(self._bar, completed=self._count)

    def done(self, outcome: Outcome, reason: str) -> None:
        """A line that was baked, or failed."""
        super().done(outcome, reason)
        self._progress.update(self._bar, completed=self._count, description=one_line(outcome.task.line.id)[-40:])

    def _say(self, text: str) -> None:
        if not text.startswith("baked"):
            self._progress.console.print(one_line(text), markup=False, highlight=False)


@contextmanager
def shown(total: int, *, quiet: bool, machine_readable: bool) -> Iterator[PlainLines | JsonLines]:
    """Who is told, for this terminal and these wishes."""
    if machine_readable:
        yield JsonLines(total, sys.stdout)
        return
    if quiet or not sys.stderr.isatty():
        yield PlainLines(total, sys.stdout, quiet=quiet)
        return
    try:
        from rich import progress as rich
    except ImportError:
        yield PlainLines(total, sys.stdout)
        return
    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
        rich.TextColumn("{task.description}", markup=False),
    )
    from rich.console import Console

    with rich.Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bar(total, progress)


def one_line(text: str) -> str:
    """For a terminal: what would move its cursor is shown instead."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
