"""The buttons that change the phoneme track: each calls one function of core.timeline_edits."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty, StringProperty

from ...core import timeline_edits as edits
from ...core.errors import LipsyncError
from ...core.timeline import PhonemeTimeline, WordSpan
from .. import panel_data
from ..actions import TAKE
from ..jobs import running
from ..operator_base import LipsyncOperator
from ..panel_values import bake_settings, face_settings, style_settings
from ..preferences import actor_folder, wanted_providers, wanted_threads
from ..restyle import replay
from ..stored import stored_prediction
from ..words_settings import keep, timeline_of
from .bake import chosen_source, shared_predictor


class _PhoneOperator(LipsyncOperator):
    """Changes the active phone, and the curves where they are to follow."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if context.scene.lipsync.words.phones else "Bake a voice line first: its phonemes are listed then."

    def run(self, context: bpy.types.Context) -> None:
        words = context.scene.lipsync.words
        before = timeline_of(words)
        timeline = self.edited(before, min(words.active, len(before.phones) - 1))
        keep(words, timeline, edited=True, before=before)
        for notice in play_if_followed(context):
            self.report({"WARNING"}, notice)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        """The track with the change. Raises LipsyncError for what cannot be done."""
        raise NotImplementedError


class LIPSYNC_OT_change_phone(_PhoneOperator, bpy.types.Operator):
    """Say another phone in this place; several share the time"""

    bl_idname = "lipsync.change_phone"
    bl_label = "Change"

    ipa: StringProperty(name="IPA", description='For example p, tʃ, aɪ, or "sil" for a pause')

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        self.ipa = words.phones[words.active].unit
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        _draw_ipa(self)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_unit(timeline, index, self.ipa)


class LIPSYNC_OT_insert_phone(_PhoneOperator, bpy.types.Operator):
    """Add a phone after this one, in the second half of its time"""

    bl_idname = "lipsync.insert_phone"
    bl_label = "Insert"

    ipa: StringProperty(name="IPA", description='For example p, tʃ, aɪ, or "sil" for a pause', default="p")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        _draw_ipa(self)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_inserted(timeline, index, self.ipa)


class LIPSYNC_OT_delete_phone(_PhoneOperator, bpy.types.Operator):
    """Take this phone out; its neighbours take its time"""

    bl_idname = "lipsync.delete_phone"
    bl_label = "Delete"

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.without(timeline, index)


class LIPSYNC_OT_mute_phone(_PhoneOperator, bpy.types.Operator):
    """Let the mouth leave this phone out, or play it again"""

    bl_idname = "lipsync.mute_phone"
    bl_label = "Mute"

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_mute(timeline, index, not timeline.phones[index].mute)


class LIPSYNC_OT_stress_phone(_PhoneOperator, bpy.types.Operator):
    """Let the mouth play this phone more strongly, or more weakly, than it is spoken"""

    bl_idname = "lipsync.stress_phone"
    bl_label = "Stress"

    stress: FloatProperty(
        name="Stress",
        description="0: not at all, 1: as spoken, 2: twice",
        default=1.0,
        min=0.0,
        max=2.0,
        subtype="FACTOR",
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        self.stress = words.phones[words.active].stress
        return context.window_manager.invoke_props_dialog(self)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_stress(timeline, index, self.stress)


class LIPSYNC_OT_move_boundary(_PhoneOperator, bpy.types.Operator):
    """Let this phone start at another moment"""

    bl_idname = "lipsync.move_boundary"
    bl_label = "Move Start"

    seconds: FloatProperty(name="Start", description="Seconds from the start of the line", unit="TIME_ABSOLUTE")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        self.seconds = words.phones[words.active].start
        return context.window_manager.invoke_props_dialog(self)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_boundary(timeline, index, self.seconds)


class LIPSYNC_OT_stretch_word(_PhoneOperator, bpy.types.Operator):
    """Let the word of this phone start and end at other moments; its phones stretch with it"""

    bl_idname = "lipsync.stretch_word"
    bl_label = "Stretch Word"

    start: FloatProperty(name="Start", description="Seconds from the start of the line", unit="TIME_ABSOLUTE")
    end: FloatProperty(name="End", description="Seconds from the start of the line", unit="TIME_ABSOLUTE")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        timeline = timeline_of(words)
        return self.guarded(lambda: self._ask(context, _word_at(timeline, words.active)), done="RUNNING_MODAL")

    def _ask(self, context: bpy.types.Context, span: WordSpan) -> None:
        self.start, self.end = span.start, span.end
        context.window_manager.invoke_props_dialog(self)

    def edited(self, timeline: PhonemeTimeline, index: int) -> PhonemeTimeline:
        return edits.with_word_times(timeline, _word_at(timeline, index).index, self.start, self.end)


class LIPSYNC_OT_forget_phone_edits(_PhoneOperator, bpy.types.Operator):
    """Listen to the line again at the next bake, instead of playing the track as you changed it"""

    bl_idname = "lipsync.forget_phone_edits"
    bl_label = "Discard Phoneme Edits"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if context.scene.lipsync.words.edited else "The phonemes are as they were heard."

    def run(self, context: bpy.types.Context) -> None:
        context.scene.lipsync.words.edited = False


def play_if_followed(context: bpy.types.Context) -> tuple[str, ...]:
    """Moves the curves of the take with the phones, where they are to follow: one step of undo with the edit. A take
    that does not know what was heard is baked again. Returns notices."""
    scene, settings = context.scene, context.scene.lipsync
    words = settings.words
    if not words.follow or running() or panel_data.facts(context).problem:
        return ()
    action = panel_data.active_action(context)
    prediction, take = stored_prediction(action), action and action[TAKE]
    known = prediction and panel_data.mapping(context, prediction.track.names)
    told = replay(
        scene,
        panel_data.objects(context),
        timeline_of(words),
        shared_predictor(wanted_providers(context), wanted_threads(context)),
        style_settings(settings),
        bake_settings(settings, words.start_frame),
        face_settings(settings.face),
        mapping=known,
        profiles=panel_data.profiles(context),
        actors=actor_folder(context),
        take=words.take,
    )
    if told is not None:
        panel_data.remember_rewritten(words.take or take, told)
        return told.notices
    if chosen_source(scene) == words.source and bpy.ops.lipsync.bake.poll():
        bpy.ops.lipsync.bake()
        return ()
    return (f"The curves of '{words.take or words.source}' did not follow: bake its sound again.",)


def _draw_ipa(operator: bpy.types.Operator) -> None:
    """The field is ready to be typed in when the dialog opens."""
    operator.layout.activate_init = True
    operator.layout.prop(operator, "ipa")


def _word_at(timeline: PhonemeTimeline, index: int) -> WordSpan:
    for span in timeline.word_spans():
        if span.first <= index < span.last:
            return span
    raise LipsyncError("This phone belongs to no word.", "Choose a phone of a word.")


EDITS = (
    LIPSYNC_OT_change_phone,
    LIPSYNC_OT_insert_phone,
    LIPSYNC_OT_delete_phone,
    LIPSYNC_OT_mute_phone,
    LIPSYNC_OT_stress_phone,
    LIPSYNC_OT_move_boundary,
    LIPSYNC_OT_stretch_word,
)
"""What can be done to a phone, in the order of the menu."""
CLASSES = (*EDITS, LIPSYNC_OT_forget_phone_edits)
