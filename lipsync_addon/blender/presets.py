"""The presets that the panel lists: those that come along and the user's own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import bpy

from ..batch.names import safe_name
from ..core.errors import LipsyncError
from ..core.presets import Preset, load_preset, load_presets, write_preset


def known() -> tuple[Preset, ...]:
    """Ours, then the user's; a file that is not valid is left out."""
    return (*load_presets(), *(preset for _, preset in _own()))


def names() -> tuple[str, ...]:
    """Of known(), read again only when a file has come or gone."""
    folder = user_folder()
    return _names(folder.stat().st_mtime_ns if folder.is_dir() else 0)


@lru_cache(maxsize=1)
def _names(_changed: int) -> tuple[str, ...]:
    return tuple(preset.name for preset in known())


def user_folder() -> Path:
    """Where the user's JSON files are: in the extension's own folder, which Blender removes with the extension; in
    Blender's configuration where the add-on runs from its source folder. Made when the first preset is saved."""
    try:
        return Path(bpy.utils.extension_path_user(__package__.rpartition(".lipsync_addon")[0], path="presets"))
    except ValueError:  # no extension
        return Path(bpy.utils.user_resource("CONFIG", path="lipsync/presets"))


def save(preset: Preset) -> None:
    """Keeps a preset of the user's; one of his of that name is replaced. Raises LipsyncError for a name that cannot
    be."""
    if not preset.name:
        raise LipsyncError("The preset has no name.", "Type one.")
    if any(preset.name == ours.name for ours in load_presets()):
        raise LipsyncError(f"'{preset.name}' comes with the add-on.", "Choose another name.")
    path = own_file(preset.name) or user_folder() / file_name(preset.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_preset(path, preset)


def own_file(name: str) -> Path | None:
    """The file of one of the user's presets; None for one that comes along or is not there."""
    return next((path for path, preset in _own() if preset.name == name), None)


def file_name(name: str, ending: str = ".json") -> str:
    """A file name that every system takes, and that lies in its folder whatever the preset or take is called."""
    return safe_name(name) + ending


def _own() -> list[tuple[Path, Preset]]:
    found = []
    for path in sorted(user_folder().glob("*.json")):
        try:
            found.append((path, load_preset(path)))
        except LipsyncError:
            continue
    return found
