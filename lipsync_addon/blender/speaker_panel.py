"""The sub-panel "Speaker". Layout only."""

from __future__ import annotations

import bpy

from . import panel_data
from .field_problems import actor_problem
from .panels import SidebarPanel, draw_field, draw_text
from .speaker_settings import STYLES
from .stored import stored_prediction
from .translations import told


class LIPSYNC_PT_speaker(SidebarPanel, bpy.types.Panel):
    """Who speaks, and how."""

    bl_label = "Speaker"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, speaker = self.layout, context.scene.lipsync.speaker
        layout.use_property_split = True
        layout.use_property_decorate = False
        problem = actor_problem(speaker.actor, context)
        draw_field(layout, speaker, "actor", problem, placeholder=told("None"))
        styles = layout.column(align=True)
        for name in STYLES:
            styles.prop(speaker, name)
        layout.prop(speaker, "intensity")
        prediction = stored_prediction(panel_data.active_action(context))
        if prediction and (said := prediction.speaker):
            draw_text(layout, f"This take: {said}.", "INFO")
