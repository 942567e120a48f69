"""The sub-panel "Live"."""

from __future__ import annotations

import bpy

from .operators.live import LIPSYNC_OT_live, LIPSYNC_OT_stop_live, live
from .panels import SidebarPanel, draw_text


class LIPSYNC_PT_live(SidebarPanel, bpy.types.Panel):
    """What to listen to, Start and Stop."""

    bl_label = "Live"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.lipsync.live
        if live():
            layout.operator(LIPSYNC_OT_stop_live.bl_idname, icon="PAUSE")
            return
        layout.row().prop(settings, "source", expand=True)
        if settings.source != "SCENE":
            layout.prop(settings, "record")
        layout.operator(LIPSYNC_OT_live.bl_idname, icon="PLAY")
        if reason := LIPSYNC_OT_live.disabled_reason(context):
            draw_text(layout, reason, "INFO")
