"""Long work beside the user interface: a thread that never touches bpy, and the operator that waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import bpy

from ..core.progress import Cancelled, Progress, no_progress
from .operator_base import LipsyncOperator

T = TypeVar("T")
_running: list[Job] = []


def running() -> Job | None:
    """The job that is under way. There is never more than one."""
    return _running[0] if _running else None


class Job(Generic[T]):
    """Runs work(progress) on a thread. The work must not touch bpy."""

    def __init__(self, work: Callable[[Progress], T], label: str) -> None:
        self.label = label
        """What is being done, for the progress bar."""
        self.fraction = 0.0
        """0..1"""
        self._work = work
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=label, daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def cancel(self) -> None:
        """Makes the work end at its next report of progress."""
        self._stop.set()

    @property
    def done(self) -> bool:
        """Whether result() will not wait."""
        return not self._thread.is_alive()

    def result(self) -> T:
        """Waits; returns what the work returned, or raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work(self._progress)
        except BaseException as error:  # raised again in result(), on the thread of the user
            self._error = error

    def _progress(self, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.fraction = fraction


class JobOperator(LipsyncOperator):
    """An operator in three steps: prepare() reads bpy, its work runs anywhere, finish() writes bpy.

    execute() does all three at once, for scripts and headless Blender. invoke() does the work on a thread, with
    progress in the status bar and the panel; Esc stops it. Between the steps objects are known by name only:
    undo and deletion make references invalid.
    """

    label = "Working"

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], object]:
        """Reads all that is needed and returns the work, which must not touch bpy."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context, result: object) -> None:
        """Writes the result."""
        raise NotImplementedError

    def run(self, context: bpy.types.Context) -> None:
        self.finish(context, self.prepare(context)(no_progress))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if bpy.app.background or context.window is None:
            return self.execute(context)
        return self.guarded(lambda: self._start(context), done="RUNNING_MODAL")

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            self._job.cancel()
            self._stop(context)  # at once: the thread ends at its next report of progress, which nobody waits for
            return self.guarded(self._stopped)
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self._job.done:
            self._stop(context)
            return self.guarded(lambda: self.finish(context, self._job.result()))
        text = f"{self.label}: {self._job.fraction:.0%}   Esc: stop"
        if text != self._shown:  # drawing takes the cores from the work
            self._shown = text
            context.workspace.status_text_set(text)
            _redraw(context)
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or the window closes."""
        self._job.cancel()
        self._stop(context)

    def _stopped(self) -> None:
        raise Cancelled

    def _start(self, context: bpy.types.Context) -> None:
        self._job = Job(self.prepare(context), self.label)
        self._shown = ""
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)
        _running.append(self._job)
        self._job.start()

    def _stop(self, context: bpy.types.Context) -> None:
        _running.remove(self._job)
        context.window_manager.event_timer_remove(self._timer)
        if context.workspace:
            context.workspace.status_text_set(None)
        _redraw(context)


def _redraw(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":  # its sidebar: to draw the scene anew takes the cores from the work
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
