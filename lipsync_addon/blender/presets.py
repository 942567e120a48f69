"""The presets that the panel lists: those that come along and the user's own."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from ..core.presets import Preset, load_preset, load_presets


def known() -> tuple[Preset, ...]:
    """Ours, then the user's; a file that is not valid is left out."""
    return (*load_presets(), *_valid(user_folder()))


def user_folder() -> Path | None:
    """Where the user keeps JSON files of presets; None where the add-on runs from its source folder."""
    try:
        return Path(bpy.utils.extension_path_user(__package__.rpartition(".lipsync_addon")[0], path="presets"))
    except ValueError:  # no extension
        return None


def _valid(folder: Path | None) -> list[Preset]:
    found = []
    for path in sorted(folder.glob("*.json")) if folder else ():
        try:
            found.append(load_preset(path))
        except LipsyncError:
            continue
    return found
