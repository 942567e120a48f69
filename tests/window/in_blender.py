"""Runs in the window's Blender: opens the character and our tab, and says again and again what is to be seen.

A file named sound.txt in /session chooses the sound, as the file dialog would; everything else is done with the mouse
and the keyboard.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import bpy
import numpy as np

FOLDER = Path("/session")


def view() -> bpy.types.Area:
    """The 3D view."""
    return next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")


def open_tab() -> bool:
    """Shows the tab "Lipsync" in the sidebar; False until the sidebar was drawn once."""
    area = view()
    space = area.spaces.active
    if not space.show_region_ui:
        space.show_region_ui = True
        space.region_3d.view_perspective = "CAMERA"
        return False
    sidebar = next(region for region in area.regions if region.type == "UI")
    if sidebar.active_panel_category == "UNSUPPORTED":
        return False
    sidebar.active_panel_category = "Lipsync"
    area.tag_redraw()
    return True


def state(opened: bool) -> dict[str, object]:
    """What a user could find out by looking around in Blender."""
    window = bpy.context.window_manager.windows[0]
    running = [operator.bl_idname for operator in window.modal_operators]
    if bool(running) != state.ran:
        state.ran, state.since = bool(running), time.time()
    sidebar = next(region for region in view().regions if region.type == "UI")
    settings = bpy.context.scene.lipsync
    bags = [bag for action in bpy.data.actions for bag in action.layers[0].strips[0].channelbags]
    editor = bpy.context.scene.sequence_editor
    return {
        "tab": opened,
        "sidebar": (sidebar.x, window.height - sidebar.y - sidebar.height, sidebar.width, sidebar.height),
        "sound": Path(settings.sound_file).name,
        "character": getattr(settings.character, "name", ""),
        "running": running,
        "since": state.since,
        "jaw": settings.jaw,
        "settling": any(bpy.app.timers.is_registered(module._settle) for module in sliders()),
        "takes": sorted(action.name for action in bpy.data.actions),
        "curves": sum(len(bag.fcurves) for bag in bags),
        "keys": sum(len(curve.keyframe_points) for bag in bags for curve in bag.fcurves),
        "heights": sum(height(curve) for bag in bags for curve in bag.fcurves),
        "sounds": [Path(strip.sound.filepath).name for strip in editor.strips] if editor else [],
    }


state.ran, state.since = False, 0.0
"""Whether an operator ran when state() was asked last, and on which second of the clock that changed."""


def sliders() -> list:
    """The add-on's module of the sliders, once it is there."""
    return [module for name, module in sys.modules.items() if name.endswith(".lipsync_addon.blender.sliders")]


def height(curve: bpy.types.FCurve) -> float:
    """Of all keys together: it tells whether any has moved."""
    places = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", places)
    return float(np.abs(places[1::2]).sum())


def tell() -> float:
    """Called several times a second by Blender."""
    wanted = FOLDER / "sound.txt"
    if wanted.exists():
        bpy.context.scene.lipsync.sound_file = wanted.read_text(encoding="utf-8")
        wanted.unlink()
        view().tag_redraw()
    tell.opened = tell.opened or open_tab()
    temporary = FOLDER / "state.new"
    temporary.write_text(json.dumps(state(tell.opened)), encoding="utf-8")
    temporary.replace(FOLDER / "state.json")
    return 0.1


tell.opened = False
bpy.ops.wm.open_mainfile(filepath="/session/character.blend")
bpy.app.timers.register(tell, persistent=True)
