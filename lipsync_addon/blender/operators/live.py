"""The buttons of live preview."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import bpy

from ...core.errors import LipsyncError
from ...inference.stream import Stream
from .. import panel_data
from ..jobs import running
from ..live import LivePreview
from ..live_face import LiveFace
from ..live_sound import FileSound, LiveSound, Microphone, SceneSound, microphone_problem
from ..operator_base import LipsyncOperator
from ..panel_values import jaw_settings, sound_path, style_settings
from ..preferences import wanted_providers, wanted_threads
from ..sequencer import sound_strips
from ..sound_import import open_sound, sound_of_scene

FOLDER = "lipsync_recordings"
"""Beside the .blend file."""
_STEP = 1 / 60  # seconds between looks at the sound

_live: list[LIPSYNC_OT_live] = []


def live() -> bool:
    """Whether a preview is running. There is never more than one."""
    return bool(_live)


def give_up() -> None:
    """Ends a preview without a word, when the add-on is switched off."""
    for operator in _live:
        operator.stopping = True
        operator._preview.stop()
    _live.clear()


class LIPSYNC_OT_live(LipsyncOperator, bpy.types.Operator):
    """Let sound move the character while it is heard, without keys. Esc stops; the character is then as before"""

    bl_idname = "lipsync.live"
    bl_label = "Start"
    bl_options = {"REGISTER"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        settings = context.scene.lipsync
        if live() or running():
            return "The preview is running." if live() else "A line is being baked."
        return _source_problem(context) or _record_problem(settings) or panel_data.facts(context).problem

    def run(self, context: bpy.types.Context) -> None:
        """Without a window: a sound file from beginning to end, as fast as it goes."""
        if context.scene.lipsync.live.source != "FILE":
            raise LipsyncError("Live sound needs Blender's window.", "Use a sound file, or bake.")
        self._begin(context, 0.0)
        now = 0.0
        try:
            while self._preview.step(now):
                now += _STEP
        finally:
            self._end(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if bpy.app.background or context.window is None:
            return self.execute(context)
        return self.guarded(lambda: self._start(context), done="RUNNING_MODAL")

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            return self._stop(context)
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self.stopping:
            return self._stop(context)
        answer: list[bool] = []
        if self.guarded(lambda: answer.append(self._preview.step(time.monotonic()))) == {"CANCELLED"}:
            self._stop(context)
            return {"CANCELLED"}
        if not answer[0]:
            return self._stop(context)
        for area in context.screen.areas if context.screen else ():
            if area.type == "VIEW_3D":
                area.tag_redraw()
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or the window closes."""
        self._stop_timer(context)
        self._preview.stop()

    def _start(self, context: bpy.types.Context) -> None:
        self._begin(context, time.monotonic())
        self.stopping = False
        self._timer = context.window_manager.event_timer_add(_STEP, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set("Live: the sound moves the character   Esc: stop")
        _live.append(self)

    def _begin(self, context: bpy.types.Context, now: float) -> None:
        settings = context.scene.lipsync
        network = Stream.load(providers=wanted_providers(context), threads=wanted_threads(context))
        sound = _sound(context, network)
        self._frame = context.scene.frame_current
        self._record = settings.live.record and settings.live.source != "SCENE"
        face = LiveFace(
            panel_data.character(context), network.channels, jaw_settings(settings), panel_data.profiles(context)
        )
        file = _new_recording() if self._record else None
        self._preview = LivePreview(sound, network, face, style_settings(settings), file)
        try:
            self._preview.start(now)
        except LipsyncError:
            self._preview.stop()
            raise

    def _stop(self, context: bpy.types.Context) -> set[str]:
        self._stop_timer(context)
        return self.guarded(lambda: self._end(context))

    def _stop_timer(self, context: bpy.types.Context) -> None:
        _live.clear()
        context.window_manager.event_timer_remove(self._timer)
        if context.workspace:
            context.workspace.status_text_set(None)

    def _end(self, context: bpy.types.Context) -> None:
        recording, poses = self._preview.stop(), self._preview.frames
        if recording is None:
            self.report({"INFO"}, f"{poses} poses shown. Nothing was keyed.")
            return
        settings = context.scene.lipsync
        settings.source, settings.sound_file, settings.start_frame = "FILE", str(recording), self._frame
        self.report({"INFO"}, f"Recorded to {recording}.")
        bpy.ops.lipsync.bake("INVOKE_DEFAULT")


class LIPSYNC_OT_stop_live(LipsyncOperator, bpy.types.Operator):
    """Stop the preview; a recording is baked now"""

    bl_idname = "lipsync.stop_live"
    bl_label = "Stop"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if live() else "No preview is running."

    def run(self, context: bpy.types.Context) -> None:
        _live[0].stopping = True


def _source_problem(context: bpy.types.Context) -> str | None:
    settings = context.scene.lipsync
    if settings.live.source == "MICROPHONE":
        return microphone_problem()
    if settings.live.source == "SCENE":
        return None if sound_strips(context.scene) else "There is no sound in the sequencer."
    path = sound_path(settings)
    return None if path and path.is_file() else "Choose a sound file above."


def _record_problem(settings: bpy.types.PropertyGroup) -> str | None:
    if not settings.live.record or settings.live.source == "SCENE" or bpy.data.filepath:
        return None
    return "Save the .blend file first: recordings go beside it."


def _sound(context: bpy.types.Context, network: Stream) -> LiveSound:
    settings, rate = context.scene.lipsync, network.sample_rate
    if settings.live.source == "MICROPHONE":
        return Microphone(rate)
    if settings.live.source == "FILE":
        return FileSound(open_sound(sound_path(settings), rate))
    sound, start_frame = sound_of_scene(context.scene, rate)
    return SceneSound(context.scene, sound, start_frame, network.look_ahead)


def _new_recording() -> Path:
    folder = Path(bpy.data.filepath).parent / FOLDER
    folder.mkdir(exist_ok=True)
    return folder / f"{datetime.now():%Y-%m-%d %H-%M-%S}.wav"
