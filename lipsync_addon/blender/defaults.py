"""New files begin with the key mode and the preset that the preferences name."""

from __future__ import annotations

import bpy

from . import presets, sliders
from .panel_values import show_style
from .preferences import wanted_defaults


def apply() -> None:
    """Sets what the user has not chosen in the scenes of a file that was never saved; others keep what they have."""
    key_mode, name = wanted_defaults(bpy.context)
    if bpy.data.filepath:
        return
    with sliders.held():
        for scene in bpy.data.scenes:
            settings = scene.lipsync
            if key_mode and not settings.is_property_set("key_mode"):
                settings.key_mode = key_mode
            preset = next((each for each in presets.known() if each.name == name), None) if name else None
            if preset and not settings.is_property_set("preset"):
                settings.preset = name
                show_style(settings, preset.style)


@bpy.app.handlers.persistent
def _opened(_file: object) -> None:
    apply()


def start() -> None:
    """Looks at every file that is opened from now on."""
    bpy.app.handlers.load_post.append(_opened)


def stop() -> None:
    """The reverse."""
    bpy.app.handlers.load_post.remove(_opened)
