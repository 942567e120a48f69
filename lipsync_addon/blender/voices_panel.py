"""The sub-panel "Sequencer"."""

from __future__ import annotations

import bpy

from .field_problems import actor_problem
from .jobs import running
from .operators.strip_takes import CLASSES as STRIP_TAKE_OPERATORS
from .operators.voices import LIPSYNC_OT_bake_scene, LIPSYNC_OT_list_voices, LIPSYNC_OT_remove_voice
from .panels import SidebarPanel, draw_text
from .strip_places import troubles
from .strip_words import TEXT

_MOST = 4  # takes in trouble that are told in words


class LIPSYNC_UL_voices(bpy.types.UIList):
    """Channel or strip, and who says it."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        editor = context.scene.sequence_editor
        channel = editor.channels[item.channel].name if editor else f"Channel {item.channel}"
        row = layout.split(factor=0.35)
        row.label(text=item.strip or channel, icon="SOUND" if item.strip else "NLA")
        row.prop(item, "character", text="")
        row = row.row()
        row.alert = bool(actor_problem(item.actor, context))
        row.prop(item, "actor", text="", icon="COMMUNITY")


class LIPSYNC_PT_voices(SidebarPanel, bpy.types.Panel):
    """Who speaks in the sequencer, and one button for all of it."""

    bl_label = "Sequencer"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, voices = self.layout, context.scene.lipsync.voices
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.row().prop(voices, "scope", expand=True)
        if voices.rows:
            layout.template_list("LIPSYNC_UL_voices", "", voices, "rows", voices, "row", rows=3)
        row = layout.row(align=True)
        row.operator(LIPSYNC_OT_list_voices.bl_idname, icon="ADD").selected = False
        row.operator(LIPSYNC_OT_list_voices.bl_idname, text="Selected Strips", icon="ADD").selected = True
        row.operator(LIPSYNC_OT_remove_voice.bl_idname, text="", icon="REMOVE")
        strips = context.scene.sequence_editor.strips_all if context.scene.sequence_editor else {}
        chosen = voices.rows[voices.row].strip if voices.row < len(voices.rows) else ""
        if (strip := strips.get(chosen)) and TEXT in strip:
            layout.prop(strip, f'["{TEXT}"]', text="Text")
        layout.prop(voices, "texts")
        layout.row().prop(voices, "per", expand=True)
        _draw_troubles(layout, context)
        if running():
            return  # the panel above shows how far it is
        layout.operator(LIPSYNC_OT_bake_scene.bl_idname, icon="SEQUENCE")
        if reason := LIPSYNC_OT_bake_scene.disabled_reason(context):
            draw_text(layout, reason, "ERROR")


def _draw_troubles(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Takes that play what their strips do not say any more, with what can be done."""
    found = troubles(context.scene)
    if not found:
        return
    box = layout.box()
    for trouble in found[:_MOST]:
        draw_text(box, str(trouble), "ERROR")
    if len(found) > _MOST:
        draw_text(box, f"And {len(found) - _MOST} more.", "BLANK1")
    for cls in STRIP_TAKE_OPERATORS:
        if any(trouble.whole and trouble.change in cls.changes for trouble in found):
            box.operator(cls.bl_idname)
