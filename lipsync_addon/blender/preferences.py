"""Preferences of the add-on."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..inference.session import PROVIDERS
from . import presets
from .operator_base import log_file
from .translations import told

# Within an extension the package is bl_ext.<repository>.lipsync, and Blender wants that as the add-on's id.
ADDON = __package__.partition(".lipsync_addon")[0] if ".lipsync_addon" in __package__ else "lipsync_addon"


KEY_MODE_ITEMS = (
    ("every", "Every Frame", "A key on every frame, straight lines between: exact, for export"),
    ("sparse", "Sparse", "The fewest Bezier keys that keep every frame within the error: easy to edit"),
    ("twos", "On Twos", "A pose on every second frame, held until the next; closures are kept"),
    ("stepped", "Held Poses", "A pose for each sound, held until the next: for mouths that are drawn"),
)


def _known_presets(preferences: bpy.types.AddonPreferences, context: bpy.types.Context, typed: str) -> list[str]:
    return list(presets.names())


def _default_changed(preferences: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    from .defaults import apply  # which reads this

    apply()


class LIPSYNC_AP_preferences(bpy.types.AddonPreferences):
    """What runs the network, how new files begin, where rig profiles are, and where errors are described."""

    bl_idname = ADDON

    provider: EnumProperty(
        name="Network runs on",
        items=[
            ("AUTO", "Automatic", "The first of the others that works"),
            *((p.name, p.name, f"{p.name}; the CPU where it does not work") for p in PROVIDERS),
        ],
    )

    threads: IntProperty(
        name="Threads",
        description="How many processor cores the network may keep busy; 0: a few, so that Blender stays quick",
        default=0,
        min=0,
        max=64,
    )

    key_mode: EnumProperty(
        name="Keys",
        description="What new files begin with; a file that was saved keeps its own",
        items=KEY_MODE_ITEMS,
        update=_default_changed,
    )

    preset: StringProperty(
        name="Preset",
        description="What new files begin with; empty: the motion as predicted",
        search=_known_presets,
        update=_default_changed,
    )

    rigs: StringProperty(
        name="Rig Profiles",
        description="A folder with rig profiles of your own or of your team, beside the one in Blender's configuration",
        subtype="DIR_PATH",
    )

    actors: StringProperty(
        name="Actors",
        description="A folder with actors made with `lipsync adapt`, instead of the one in your configuration",
        subtype="DIR_PATH",
    )

    log: StringProperty(
        name="Log File",
        description="Where unexpected errors are described; empty: log.txt in Blender's configuration",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.prop(self, "provider")
        self.layout.prop(self, "threads")
        self.layout.label(text="New files begin with")
        self.layout.prop(self, "key_mode")
        _draw_name(
            self, "preset", not self.preset or self.preset in presets.names(), "There is no preset of that name."
        )
        for name in ("rigs", "actors"):
            chosen = getattr(self, name)
            there = not chosen or Path(bpy.path.abspath(chosen)).is_dir()
            _draw_name(self, name, there, "There is no such folder.")
        there = not self.log or Path(bpy.path.abspath(self.log)).parent.is_dir()
        _draw_name(self, "log", there, "There is no such folder, so the usual file is used.")
        row = self.layout.row()
        row.label(text=f"Errors are described in {log_file()}")
        row.operator("wm.path_open", text="Open Folder").filepath = str(log_file().parent)


def _draw_name(preferences: bpy.types.AddonPreferences, name: str, there: bool, problem: str) -> None:
    row = preferences.layout.row()
    row.alert = not there
    row.prop(preferences, name)
    if not there:
        preferences.layout.label(text=told(problem), icon="ERROR")


def rig_folder(context: bpy.types.Context) -> Path | None:
    """Where the user keeps rig profiles beside the usual place."""
    addon = context.preferences.addons.get(ADDON)
    chosen = addon.preferences.rigs if addon and addon.preferences else ""
    return Path(bpy.path.abspath(chosen)) if chosen else None


def actor_folder(context: bpy.types.Context) -> Path | None:
    """Where the user keeps actors; None: where `lipsync adapt` puts them."""
    addon = context.preferences.addons.get(ADDON)
    chosen = addon.preferences.actors if addon and addon.preferences else ""
    return Path(bpy.path.abspath(chosen)) if chosen else None


def wanted_log(context: bpy.types.Context) -> Path | None:
    """Where the user wants errors to be described; None too where there is no such folder."""
    addon = context.preferences.addons.get(ADDON)
    chosen = addon.preferences.log if addon and addon.preferences else ""
    path = Path(bpy.path.abspath(chosen)) if chosen else None
    return path if path and path.parent.is_dir() else None


def wanted_providers(context: bpy.types.Context) -> tuple[str, ...] | None:
    """For Predictor.load(); None: all, in their order."""
    addon = context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences.provider == "AUTO":
        return None
    return (addon.preferences.provider,)


def wanted_threads(context: bpy.types.Context) -> int:
    """For Predictor.load(); 0: as many as it thinks right."""
    addon = context.preferences.addons.get(ADDON)
    return addon.preferences.threads if addon and addon.preferences else 0


def wanted_defaults(context: bpy.types.Context) -> tuple[str, str]:
    """Key mode and name of the preset that new files begin with; empty: what the add-on begins with."""
    addon = context.preferences.addons.get(ADDON)
    return (addon.preferences.key_mode, addon.preferences.preset) if addon and addon.preferences else ("", "")
