"""Fixtures for every test: the shared folder and the switch that rewrites golden files."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SHARED_IS_ABSENT = "../shared is absent"

if importlib.util.find_spec("hypothesis"):  # the environments of training and video have no property tests
    from hypothesis import settings

    settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
    settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared with recorded speech and heads; tests that need it do not run where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(SHARED_IS_ABSENT)
    return SHARED


@pytest.fixture(scope="session")
def tiny_network() -> Path:
    """A network of a few kB with the contract of the real one; tests/data/make_tiny_network.py writes it."""
    return ROOT / "tests" / "data" / "tiny.json"


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return request.config.getoption("--update-golden")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in one line how many tests the absence of ../shared cost."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if SHARED_IS_ABSENT in str(r.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{SHARED_IS_ABSENT}: {len(skipped)} tests not run")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the process as the command does: see `lipsync_addon.cli.command`."""
    status = getattr(config, "lipsync_exit_status", None)
    if status is not None and "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps what the run came to for `pytest_unconfigure`."""
    session.config.lipsync_exit_status = int(exitstatus)
