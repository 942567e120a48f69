"""The mouse on the phoneme strip: a click chooses a phone, a drag moves the boundary or the edge of a word under it."""

from __future__ import annotations

import bpy

from ...core import timeline_edits as edits
from ...core.timeline import PhonemeTimeline
from .. import phoneme_strip
from ..operator_base import LipsyncOperator
from ..words_settings import keep, timeline_of
from .phones import play_if_followed


class LIPSYNC_OT_drag_phone(LipsyncOperator, bpy.types.Operator):
    """Choose a phone, or drag the boundary between two phones or the edge of a word"""

    bl_idname = "lipsync.drag_phone"
    bl_label = "Drag Phoneme"
    bl_options = {"UNDO", "BLOCKING"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        timeline = timeline_of(words) if words.show_strip else None
        row = phoneme_strip.row_at(context, event.mouse_region_y)
        if timeline is None or row is None:
            return {"PASS_THROUGH"}
        seconds = phoneme_strip.seconds_at(context, event.mouse_region_x)
        near = abs(phoneme_strip.seconds_at(context, event.mouse_region_x + phoneme_strip.GRIP) - seconds)
        self._grip = phoneme_strip.grip_at(timeline, row, seconds, near)
        index = timeline.index_at(seconds)
        if index is None and self._grip is None:
            return {"PASS_THROUGH"}
        if self._grip is None:
            words.active = index
            context.area.tag_redraw()
            return {"FINISHED"}
        self._before = timeline
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def _play(self, context: bpy.types.Context) -> None:
        for notice in play_if_followed(context):
            self.report({"WARNING"}, notice)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        if event.type in ("ESC", "RIGHTMOUSE"):
            keep(words, self._before, edited=words.edited)
            context.area.tag_redraw()
            return {"CANCELLED"}
        seconds = phoneme_strip.seconds_at(context, event.mouse_region_x)
        keep(words, dragged(self._before, self._grip, seconds), edited=words.edited)
        context.area.tag_redraw()
        if event.type == "LEFTMOUSE" and event.value == "RELEASE":
            if timeline_of(words).phones == self._before.phones:
                return {"CANCELLED"}
            words.edited = True
            return self.guarded(lambda: self._play(context))
        return {"RUNNING_MODAL"}


def dragged(timeline: PhonemeTimeline, grip: phoneme_strip.Grip, seconds: float) -> PhonemeTimeline:
    """The timeline with what the mouse holds at that moment."""
    if grip.kind == "boundary":
        return edits.with_boundary(timeline, grip.index, seconds)
    span = next(each for each in timeline.word_spans() if each.index == grip.index)
    start, end = (seconds, span.end) if grip.kind == "word start" else (span.start, seconds)
    return edits.with_word_times(timeline, grip.index, start, end)


_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def add_keys() -> None:
    """Puts the left mouse button on the strip; elsewhere in the dope sheet it does what it always does."""
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration and not _keys:
        keymap = configuration.keymaps.new(name="Dopesheet", space_type="DOPESHEET_EDITOR")
        _keys.append((keymap, keymap.keymap_items.new(LIPSYNC_OT_drag_phone.bl_idname, "LEFTMOUSE", "PRESS", head=True)))


def remove_keys() -> None:
    """The reverse."""
    for keymap, item in _keys:
        keymap.keymap_items.remove(item)
    _keys.clear()
