"""One run at a time in an output folder, across processes and, where the file system can lock, machines."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..core.errors import LipsyncError


class Busy(LipsyncError):
    """Another run holds the folder."""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Holds `file` locked. The operating system lets go of it however the process ends, kill -9 included.

    Raises Busy that says who holds it.
    """
    try:
        handle = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise LipsyncError(
            f"{file} cannot be written: {error.strerror or error}.", "Choose another output folder."
        ) from error
    with handle:
        try:
            _lock(handle)
        except OSError as error:
            raise Busy(
                f"Another run is at work in {file.parent.parent}{_holder(file)}.", "Wait for it, or stop it."
            ) from error
        try:
            handle.truncate(0)
            handle.write(f"process {os.getpid()} on {socket.gethostname()}")
            handle.flush()
            yield
        finally:
            _unlock(handle)


def _holder(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")[:200].strip("\0 \n")
    except OSError:  # on Windows a locked file cannot be read
        return ""
    return f" ({text})" if text else ""


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: IO[str]) -> None:
        handle.seek(1 << 20)  # beyond the text, which others may read
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(handle: IO[str]) -> None:
        handle.seek(1 << 20)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
