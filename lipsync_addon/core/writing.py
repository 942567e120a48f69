"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LipsyncError


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` with the same ending; renamed to `target` if the block succeeds.

    Raises LipsyncError where the folder is missing, read-only or full. After any error the target is as
    it was before and the temporary file is gone.
    """
    target = Path(target)
    temporary = _empty_file_beside(target)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes it private; the user's own rule holds for results
        os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(target: Path, overwrite: bool = False) -> None:
    """Raises LipsyncError where whole_file() would fail, and for a file that is there unless it may be replaced: to be
    called before long work. Leaves nothing behind."""
    target = Path(target)
    try:
        target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # what is wrong with the folder shows below
    except OSError as error:
        raise _cannot_write(target, error) from error
    if target.is_dir():
        raise LipsyncError(f"{target} is a folder.", "Add the name of a file.")
    if target.exists() and not overwrite:
        raise LipsyncError(f"{target} exists already and is kept.", "Choose another name, or add --overwrite.")
    _empty_file_beside(target).unlink()


def _empty_file_beside(target: Path) -> Path:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem[:40]}-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise _cannot_write(target, error) from error
    os.close(handle)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(target: Path, error: OSError) -> LipsyncError:
    hint = {
        errno.ENOENT: "Create its folder first.",
        errno.ENAMETOOLONG: "Use a shorter name.",
        errno.ENOSPC: "Free some space, or choose another folder.",
    }.get(error.errno, "Choose another folder, or check that you may write there.")
    return LipsyncError(f"{target} cannot be written: {error.strerror or error}.", hint)
