"""What the benchmarks share: speech, time and a table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT.parent / "shared" / "bench"
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)  # of the processes that are started
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users keep theirs: the first of several runs compiles

RATE = 16000


def recorded_speech() -> np.ndarray:
    """[N] at RATE: people where ../shared is there, the examples' voices otherwise."""
    files = sorted((BENCH / "dev" / "audio").glob("*.flac")) or sorted((ROOT / "examples" / "lines").glob("*.flac"))
    parts = [soundfile.read(file, dtype="float32") for file in files]
    return np.concatenate([samples for samples, rate in parts if rate == RATE])


def best(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Least wall and CPU seconds, those of finished child processes included."""
    measured = []
    for _ in range(runs):
        before = time.perf_counter(), _cpu()
        work()
        measured.append((time.perf_counter() - before[0], _cpu() - before[1]))
    return min(wall for wall, _ in measured), min(cpu for _, cpu in measured)


def _cpu() -> float:
    children = os.times()  # to a hundredth of a second only
    return time.process_time() + children.children_user + children.children_system


def header(runs: int) -> None:
    """Where and how it is measured, and the names of the columns."""
    load = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {load}best of {runs}\n")
    print(f"{'':44s}{'wall':>10s}{'CPU':>10s}   wanted")


def row(what: str, wall: float, cpu: float, wanted: str = "", unit: str = " s") -> None:
    print(f"{what:44s}{wall:>8.3g}{unit}{cpu:>8.3g}{unit}   {wanted}")
