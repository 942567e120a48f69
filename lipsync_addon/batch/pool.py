"""Bakes tasks in processes of this machine, each with a network (and a Blender, where one is needed) of its own.

A process takes several short lines through the network together. One that dies or hangs takes nothing with it: the
lines that it was at are tried again one by one, and one that ends its process alone, twice, is given up with the
reason; the lines that waited behind go to others.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from ..core.errors import LipsyncError
from .worker import Outcome, Task, Worker

TOGETHER = 4
"""Short lines that a process bakes together."""
AHEAD = 2 * TOGETHER
"""Short lines that a process holds at once, so that it never waits for the next."""
LONG = 2_000_000
"""Bytes of a sound that is no short line, a quarter of a minute or more."""
TRIES = 2
BEAT = 0.25
"""Seconds after which run() yields None if nothing else comes, so that the caller can look after other things."""
BLENDER_LINES = 250
"""Lines of a character after which a process is replaced: Blender keeps some memory of every file that it opened."""
STARTING = 300.0
"""Seconds that opening the network (and Blender) may take."""


def default_workers() -> int:
    """A process for each core that this one may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class _Attempt:
    task: Task
    alone: bool = False
    """Whether a process was lost that was at it, perhaps because of it."""
    tries: int = 0
    """How many processes were lost that were at it alone."""

    @property
    def load(self) -> int:
        """In short lines: what takes long does not wait for one process while others are idle."""
        if self.alone:
            return AHEAD
        return AHEAD // 2 if self.task.line.character or _size(self.task.line.sound) > LONG else 1


@dataclass(slots=True)
class _Process:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    held: deque[_Attempt] = field(default_factory=deque)
    """What it has been sent; it is at the first."""
    since: float = field(default_factory=time.monotonic)
    """When it began with that."""
    ready: bool = False
    characters: int = 0
    """Lines of a character that it baked."""

    @property
    def worn(self) -> bool:
        """Whether it ends with what it holds."""
        return self.characters >= BLENDER_LINES

    @property
    def load(self) -> int:
        return AHEAD * self.worn + sum(each.load for each in self.held)


class Pool:
    """Processes that bake. To be used as a context: leaving it ends them at once."""

    def __init__(self, worker: Worker, count: int, *, timeout: float = 300.0, threads: int = 0) -> None:
        """`timeout`: seconds that a line may take. `threads`: of each process; 0: the cores are shared out."""
        self._worker, self._count, self._timeout = worker, count, timeout
        self._threads = threads or max(1, default_workers() // count)
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[_Process] = []
        self._again: deque[_Attempt] = deque()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        for each in self._processes:
            each.process.kill()
        for each in list(self._processes):
            self._end(each)

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome | None]:
        """An outcome for each task, in any order; None now and then. Takes of `tasks` only what is baked next.

        Raises LipsyncError where no line can be baked: the network is damaged, for example.
        """
        tasks = (_Attempt(task) for task in tasks)
        exhausted = False
        while True:
            while self._has_room(alone=bool(self._again)):
                attempt = self._again.popleft() if self._again else next(tasks, None)
                if exhausted := attempt is None:
                    break
                self._give(attempt)
            if exhausted and not self._again and not any(each.held for each in self._processes):
                return
            yield from self._listen()

    def _has_room(self, *, alone: bool) -> bool:
        """Whether a process can take a task, `alone`: one that holds nothing."""
        return len(self._processes) < self._count or any(
            each.load < (1 if alone else AHEAD) for each in self._processes
        )

    def _give(self, attempt: _Attempt) -> None:
        least = min(self._processes, key=lambda each: each.load, default=None)
        if least is None or (least.held and len(self._processes) < self._count):
            least = self._start()
        if not least.held:
            least.since = time.monotonic()
        least.held.append(attempt)
        with suppress(OSError):  # it just died; _listen() sees that
            least.pipe.send(attempt.task)

    def _start(self) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._worker, theirs, self._threads), daemon=True)
        process.start()
        theirs.close()
        self._processes.append(_Process(process, ours))
        return self._processes[-1]

    def _listen(self) -> Iterator[Outcome | None]:
        by_pipe = {each.pipe: each for each in self._processes}
        heard = wait(list(by_pipe), BEAT)
        for pipe in heard:
            each = by_pipe[pipe]
            try:
                message = pipe.recv()
            except (EOFError, OSError):
                yield from self._lost(each, _died(each.process))
                continue
            if isinstance(message, LipsyncError):
                raise message
            if message is None:
                each.ready = True
            else:
                each.characters += bool(each.held.popleft().task.line.character)
                if each.worn and not each.held:
                    self._end(each)
                yield message
            each.since = time.monotonic()
        now = time.monotonic()
        for each in list(self._processes):
            limit = self._timeout if each.ready else STARTING
            if each.held and now - each.since > limit:
                each.process.kill()
                yield from self._lost(each, f"it took longer than {limit:g} s")
        if not heard:
            yield None

    def _end(self, each: _Process) -> None:
        self._processes.remove(each)
        each.process.kill()
        each.process.join()
        each.pipe.close()

    def _lost(self, lost: _Process, why: str) -> Iterator[Outcome]:
        self._end(lost)
        suspects = min(len(lost.held), TOGETHER)  # it was at one of these
        for place, attempt in enumerate(lost.held):
            attempt.tries += suspects == 1
            attempt.alone |= place < suspects
            if attempt.tries < TRIES:
                self._again.append(attempt)
            else:
                yield Outcome(attempt.task, error=f"Given up after {TRIES} tries: {why}.")


class Here:
    """Bakes in this process, one line after the other. Follows run.Executor."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome | None]:
        """As Pool.run()."""
        bake = None
        for task in tasks:
            bake = bake or self._worker.open()
            yield from bake([task])


def _size(file: str) -> int:
    try:
        return os.path.getsize(file)
    except (OSError, ValueError):
        return 0


def _died(process: multiprocessing.process.BaseProcess) -> str:
    process.join(5)
    code = process.exitcode or 0
    try:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        how = f"signal {-code}"
    return f"the process that baked it died ({how})"


def _work(worker: Worker, pipe: Connection, threads: int) -> None:
    """Lives in the process: answers each task with its outcome, in order, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run to decide
    os.environ["OMP_NUM_THREADS"] = str(threads)
    with suppress(EOFError, OSError):  # the run is over, or was killed
        try:
            bake = worker.open()
        except LipsyncError as error:
            pipe.send(error)
            return
        pipe.send(None)
        while True:
            tasks = [pipe.recv()]
            while len(tasks) < TOGETHER and pipe.poll():
                tasks.append(pipe.recv())
            for outcome in bake(tasks):
                pipe.send(outcome)
