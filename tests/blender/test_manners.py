"""Languages, and that the add-on leaves Blender as it found it."""

from __future__ import annotations

import ast
from pathlib import Path

import bpy

import lipsync_addon
from lipsync_addon.blender import phoneme_strip, registration, sliders, translations
from lipsync_addon.blender.bake import bake
from lipsync_addon.blender.stored import store_prediction
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, random_track
from tests.blender.test_panels import drawn

SOURCE = Path(lipsync_addon.__file__).parent


def texts_of_the_code() -> set[str]:
    """Every string in the code except the table itself."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.name != "translations.py":
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            found |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found


def test_the_table_has_no_dead_entries_and_no_empty_ones():
    assert set(translations.TABLE) <= texts_of_the_code()
    assert all(len(row) == len(translations.LANGUAGES) and all(row) for row in translations.TABLE.values())


def test_every_panel_and_button_is_translated():
    labels = {cls.bl_label for cls in registration.CLASSES if issubclass(cls, (bpy.types.Panel, bpy.types.Operator))}
    assert labels - set(translations.TABLE) == {"Lipsync"}


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
