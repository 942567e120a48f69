"""Blender as a module: a fresh empty file for every test, no trace in the user's settings."""

from __future__ import annotations

import os
import tempfile

# Before bpy is imported, which reads it once.
_RESOURCES = tempfile.TemporaryDirectory(prefix="lipsync-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _RESOURCES.name
os.environ["LIPSYNC_RAISE"] = "1"

import bpy  # noqa: E402
import pytest  # noqa: E402

import lipsync_addon  # noqa: E402
from lipsync_addon.core.track import AnimationTrack  # noqa: E402
from tests.blender.scene_builder import read_live_link  # noqa: E402


@pytest.fixture(autouse=True)
def empty_file():
    """Every test starts with an empty .blend."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="session")
def capture(shared) -> AnimationTrack:
    """Two minutes of a face captured with a phone at 60 frames per second: 52 ARKit channels."""
    return read_live_link(shared / "data" / "faces" / "livelink" / "alex_rom_3.csv.gz")


@pytest.fixture
def addon():
    """The extension switched on; off again afterwards, because Blender hangs at its end otherwise."""
    lipsync_addon.register()
    yield
    lipsync_addon.unregister()
