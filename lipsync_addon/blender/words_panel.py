"""The part of the tab "Lipsync" with the words of the line and its phonemes. Layout only."""

from __future__ import annotations

import json

import bpy

from ..core.prediction import SURE
from . import panel_data
from .field_problems import language_problem, replaces_problem, voice_problem
from .jobs import running
from .operators.phones import EDITS, LIPSYNC_OT_forget_phone_edits
from .operators.speech import LIPSYNC_OT_speak, LIPSYNC_OT_transcribe
from .panels import SidebarPanel, draw_field, draw_text
from .translations import told
from .words_settings import LIPSYNC_PG_phone, LIPSYNC_PG_words, NO_WORD


class LIPSYNC_UL_phones(bpy.types.UIList):
    """A phone in a row: word, phone, when."""

    def draw_item(
        self, context, layout, data: LIPSYNC_PG_words, item: LIPSYNC_PG_phone, icon, active, property, index, flag
    ) -> None:
        before = data.phones[index - 1].word if index else NO_WORD
        starts_word = item.word != NO_WORD and item.word != before
        row = layout.row()
        row.active = not item.mute
        word = row.row()
        word.ui_units_x = 4
        word.label(text=json.loads(data.texts)[item.word] if starts_word else "")
        row.label(text="–" if item.unit == "sil" else item.unit, icon="ERROR" if item.confidence < SURE else "NONE")
        row.label(text=f"{item.start:.2f}")


class LIPSYNC_PT_words(SidebarPanel, bpy.types.Panel):
    """What is said, and when."""

    bl_label = "Words and Phonemes"
    bl_parent_id = "LIPSYNC_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        layout, words = self.layout, context.scene.lipsync.words
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.active = words.text_block is None
        column.prop(words, "text")
        layout.prop(words, "text_block")
        draw_field(layout, words, "language", language_problem(words), placeholder=told("Automatic"))
        draw_field(layout, words, "replaces", replaces_problem(context), placeholder=told("None"))
        row = layout.row(align=True)
        row.operator("lipsync.load_phonemes", icon="IMPORT")
        row.operator("lipsync.save_phonemes", icon="EXPORT")
        if not words.phones:
            return
        layout.template_list("LIPSYNC_UL_phones", "", words, "phones", words, "active", rows=6)
        for first in range(0, len(EDITS), 4):
            row = layout.row(align=True)
            for cls in EDITS[first : first + 4]:
                row.operator(cls.bl_idname)
        layout.prop(words, "follow")
        layout.prop(words, "show_strip")
        if words.edited:
            draw_text(layout, "Edited: Bake plays these phonemes.", "INFO")
            layout.operator(LIPSYNC_OT_forget_phone_edits.bl_idname)


class LIPSYNC_PT_transcribe(SidebarPanel, bpy.types.Panel):
    """The words, from the sound."""

    bl_label = "Transcribe"
    bl_parent_id = "LIPSYNC_PT_words"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, words = self.layout, context.scene.lipsync.words
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(words, "recogniser_model", placeholder=told("Automatic"))
        _draw_button(layout, context, LIPSYNC_OT_transcribe, "GREASEPENCIL")


class LIPSYNC_PT_speak(SidebarPanel, bpy.types.Panel):
    """The sound, from the words."""

    bl_label = "Speak"
    bl_parent_id = "LIPSYNC_PT_words"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, words = self.layout, context.scene.lipsync.words
        layout.use_property_split = True
        layout.use_property_decorate = False
        problem = voice_problem(words)
        draw_field(layout, words, "voice", problem, placeholder=told("Automatic"))
        layout.prop(words, "voice_rate")
        layout.prop(words, "voice_pitch")
        _draw_button(layout, context, LIPSYNC_OT_speak, "OUTLINER_OB_SPEAKER", problem)


def _draw_button(
    layout: bpy.types.UILayout, context: bpy.types.Context, cls: type, icon: str, said: str | None = None
) -> None:
    """A button with the reason below it where it is grey, unless that is `said` above, or in the main panel."""
    layout.operator(cls.bl_idname, icon=icon)
    reason = cls.disabled_reason(context)
    if reason and not running() and reason not in (said, panel_data.facts(context).problem):
        draw_text(layout, reason, "INFO")
