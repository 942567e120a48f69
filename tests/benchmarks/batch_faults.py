"""Ten thousand lines with everything going wrong that can, in one table: is anything lost, half-written, baked twice or
not told?

    python tests/benchmarks/batch_faults.py            10,000 lines, some minutes; as root on Linux, with faketime
    python tests/benchmarks/batch_faults.py -n 1000

Lines whose process is killed (once, always), that hang (once, always), whose sound is gone, empty, cut off, a folder, a
loop of links or closed to the user, whose result has no place; a disk that is full until somebody makes room; a clock
that jumps by years in both directions; kill -9 for processes that bake and for `lipsync batch` itself, at any moment; a
second run on the same folder. Runs go on until one comes to its end. Ends with 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from lipsync_addon import cli
from lipsync_addon.batch.pool import Pool
from lipsync_addon.batch.state import State
from lipsync_addon.cli.baker import Baker
from tests.batch.conftest import results
from tests.batch.faulty import Faulty

NETWORK = ROOT / "tests" / "data" / "tiny.json"
LIMIT = 20.0
"""Seconds after which a line counts as hanging, on a busy machine."""
SECONDS = 0.5
"""Of a line."""
UNREADABLE = ("gone", "empty", "cut", "folder", "loop", "closed")
BAD = ("poison", "stall", "no place", *UNREADABLE)
FAULTS = (*BAD, "poison once", "stall once")
SHARE = 0.006
"""Of the lines that have a fault."""
KILLS = 8
"""Of the run itself, with kill -9."""
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
OBEYING = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
"""Root without what lets root pass every permission."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=10_000, metavar="LINES")
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)  # one run, to be killed
    options = parser.parse_args()
    if options.part:
        sys.exit(run(options.part))
    if os.geteuid() or not Path(LIBRARY).exists():
        sys.exit("This needs root, for a small disk, and Debian's package faketime.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disk = folder / "disk"
        disk.mkdir()
        # A result is 26 kB: the disk is full after a third of them.
        size = options.n * 9
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], check=True)
        try:
            table = write_table(folder, options.n)
            began = time.monotonic()
            happened = Counter()
            code = until_the_end(folder, options.n, happened)
            sys.exit(judged(folder, table, code, happened, time.monotonic() - began))
        finally:
            subprocess.run(["umount", "--lazy", disk], check=True)


def write_table(folder: Path, count: int) -> list[tuple[str, str]]:
    """(id, sound) of each line; the id says what is wrong with it. And their sounds."""
    for number, name in enumerate(("hello_en", "boat_en", "lobo_es", "zug_de")):
        file = ROOT / "examples" / "lines" / f"{name}.flac"
        samples, rate = soundfile.read(file, frames=int(SECONDS * 16000))
        soundfile.write(folder / f"{number}.wav", samples, rate)
    (folder / "empty.wav").touch()
    (folder / "folder.wav").mkdir()
    (folder / "cut.wav").write_bytes((folder / "0.wav").read_bytes()[:40])
    (folder / "loop.wav").symlink_to("loop.wav")
    shutil.copy(folder / "0.wav", folder / "closed.wav")
    (folder / "closed.wav").chmod(0)
    (folder / "disk" / "build" / "no place").mkdir(parents=True)
    (folder / "disk" / "build" / "no place").chmod(0o555)
    draw, rows = random.Random(0), []
    for number in range(count):
        fault = draw.choice(FAULTS) if draw.random() < SHARE else ""
        sound = f"{fault}.wav" if fault in UNREADABLE else f"{number % 4}.wav"
        rows.append((f"no place/{number}" if fault == "no place" else f"{number} {fault}".strip(), sound))
    with (folder / "lines.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "sound"), *rows])
    return rows


def is_bad(id: str) -> bool:
    return any(id.endswith(f" {fault}") for fault in BAD) or id.startswith("no place/")


def run(folder: Path) -> int:
    """`lipsync batch` on the table with processes to which things happen."""
    (folder / "marks").mkdir(exist_ok=True)
    cli.batch.executor = lambda options: Pool(Faulty(Baker(options), folder / "marks"), 2, timeout=LIMIT)
    words = ["batch", folder / "lines.csv", "--out", folder / "disk" / "build", "--network", NETWORK]
    return cli.main([*map(str, words), "--machine-readable"])


def until_the_end(folder: Path, count: int, happened: Counter[str]) -> int:
    """Runs again and again, and strikes; returns the exit code of the run that came to its end."""
    draw, clock = random.Random(1), folder / "clock"
    environment = os.environ | {
        "LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # which no clock that is set moves
    }  # fmt: skip
    command = [*OBEYING, sys.executable, __file__, "--part", str(folder)]
    while True:
        happened["runs"] += 1
        clock.write_text("+0")
        doomed = happened["run killed"] < KILLS
        lives = draw.uniform(2, max(count / 100, 20)) if doomed else float("inf")
        with (folder / "told").open("w") as out, (folder / "complaints").open("w") as err:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, start_new_session=True)
            ends = time.monotonic() + lives
            while (code := waited(process, draw.uniform(1, 3))) is None and time.monotonic() < ends:
                clock.write_text(f"{draw.choice('+-')}{draw.randrange(1, 3000)}d")
                happened["clock set"] += 1
                if draw.random() < 0.1:
                    happened["process killed"] += killed_process_of(process.pid)
                if draw.random() < 0.02:
                    second = subprocess.run(command, env=environment, capture_output=True, text=True)
                    refused = second.returncode == 2 and "Another run is at work" in second.stderr
                    happened["second run refused" if refused else "SECOND RUN NOT REFUSED"] += 1
            if code is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                happened["run killed"] += 1
                continue
        if code != 3:
            print(*(folder / "complaints").read_text().splitlines()[-3:], sep="\n")
            return code
        happened["disk full"] += 1
        print("Exit code 3:", (folder / "complaints").read_text().strip() or "told in the report")
        subprocess.run(["mount", "-o", f"remount,size={count * 60}k", folder / "disk"], check=True)


def waited(process: subprocess.Popen, seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def killed_process_of(parent: int) -> int:
    """Kills a process that bakes; how many."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    bakes = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    bakes = [pid for pid in bakes if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    for pid in bakes[:1]:
        os.kill(pid, signal.SIGKILL)
    return len(bakes[:1])


def judged(folder: Path, table: list[tuple[str, str]], code: int, happened: Counter[str], seconds: float) -> int:
    """Compares what there is with what there should be; 0 if it is the same."""
    out, bad = folder / "disk" / "build", {id for id, _ in table if is_bad(id)}
    reference = folder / "reference"
    words = ["batch", *(str(folder / f"{n}.wav") for n in range(4)), "--out", str(reference), "--quiet"]
    assert cli.main([*words, "--network", str(NETWORK)]) == 0
    wanted = {path.stem: path.read_bytes() for path in reference.glob("?.csv")}
    made = results(out)
    missing = [id for id, _ in table if id not in bad and f"{id}.csv" not in made]
    wrong = [id for id, sound in table if f"{id}.csv" in made and made[f"{id}.csv"] != wanted[Path(sound).stem]]
    too_many = made.keys() - {f"{id}.csv" for id, _ in table if id not in bad}
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    failed = {line["id"]: line["error"] for line in report["lines"] if line["status"] == "failed"}
    told = [event["id"] for event in map(json.loads, (folder / "told").open()) if event["event"] == "line"]
    counts = report["totals"]
    sums = counts["baked"] + counts["unchanged"] + counts["kept"] + counts["failed"]
    cases = xml.parse(out / "junit.xml").getroot()
    state = State(out)
    waiting = list(state._db.execute("SELECT name FROM files WHERE staged IS NOT NULL"))
    state.close()
    left = [path for path in (out / ".lipsync" / "staging").rglob("*") if path.is_file()]
    told_twice = sum(n - 1 for id, n in Counter(told).items() if not id.startswith("no place/"))
    problems = {
        "files missing": len(missing), "files not as they should be": len(wrong), "files too many": len(too_many),
        "lines told as failed wrongly, or not": len(failed.keys() ^ bad),
        "without a reason": sum(not e for e in failed.values()),
        "lines not in the report": len(table) - len(report["lines"]), "not in its sums": len(table) - sums,
        "not in junit.xml": len(table) - int(cases.get("tests")),
        "failures there": abs(int(cases.get("failures")) - len(bad)),
        "told twice": told_twice, "not told": len({id for id, _ in table} - set(told)), "staged for ever": len(waiting),
        "left in the staging folder": len(left), "exit code is not 1": int(code != 1),
        "second runs that began": happened["SECOND RUN NOT REFUSED"],
    }  # fmt: skip
    print(f"{len(table)} lines, {len(bad)} of them bad, in {seconds:.0f} s: {len(made)} files.")
    print("What happened: " + ", ".join(f"{what} {count} times" for what, count in happened.items()) + ".")
    print("Reasons told: " + "; ".join(sorted({reason(error) for error in failed.values()})))
    print("Problems: " + (", ".join(f"{what}: {count}" for what, count in problems.items() if count) or "none") + ".")
    print(f"The last run: {counts}")
    return int(any(problems.values()))


def reason(error: str) -> str:
    """Without what differs from line to line."""
    return " ".join(word for word in error.split()[:14] if "/" not in word and not word[:1].isdigit())


if __name__ == "__main__":
    main()
