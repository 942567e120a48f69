"""The sub-panel "Face"."""

from __future__ import annotations

import bpy

from ..core.face_layers import LAYERS, emotion_table
from .panels import SidebarPanel


class LIPSYNC_PT_face(SidebarPanel, bpy.types.Panel):
    """A switch and a strength for each layer, emotions."""

    bl_label = "Face"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header(self, context: bpy.types.Context) -> None:
        self.layout.prop(context.scene.lipsync.face, "enabled", text="")

    def draw(self, context: bpy.types.Context) -> None:
        layout, face = self.layout, context.scene.lipsync.face
        layout.active = face.enabled
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in LAYERS:
            row = layout.row(heading=face.bl_rna.properties[name].name)
            row.prop(face, f"use_{name}", text="")
            strength = row.row()
            strength.active = getattr(face, f"use_{name}")
            strength.prop(face, name, text="")
        emotions = layout.column(align=True)
        for name in emotion_table():
            emotions.prop(face, name)
        layout.prop(face, "seed")
