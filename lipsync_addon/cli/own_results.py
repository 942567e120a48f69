"""Which files are results of ours that nobody has touched since: those alone are replaced without being asked.

A line per result is kept in the user's state folder: path, size and time of change. A file that was edited, copied from
elsewhere or written by another program is not among them, and is kept unless --overwrite is given. Where the folder
cannot be written, every file counts as somebody else's.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ..core.writing import check_writable

LARGEST = 1 << 20
"""Bytes of the list, from which on its older half is forgotten."""


def check_free(path: Path, overwrite: bool) -> None:
    """The one rule of all commands for a file that they will write. Raises LipsyncError that says what to do."""
    check_writable(path, overwrite or is_ours(path))


def is_ours(path: Path) -> bool:
    """Whether the file is as we wrote it."""
    try:
        lines = _list().read_text(encoding="utf-8").splitlines()
        return _entry(path) in lines
    except (OSError, RuntimeError, UnicodeDecodeError):
        return False


def remember(paths: Iterable[Path]) -> None:
    """To be called once the files are written."""
    try:
        file = _list()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file() and file.stat().st_size > LARGEST:
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            file.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
        with file.open("a", encoding="utf-8") as out:
            out.write("".join(_entry(path) + "\n" for path in paths))
    except (OSError, RuntimeError):
        pass  # the results are there; next time the user is asked for --overwrite


def _entry(path: Path) -> str:
    facts = path.stat()
    return json.dumps([str(path.resolve()), facts.st_size, facts.st_mtime_ns])


def _list() -> Path:
    """Raises RuntimeError where the user has no home folder."""
    if sys.platform == "win32" and "LOCALAPPDATA" in os.environ:
        folder = Path(os.environ["LOCALAPPDATA"])
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return folder / "lipsync" / "results.jsonl"
