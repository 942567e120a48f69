"""Work on a thread: progress arrives, Esc stops it, what it raises is raised where the user is."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from lipsync_addon.blender import jobs
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.progress import Cancelled


def test_the_result_and_the_progress_come_through():
    def work(progress):
        progress(0.75)
        return threading.current_thread().name

    job = jobs.Job(work, "Listening")
    job.start()
    assert (job.result(), job.fraction, job.done) == ("Listening", 0.75, True)


def test_cancel_ends_the_work_at_its_next_report():
    started, go_on = threading.Event(), threading.Event()

    def work(progress):
        started.set()
        go_on.wait()
        progress(0.5)
        raise AssertionError("went on")

    job = jobs.Job(work, "Listening")
    job.start()
    started.wait()
    assert not job.done
    job.cancel()
    go_on.set()
    with pytest.raises(Cancelled):
        job.result()


class Operator(jobs.JobOperator):
    """As Blender would run it, with its reports kept."""

    def __init__(self, work):
        self.work, self.reports, self.finished = work, [], []

    def prepare(self, context):
        return self.work

    def finish(self, context, result):
        self.finished.append(result)

    def report(self, kind, text):
        self.reports.append((*kind, text))


@pytest.fixture
def context():
    manager = SimpleNamespace(
        windows=[], event_timer_add=lambda *a, **k: "timer", event_timer_remove=lambda timer: None,
        modal_handler_add=lambda operator: None,
    )  # fmt: skip
    workspace = SimpleNamespace(texts=[])
    workspace.status_text_set = workspace.texts.append
    yield SimpleNamespace(window_manager=manager, workspace=workspace, window="window")
    assert jobs.running() is None


def press(operator, context, type_, value="PRESS"):
    return operator.modal(context, SimpleNamespace(type=type_, value=value))


def until_done(operator, context):
    operator._job._thread.join()
    return press(operator, context, "TIMER")


def test_modal_shows_progress_lets_events_pass_and_finishes_on_the_main_thread(context):
    half, go_on = threading.Event(), threading.Event()

    def work(progress):
        progress(0.5)
        half.set()
        go_on.wait()
        return "mouth"

    operator = Operator(work)
    operator._start(context)
    half.wait()
    assert jobs.running().fraction == 0.5
    assert press(operator, context, "MOUSEMOVE") == {"PASS_THROUGH"}
    assert press(operator, context, "TIMER") == {"PASS_THROUGH"}
    assert "50%" in context.workspace.texts[-1]
    go_on.set()
    assert until_done(operator, context) == {"FINISHED"}
    assert operator.finished == ["mouth"] and context.workspace.texts[-1] is None


def test_esc_changes_nothing_and_says_so(context):
    go_on = threading.Event()

    def work(progress):
        go_on.wait()
        progress(0.5)

    operator = Operator(work)
    operator._start(context)
    assert press(operator, context, "ESC") == {"CANCELLED"}, "while the work still hangs"
    assert jobs.running() is None and context.workspace.texts[-1] is None
    go_on.set()
    operator._job._thread.join()
    assert operator.finished == [] and operator.reports == [("INFO", "Stopped. Nothing was changed.")]


def test_an_error_of_the_work_is_reported_and_never_finished(context):
    def work(progress):
        raise LipsyncError("The file has no sound.", "Choose another.")

    operator = Operator(work)
    operator._start(context)
    assert until_done(operator, context) == {"CANCELLED"}
    assert operator.reports == [("ERROR", "The file has no sound. Choose another.")]


def test_another_file_being_loaded_ends_the_job(context):
    go_on = threading.Event()

    def work(progress):
        go_on.wait()
        progress(0.5)

    operator = Operator(work)
    operator._start(context)
    operator.cancel(context)
    go_on.set()
    with pytest.raises(Cancelled):
        operator._job.result()
