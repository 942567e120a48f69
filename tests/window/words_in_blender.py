"""Runs in the window's Blender: a baked line with its words above a large dope sheet, and what is to be seen there.

Everything else is done with the mouse and the keyboard.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import bpy
import numpy as np

FOLDER = Path("/session")


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def sheet() -> tuple[bpy.types.Area, bpy.types.Region]:
    """The dope sheet."""
    area = next(area for area in window().screen.areas if area.type == "DOPESHEET_EDITOR")
    return area, next(region for region in area.regions if region.type == "WINDOW")


def set_up() -> None:
    """The dope sheet in the upper right half, the view with our tab in the lower part, the line baked."""
    screen = window().screen
    view = max((a for a in screen.areas if a.type == "VIEW_3D"), key=lambda a: a.width * a.height)
    with bpy.context.temp_override(window=window(), area=view):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.5)
    lower = min((a for a in screen.areas if a.type == "VIEW_3D"), key=lambda a: a.y)
    lower.type = "DOPESHEET_EDITOR"
    lower.ui_type = "DOPESHEET"
    lower.spaces.active.show_region_ui = False
    for area in screen.areas:
        if area.type == "DOPESHEET_EDITOR" and area != lower:
            area.type = "TEXT_EDITOR"  # the small timeline at the bottom, which shows the strip too
    upper = next(a for a in screen.areas if a.type == "VIEW_3D")
    upper.spaces.active.show_region_ui = True
    upper.spaces.active.region_3d.view_perspective = "CAMERA"


def bake() -> None:
    """The line with its text, as the buttons would."""
    settings = bpy.context.scene.lipsync
    settings.sound_file = str(FOLDER / "line.flac")
    settings.words.text, settings.words.language = (FOLDER / "text.txt").read_text("utf-8").strip(), "en-US"
    bpy.ops.lipsync.bake()
    scene = bpy.context.scene
    scene.frame_end = round(scene.lipsync.words.phones[-1].end * scene.render.fps) + 1
    area, region = sheet()
    with bpy.context.temp_override(window=window(), area=area, region=region):
        bpy.ops.action.view_all()
    upper = next(a for a in window().screen.areas if a.type == "VIEW_3D")
    sidebar = next(region for region in upper.regions if region.type == "UI")
    sidebar.active_panel_category = "Lipsync"
    bpy.ops.ed.undo_push(message="Baked")


def module(name: str):
    """One of the add-on's, wherever the extension was installed."""
    return sys.modules[next(each for each in sys.modules if each.endswith(f"lipsync_addon.blender.{name}"))]


def boxes() -> list[list[object]]:
    """[row, text, left, right, y from the top] of every word and phone, in pixels of the display."""
    strip = module("phoneme_strip")
    words, (_, region), shown = bpy.context.scene.lipsync.words, sheet(), module("shown_take")
    scale = bpy.context.preferences.system.ui_scale
    found = []
    timeline = module("words_settings").timeline_of(words)
    (place,) = shown.places(bpy.context, shown.shown_action(bpy.context))
    for box in strip.boxes(timeline, place):
        sides = [region.x + region.view2d.view_to_region(f, 0, clip=False)[0] for f in (box.first, box.last)]
        middle = (strip.bottom(box.row) + strip.bottom(box.row + 1)) / 2 * scale
        found.append([box.row, box.text, *sides, window().height - region.y - round(middle), box.mute])
    return found


def keys() -> str:
    """A digest of all keys of the take."""
    digest = hashlib.sha256()
    for action in bpy.data.actions:
        for bag in action.layers[0].strips[0].channelbags:
            for curve in bag.fcurves:
                values = np.empty(2 * len(curve.keyframe_points), np.float32)
                curve.keyframe_points.foreach_get("co", values)
                digest.update(values.tobytes())
    return digest.hexdigest()


def state() -> dict[str, object]:
    words = bpy.context.scene.lipsync.words
    return {
        "step": tell.step,
        "phones": [phone.unit for phone in words.phones],
        "starts": [round(phone.start, 4) for phone in words.phones],
        "stress": [round(phone.stress, 2) for phone in words.phones],
        "mute": [phone.mute for phone in words.phones],
        "active": words.active,
        "edited": words.edited,
        "frame": bpy.context.scene.frame_current,
        "keys": keys() if tell.step == "ready" else "",
        "boxes": boxes() if tell.step == "ready" else [],
        "waveform": any(module("waveforms")._kept.values()) if tell.step == "ready" else False,
        "running": [operator.bl_idname for operator in window().modal_operators],
    }


def tell() -> float:
    """Called several times a second by Blender."""
    if tell.step == "opened":
        set_up()
        tell.step = "arranged"
    elif tell.step == "arranged":
        bake()
        tell.step = "ready"
    temporary = FOLDER / "state.new"
    temporary.write_text(json.dumps(state()), encoding="utf-8")
    temporary.replace(FOLDER / "state.json")
    return 0.2


tell.step = "opened"
bpy.ops.wm.open_mainfile(filepath="/session/character.blend")
bpy.app.timers.register(tell, first_interval=1.0, persistent=True)
