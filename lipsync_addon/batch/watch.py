"""Tells when recordings in a folder are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .table import SOUNDS

Look = Mapping[Path, tuple[int, int]]
"""Sound file -> its size and time of change."""


def look(folder: Path) -> Look:
    """The sound files in a folder and those in it."""
    found = {}
    for path in folder.rglob("*"):
        if path.suffix.lower() in (*SOUNDS, ".txt"):
            try:
                facts = path.stat()
            except OSError:  # gone again
                continue
            found[path] = (facts.st_size, facts.st_mtime_ns)
    return found


def settled(
    looks: Callable[[], Look], wait: Callable[[], bool], again: Callable[[], bool] = lambda: False
) -> Iterator[frozenset[Path]]:
    """Yields whenever files that are complete differ from the time before, with the files that are not.

    A file is complete if it is the same in two looks with a wait between them. Goes on until wait() says True. `again`:
    whether to yield though nothing differs.
    """
    before, told = looks(), {}
    while not wait():
        now = looks()
        complete = {path: facts for path, facts in now.items() if before.get(path) == facts and facts[0]}
        before = now
        if complete != told or again():
            told = complete
            yield frozenset(now.keys() - complete.keys())
