"""The button Bake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from ..bake import BakeReport, BakeSettings, bake
from ..field_problems import actor_problem, ignored, language_problem
from ..jobs import JobOperator, running
from ..line_words import known_words
from ..panel_values import bake_settings, face_settings, sound_path, style_settings
from ..preferences import wanted_providers, wanted_threads
from ..sequencer import take_of
from ..strip_places import StripPlace
from ..speaker_settings import wanted_speaker
from ..words_settings import keep
from ..sound_import import missing_file, open_sound, sound_of_strip


class TakeJob(JobOperator):
    """An operator whose work ends in one take of the character."""

    def aim(
        self, context: bpy.types.Context, take: str, settings: BakeSettings, strips: Sequence[StripPlace] = ()
    ) -> list[bpy.types.Object]:
        """In prepare(): what is to be written, where, and of which strips. Returns the character."""
        objects = panel_data.character(context)
        self._scene, self._objects = context.scene.name, [obj.name for obj in objects]
        self._take, self._settings, self._strips = take, settings, strips
        return objects

    def write(self, context: bpy.types.Context, result: Performance, sound: Path | None) -> None:
        """In finish(): the take, its phones in the scene, and what the user should know."""
        scene = bpy.data.scenes[self._scene]
        objects = [scene.objects[name] for name in self._objects if name in scene.objects]
        profiles = panel_data.profiles(context)
        report = bake(
            scene, objects, result, self._take, self._settings, sound=sound, strips=self._strips, profiles=profiles
        )
        report = replace(report, notices=(*report.notices, *_beyond(report, scene), *ignored(context)))
        panel_data.remember(report)
        if result.timeline:
            words = scene.lipsync.words
            words.start_frame, words.take = self._settings.start_frame, self._take
            played = words.edited and words.source == result.timeline.source
            keep(words, result.timeline, edited=played or bool(result.prediction.edits))
        for notice in report.notices:
            self.report({"WARNING"}, notice)
        self.report({"INFO"}, str(report))


class LIPSYNC_OT_bake(TakeJob, bpy.types.Operator):
    """Write mouth animation for the voice line onto the character. Baking the line again replaces these curves"""

    bl_idname = "lipsync.bake"
    bl_label = "Bake"
    bl_options = {"REGISTER", "UNDO"}
    label = "Listening"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        settings = context.scene.lipsync
        reason = sound_problem(context.scene) or panel_data.facts(context).problem
        return reason or actor_problem(settings.speaker.actor, context) or language_problem(settings.words) or None

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], Performance]:
        settings = context.scene.lipsync
        sound, start_frame, self._file, take = chosen_sound(context.scene, ModelSpec.load(DEFAULT_NETWORK).sample_rate)
        target = replace(bake_settings(settings, start_frame), replaces=settings.words.replaces)
        strips = [StripPlace.of(_strip(context.scene))] if settings.source == "STRIP" else []
        objects = self.aim(context, take, target, strips)
        style, face, providers = style_settings(settings), face_settings(settings.face), wanted_providers(context)
        threads, speaker = wanted_threads(context), wanted_speaker(context)
        words, edits = known_words(settings.words, objects, sound.source, take)
        cut = settings.source == "STRIP"

        def work(progress: Progress) -> Performance:
            predictor, told = speaking(speaker.actor, providers, threads), speaker.controls
            performance = animate(
                sound, predictor, style, face, words, edits=edits, controls=told, keep=True, progress=progress
            )
            return settled_line(performance) if cut else performance

        return work

    def finish(self, context: bpy.types.Context, result: Performance) -> None:
        self.write(context, result, self._file)


def _beyond(report: BakeReport, scene: bpy.types.Scene) -> Iterator[str]:
    """Of a take that the scene does not play to its end."""
    if report.last_frame > scene.frame_end:
        yield (
            f"The take goes on to frame {report.last_frame}, and the scene ends at {scene.frame_end}: tick Extend "
            "Scene and bake again, or let the scene end later."
        )


@lru_cache(maxsize=1)
def shared_predictor(providers: tuple[str, ...] | None, threads: int = 0) -> Predictor:
    """Opening the network takes longer than a short line does."""
    return Predictor.load(providers=providers, threads=threads)


def speaking(actor: Adaptation | None, providers: tuple[str, ...] | None, threads: int = 0) -> Predictor:
    """The shared network, adapted to the actor. Raises LipsyncError for another network's."""
    predictor = shared_predictor(providers, threads)
    return predictor.adapted(actor) if actor else predictor


def sound_problem(scene: bpy.types.Scene) -> str | None:
    """Why the chosen sound cannot be used, in a sentence."""
    settings = scene.lipsync
    if settings.source == "STRIP":
        strip = _strip(scene)
        if strip and (strip.type != "SOUND" or strip.sound is None):
            return f"'{strip.name}' is no sound strip."
        if strip:
            missing = missing_file(strip.sound)
            return f"The sound file {missing.name} does not exist." if missing else None
        if settings.strip:
            return f"There is no strip '{settings.strip}' in the video sequencer."
        return "Choose a sound strip of the video sequencer."
    path = sound_path(settings)
    if path is None:
        return "Choose a sound file."
    return None if path.is_file() else f"The sound file {path.name} does not exist."


def chosen_source(scene: bpy.types.Scene) -> str:
    """What the phones of the chosen sound are known by; empty where none is chosen."""
    settings = scene.lipsync
    if settings.source == "STRIP":
        return settings.strip
    path = sound_path(settings)
    return path.name if path else ""


def _strip(scene: bpy.types.Scene) -> bpy.types.Strip | None:
    editor = scene.sequence_editor
    return editor.strips_all.get(scene.lipsync.strip) if editor else None


def chosen_sound(scene: bpy.types.Scene, rate: int) -> tuple[Sound, float, Path | None, str]:
    """(sound at `rate` Hz, start frame, file to add to the sequencer, name of the take)."""
    settings = scene.lipsync
    if settings.source == "STRIP":
        strip = _strip(scene)
        sound, start_frame = sound_of_strip(strip, scene, rate)
        return sound, start_frame, None, take_of(strip)
    path = sound_path(settings)
    return open_sound(path, rate), settings.start_frame, path if settings.add_sound else None, path.stem
