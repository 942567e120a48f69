"""Sliders that act at once: each change writes the keys of the take anew, from what the take knows of its recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from ..core.errors import LipsyncError
from . import panel_data
from .actions import TAKE, UNFITTED
from .bake import Rewritten
from .jobs import running
from .panel_values import bake_settings, face_settings, style_settings
from .preferences import wanted_providers, wanted_threads
from .playing import playing_take, playing_takes
from .restyle import restyle
from .stored import stored_prediction

SETTLED = 0.3
"""Seconds without a change, after which keys that stayed on their frames meanwhile are fitted anew."""
LONG = 180.0
"""Seconds of a take that is written only when the slider has come to rest."""

_held: list[object] = []
_speakers: list[object] = []  # whether the one who speaks was changed since keys were last fitted anew
_problem: list[str] = []
_told: list[Rewritten] = []
_moved: list[str] = []  # the take that a slider moves: the playhead may leave it before the slider has come to rest


def changed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """For `update` of every property that says how a take is played, or who speaks. Does nothing where no take
    plays."""
    if _held or running():
        return
    action = panel_data.active_action(context)
    prediction = stored_prediction(action)
    if prediction is None:
        return
    if settings.bl_rna.identifier == "LIPSYNC_PG_speaker":
        _speakers[:] = [None]
    if bpy.app.background:
        write(context, quick=False)
        return
    if _moved and _moved[0] != action[TAKE] and bpy.app.timers.is_registered(_settle):
        write(context, quick=False, take=_moved[0])
        action = panel_data.active_action(context)
    _moved[:] = [action[TAKE]]
    if prediction.track.duration <= LONG:
        write(context, quick=True)
    if bpy.app.timers.is_registered(_settle):
        bpy.app.timers.unregister(_settle)
    bpy.app.timers.register(_settle, first_interval=SETTLED)


@contextmanager
def held() -> Iterator[None]:
    """Changes that do not act."""
    _held.append(None)
    try:
        yield
    finally:
        _held.pop()


def is_held() -> bool:
    """Whether changes do not act now."""
    return bool(_held)


@contextmanager
def together(context: bpy.types.Context) -> Iterator[None]:
    """Several changes that act as one, at the end."""
    with held():
        yield
    changed(context.scene.lipsync, context)


def problem() -> str | None:
    """Why the last change did not act, for the panel."""
    return _problem[0] if _problem else None


def told() -> Rewritten | None:
    """What came of the last change, once the slider has come to rest."""
    return _told[0] if _told else None


def forget() -> None:
    """When the add-on is switched off."""
    for timer in (_settle, _refit):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    _problem.clear()
    _told.clear()
    _speakers.clear()
    _moved.clear()


def write(context: bpy.types.Context, quick: bool, take: str | None = None) -> None:
    """The take at the playhead, or the one of that name, as the settings want it now; what is in the way is told by
    problem().

    Who speaks stays as the take has it, unless the user changed that: the take may come from another file."""
    from .operators.bake import shared_predictor  # whose panels these are
    from .speaker_settings import wanted_speaker  # which calls changed()

    _problem.clear()
    _told.clear()
    settings, objects = context.scene.lipsync, panel_data.objects(context)
    try:
        action = playing_take(objects, context.scene.frame_current, take)
        prediction = stored_prediction(action)
        if prediction is None:
            return
        name = action[TAKE]
        result = restyle(
            context.scene,
            objects,
            style_settings(settings),
            bake_settings(settings, 0),
            face_settings(settings.face),
            mapping=panel_data.mapping(context, prediction.track.names),
            profiles=panel_data.profiles(context),
            quick=quick,
            speaker=wanted_speaker(context) if _speakers else None,
            predictor=lambda: shared_predictor(wanted_providers(context), wanted_threads(context)),
            take=take,
        )
        if not quick:
            _speakers.clear()
            _told[:] = [result]
            panel_data.remember_rewritten(name, result)
    except LipsyncError as error:
        _problem.append(str(error))


def start() -> None:
    """Looks at every undo and redo from now on."""
    bpy.app.handlers.undo_post.append(_undone)
    bpy.app.handlers.redo_post.append(_undone)


def stop() -> None:
    """The reverse."""
    bpy.app.handlers.undo_post.remove(_undone)
    bpy.app.handlers.redo_post.remove(_undone)


@bpy.app.handlers.persistent
def _undone(*_: object) -> None:
    """A step of undo is made when the slider is let go, and holds keys that were not fitted anew yet."""
    _speakers.clear()  # the take has the speaker that it had at that step
    if not bpy.app.timers.is_registered(_refit):
        bpy.app.timers.register(_refit, first_interval=0.0)


def _refit() -> float | None:
    """Fits anew what a step of undo or redo has brought back, in place: Blender knows nothing of it."""
    context = bpy.context
    if _dragging():
        return SETTLED
    for action in {take.action for take in playing_takes(panel_data.objects(context)) if UNFITTED in take.action}:
        write(context, quick=False, take=action[TAKE])
    return None


def _settle() -> float | None:
    if _dragging():
        return SETTLED  # somebody drags keys: the action must not be replaced under his hands
    write(bpy.context, quick=False, take=_moved[0] if _moved else None)
    return None


def _dragging() -> bool:
    return any(window.modal_operators for window in bpy.context.window_manager.windows)
