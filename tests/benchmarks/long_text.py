"""Time and memory of `lipsync bake` on a minute, ten and an hour of sound, without and with its text.

    python tests/benchmarks/long_text.py

Dutch lines of ../shared/bench with their texts, again and again. Not on Windows, which does not tell the largest
resident set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parents[2]
LINES = ROOT.parent / "shared" / "bench" / "dev_nl"
RATE = 16000
MEASURE = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True);"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_maxrss, used.ru_utime + used.ru_stime)"
)


def main() -> None:
    print("   minutes   text   largest MB   CPU s   wall s")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (1, 10, 60):
            sound, text = long_line(Path(folder), minutes)
            for words in ((), ("--text-file", str(text), "--language", "nl")):
                started = time.perf_counter()
                largest, cpu = measured(sound, *words)
                wall = time.perf_counter() - started
                print(f"{minutes:10d} {'yes' if words else 'no':>6s} {largest:12.0f} {cpu:7.1f} {wall:8.1f}")


def long_line(folder: Path, minutes: int) -> tuple[Path, Path]:
    """(sound, text) of so many minutes."""
    texts = json.loads((LINES / "texts.json").read_text(encoding="utf-8"))
    sound, text = folder / "long.wav", folder / "long.txt"
    said, count = [], 0
    with soundfile.SoundFile(sound, "w", RATE, 1) as file:
        for name in cycle(texts):
            if count >= minutes * 60 * RATE:
                break
            samples, _ = soundfile.read(LINES / f"{name}.opus", dtype="float32")
            file.write(samples)
            said.append(texts[name])
            count += len(samples)
    text.write_text("\n".join(said), encoding="utf-8")
    return sound, text


def measured(sound: Path, *words: str) -> tuple[float, float]:
    """(largest resident set in MB, seconds of CPU)"""
    bake = [
        sys.executable, "-m", "lipsync_addon.cli", "bake", str(sound), "--to", f"{sound}.csv", "--overwrite", *words,
    ]  # fmt: skip
    child = [sys.executable, "-c", MEASURE, *bake]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run(child, capture_output=True, text=True, check=True, env=environment).stdout.split()
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return float(told[0]) / unit, float(told[1])


if __name__ == "__main__":
    main()
