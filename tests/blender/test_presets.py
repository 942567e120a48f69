"""A preset sets the sliders, which stay the user's to change."""

from __future__ import annotations

import bpy
import pytest

from lipsync_addon.blender.panel_values import style_settings
from lipsync_addon.blender.presets import known
from lipsync_addon.core.presets import find_preset


def test_a_preset_sets_the_sliders_and_the_next_one_all_of_them(addon) -> None:
    settings = bpy.context.scene.lipsync
    for preset in known():
        settings.preset = preset.name
        style = style_settings(settings)
        assert style.jaw == pytest.approx(preset.style.jaw) and style.closure == pytest.approx(preset.style.closure)
    settings.preset = "Shouted"
    settings.jaw = 1.1
    style = style_settings(settings)
    assert style.jaw == pytest.approx(1.1) and style.closure == pytest.approx(find_preset("Shouted").style.closure)
