"""A track that stands still in the repository: golden files must not change when the network does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.track import AnimationTrack


@pytest.fixture(scope="session")
def spoken(root: Path) -> AnimationTrack:
    """1.2 s of examples/lines/hello_en.flac ("my name is Poppy") as a network of ours once predicted it."""
    data = json.loads((root / "tests" / "data" / "spoken.json").read_text(encoding="utf-8"))
    return AnimationTrack(tuple(data["names"]), np.array(data["values"]), data["fps"])
