"""A worker to which everything happens that can: ids of lines say what."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lipsync_addon.batch.plan import Choice, Decision, take_in
from lipsync_addon.batch.run import Executor, Totals, run
from lipsync_addon.batch.state import State
from lipsync_addon.batch.table import Row
from lipsync_addon.batch.worker import Bake, Line, Outcome, Task
from lipsync_addon.cli import parser
from lipsync_addon.cli.baker import Baker, lines

ONCE = "once"
"""In an id: the fault happens at the first try only."""


@dataclass(frozen=True)
class Faulty:
    """Follows worker.Worker: bakes as Baker does, but for ids with "poison" (kills its process) and "stall" (never
    ends), of which some are so at the first try only."""

    baker: Baker
    marks: Path
    """A folder for what happened once."""

    def open(self) -> Bake:
        return partial(self._bake, self.baker.open())

    def inputs(self, line: Line) -> Mapping[str, str]:
        return self.baker.inputs(line)

    def _bake(self, bake: Bake, tasks: Sequence[Task]) -> Iterator[Outcome]:
        outcomes = bake(tasks)
        for task in tasks:
            self._fail(task)
            yield next(outcomes)

    def _fail(self, task: Task) -> None:
        id = task.line.id
        first = True
        if ONCE in id:
            try:
                (self.marks / id).touch(exist_ok=False)
            except FileExistsError:
                first = False
        if first and "poison" in id:
            Path(task.staging, "0").mkdir(parents=True, exist_ok=True)
            next(iter(task.staged().values())).write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        if first and "stall" in id:
            threading.Event().wait()


class Numbered:
    """Follows worker.Worker: an outcome's error is the number of the process that it comes from."""

    def open(self) -> Bake:
        return lambda tasks: (Outcome(task, error=str(os.getpid())) for task in tasks)

    def inputs(self, line: Line) -> Mapping[str, str]:
        return {}


class Told:
    """Follows run.Events; keeps what it was told."""

    def __init__(self, then: Callable[[str], None] = lambda id: None) -> None:
        self.steps: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.baked: list[str] = []
        self._then = then

    def step(self, step) -> None:
        self.steps[step.line.id] = step.reason

    def done(self, outcome: Outcome, reason: str) -> None:
        id = outcome.task.line.id
        if outcome.error:
            self.errors[id] = outcome.error
        else:
            self.baked.append(id)
        self._then(id)

    def without(self, id: str, decision: Decision, reason: str) -> None:
        self.steps[id] = reason


def options(network: Path, out: Path) -> argparse.Namespace:
    """Of `lipsync batch`."""
    return parser().parse_args(["batch", "--network", str(network), "x", "--out", str(out)])


def run_rows(
    network: Path,
    out: Path,
    rows: Iterable[tuple[str, Path]],
    executor: Callable[[Faulty], Executor],
    told: Told | None = None,
    stop: Callable[[], bool] = lambda: False,
    templates: tuple[str, ...] = ("{id}.csv",),
) -> tuple[Totals, Told]:
    """Bakes (id, sound) rows with a Faulty worker."""
    marks = out.parent / "marks"
    marks.mkdir(parents=True, exist_ok=True)
    worker, told = Faulty(Baker(options(network, out)), marks), told or Told()
    state = State(out)
    try:
        state.recover()
        table = (Row(id, {"id": id, "sound": str(sound)}) for id, sound in rows)
        with state.transaction():
            take_in(state, lines(table, templates, {}, set()))
        with executor(worker) as pool:
            return run(state, worker, pool, Choice(), told, stop), told
    finally:
        state.close()
