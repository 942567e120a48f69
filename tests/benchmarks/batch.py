"""`lipsync batch` as a studio uses it: speed, memory and what an unchanged table costs.

    python tests/benchmarks/batch.py                  1000 lines of about 4 s; with bpy to FBX as well
    python tests/benchmarks/batch.py --memory         100, 1000 and 10,000 lines: the most memory of every process
    python tests/benchmarks/batch.py --memory 100 3000         so many
    python tests/benchmarks/batch.py --memory 100 400 --to "{id}.fbx"         through Blender
    python tests/benchmarks/batch.py --rhubarb rhubarb      Rhubarb too, a process per line as a user would

Nothing is asserted: machines differ. Without a Rhubarb the stored figures of ../shared/bench are printed.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
from benchmark import MEASURE
from measuring import BENCH, RATE, ROOT, recorded_speech

PIECE = 4.0
"""Seconds of a line, a little more or less."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=1000, metavar="LINES")
    parser.add_argument("--memory", type=int, nargs="*", metavar="LINES")
    parser.add_argument("--to", default="{id}.csv", help="what --memory bakes")
    parser.add_argument("--rhubarb", metavar="PROGRAM")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as folder:
        if options.memory is not None:
            for count in options.memory or (100, 1000, 10_000):
                memory(lines(Path(folder), count), Path(folder, f"out-{count}"), options.to)
            return
        table = lines(Path(folder), options.n)
        out = Path(folder) / "out"
        both = ("--to", "{id}.csv", "--to", "{id}.json")
        bake(table, out, *both)
        bake(table, out, *both)
        if importlib.util.find_spec("bpy"):
            few = lines(Path(folder), 40)
            character = str(ROOT / "examples" / "character.blend")
            bake(few, Path(folder) / "fbx", "--to", "{id}.fbx", "--character", character)
        if options.rhubarb:
            rhubarb(options.rhubarb, lines(Path(folder), 200))
        else:
            stored_rhubarb()


def lines(folder: Path, count: int) -> Path:
    """A table of so many recordings, all different."""
    speech, draw = recorded_speech(), np.random.default_rng(0)
    table = folder / f"{count}.csv"
    (folder / "voices").mkdir(exist_ok=True)
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "sound"])
        for number in range(count):
            sound = folder / "voices" / f"{number}.wav"
            if not sound.exists():
                size, start = int(draw.normal(PIECE, 0.5) * RATE), draw.integers(len(speech))
                soundfile.write(sound, np.take(speech, range(start, start + size), mode="wrap"), RATE)
            rows.writerow([number, f"voices/{number}.wav"])
    return table


def command(table: Path, out: Path, *arguments: str) -> list[str]:
    """A quiet run."""
    return [sys.executable, "-m", "lipsync_addon.cli", "batch", str(table), "--out", str(out), "--quiet", *arguments]


def memory(table: Path, out: Path, output: str) -> None:
    """The largest resident set and the CPU time of each process of a run, the first of which leads. Linux alone."""
    import psutil

    character = (
        ("--character", str(ROOT / "examples" / "character.blend")) if output.endswith((".fbx", ".blend")) else ()
    )
    peaks: dict[int, tuple[float, float]] = {}
    leading = psutil.Popen(command(table, out, "--to", output, *character))
    while leading.poll() is None:
        with suppress(psutil.Error):
            for process in (leading, *leading.children(recursive=True)):
                with suppress(psutil.Error, OSError):  # it just ended
                    peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
                    if peak:
                        peaks[process.pid] = int(peak[1]) / 1024, sum(process.cpu_times()[:2])
        time.sleep(0.2)
    found = ", ".join(f"{size:.0f} MB ({cpu:.0f} s of CPU)" for size, cpu in peaks.values())
    print(
        f"{json.loads((out / 'report.json').read_text())['totals']['baked']:6} lines to {output}: {found}", flush=True
    )


def bake(table: Path, out: Path, *arguments: str) -> None:
    """One run with its figures. Memory: of the largest process."""
    before = time.perf_counter()
    measured = [sys.executable, "-c", MEASURE, *command(table, out, *arguments)]
    peak = subprocess.run(measured, capture_output=True, text=True, check=True).stdout
    wall = time.perf_counter() - before
    totals = json.loads((out / "report.json").read_text())["totals"]
    outputs = " ".join(word for word in arguments if word.startswith("{"))
    print(
        f"{totals['lines']:6} lines to {outputs}: {totals['baked']} baked, {wall:.1f} s with start and report, "
        f"{1000 * wall / totals['lines']:.1f} ms a line, {totals['sound_seconds'] / wall:.0f} times real time, "
        f"at most {float(peak):.0f} MB in a process"
    )


def rhubarb(program: str, table: Path) -> None:
    """A process for each line, as many at once as there are cores."""
    sounds = [table.parent / row["sound"] for row in csv.DictReader(table.open(newline=""))]
    before, cpu = time.perf_counter(), sum(os.times()[2:4])
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        start = [program, "-q", "-r", "phonetic", "-o", os.devnull]
        list(cores.map(lambda sound: subprocess.run([*start, str(sound)], check=True), sounds))
    wall, cpu = time.perf_counter() - before, sum(os.times()[2:4]) - cpu
    seconds = sum(soundfile.info(sound).duration for sound in sounds)
    print(
        f"{len(sounds):6} lines, Rhubarb's phonetic recogniser, a process for each: {wall:.1f} s, {cpu:.1f} s of CPU, "
        f"{1000 * wall / len(sounds):.1f} ms a line, {seconds / wall:.0f} times real time"
    )


def stored_rhubarb() -> None:
    """The figures of ../shared/bench, on one long sound and another day."""
    file = BENCH / "peers_speed.json"
    for name, peer in json.loads(file.read_text())["peers"].items() if file.exists() else ():
        if "rhubarb" in name:
            print(f"       stored, not run: {name}, {1 / peer['rtf_wall']:.0f} times real time (peers_speed.json)")


if __name__ == "__main__":
    main()
