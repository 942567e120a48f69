"""Programs that read our files and are no Python packages: from the path, else from the Debian of tests/sid.py."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import sid

DISPLAY = """folder=$(mktemp -d)
mkfifo $folder/ready
Xvfb -displayfd 3 -screen 0 800x600x24 +extension GLX -noreset 3>$folder/ready 2>/dev/null &
read number <$folder/ready
DISPLAY=:$number "$@" && code=0 || code=$?
kill $!
rm -r $folder
exit $code
"""
"""A shell script that runs its arguments on a display without a screen."""


def command(arguments: list[str], folder: Path) -> list[str]:
    """What starts a program, such as godot, with its arguments; to be run with the working directory `folder`.

    Files in the arguments are relative to `folder`. Skips the test where the program cannot be had, but in CI fails it.
    """
    if shutil.which(arguments[0]):
        return arguments
    if reason := sid.absent():
        missing(f"no {arguments[0]} on the path, and of tests/sid.py: {reason}")
    sid.ensure()
    return sid.inside(arguments, folder)


def on_display(arguments: list[str], folder: Path) -> list[str]:
    """command() with a display without a screen and OpenGL computed by the processor."""
    software = ["env", "LIBGL_ALWAYS_SOFTWARE=1", "sh", "-ec", DISPLAY, "sh"]
    if shutil.which("Xvfb") and shutil.which(arguments[0]):
        return [*software, *arguments]
    if reason := sid.absent():
        missing(f"no Xvfb or no {arguments[0]} on the path, and of tests/sid.py: {reason}")
    sid.ensure()
    return sid.inside([*software, *arguments], folder)


def output(arguments: list[str], folder: Path) -> str:
    """What a started program prints, both streams; it must end with 0."""
    done = subprocess.run(
        arguments, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def missing(reason: str) -> None:
    """The test does not run on this machine; in CI, where everything can be installed, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
