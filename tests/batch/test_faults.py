"""Processes that die or hang, full disks, files that cannot be read, clocks that jump: nothing lost, nothing half."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster

# Beforehand, for the test as another user, to whom Python's own folder may be closed.
import lipsync_addon.batch.report  # noqa: F401
from lipsync_addon.batch import pool
from lipsync_addon.batch.cluster import Cluster
from lipsync_addon.batch.pool import Pool
from lipsync_addon.batch.worker import Line, Task
from lipsync_addon.cli import main
from lipsync_addon.core.errors import LipsyncError
from tests.batch.conftest import Batch, results, words, write_table
from tests.batch.faulty import Numbered, Told, run_rows

LIMIT = 4.0
"""Seconds after which a line counts as hanging."""


@pytest.fixture
def plain(tiny_network: Path, voices: Path, tmp_path: Path) -> dict[str, bytes]:
    """What 20 lines become where nothing goes wrong."""
    out = tmp_path / "plain" / "build"
    run_rows(tiny_network, out, good(voices), lambda worker: Pool(worker, 2))
    return results(out)


def good(voices: Path) -> list[tuple[str, Path]]:
    names = sorted(voices.glob("*.wav"))
    return [(f"line {n}", names[n % 4]) for n in range(20)]


def with_bad(voices: Path) -> list[tuple[str, Path]]:
    rows, sound = good(voices), next(voices.glob("*.wav"))
    for place, id in ((3, "poison"), (7, "stall"), (9, "poison once"), (15, "stall once")):
        rows.insert(place, (id, sound))
    return rows


def check(out: Path, told: Told, plain: dict[str, bytes]) -> None:
    """Every good line came out once as it should, the bad ones are named with their reason."""
    made = results(out)
    assert {name: made.pop(name) for name in plain} == plain
    assert sorted(made) == ["poison once.csv", "stall once.csv"]
    assert len(told.baked) == len(set(told.baked)) == 22
    assert told.errors == {
        "poison": "Given up after 2 tries: the process that baked it died (SIGKILL).",
        "stall": f"Given up after 2 tries: it took longer than {LIMIT:g} s.",
    }


def test_processes_that_die_and_hang(tiny_network: Path, voices: Path, out: Path, plain: dict[str, bytes]) -> None:
    totals, told = run_rows(tiny_network, out, with_bad(voices), lambda worker: Pool(worker, 2, timeout=LIMIT))
    check(out, told, plain)
    assert not list((out / ".lipsync" / "staging").iterdir())
    assert (totals.counts["baked"], totals.counts["fail"], totals.stopped) == (22, 2, "")


def test_the_same_on_a_cluster_that_loses_workers(
    tiny_network: Path, voices: Path, out: Path, plain: dict[str, bytes]
) -> None:
    with (
        dask.config.set({"distributed.scheduler.worker-ttl": "4s"}),
        LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as machines,
        Client(machines) as client,
    ):
        doomed = list(client.run(os.getpid).values())
        signals = [signal.SIGKILL, signal.SIGSTOP]

        def strike(id: str) -> None:
            if signals:
                os.kill(doomed.pop(), signals.pop())

        executor = partial(Cluster, address=machines.scheduler_address, timeout=LIMIT)
        _, told = run_rows(tiny_network, out, with_bad(voices), executor, Told(strike))
        check(out, told, plain)


@pytest.mark.parametrize("character", ["", "hero.blend"])
def test_a_process_whose_blender_opened_many_characters_is_replaced(
    monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    monkeypatch.setattr(pool, "BLENDER_LINES", 3)
    tasks = [Task(Line(str(n), "", "", (), character), "") for n in range(12)]
    with Pool(Numbered(), 2) as processes:
        outcomes = [outcome for outcome in processes.run(iter(tasks)) if outcome]
    assert sorted(int(outcome.task.line.id) for outcome in outcomes) == list(range(12))
    lines = Counter(outcome.error for outcome in outcomes)
    if character:
        assert 3 <= max(lines.values()) <= 4 and len(lines) >= 3  # one more may wait when the last is done
    else:
        assert len(lines) <= 2


def test_no_scheduler_is_said(batch: Batch, voices: Path) -> None:
    ran = batch(voices, "--cluster", "tcp://127.0.0.1:9")
    assert ran.code == 2 and "No Dask scheduler answers at tcp://127.0.0.1:9" in ran.err


def test_the_command_on_a_cluster_of_its_own(batch: Batch, voices: Path, out: Path) -> None:
    ran = batch(voices, "--cluster", "local", "--workers", "2")
    assert (ran.code, ran.count("baked")) == (0, 4), ran.err
    assert len(results(out)) == 4


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of about 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("a small disk can only be made by root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100k", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip(f"no small disk: {made.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    tiny_network: Path, voices: Path, small_disk: Path, plain: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync_addon.batch.run.TOGETHER", 4)
    out = small_disk / "build"
    try:
        totals, _ = run_rows(tiny_network, out, good(voices), lambda worker: Pool(worker, 2))
        assert totals.stopped == "The disk is full."
    except LipsyncError as error:  # the state itself had no room
        assert "cannot be written" in str(error) and "Free some space" in str(error)
    made = results(out)
    assert 0 < len(made) < 20 and made.items() <= plain.items()
    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    _, told = run_rows(tiny_network, out, good(voices), lambda worker: Pool(worker, 2))
    assert results(out) == plain and len(told.baked) == 20 - len(made)


def test_a_result_without_a_place_fails_and_the_others_go_on(batch: Batch, voices: Path, out: Path) -> None:
    out.mkdir()
    (out / "shut").write_text("no folder")
    rows = [{"id": id, "sound": "boat_en.wav"} for id in ("one", "shut/two", "three")]
    ran = batch(write_table(voices / "t.csv", rows))
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 2, 1), ran.err
    assert (
        ran.line("shut/two")["error"] == "shut/two.csv cannot be written: File exists. Check that you may write there."
    )
    assert sorted(results(out)) == ["one.csv", "shut", "three.csv"]
    (out / "shut").unlink()
    ran = batch(voices / "t.csv")
    assert (ran.code, ran.count("baked"), ran.count("unchanged")) == (0, 1, 2)
    assert sorted(results(out)) == ["one.csv", "shut/two.csv", "three.csv"]


def test_the_command_says_that_a_full_disk_stopped_it(
    tiny_network: Path, voices: Path, small_disk: Path, root: Path
) -> None:
    rows = [{"id": f"line {n}", "sound": "boat_en.wav"} for n in range(60)]
    command = words(tiny_network, small_disk / "build", write_table(voices / "t.csv", rows), "--quiet")
    full = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert full.returncode == 3
    assert "No space left" in full.stdout or "The next run goes on from here." in full.stderr
    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    assert subprocess.run(command, cwd=root).returncode == 0
    assert len({path.read_bytes() for path in (small_disk / "build").glob("line *.csv")}) == 1
    assert len(results(small_disk / "build")) == 60


def test_what_cannot_be_read_is_told(batch: Batch, voices: Path) -> None:
    (voices / "loop.wav").symlink_to(voices / "loop.wav")
    (voices / "dir.wav").mkdir()
    rows = [{"id": name, "sound": f"{name}.wav"} for name in ("boat_en", "loop", "dir", "zug_de")]
    ran = batch(write_table(voices / "t.csv", [*rows, {"id": "long", "sound": "x" * 5000}]))
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 2, 3)
    assert "is a folder" in ran.line("dir")["error"]
    assert "cannot be read" in ran.line("loop")["error"] and "cannot be read" in ran.line("long")["error"]


def test_no_permission(
    voices: Path, out: Path, tiny_network: Path, read_only: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["batch", "--network", str(tiny_network), str(voices), "--out"]
    assert main([*command, str(read_only / "build")]) == 2
    assert "cannot be written: Permission denied. Free some space, or check" in capsys.readouterr().err


def test_clocks_that_jump_change_nothing(
    tiny_network: Path, voices: Path, out: Path, plain: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(10**10, 0, -86400))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    executor = lambda worker: Pool(worker, 2, timeout=20)  # noqa: E731
    run_rows(tiny_network, out, good(voices), executor)
    for sound, when in zip(voices.glob("*.wav"), (0, 2**33, 1, 2**31)):
        os.utime(sound, (when, when))
    for file in out.rglob("*.csv"):
        os.utime(file, (2**33, 2**33))
    _, told = run_rows(tiny_network, out, good(voices), executor)
    assert results(out) == plain and told.baked == [] and set(told.steps.values()) == {"nothing changed"}
