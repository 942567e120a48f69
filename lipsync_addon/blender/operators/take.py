"""The buttons that act on the take that plays: doubtful places, markers, hand edits."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ...core.errors import LipsyncError
from ...core.prediction import Prediction
from ...core.spoken import SILENCE
from .. import panel_data, sliders
from ..actions import stored_record
from ..hand_edits import discard_edits, edit_count, edits_hidden, hide_edits
from ..keyframes import frame_rate
from ..operator_base import LipsyncOperator
from ..shown_take import places
from ..stored import stored_prediction
from ..translations import told

MARK = "lipsync_markers"
"""Custom property of the scene: name and frame of each marker that we put there."""
KINDS = (
    ("WORDS", "Words", "A marker where each word begins, if the text of the line is known"),
    ("SOUNDS", "Sounds", "A marker where each sound begins, in IPA"),
    ("DOUBTS", "Doubtful Places", "A marker where the network is not sure what it heard"),
    ("NONE", "None", "Take our markers away"),
)


class _TakeOperator(LipsyncOperator):
    """Needs a take that knows its recording."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        action = panel_data.active_action(context)
        if action is None:
            return "Bake a voice line first."
        if stored_prediction(action) is None or stored_record(action) is None:
            return "The take does not know its recording: bake the line once more."
        return None


class LIPSYNC_OT_next_doubt(_TakeOperator, bpy.types.Operator):
    """Go to the next place where the network is not sure what it heard; after the last one comes the first"""

    bl_idname = "lipsync.next_doubt"
    bl_label = "Next Doubtful Place"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        reason = super().disabled_reason(context)
        if reason is None and not stored_prediction(panel_data.active_action(context)).doubts:
            return "There is no doubtful place in this take."
        return reason

    def run(self, context: bpy.types.Context) -> None:
        scene, action = context.scene, panel_data.active_action(context)
        doubts, lasting = stored_prediction(action).doubts, {}
        for place in places(context, action):
            for start, end in doubts:
                if frames := place.within(start, end):
                    lasting.setdefault(max(round(frames[0]), 0), frames[1] - frames[0])
        if not lasting:
            raise LipsyncError(
                "The doubtful places are in the parts of the take that its strip in the NLA leaves out.",
                "Make the strip longer to see them.",
            )
        frames = sorted(lasting)
        index = next((i for i, frame in enumerate(frames) if frame > scene.frame_current), 0)
        scene.frame_set(frames[index])
        seconds = lasting[frames[index]] / frame_rate(scene)
        self.report({"INFO"}, f"Doubtful place {index + 1} of {len(frames)}: {seconds:.2f} s from here.")


class LIPSYNC_OT_mark(_TakeOperator, bpy.types.Operator):
    """Put markers on the timeline, in the place of those that this button put there earlier"""

    bl_idname = "lipsync.mark"
    bl_label = "Markers"

    kind: EnumProperty(name="Markers", items=KINDS, default="WORDS")

    def run(self, context: bpy.types.Context) -> None:
        scene, action = context.scene, panel_data.active_action(context)
        marks, where = _marks(stored_prediction(action), self.kind), places(context, action)
        ours = {tuple(each) for each in scene.get(MARK, ())} if MARK in scene else set()
        for marker in [m for m in scene.timeline_markers if (m.name, str(m.frame)) in ours]:
            scene.timeline_markers.remove(marker)
        made = []
        for place in where:
            for seconds, text in marks:
                if frames := place.within(seconds, seconds):
                    marker = scene.timeline_markers.new(text, frame=round(frames[0]))
                    made.append((marker.name, str(marker.frame)))
        if MARK in scene:
            del scene[MARK]
        if made:
            scene[MARK] = made
        self.report({"INFO"}, f"{len(made)} markers on the timeline.")


class LIPSYNC_OT_hide_edits(_TakeOperator, bpy.types.Operator):
    """Show the take without your changes to its curves, or with them again; nothing is lost"""

    bl_idname = "lipsync.hide_edits"
    bl_label = "Hide or Show Hand Edits"

    def run(self, context: bpy.types.Context) -> None:
        action = panel_data.active_action(context)
        hidden = not edits_hidden(action)
        hide_edits(action, hidden)
        _rewrite(context)
        self.report({"INFO"}, told("The take is shown without your changes." if hidden else "Your changes are back."))


class LIPSYNC_OT_discard_edits(_TakeOperator, bpy.types.Operator):
    """Give up all your changes to the curves of this take; curves that you removed come back"""

    bl_idname = "lipsync.discard_edits"
    bl_label = "Discard Hand Edits"

    def run(self, context: bpy.types.Context) -> None:
        action = panel_data.active_action(context)
        count = edit_count(action)
        discard_edits(action)
        _rewrite(context)
        self.report({"INFO"}, f"{count} curve{'s' * (count != 1)} without your changes.")


def _rewrite(context: bpy.types.Context) -> None:
    sliders.write(context, quick=False)
    if problem := sliders.problem():
        raise LipsyncError(problem)


def _marks(prediction: Prediction, kind: str) -> list[tuple[float, str]]:
    """(seconds, text)"""
    if kind == "SOUNDS":
        return [(sound.start, sound.unit) for sound in prediction.sounds if sound.unit != SILENCE]
    if kind == "DOUBTS":
        return [(start, "?") for start, _ in prediction.doubts]
    if kind == "NONE":
        return []
    spans = prediction.timeline.word_spans() if prediction.timeline else ()
    if not spans:
        raise LipsyncError("The words of this take are not known.", "Type the text of the line and bake it again.")
    return [(span.start, span.text) for span in spans]


CLASSES = (LIPSYNC_OT_next_doubt, LIPSYNC_OT_mark, LIPSYNC_OT_hide_edits, LIPSYNC_OT_discard_edits)
