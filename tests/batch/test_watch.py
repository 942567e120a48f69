"""`lipsync watch`: a recording is baked once it is complete, again when it changes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from lipsync_addon.batch.watch import settled
from tests.batch.conftest import results


def test_a_file_that_still_grows_waits() -> None:
    a, b = Path("a.wav"), Path("b.wav")
    looks = iter(
        [
            {a: (5, 0)},
            {a: (5, 0), b: (1, 1)},  # a is complete
            {a: (5, 0), b: (7, 2)},  # b grows
            {a: (5, 0), b: (7, 2)},  # b is complete
            {a: (5, 0), b: (7, 2)},  # nothing new
            {a: (6, 9), b: (7, 2)},  # a is recorded again, what was there is gone
            {a: (6, 9), b: (7, 2)},
        ]
    )
    waits = iter([False] * 6 + [True])
    assert list(settled(lambda: next(looks), lambda: next(waits))) == [{b}, set(), {a}, set()]


def test_a_session(voices: Path, out: Path, tiny_network: Path, root: Path) -> None:
    waiting = voices.parent / "waiting"
    waiting.mkdir()
    for name in ("boat_en", "zug_de"):
        shutil.move(voices / f"{name}.wav", waiting)
    command = [sys.executable, "-m", "lipsync_addon.cli", "watch", str(voices), "--network", str(tiny_network)]
    watch = subprocess.Popen(
        [*command, "--out", str(out), "--interval", "0.1"],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def until(beginning: str) -> str:
        for line in watch.stdout:
            if beginning in line:
                return line
        raise AssertionError(watch.stderr.read())

    until("2 lines: 2 baked")
    assert sorted(results(out)) == ["hello_en.csv", "lobo_es.csv"]
    shutil.move(waiting / "boat_en.wav", voices)
    assert ": new" in until("baked  boat_en")
    shutil.copy(waiting / "zug_de.wav", voices / "hello_en.wav")
    assert ": sound changed" in until("baked  hello_en")
    until("Report")
    os.kill(watch.pid, signal.SIGINT)
    _, complaints = watch.communicate(timeout=60)
    assert (watch.returncode, complaints) == (130, "")
