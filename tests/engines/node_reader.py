"""Readers from npm: installed once beside the virtual environments, run with node."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.engines import programs

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

SCRIPTS = Path(__file__).parent / "node"
FOLDER = Path(__file__).parents[2] / ".venvs" / "node"
LIMIT = 300
"""Seconds, after which a program that hangs fails its test."""


def read(script: str, file: Path) -> Any:
    """What tests/engines/node/`script` says of a file, as JSON."""
    return run(script, str(file))


def run(script: str, *arguments: str) -> Any:
    """What tests/engines/node/`script` prints, as JSON."""
    _install()
    with tempfile.TemporaryDirectory() as folder:  # node looks for packages where the script lies
        shutil.copytree(SCRIPTS, folder, dirs_exist_ok=True)
        (Path(folder) / "node_modules").symlink_to(FOLDER / "node_modules")
        command = ["node", str(Path(folder) / script), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def packages() -> Path:
    """The folder node_modules with the packages installed, for pages that import them."""
    _install()
    return FOLDER / "node_modules"


def _install() -> None:
    """npm's packages as package-lock.json names them, unless they are there already."""
    if shutil.which("npm") is None:
        programs.missing("node and npm are absent")
    lock, stamp = SCRIPTS / "package-lock.json", FOLDER / "node_modules" / "lipsync-stamp"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if fcntl:  # two test runs at a time would each remove what the other one installs
        with (FOLDER / "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            _npm_ci(lock, stamp)
    else:
        _npm_ci(lock, stamp)


def _npm_ci(lock: Path, stamp: Path) -> None:
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SCRIPTS / name, FOLDER / name)
    npm = [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(npm, cwd=FOLDER, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    stamp.write_bytes(lock.read_bytes())
