"""The button Bake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import bpy

from ...core.adaptation import Adaptation
from ...core.audio_clip import Sound
from ...core.joining import settled_line
from ...core.model_spec import ModelSpec
from ...core.pipeline import Performance, animate
from ...core.progress import Progress
from ...inference.network import DEFAULT_NETWORK
from ...inference.predictor import Predictor
from .. import panel_data
from ..bake import bake
from ..jobs import JobOperator, running
from ..line_words import known_words
from ..panel_values import bake_settings, face_settings, sound_path, style_settings
from ..preferences import wanted_providers, wanted_threads
from ..sequencer import take_of
from ..speaker_settings import wanted_speaker
from ..words_settings import keep
from ..sound_import import open_sound, sound_of_strip


class LIPSYNC_OT_bake(JobOperator, bpy.types.Operator):
    """Write mouth animation for the voice line onto the character. Baking the line again replaces these curves"""

    bl_idname = "lipsync.bake"
    bl_label = "Bake"
    bl_options = {"REGISTER", "UNDO"}
    label = "Listening"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        return _sound_problem(context.scene) or panel_data.facts(context).problem

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], Performance]:
        settings = context.scene.lipsync
        self._scene = context.scene.name
        objects = panel_data.character(context)
        self._objects = [obj.name for obj in objects]
        sound, start_frame, self._file, self._take = _chosen_sound(context.scene)
        self._settings = replace(bake_settings(settings, start_frame), replaces=settings.words.replaces)
        style, face, providers = style_settings(settings), face_settings(settings.face), wanted_providers(context)
        threads, speaker = wanted_threads(context), wanted_speaker(context)
        words, edits = known_words(settings.words, objects, sound.source, self._take)
        cut = settings.source == "STRIP"

        def work(progress: Progress) -> Performance:
            predictor, told = speaking(speaker.actor, providers, threads), speaker.controls
            performance = animate(
                sound, predictor, style, face, words, edits=edits, controls=told, keep=True, progress=progress
            )
            return settled_line(performance) if cut else performance

        return work

    def finish(self, context: bpy.types.Context, result: Performance) -> None:
        scene = bpy.data.scenes[self._scene]
        objects = [scene.objects[name] for name in self._objects if name in scene.objects]
        profiles = panel_data.profiles(context)
        report = bake(scene, objects, result, self._take, self._settings, sound=self._file, profiles=profiles)
        panel_data.remember(report)
        self._keep_phones(scene, result)
        for notice in report.notices:
            self.report({"WARNING"}, notice)
        self.report({"INFO"}, str(report))

    def _keep_phones(self, scene: bpy.types.Scene, result: Performance) -> None:
        """Lists the phones of the line in the scene, as they were played."""
        if result.timeline:
            words = scene.lipsync.words
            words.start_frame = self._settings.start_frame
            played = words.edited and words.source == result.timeline.source
            keep(words, result.timeline, edited=played or bool(result.prediction.edits))


@lru_cache(maxsize=1)
def shared_predictor(providers: tuple[str, ...] | None, threads: int = 0) -> Predictor:
    """Opening the network takes longer than a short line does."""
    return Predictor.load(providers=providers, threads=threads)


def speaking(actor: Adaptation | None, providers: tuple[str, ...] | None, threads: int = 0) -> Predictor:
    """The shared network, adapted to the actor. Raises LipsyncError for another network's."""
    predictor = shared_predictor(providers, threads)
    return predictor.adapted(actor) if actor else predictor


def _sound_problem(scene: bpy.types.Scene) -> str | None:
    settings = scene.lipsync
    if settings.source == "STRIP":
        strip = _strip(scene)
        return None if strip and strip.type == "SOUND" else "Choose a sound strip of the video sequencer."
    path = sound_path(settings)
    if path is None:
        return "Choose a sound file."
    return None if path.is_file() else f"The sound file {path.name} does not exist."


def _strip(scene: bpy.types.Scene) -> bpy.types.Strip | None:
    editor = scene.sequence_editor
    return editor.strips_all.get(scene.lipsync.strip) if editor else None


def _chosen_sound(scene: bpy.types.Scene) -> tuple[Sound, float, Path | None, str]:
    """(sound, start frame, file to add to the sequencer, name of the take)."""
    settings = scene.lipsync
    rate = ModelSpec.load(DEFAULT_NETWORK).sample_rate
    if settings.source == "STRIP":
        strip = _strip(scene)
        sound, start_frame = sound_of_strip(strip, scene, rate)
        return sound, start_frame, None, take_of(strip)
    path = sound_path(settings)
    return open_sound(path, rate), settings.start_frame, path if settings.add_sound else None, path.stem
