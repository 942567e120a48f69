"""Languages, and that the add-on leaves Blender as it found it."""

from __future__ import annotations

import bpy

import lipsync_addon
from lipsync_addon.blender import phoneme_strip, sliders
from lipsync_addon.blender.bake import bake
from lipsync_addon.blender.stored import store_prediction
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, random_track
from tests.blender.test_panels import drawn

def state() -> dict[str, object]:
    """What an add-on can leave in Blender."""
    handlers = {
        name: [each.__module__ for each in value]
        for name in dir(bpy.app.handlers)
        if isinstance(value := getattr(bpy.app.handlers, name), list)
    }
    configuration = bpy.context.window_manager.keyconfigs.addon
    return {
        "handlers": handlers,
        "timers": bpy.app.timers.is_registered(sliders._settle),
        "drawn": phoneme_strip._handle,
        "classes": sorted(name for name in dir(bpy.types) if name.startswith("LIPSYNC")),
        "operators": dir(bpy.ops.lipsync),
        "properties": [name for name in dir(bpy.types.Scene) if "lipsync" in name],
        "keys": [item.idname for each in configuration.keymaps for item in each.keymap_items] if configuration else [],
    }


def test_switching_on_and_off_twice_leaves_nothing():
    before = state()
    for _ in range(2):
        lipsync_addon.register()
        on = state()
        assert all(on[name] != before[name] for name in ("handlers", "classes", "operators", "properties"))
        bpy.app.timers.register(sliders._settle, first_interval=9.0)  # as a slider does that was just let go
        bpy.context.scene.lipsync.jaw = 0.5
        lipsync_addon.unregister()
        assert state() == before


def test_a_take_without_its_recording_says_that_sliders_do_not_act(addon):
    character = build_character()
    bake(bpy.context.scene, character, Performance(random_track()), "line")
    store_prediction(bpy.data.actions[0], None)
    text = " ".join(drawn().split())
    assert "Sliders do not act on this take" in text and "Bake the line once more." in text
