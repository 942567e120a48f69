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


def test_what_could_not_begin_is_told_again() -> None:
    a, answers = Path("a.wav"), iter([True, False, False])
    waits = iter([False] * 4 + [True])
    told = list(settled(lambda: {a: (5, 0)}, lambda: next(waits), lambda: next(answers)))
    assert told == [set()] * 2


def test_a_session_waits_for_another_run_and_goes_on(voices: Path, out: Path, tiny_network: Path, root: Path) -> None:
    """Nor does a text that is not UTF-8 end it, or a recording that begins again count as gone."""
    from lipsync_addon.batch.lock import locked

    (out / ".lipsync").mkdir(parents=True)
    command = [sys.executable, "-m", "lipsync_addon.cli", "watch", str(voices), "--network", str(tiny_network)]
    with locked(out / ".lipsync" / "lock"):
        watch = subprocess.Popen(
            [*command, "--out", str(out), "--interval", "0.1"],
            cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            told = watch.stderr.readline()
        except BaseException:
            watch.kill()
            raise
    try:
        assert "Another run is at work" in told and told.endswith("It is tried again.\n")
        assert any("4 lines: 4 baked" in line for line in watch.stdout)
        (voices / "hello_en.txt").write_bytes("Über".encode("latin-1"))
        assert any("FAILED hello_en: " in line and "is not encoded as UTF-8" in line for line in watch.stdout)
        (voices / "hello_en.txt").unlink()
        assert any("baked  hello_en: failed before" in line for line in watch.stdout)
    finally:
        watch.send_signal(signal.SIGINT)
        _, complaints = watch.communicate(timeout=60)
    assert (watch.returncode, complaints) == (130, "")


def test_a_recording_that_grows_is_not_gone(voices: Path, out: Path, tiny_network: Path) -> None:
    from lipsync_addon.batch.plan import Choice
    from lipsync_addon.cli import batch, parser
    from lipsync_addon.batch.state import State

    words = ["watch", "--network", str(tiny_network), str(voices), "--out", str(out), "--quiet"]
    options = parser().parse_args(words)
    options.words, options.lines = words, [str(options.folder)]
    with batch.stoppable() as stop, batch.executor(options) as executor:
        assert batch.bake_all(options, Choice(), executor, stop) == 0
        (voices / "boat_en.wav").write_bytes(b"half")
        growing = Choice(growing={str(voices / "boat_en.wav")})
        assert batch.bake_all(options, growing, executor, stop) == 0
    state = State(out, writing=False)
    assert state.removed() == ([], []) and state.known("boat_en").reason == "still growing"
    state.close()


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
