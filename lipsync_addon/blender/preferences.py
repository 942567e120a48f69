"""Preferences of the add-on."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ..inference.session import PROVIDERS
from .operator_base import log_file

# Within an extension the package is bl_ext.<repository>.lipsync, and Blender wants that as the add-on's id.
ADDON = __package__.partition(".lipsync_addon")[0] if ".lipsync_addon" in __package__ else "lipsync_addon"


class LIPSYNC_AP_preferences(bpy.types.AddonPreferences):
    """Which hardware runs the network, and where errors are described."""

    bl_idname = ADDON

    provider: EnumProperty(
        name="Network runs on",
        items=[
            ("AUTO", "Automatic", "The first of the others that works"),
            *((p.name, p.name, f"{p.name}; the CPU where it does not work") for p in PROVIDERS),
        ],
    )

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.prop(self, "provider")
        row = self.layout.row()
        row.label(text=f"Errors are described in {log_file()}")
        row.operator("wm.path_open", text="Open Folder").filepath = str(log_file().parent)


def wanted_providers(context: bpy.types.Context) -> tuple[str, ...] | None:
    """For Predictor.load(); None: all, in their order."""
    addon = context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences.provider == "AUTO":
        return None
    return (addon.preferences.provider,)
