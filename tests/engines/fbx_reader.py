"""FBX as ufbx reads it, in a process of its own: the reader's objects may be freed in an order that ends Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "read_fbx.py"


def read(path: Path) -> dict[str, Any]:
    """What read_fbx.py says of a file."""
    command = [sys.executable, str(SCRIPT), str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
