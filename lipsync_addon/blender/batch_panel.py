"""The sub-panel "Batch"."""

from __future__ import annotations

import bpy

from .batch_settings import chosen
from .jobs import running
from .operators.batch import (
    LIPSYNC_OT_bake_lines_again,
    LIPSYNC_OT_import_takes,
    LIPSYNC_OT_read_batch,
    LIPSYNC_OT_select_lines,
)
from .panels import SidebarPanel, draw_text

_ICONS = {"done": "CHECKMARK", "failed": "ERROR", "kept": "GREASEPENCIL", "": "BLANK1"}


class LIPSYNC_UL_batch(bpy.types.UIList):
    """Id, state, and what is said."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        row = layout.row(align=True)
        row.prop(item, "selected", text="")
        row.label(text=item.name, icon=_ICONS[item.state] if not item.told or item.state != "done" else "INFO")
        row.label(text=item.said, translate=False)


class LIPSYNC_PT_batch(SidebarPanel, bpy.types.Panel):
    """The lines of a batch, to bake again and to bring in."""

    bl_label = "Batch"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, batch = self.layout, context.scene.lipsync.batch
        row = layout.row(align=True)
        row.prop(batch, "folder", text="")
        row.operator(LIPSYNC_OT_read_batch.bl_idname, text="", icon="FILE_REFRESH")
        if not batch.lines:
            draw_text(
                layout, LIPSYNC_OT_read_batch.disabled_reason(context) or "Read the batch to see its lines.", "INFO"
            )
            return
        layout.template_list("LIPSYNC_UL_batch", "", batch, "lines", batch, "line", rows=6)
        line = batch.lines[min(batch.line, len(batch.lines) - 1)]
        if line.said:
            draw_text(layout, line.said, "BLANK1")
        if line.told:
            draw_text(layout, line.told, "ERROR" if line.state == "failed" else "INFO")
        row = layout.row(align=True)
        for which, text in (("ALL", "All"), ("NONE", "None"), ("LOOK", "To Look At")):
            row.operator(LIPSYNC_OT_select_lines.bl_idname, text=text).which = which
        if running():
            return  # the panel above shows how far it is
        layout.label(text=f"{len(chosen(batch))} of {len(batch.lines)} selected")
        layout.operator(LIPSYNC_OT_import_takes.bl_idname, icon="IMPORT")
        layout.operator(LIPSYNC_OT_bake_lines_again.bl_idname, icon="FILE_REFRESH")
