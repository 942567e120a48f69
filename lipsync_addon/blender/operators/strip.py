"""The mouse on the phoneme strip: a click chooses a phone, a drag moves the boundary or the edge of a word under it, a
double click changes a phone, the right button offers what else can be done, a click on the waveform goes there."""

from __future__ import annotations

import bpy

from ...core import timeline_edits as edits
from ...core.timeline import PhonemeTimeline
from .. import phoneme_strip
from ..operator_base import LipsyncOperator
from ..shown_take import Place, hold
from ..words_settings import keep, timeline_of
from .phones import EDITS, play_if_followed


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
        self._place = phoneme_strip.place_at(context, event.mouse_region_x)
        if self._place is None:
            return {"PASS_THROUGH"}
        frame = phoneme_strip.frame_at(context, event.mouse_region_x)
        seconds = self._place.seconds(frame)
        if row == phoneme_strip.WAVE:
            return self._go_to(context, frame) if 0 <= seconds < timeline.end else {"PASS_THROUGH"}
        self._grip = _grip(context, event, timeline, self._place)
        index = timeline.index_at(seconds)
        if index is None and self._grip is None:
            return {"PASS_THROUGH"}
        if self._grip is None:
            words.active = index
            context.area.tag_redraw()
            return {"FINISHED"}
        self._before = timeline
        hold(True)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def _play(self, context: bpy.types.Context) -> None:
        for notice in play_if_followed(context):
            self.report({"WARNING"}, notice)

    def _go_to(self, context: bpy.types.Context, frame: float) -> set[str]:
        context.scene.frame_set(round(frame))
        return {"CANCELLED"}  # handled, and no step of undo

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or the window closes."""
        hold(False)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        if event.type in ("ESC", "RIGHTMOUSE"):
            hold(False)
            keep(words, self._before, edited=words.edited)
            context.area.tag_redraw()
            return {"CANCELLED"}
        seconds = self._place.seconds(phoneme_strip.frame_at(context, event.mouse_region_x))
        keep(words, dragged(self._before, self._grip, seconds), edited=words.edited)
        context.area.tag_redraw()
        if event.type == "LEFTMOUSE" and event.value == "RELEASE":
            hold(False)
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


def _grip(
    context: bpy.types.Context, event: bpy.types.Event, timeline: PhonemeTimeline, place: Place
) -> phoneme_strip.Grip | None:
    """What the mouse would hold where it is."""
    x, row = event.mouse_region_x, phoneme_strip.row_at(context, event.mouse_region_y)
    seconds, beside = (place.seconds(phoneme_strip.frame_at(context, at)) for at in (x, x + phoneme_strip.GRIP))
    return phoneme_strip.grip_at(timeline, row, seconds, abs(beside - seconds))


class _OnStrip:
    """An operator that does something to the phone under the mouse."""

    bl_options = {"INTERNAL"}
    beside_grips = False
    """Leave alone where something can be held: a quick second drag is no double click."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        timeline = timeline_of(words) if words.show_strip else None
        if timeline is None or phoneme_strip.row_at(context, event.mouse_region_y) not in (
            phoneme_strip.PHONES,
            phoneme_strip.WORDS,
        ):
            return {"PASS_THROUGH"}
        place = phoneme_strip.place_at(context, event.mouse_region_x)
        if place is None:
            return {"PASS_THROUGH"}
        index = timeline.index_at(place.seconds(phoneme_strip.frame_at(context, event.mouse_region_x)))
        if index is None or (self.beside_grips and _grip(context, event, timeline, place)):
            return {"PASS_THROUGH"}
        words.active = index
        context.area.tag_redraw()
        self.act()
        return {"FINISHED"}


class LIPSYNC_OT_phone_under_mouse(_OnStrip, LipsyncOperator, bpy.types.Operator):
    """Change the phone under the mouse"""

    bl_idname = "lipsync.phone_under_mouse"
    bl_label = "Change Phoneme"
    beside_grips = True

    def act(self) -> None:
        bpy.ops.lipsync.change_phone("INVOKE_DEFAULT")


class LIPSYNC_OT_phone_menu(_OnStrip, LipsyncOperator, bpy.types.Operator):
    """Everything that can be done to the phone under the mouse"""

    bl_idname = "lipsync.phone_menu"
    bl_label = "Phoneme Menu"

    def act(self) -> None:
        bpy.ops.wm.call_menu(name=LIPSYNC_MT_phone.__name__)


class LIPSYNC_MT_phone(bpy.types.Menu):
    """The menu of the right mouse button on the strip."""

    bl_label = "Phoneme"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        for cls in EDITS:
            layout.operator(cls.bl_idname)


CLASSES = (LIPSYNC_OT_drag_phone, LIPSYNC_OT_phone_under_mouse, LIPSYNC_OT_phone_menu, LIPSYNC_MT_phone)

_KEYS = (
    (LIPSYNC_OT_drag_phone.bl_idname, "LEFTMOUSE", "PRESS"),
    (LIPSYNC_OT_phone_under_mouse.bl_idname, "LEFTMOUSE", "DOUBLE_CLICK"),
    (LIPSYNC_OT_phone_menu.bl_idname, "RIGHTMOUSE", "PRESS"),
)
_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def add_keys() -> None:
    """Puts the mouse buttons on the strip; elsewhere in the dope sheet they do what they always do."""
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration and not _keys:
        keymap = configuration.keymaps.new(name="Dopesheet", space_type="DOPESHEET_EDITOR")
        _keys.extend((keymap, keymap.keymap_items.new(*key, head=True)) for key in _KEYS)


def remove_keys() -> None:
    """The reverse."""
    for keymap, item in _keys:
        keymap.keymap_items.remove(item)
    _keys.clear()
