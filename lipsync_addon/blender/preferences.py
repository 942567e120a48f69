"""Preferences of the add-on."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty

from ..inference.session import PROVIDERS
from .operator_base import log_file

# Within an extension the package is bl_ext.<repository>.lipsync, and Blender wants that as the add-on's id.
ADDON = __package__.partition(".lipsync_addon")[0] if ".lipsync_addon" in __package__ else "lipsync_addon"


class LIPSYNC_AP_preferences(bpy.types.AddonPreferences):
    """Which hardware runs the network, where rig profiles are, and where errors are described."""

    bl_idname = ADDON

    provider: EnumProperty(
        name="Network runs on",
        items=[
            ("AUTO", "Automatic", "The first of the others that works"),
            *((p.name, p.name, f"{p.name}; the CPU where it does not work") for p in PROVIDERS),
        ],
    )

    rigs: StringProperty(
        name="Rig Profiles",
        description="A folder with rig profiles of your own or of your team, beside the one in Blender's configuration",
        subtype="DIR_PATH",
    )

    log: StringProperty(
        name="Log File",
        description="Where unexpected errors are described; empty: log.txt in Blender's configuration",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.prop(self, "provider")
        self.layout.prop(self, "rigs")
        self.layout.prop(self, "log")
        row = self.layout.row()
        row.label(text=f"Errors are described in {log_file()}")
        row.operator("wm.path_open", text="Open Folder").filepath = str(log_file().parent)


def rig_folder(context: bpy.types.Context) -> Path | None:
    """Where the user keeps rig profiles beside the usual place."""
    addon = context.preferences.addons.get(ADDON)
    chosen = addon.preferences.rigs if addon and addon.preferences else ""
    return Path(bpy.path.abspath(chosen)) if chosen else None


def wanted_log(context: bpy.types.Context) -> Path | None:
    """Where the user wants errors to be described."""
    addon = context.preferences.addons.get(ADDON)
    chosen = addon.preferences.log if addon and addon.preferences else ""
    return Path(bpy.path.abspath(chosen)) if chosen else None


def wanted_providers(context: bpy.types.Context) -> tuple[str, ...] | None:
    """For Predictor.load(); None: all, in their order."""
    addon = context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences.provider == "AUTO":
        return None
    return (addon.preferences.provider,)
