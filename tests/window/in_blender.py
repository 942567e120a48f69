"""Runs in the window's Blender: opens the character and our tab, and says again and again what is to be seen.

A file named sound.txt in /session chooses the sound, as the file dialog would; everything else is done with the mouse
and the keyboard.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
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
        "jobs": watched.jobs,
        "text": settings.words.text,
        "jaw": settings.jaw,
        "settling": any(bpy.app.timers.is_registered(module._settle) for module in sliders()),
        "takes": sorted(action.name for action in bpy.data.actions),
        "curves": sum(len(bag.fcurves) for bag in bags),
        "keys": sum(len(curve.keyframe_points) for bag in bags for curve in bag.fcurves),
        "heights": sum(height(curve) for bag in bags for curve in bag.fcurves),
        "sounds": [Path(strip.sound.filepath).name for strip in editor.strips] if editor else [],
    }


def sliders() -> list:
    """The add-on's module of the sliders, once it is there."""
    return [module for name, module in sys.modules.items() if name.endswith(".lipsync_addon.blender.sliders")]


def watched() -> bool:
    """Notes when the add-on's jobs begin and end, by the clock within Blender; True once it does."""
    for name, module in sys.modules.items():
        if name.endswith(".lipsync_addon.blender.jobs"):
            invoke, modal = module.JobOperator.invoke, module.JobOperator.modal
            module.JobOperator.invoke = lambda self, context, event: begun(self, lambda: invoke(self, context, event))
            module.JobOperator.modal = lambda self, context, event: ended(self, modal(self, context, event))
            return True
    return False


watched.jobs = []
"""[name, how it ended, seconds from the click to the end of its last step, seconds until Blender went on with its step
of undo stored, when that was on the clock of the day, CPU seconds of the whole program meanwhile]"""
watched.since = watched.spent = 0.0


def passed() -> tuple[float, float, float]:
    """For the end of a job."""
    return time.perf_counter() - watched.since, time.time(), time.process_time() - watched.spent


def begun(operator: bpy.types.Operator, start: Callable[[], set[str]]) -> set[str]:
    watched.since, watched.spent = time.perf_counter(), time.process_time()
    watched.jobs.append([operator.bl_idname, "", 0.0, 0.0, 0.0, 0.0])
    return start()


def ended(operator: bpy.types.Operator, result: set[str]) -> set[str]:
    job = watched.jobs[-1]
    if result & {"FINISHED", "CANCELLED"}:
        job[1:3] = [*result][0], time.perf_counter() - watched.since
        bpy.app.timers.register(lambda: job.__setitem__(slice(3, 6), passed()), first_interval=0.0)
    return result


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
    tell.watched = tell.watched or watched()
    tell.opened = tell.opened or open_tab()
    temporary = FOLDER / "state.new"
    temporary.write_text(json.dumps(state(tell.opened)), encoding="utf-8")
    temporary.replace(FOLDER / "state.json")
    return 0.1


tell.opened = tell.watched = False
bpy.ops.wm.open_mainfile(filepath="/session/character.blend")
bpy.app.timers.register(tell, persistent=True)
