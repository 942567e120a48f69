"""A folder with recorded lines, and `lipsync batch` on it with the tiny network."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soundfile

from tests.cli.conftest import read_only

__all__ = ("read_only",)


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str
    err: str
    report: dict = field(default_factory=dict)

    def count(self, what: str) -> int:
        """A sum of the report."""
        return self.report["totals"][what]

    def line(self, id: str) -> dict:
        """A line of the report."""
        return next(line for line in self.report["lines"] if line["id"] == id)


Batch = Callable[..., Ran]


@pytest.fixture
def voices(root: Path, tmp_path: Path) -> Path:
    """A folder with the first second of four of the examples' lines."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for name in ("hello_en", "boat_en", "lobo_es", "zug_de"):
        samples, rate = soundfile.read(root / "examples" / "lines" / f"{name}.flac", frames=16000)
        soundfile.write(folder / f"{name}.wav", samples, rate)
    return folder


def words(tiny_network: Path, out: Path, *arguments: object) -> list[str]:
    """The command, to be run in a process of its own."""
    command = [sys.executable, "-m", "lipsync_addon.cli", "batch", "--network", str(tiny_network), "--out", str(out)]
    return [*command, *map(str, arguments)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where results go."""
    return tmp_path / "build"


@pytest.fixture
def batch(tiny_network: Path, root: Path, out: Path) -> Batch:
    """Runs `lipsync batch ARGUMENTS --out out`."""

    def run(*arguments: object) -> Ran:
        done = subprocess.run(words(tiny_network, out, *arguments), cwd=root, capture_output=True, text=True)
        report = out / "report.json"
        data = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return Ran(done.returncode, done.stdout, done.stderr, data)

    return run


def write_table(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        table.writeheader()
        table.writerows(rows)
    return path


def results(out: Path) -> dict[str, bytes]:
    """Name -> content of everything but reports and state."""
    ours = {"report.html", "report.json", "report.csv", "junit.xml"}
    files = (path for path in out.rglob("*") if path.is_file() and ".lipsync" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.name not in ours}
