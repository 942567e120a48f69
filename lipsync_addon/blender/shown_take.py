"""The take whose phones the scene's track shows: the one at the playhead, or nearest to it, wherever its strip in the
NLA is now."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from . import panel_data
from .actions import TAKE, stored_record, takes_of
from .jobs import running
from .keyframes import frame_rate
from .playing import ALWAYS, Piece, pieces_of, playing_take
from .stored import stored_prediction
from .words_settings import keep

_held: list[object] = []


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the scene in which a line plays evenly, once or as one of its repetitions."""

    piece: Piece
    start_frame: float
    """Frame of the action at the sound's second 0."""
    rate: float
    """Frames of the action in a second."""

    def frame(self, seconds: float) -> float:
        """Of the scene, at a second of the line; goes on evenly beyond the ends."""
        return self.piece.in_scene(self.start_frame + seconds * self.rate)

    def seconds(self, frame: float) -> float:
        """The reverse."""
        return (self.piece.in_action(frame) - self.start_frame) / self.rate

    def within(self, start: float, end: float) -> tuple[float, float] | None:
        """(first, last) frame of the scene of what plays here of some seconds; None if nothing does."""
        first, last = sorted((self.frame(start), self.frame(end)))
        first, last = max(first, self.piece.first), min(last, self.piece.last)
        return (first, last) if first <= last else None


def shown_action(context: bpy.types.Context) -> bpy.types.Action | None:
    """The take that the track belongs to; None for a track that was never baked."""
    name = context.scene.lipsync.words.take
    takes = takes_of(panel_data.objects(context)) if name else ()
    return next((action for action in takes if action[TAKE] == name), None)


def places(context: bpy.types.Context, action: bpy.types.Action | None) -> list[Place]:
    """Where a take plays; none for one that does not: its strips are muted, or it is not assigned. Without an action
    where a bake would put the track of the scene."""
    scene = context.scene
    if action is None:
        return [Place(ALWAYS, scene.lipsync.words.start_frame, frame_rate(scene))]
    record = stored_record(action)
    start, rate = (record.timing.start_frame, record.timing.rate) if record else (1.0, frame_rate(scene))
    return [Place(piece, start, rate) for piece in pieces_of(panel_data.objects(context), action)]


def hold(held: bool) -> None:
    """While somebody drags a phone the track stays that of its take."""
    _held[:] = [None] if held else []


def show(scene: bpy.types.Scene, action: bpy.types.Action, anew: bool = False) -> None:
    """Puts the phones of a take into the scene; `anew`: though they seem to be there."""
    prediction, words = stored_prediction(action), scene.lipsync.words
    if prediction is None or prediction.timeline is None:
        return
    if anew or words.source != prediction.source or not words.phones:
        keep(words, prediction.timeline, edited=prediction.edits is not None)
    words.take = action[TAKE]
    if record := stored_record(action):
        words.start_frame = record.timing.start_frame


def follow(context: bpy.types.Context, anew: bool = False) -> None:
    """Shows the take at the playhead, unless the track has changes that no curve has followed yet. `anew`: after a
    bake."""
    words = context.scene.lipsync.words
    if _held or running() or (words.edited and not words.follow):
        return
    action = playing_take(panel_data.objects(context), context.scene.frame_current)
    if action is not None and (anew or action.get(TAKE) != words.take):
        show(context.scene, action, anew)


@bpy.app.handlers.persistent
def _moved(scene: bpy.types.Scene, *_: object) -> None:
    context = bpy.context
    if context.scene == scene and not bpy.app.is_job_running("RENDER"):
        follow(context)


def start() -> None:
    """Follows the playhead from now on."""
    bpy.app.handlers.frame_change_post.append(_moved)


def stop() -> None:
    """The reverse."""
    bpy.app.handlers.frame_change_post.remove(_moved)
    _held.clear()
