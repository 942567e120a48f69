"""Files are written whole or not at all."""

from __future__ import annotations

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
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise _cannot_write(target, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes it private; the user's own rule holds for results
        os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(target: Path, error: OSError) -> LipsyncError:
    reason = error.strerror or str(error)
    return LipsyncError(f"{target} cannot be written: {reason}.", "Choose another folder or free some space.")
