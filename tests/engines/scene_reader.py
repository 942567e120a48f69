"""Files as ufbx, assimp and usd-core read them, each in a process of its own: objects of the first two may be freed in
an order that ends Python, and Blender brings a USD of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LIMIT = 120
"""Seconds, after which a reader that hangs fails its test."""


def ufbx(path: Path) -> dict[str, Any]:
    """What ufbx says of an FBX (read_fbx.py)."""
    return _told("read_fbx.py", path)


def assimp(path: Path) -> dict[str, Any]:
    """What assimp says of an FBX or GLB (read_assimp.py)."""
    return _told("read_assimp.py", path)


def usd(path: Path) -> dict[str, Any]:
    """What Pixar's library says of a USD (read_usd.py)."""
    return _told("read_usd.py", path)


def _told(script: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).parent / script), str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("RESULT ")[2])  # libraries may have said something before
