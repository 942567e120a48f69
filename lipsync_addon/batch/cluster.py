"""Bakes tasks on other machines: dask.distributed moves them there, the file system that all share brings files back.

On each machine pool.Pool bakes them in a process beside the Dask worker, so that a line that crashes or hangs is
handled as it is in a local run, with the same words. Dask sees to workers and machines that are lost. A task writes
into a staging folder of its own and the run alone moves files from there: a line comes out once, however often it was
tried.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import suppress

from ..core.errors import LipsyncError
from .pool import BEAT, Pool, default_workers
from .worker import Outcome, Task, Worker

AHEAD = 3
"""Tasks for each thread of the cluster that are handed out at once."""
ARRIVING = 30.0
"""Seconds for a result to come from its worker."""
_here = threading.local()
"""On a Dask worker: the pool of each of its threads."""


class Cluster:
    """Follows run.Executor. To be used as a context."""

    def __init__(self, worker: Worker, address: str, *, workers: int = 0, timeout: float = 300.0) -> None:
        """`address`: of a scheduler ("tcp://host:8786"), or "local": one is started here with `workers` processes.

        Raises LipsyncError if Dask is not installed or the scheduler does not answer.
        """
        try:
            import distributed
        except ImportError as error:
            raise LipsyncError("--cluster needs Dask.", 'Run `pip install "lipsync[cluster]"`.') from error
        self._distributed, self._timeout = distributed, timeout
        self._local = None
        try:
            if address == "local":
                self._local = distributed.LocalCluster(
                    n_workers=workers or default_workers(), threads_per_worker=1, dashboard_address=None
                )
            self._client = distributed.Client(self._local or address, timeout=5)
        except (OSError, TimeoutError, ValueError) as error:
            raise LipsyncError(
                f"No Dask scheduler answers at {address}: {error}.", "Start one with `dask scheduler`."
            ) from error
        self._worker = worker

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError, TimeoutError):
            self._client.close(timeout=5)
        if self._local:
            self._local.close(timeout=5)

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome | None]:
        """As Pool.run()."""
        waiting: dict = {}
        exhausted = False
        while not exhausted or waiting:
            room = AHEAD * max(sum(self._client.nthreads().values()), 1)
            while not exhausted and len(waiting) < room:
                task = next(tasks, None)
                exhausted = task is None
                if task:
                    waiting[self._submitted(task)] = task
            yield from self._finished(waiting)

    def _submitted(self, task: Task):  # -> distributed.Future
        return self._client.submit(_bake, self._worker, task, self._timeout, pure=False)

    def _finished(self, waiting: dict) -> Iterator[Outcome | None]:
        done = set()
        with suppress(TimeoutError, self._distributed.TimeoutError):
            if waiting:
                done = self._distributed.wait(list(waiting), timeout=BEAT, return_when="FIRST_COMPLETED").done
        for future in done:
            task = waiting.pop(future)
            if future.status == "error":
                yield Outcome(task, error=f"Given up by the cluster: {future.exception()}")
                continue
            try:
                outcome = future.result(timeout=ARRIVING)
            except Exception:  # lost with its worker before it came here, which Dask tells in many ways
                waiting[self._submitted(task)] = task
            else:
                yield outcome
        if not done:
            yield None


def _bake(worker: Worker, task: Task, timeout: float) -> Outcome:
    """Runs on a thread of a Dask worker."""
    if getattr(_here, "worker", None) != worker:
        # Dask starts its workers as daemons, which multiprocessing grants no children; ours end when their pipe does.
        multiprocessing.current_process()._config["daemon"] = False
        if old := getattr(_here, "pool", None):
            old.__exit__()
        _here.pool, _here.worker = Pool(worker, 1, timeout=timeout, threads=1), worker
    return next(outcome for outcome in _here.pool.run(iter([task])) if outcome)
