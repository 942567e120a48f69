"""Consumers of exported files run beside Blender as a module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.blender.conftest import capture, empty_file

__all__ = ("capture", "empty_file", "hello_poppy")


@pytest.fixture(scope="session")
def hello_poppy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with hello.blend, .glb, .fbx, .usdc and .abc: what scripts/demo.py bakes, at 30 frames a second."""
    folder = tmp_path_factory.mktemp("hello")
    bake = [sys.executable, "-m", "lipsync_addon.cli", "bake", str(root / "examples" / "lines" / "hello_en.flac")]
    targets = [
        word for ending in ("blend", "glb", "fbx", "usdc", "abc") for word in ("--to", str(folder / f"hello.{ending}"))
    ]
    character = ["--character", str(root / "examples" / "character.blend")]
    done = subprocess.run([*bake, *character, *targets, "--quiet"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder
