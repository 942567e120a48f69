"""Readers from npm: installed once beside the virtual environments, run with node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.engines import programs

SCRIPTS = Path(__file__).parent / "node"
FOLDER = Path(__file__).parents[2] / ".venvs" / "node"


def read(script: str, file: Path) -> Any:
    """What tests/engines/node/`script` says of a file, as JSON."""
    return run(script, str(file))


def run(script: str, *arguments: str) -> Any:
    """What tests/engines/node/`script` prints, as JSON."""
    _install()
    for each in SCRIPTS.glob("*.mjs"):  # node looks for packages where the script lies
        shutil.copy(each, FOLDER)
    done = subprocess.run(["node", str(FOLDER / script), *arguments], check=False, capture_output=True, text=True)
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
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SCRIPTS / name, FOLDER / name)
    npm = [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(npm, cwd=FOLDER, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stamp.write_bytes(lock.read_bytes())
