"""What every command of training shares: help from its docstring, one sentence where something is missing."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lipsync_addon.core.errors import LipsyncError

from .paths import SHARED


def arguments(described: str | None) -> argparse.ArgumentParser:
    """A parser that shows the docstring of the command as it was written."""
    return argparse.ArgumentParser(description=described, formatter_class=argparse.RawDescriptionHelpFormatter)


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Around a command's main: a LipsyncError ends it with what it says, without a traceback."""
    try:
        yield
    except LipsyncError as error:
        raise SystemExit(str(error)) from error


def needed(path: Path, hint: str) -> Path:
    """The file or folder. Raises LipsyncError with the hint, what to do, where there is none."""
    if not path.exists():
        raise LipsyncError(f"{path} is missing.", hint)
    return path


def shared(path: Path) -> Path:
    """A file of the shared data. Raises LipsyncError where there is none."""
    return needed(path, f"Set LIPSYNC_SHARED to the folder with data/ and bench/; now it is {SHARED}.")
