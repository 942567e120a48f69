"""`lipsync batch` that is killed, stopped or started twice: nothing is lost, nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from lipsync_addon.batch.report import sentences
from lipsync_addon.batch.run import Totals
from lipsync_addon.batch.state import State
from lipsync_addon.batch.worker import Line
from tests.batch.conftest import Batch, results, words, write_table


def test_a_second_run_says_so_and_stops(batch: Batch, voices: Path, out: Path, tiny_network: Path, root: Path) -> None:
    rows = [{"id": f"{n}", "sound": str(voices / "boat_en.wav")} for n in range(3000)]
    table = write_table(voices / "t.csv", rows)
    first = subprocess.Popen(words(tiny_network, out, table), cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert "baked" in first.stdout.readline()
        second = batch(table)
        assert second.code == 2
        assert f"Another run is at work in {out} (process {first.pid} on " in second.err
    finally:
        first.kill()
        first.communicate()


def test_kill_9_at_any_moment_loses_nothing(
    batch: Batch, voices: Path, out: Path, tiny_network: Path, root: Path
) -> None:
    names = sorted(voices.glob("*.wav"))
    rows = [{"id": f"line {n}", "sound": str(names[n % 4]), "intensity": f"{0.5 + n / 400}"} for n in range(150)]
    table = write_table(voices / "t.csv", rows)
    command = words(tiny_network, out, table, "--to", "{id}.csv", "--to", "{id}.json")
    for lines_before in (1, 30, 75):
        run = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, start_new_session=True)
        for _ in range(lines_before):
            assert "baked" in run.stdout.readline()
        run.kill()
        run.communicate()
        for name, content in results(out).items():
            if name.endswith(".json"):
                json.loads(content)
            assert content.endswith(b"\n")
    last = batch(table, "--to", "{id}.csv", "--to", "{id}.json")
    assert last.code == 0 and 0 < last.count("baked") < 150 and last.count("baked") + last.count("unchanged") == 150
    killed = results(out)
    assert len(killed) == 300 and not list((out / ".lipsync" / "staging").glob("*"))
    import shutil

    shutil.rmtree(out)
    assert batch(table, "--to", "{id}.csv", "--to", "{id}.json").count("baked") == 150
    assert results(out) == killed


def test_ctrl_c_ends_cleanly(batch: Batch, voices: Path, out: Path, tiny_network: Path, root: Path) -> None:
    rows = [{"id": f"{n}", "sound": str(voices / "boat_en.wav")} for n in range(3000)]
    table = write_table(voices / "t.csv", rows)
    command = words(tiny_network, out, table, "--machine-readable")
    run = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events = [json.loads(run.stdout.readline()) for _ in range(5)]
    os.kill(run.pid, signal.SIGINT)
    events += map(json.loads, run.stdout)  # communicate() would lose what readline() has buffered
    assert (run.wait(timeout=60), run.stderr.read()) == (130, "")
    assert events[0] == {"event": "start", "lines": 3000}
    end = events[-1]
    assert (end["event"], end["code"], end["stopped"]) == ("end", 130, "You stopped it.")
    assert 0 < end["baked"] < 3000
    assert len(results(out)) == end["baked"] == sum(each.get("status") == "baked" for each in events)


def test_a_run_that_is_stopped_says_how_many_lines_are_left(out: Path) -> None:
    state = State(out)
    with state.transaction():
        state.begin()
        for position in range(60):
            state.tell(position, Line(f"{position}", "here", "a.wav", (f"{position}.csv",)))
    totals = Totals(lines=22, counts=Counter(baked=19, fail=1), stopped="You stopped it.")
    told = list(sentences(state, totals))
    assert told[-1] == "Not finished: You stopped it. 40 lines are left; the next run goes on from here."
    state.close()


def test_a_run_that_was_killed_between_commit_and_move_is_finished(
    batch: Batch, voices: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lipsync_addon.batch.worker import Line, Outcome, file_digest

    state = State(out)
    line = Line("a", "here", str(voices / "boat_en.wav"), ("a.csv",))
    with state.transaction():
        state.begin()
        state.tell(0, line)
    task = state.task(line)
    staged = task.staged()["a.csv"]
    staged.parent.mkdir(parents=True)
    staged.write_text("result")

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", power_cut)
        with pytest.raises(KeyboardInterrupt):
            state.record([(Outcome(task, {"a.csv": file_digest(staged)}), {})])
    state.close()
    assert not (out / "a.csv").exists()
    again = State(out)
    again.recover()
    assert (out / "a.csv").read_text() == "result" and not staged.exists()
    assert again.digests("a") == {"a.csv": file_digest(out / "a.csv")}
    again.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no folders that can be flushed")
def test_results_are_on_the_disk_before_the_state_forgets_their_staging(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lipsync_addon.batch.worker import Line, Outcome, file_digest

    state = State(out)
    with state.transaction():
        state.begin()
        state.tell(0, Line("a", "here", "a.wav", ("sub/a.csv",)))
    task = state.task(state.known("a").line)
    staged = task.staged()["sub/a.csv"]
    staged.parent.mkdir(parents=True)
    staged.write_text("result")
    waiting: dict[int, int] = {}

    def fsync(handle: int) -> None:
        assert (out / "sub" / "a.csv").exists()
        staged = state._db.execute("SELECT count(*) FROM files WHERE staged IS NOT NULL").fetchone()[0]
        waiting[os.fstat(handle).st_ino] = staged

    monkeypatch.setattr(os, "fsync", fsync)
    state.record([(Outcome(task, {"sub/a.csv": file_digest(staged)}), {})])
    assert waiting == {folder.stat().st_ino: 1 for folder in (out, out / "sub")}
    state.close()
