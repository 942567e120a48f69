"""Where data is read from and what training writes."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LIPSYNC_SHARED", REPOSITORY.parent / "shared"))
"""The folder with data/ and bench/; see data/README.md there for sources and licences."""
SPEECH = SHARED / "data" / "speech"
FACES = SHARED / "data" / "faces"
BENCH = SHARED / "bench"
RUNS = REPOSITORY / "runs"
"""Everything that training makes: prepared data, checkpoints, reports. Not in git."""
PREPARED = RUNS / "data"
HEARD = RUNS / "heard"
"""What a network heard in it (model/heard.py)."""
EXPORTED = REPOSITORY / "lipsync_addon" / "data" / "models"
CHECKPOINTS = REPOSITORY / "model" / "checkpoints"
"""Weights of the networks that shipped, small enough for git."""
