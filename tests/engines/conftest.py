"""Consumers of exported files run beside Blender as a module."""

from __future__ import annotations

from tests.blender.conftest import capture, empty_file

__all__ = ("capture", "empty_file")
