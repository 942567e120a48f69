"""run(): the table to files, by whatever bakes the tasks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from .plan import Choice, Decision, Step, steps
from .state import Decided, State
from .worker import Outcome, Task, Worker

TOGETHER = 64
"""Results that are committed together; each commit waits for the disk."""
LATEST = 1.0
"""Seconds after which results are committed however few they are."""


class Executor(Protocol):
    """Bakes tasks somewhere: pool.Pool or cluster.Cluster. A context, which ends its processes."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome | None]: ...


class Events(Protocol):
    """Who is told how the run goes."""

    def step(self, step: Step) -> None: ...  # a line that is not baked
    def done(self, outcome: Outcome, reason: str) -> None: ...  # a line that was baked, or failed
    def without(self, id: str, decision: Decision, reason: str) -> None: ...  # it was baked, but has no result


@dataclass(slots=True)
class Totals:
    """What a run came to."""

    lines: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Lines that were "baked", and by Decision those that were not."""
    seconds: float = 0.0
    """Of sound that was baked."""
    elapsed: float = 0.0
    """Seconds that the run took."""
    stopped: str = ""
    """Why it ended before its end."""


def run(
    state: State,
    worker: Worker,
    executor: Executor,
    choice: Choice,
    events: Events,
    stop: Callable[[], bool] = lambda: False,
) -> Totals:
    """Bakes what is to be baked. What is finished is recorded, whatever happens to the rest.

    `stop` is asked again and again; after it said True nothing new begins, and the results that are there are kept.
    Raises LipsyncError where the state cannot be written.
    """
    totals, began = Totals(), time.monotonic()
    given: dict[str, tuple[Mapping[str, str], str]] = {}
    decided: list[Decided] = []
    outcomes: list[tuple[Outcome, Mapping[str, str]]] = []
    committed = time.monotonic()

    def tasks() -> Iterator[Task]:
        for step in steps(state, worker, choice):
            if totals.stopped:
                return
            totals.lines += 1
            decided.append((step.line.id, step.decision, step.reason))
            if step.decision == Decision.BAKE:
                given[step.line.id] = (step.inputs, step.reason)
                yield state.task(step.line)
            else:
                totals.counts[step.decision] += 1
                events.step(step)
                if len(decided) >= TOGETHER * 16:
                    flush()

    def flush() -> None:
        nonlocal committed
        without = {id: (Decision(decision), reason) for id, decision, reason in state.record(outcomes, decided)}
        for outcome, _ in outcomes:
            if refused := without.get(outcome.task.line.id):
                totals.counts[refused[0]] += 1
                events.without(outcome.task.line.id, *refused)
            else:
                totals.counts[Decision.FAIL if outcome.error else "baked"] += 1
        outcomes.clear()
        decided.clear()
        committed = time.monotonic()

    for outcome in executor.run(tasks()):
        if outcome:
            inputs, reason = given.pop(outcome.task.line.id)
            outcomes.append((outcome, inputs))
            totals.seconds += outcome.quality.seconds
            events.done(outcome, reason)
            if outcome.full:
                totals.stopped = "The disk is full."
        if len(outcomes) >= TOGETHER or time.monotonic() - committed > LATEST:
            flush()
        if stop():
            totals.stopped = "You stopped it."
            break
        if totals.stopped:
            break
    try:
        flush()
    finally:
        totals.elapsed = time.monotonic() - began
    return totals
