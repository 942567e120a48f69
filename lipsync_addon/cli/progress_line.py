"""How far a command is, on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.progress import Progress, no_progress


@contextmanager
def progress_line(quiet: bool) -> Iterator[Progress]:
    """Per cent on the terminal, wiped at the end; nothing in a pipe or where quiet."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    try:
        yield lambda fraction: print(f"\r{fraction:4.0%}", end="", file=sys.stderr, flush=True)
    finally:
        print("\r     \r", end="", file=sys.stderr, flush=True)
