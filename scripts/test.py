"""Makes the environments on first use and runs every test.

python3 scripts/test.py                    everything
python3 scripts/test.py --only core        one kind
python3 scripts/test.py --only core -- -k seam -x      what follows -- goes to pytest
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from environments import ROOT, NoEnvironment, ensure

PURE = ("test_layers.py", "core", "inference", "speech", "exporters", "importers", "cli", "batch")
BLENDER = ("blender", "packaging")


@dataclass(frozen=True)
class Suite:
    """Tests that run together in one environment."""

    name: str
    environment: str
    paths: tuple[str, ...]
    """Below tests/."""


LANES = (
    (
        Suite("core", "blender-4.5", PURE),
        Suite("core-3.13", "core-3.13", PURE),
        Suite("model", "train", ("model",)),
        Suite("video", "video", ("video",)),
        Suite("examples", "blender-4.5", ("examples",)),
    ),
    (
        Suite("blender-4.5", "blender-4.5", BLENDER),
        Suite("engines-4.5", "blender-4.5", ("engines",)),
        Suite("blender-5.0", "blender-5.0", BLENDER),
        Suite("engines-5.0", "blender-5.0", ("engines",)),
        Suite("window", "blender-4.5", ("window",)),
    ),
)
"""Suites that run one after another, the lanes side by side. Engines and windows share one Debian: a lane has both."""
SUITES = tuple(suite for lane in LANES for suite in lane)


@dataclass
class Outcome:
    """What one suite came to."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""


def run(suite: Suite, extra: list[str], *, alone: bool) -> Outcome:
    """Runs one suite; its output goes straight through if it runs alone, else it is printed whole at the end."""
    if reason := cannot_run(suite):
        return Outcome(suite.name, failed=int("CI" in os.environ), note=reason)
    start = time.monotonic()
    try:
        python = ensure(suite.environment)
    except NoEnvironment as error:
        # The newest Python is a second opinion; without the other environments nothing was tested.
        return Outcome(suite.name, failed=int(suite.environment != "core-3.13"), note=str(error))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        paths = [str(Path("tests", path)) for path in suite.paths]
        ran = subprocess.run(
            [str(python), "-m", "pytest", "-q", "--durations=5", f"--junit-xml={report}", *paths, *extra],
            cwd=ROOT, stdout=None if alone else subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        print(f"\n=== {suite.name}\n{ran.stdout or ''}", end="", flush=True)
        outcome = counted(suite.name, report)
    if ran.returncode != 0 and outcome.failed == 0:
        outcome.failed, outcome.note = 1, f"pytest ended with {ran.returncode}"
    outcome.seconds = time.monotonic() - start
    return outcome


def counted(name: str, report: Path) -> Outcome:
    """The sums in a JUnit report; nothing if pytest wrote none."""
    if not report.is_file():
        return Outcome(name)
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for element in xml.etree.ElementTree.parse(report).iter("testsuite"):
        for key in total:
            total[key] += int(element.get(key, 0))
    failed = total["failures"] + total["errors"]
    return Outcome(name, total["tests"] - failed - total["skipped"], failed, total["skipped"])


def cannot_run(suite: Suite) -> str:
    """Why this machine cannot run the suite, in one line; empty if it can."""
    if suite.name != "window":
        return ""
    if not sys.platform.startswith("linux"):
        return "not run: a Blender of its own is installed with debootstrap, which needs Linux"
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        return "not run: needs root and the package debootstrap"
    return ""


def main() -> None:
    """Runs the suites and ends with a table; exits 1 if a test failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[suite.name for suite in SUITES], help="one kind of test")
    parser.add_argument("pytest", nargs="*", help="after --: arguments for pytest")
    options = parser.parse_args()
    start = time.monotonic()
    lanes = [[suite for suite in lane if options.only in (None, suite.name)] for lane in LANES]
    for environment in dict.fromkeys(suite.environment for lane in lanes for suite in lane):
        with contextlib.suppress(NoEnvironment):  # run() says so
            ensure(environment)  # one at a time
    with ThreadPoolExecutor() as pool:
        ran = pool.map(lambda lane: [run(suite, options.pytest, alone=bool(options.only)) for suite in lane], lanes)
        outcomes = [outcome for lane in ran for outcome in lane]
    print(f"\n{'':12} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>7}")
    for each in outcomes:
        print(f"{each.name:12} {each.passed:7} {each.failed:7} {each.skipped:8} {each.seconds:5.0f} s", each.note)
    failed = sum(each.failed for each in outcomes)
    passed, skipped = sum(each.passed for each in outcomes), sum(each.skipped for each in outcomes)
    print(f"\n{(time.monotonic() - start) / 60:.1f} minutes")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
