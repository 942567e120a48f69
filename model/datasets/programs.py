"""Synthesisers that Debian has and pip does not: started, and asked for by name where they are missing."""

from __future__ import annotations

import shutil
import subprocess


def printed_by(command: list[str], packages: str, said: str | None = None) -> str:
    """What a program prints; `said` goes to its standard input.

    Raises RuntimeError, one sentence with the Debian `packages`, where it is missing, or with its own words where it fails.
    """
    if not shutil.which(command[0]):
        raise RuntimeError(f"{command[0]} is not installed here; Debian's packages are {packages} (apt install {packages}).")
    done = subprocess.run(command, input=said, capture_output=True, text=True, errors="replace")
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).split())
        raise RuntimeError(f"{command[0]} failed ({done.returncode}): {words[:300]}")
    return done.stdout
