"""The tab "Lipsync" in the sidebar of the 3D view. Layout only: facts come from panel_data."""

from __future__ import annotations

import bpy

from ..core.channels import ARKIT_52, VISEMES_15
from ..core.presets import LIMITS
from ..core.profile_match import explain
from . import panel_data, sliders
from .field_problems import bone_problem, channel_problems, preset_problem
from .hand_edits import edits_hidden
from .jobs import running
from .operators.bake import LIPSYNC_OT_bake
from .operators.detect import LIPSYNC_OT_detect
from .operators.export import LIPSYNC_OT_export_character, LIPSYNC_OT_export_curves
from .operators.import_curves import LIPSYNC_OT_import_curves
from .stored import stored_prediction
from .strip_places import troubles
from .text_lines import sidebar_lines
from .translations import told

_RANKS = 3
_NO_RECORDING = "Sliders do not act on this take: it does not know its recording. Bake the line once more."


class SidebarPanel:
    """Where all of our panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Lipsync"


class LIPSYNC_PT_main(SidebarPanel, bpy.types.Panel):
    """Sound, character, Bake."""

    bl_label = "Lipsync"

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.lipsync
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.row().prop(settings, "source", expand=True)
        if settings.source == "FILE":
            layout.prop(settings, "sound_file", placeholder=told("Choose a sound file."))
            layout.prop(settings, "start_frame")
            layout.prop(settings, "add_sound")
        elif context.scene.sequence_editor:
            layout.prop_search(settings, "strip", context.scene.sequence_editor, "strips_all")
        layout.prop(settings, "extend_range")
        layout.prop(settings, "character", placeholder=told("Automatic"))
        layout.prop(settings, "profile", placeholder=told("Automatic"))
        layout.operator(LIPSYNC_OT_detect.bl_idname, icon="VIEWZOOM")
        _draw_facts(layout, panel_data.facts(context))
        _draw_bake(layout, context)
        if panel_data.ranking_shown(context):  # below the button, which must not move out of sight
            _draw_ranking(layout, panel_data.facts(context))
        report = panel_data.last_report()
        if report and not running():
            box = layout.box()
            draw_text(box, f"{report.take}: {report}", "CHECKMARK")
            for notice in report.notices:
                draw_text(box, notice, "ERROR")


class LIPSYNC_PT_performance(SidebarPanel, bpy.types.Panel):
    """How the motion is played."""

    bl_label = "Performance"
    bl_parent_id = "LIPSYNC_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.lipsync
        layout.use_property_split = True
        layout.use_property_decorate = False
        problem = preset_problem(settings.preset)
        row = layout.row(align=True)
        row.alert = bool(problem)
        row.prop(settings, "preset", placeholder=told("None"))
        row = layout.row(align=True)
        row.operator("lipsync.save_preset", icon="ADD")
        row.operator("lipsync.delete_preset", text="", icon="REMOVE")
        row.operator("lipsync.import_preset", text="", icon="IMPORT")
        row.operator("lipsync.export_preset", text="", icon="EXPORT")
        if problem:
            draw_text(layout, problem, "ERROR")
        for name in LIMITS:
            layout.prop(settings, name)
        if problem := sliders.problem():
            draw_text(layout, problem, "ERROR")
        elif (action := panel_data.active_action(context)) and stored_prediction(action):
            draw_text(layout, f"Sliders act at once on '{action.name}'.", "INFO")
            for notice in done.notices if (done := sliders.told()) else ():
                draw_text(layout, notice, "ERROR")


class LIPSYNC_UL_channels(bpy.types.UIList):
    """A channel in a row: name, gain, offset."""

    def draw_item(self, context, layout, data, item, icon, active, property, index, flag) -> None:
        row = layout.row(align=True)
        field = row.row(align=True)
        field.alert = item.name not in ("", *ARKIT_52, *VISEMES_15)
        field.prop(item, "name", text="")
        row.prop(item, "gain", text="")
        row.prop(item, "offset", text="")


class LIPSYNC_PT_channels(SidebarPanel, bpy.types.Panel):
    """Gain and offset of single channels."""

    bl_label = "Channels"
    bl_parent_id = "LIPSYNC_PT_performance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings, row = context.scene.lipsync, self.layout.row()
        row.template_list("LIPSYNC_UL_channels", "", settings, "channels", settings, "channel", rows=3)
        column = row.column(align=True)
        column.operator("lipsync.add_channel", text="", icon="ADD")
        column.operator("lipsync.remove_channel", text="", icon="REMOVE")
        if not settings.channels:
            draw_text(self.layout, "Add a channel to give it a gain and an offset of its own.", "INFO")
        for problem in channel_problems(settings):
            draw_text(self.layout, problem, "ERROR")


class LIPSYNC_PT_keys(SidebarPanel, bpy.types.Panel):
    """What is found in the graph editor."""

    bl_label = "Keys"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.lipsync
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "key_mode")
        if settings.key_mode == "sparse":
            layout.prop(settings, "key_error")
        layout.prop(settings, "true_lips")
        layout.prop(settings, "as_strip")


class LIPSYNC_PT_take(SidebarPanel, bpy.types.Panel):
    """What can be done with the take that plays."""

    bl_label = "Take"
    bl_parent_id = "LIPSYNC_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        layout, action = self.layout, panel_data.active_action(context)
        prediction = stored_prediction(action)
        if prediction is None:
            draw_text(layout, _NO_RECORDING if action else "Bake a voice line first.", "INFO")
            return
        for trouble in troubles(context.scene, panel_data.objects(context), action):
            draw_text(layout, str(trouble), "ERROR")
        count = len(prediction.doubts)
        text = f"Next of {count} Doubtful Places" if count > 1 else "Next Doubtful Place"
        layout.operator("lipsync.next_doubt", text=text, icon="VIEWZOOM")
        layout.operator_menu_enum("lipsync.mark", "kind", icon="MARKER_HLT")
        hidden = edits_hidden(action)
        row = layout.row(align=True)
        text = "Show Hand Edits" if hidden else "Hide Hand Edits"
        row.operator("lipsync.hide_edits", text=text, icon="HIDE_ON" if hidden else "HIDE_OFF")
        row.operator("lipsync.discard_edits", text="Discard", icon="TRASH")


class LIPSYNC_PT_jaw(SidebarPanel, bpy.types.Panel):
    """The bones of jaw and tongue."""

    bl_label = "Jaw and Tongue Bones"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.lipsync
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "tongue_bone")
        layout.prop(settings, "jaw_mode")
        column = layout.column()
        column.active = settings.jaw_mode != "off"
        draw_field(column, settings, "jaw_bone", bone_problem(context), placeholder=told("Automatic"))
        column.prop(settings, "jaw_own_angle")
        if settings.jaw_own_angle:
            column.prop(settings, "jaw_angle")
            column.prop(settings, "jaw_axis")


class LIPSYNC_PT_export(SidebarPanel, bpy.types.Panel):
    """Files for game engines, and curves from elsewhere."""

    bl_label = "Export"
    bl_parent_id = "LIPSYNC_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator(LIPSYNC_OT_export_character.bl_idname, icon="EXPORT")
        self.layout.operator(LIPSYNC_OT_export_curves.bl_idname, icon="FCURVE")
        self.layout.operator(LIPSYNC_OT_import_curves.bl_idname, icon="IMPORT")


def _draw_ranking(layout: bpy.types.UILayout, found: panel_data.Facts) -> None:
    if found.ranked:
        box = layout.box()
        draw_text(box, explain(found.ranked).removeprefix(f"{found.ranked[0]}. "), "PRESET")
        for match in found.ranked[1:_RANKS]:  # the first is told above
            draw_text(box, str(match), "CHECKMARK" if match.complete else "BLANK1")


def _draw_facts(layout: bpy.types.UILayout, found: panel_data.Facts) -> None:
    if found.summary:
        draw_text(layout, found.summary, "OUTLINER_OB_ARMATURE")
    for sentence in found.lacks:
        draw_text(layout, sentence, "INFO")
    if found.missing and not found.lacks:
        names = ", ".join(found.missing[:4])
        more = f" and {len(found.missing) - 4} more" if len(found.missing) > 4 else ""
        draw_text(layout, f"Missing: {names}{more}", "INFO")
    for sentence in filter(None, (found.problem, *found.obstacles, *found.profile_problems)):
        draw_text(layout, sentence, "ERROR")


def _draw_bake(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if job := running():
        layout.progress(factor=job.fraction, text=f"{job.label} {job.fraction:.0%}   Esc: stop")
        return
    row = layout.row()
    row.scale_y = 1.5
    row.operator(LIPSYNC_OT_bake.bl_idname, icon="RENDER_ANIMATION")
    reason = LIPSYNC_OT_bake.disabled_reason(context)
    if reason and reason != panel_data.facts(context).problem:  # which is told above
        draw_text(layout, reason, "ERROR")


def draw_field(layout: bpy.types.UILayout, data: object, name: str, problem: str, **more) -> None:
    """A property, red where there is a problem with it, which is told below."""
    row = layout.row()
    row.alert = bool(problem)
    row.prop(data, name, **more)
    if problem:
        draw_text(layout, problem, "ERROR")


def draw_text(layout: bpy.types.UILayout, text: str, icon: str) -> None:
    """Labels do not wrap by themselves."""
    column = layout.column(align=True)
    for index, line in enumerate(sidebar_lines(told(text), bpy.context)):
        column.label(text=line, icon="BLANK1" if index else icon)
