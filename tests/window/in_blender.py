"""Runs in the window's Blender: opens the character and our tab, and says again and again what is to be seen.

A file named sound.txt in /session chooses the sound, as the file dialog would; everything else is done with the mouse
and the keyboard.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy

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
    bags = [bag for action in bpy.data.actions for bag in action.layers[0].strips[0].channelbags]
    editor = bpy.context.scene.sequence_editor
    return {
        "tab": opened,
        "sound": Path(bpy.context.scene.lipsync.sound_file).name,
        "character": getattr(bpy.context.scene.lipsync.character, "name", ""),
        "running": [operator.bl_idname for operator in window.modal_operators],
        "takes": sorted(action.name for action in bpy.data.actions),
        "curves": sum(len(bag.fcurves) for bag in bags),
        "keys": sum(len(curve.keyframe_points) for bag in bags for curve in bag.fcurves),
        "sounds": [Path(strip.sound.filepath).name for strip in editor.strips] if editor else [],
    }


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
