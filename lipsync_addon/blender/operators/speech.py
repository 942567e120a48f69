"""The buttons between text and sound: speak a text before anybody is recorded, write down what a recording says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy

from ...core.progress import Progress
from ...speech import espeak, transcriber
from .. import panel_data
from ..field_problems import actor_problem, voice_problem, wanted_voice
from ..jobs import JobOperator, running
from ..panel_values import bake_settings, face_settings, style_settings
from ..preferences import wanted_providers, wanted_threads
from ..speaker_settings import wanted_speaker
from ..speaking import Speech, SpokenLine, spoken_line
from ..translations import told
from ..words_settings import recogniser_model, text_of
from .bake import TakeJob, chosen_sound, sound_problem, speaking
from .live import FOLDER

_MOST = 40  # characters of a file's name


class LIPSYNC_OT_speak(TakeJob, bpy.types.Operator):
    """Speak the text: sound in the sequencer and animation with exact times, until the actor is recorded (Replaces)"""

    bl_idname = "lipsync.speak"
    bl_label = "Speak"
    bl_options = {"REGISTER", "UNDO"}
    label = "Speaking"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        if reason := cls.missing(context):
            return reason
        if not text_of(context.scene.lipsync.words):
            return "Type the text to speak."
        if not bpy.data.filepath:
            return "Save the .blend file first: the speech goes beside it."
        settings = context.scene.lipsync
        reason = panel_data.facts(context).problem or actor_problem(settings.speaker.actor, context)
        return reason or voice_problem(settings.words) or None

    @classmethod
    def missing(cls, context: bpy.types.Context) -> str:
        """What has to be installed first, in a sentence."""
        return espeak.unavailable()

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], SpokenLine]:
        settings, words = context.scene.lipsync, context.scene.lipsync.words
        text = text_of(words)
        path = Path(bpy.data.filepath).parent / FOLDER / f"{_name(text)}.wav"
        speech = Speech(text, path, wanted_voice(words), words.voice_rate, words.voice_pitch)
        self.aim(context, path.stem, bake_settings(settings, settings.start_frame))
        style, face = style_settings(settings), face_settings(settings.face)
        providers, threads, speaker = wanted_providers(context), wanted_threads(context), wanted_speaker(context)
        return lambda progress: spoken_line(
            speech, speaking(speaker.actor, providers, threads), style, face, speaker.controls, progress
        )

    def finish(self, context: bpy.types.Context, result: SpokenLine) -> None:
        path = result.speech.path
        path.parent.mkdir(exist_ok=True)
        result.save()
        settings = context.scene.lipsync
        settings.words.edited = False
        self.write(context, result.performance, path)
        settings.source, settings.sound_file = "FILE", str(path)
        settings.words.replaces = path.stem


class LIPSYNC_OT_transcribe(JobOperator, bpy.types.Operator):
    """Put the words that are recognised in the recording into the field, for you to correct. Nothing is downloaded"""

    bl_idname = "lipsync.transcribe"
    bl_label = "Transcribe"
    bl_options = {"REGISTER", "UNDO"}
    label = "Recognising"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        return cls.missing(context) or sound_problem(context.scene)

    @classmethod
    def missing(cls, context: bpy.types.Context) -> str:
        """What has to be installed first, in a sentence."""
        return transcriber.unavailable(recogniser_model(context.scene.lipsync.words))

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], transcriber.Transcribed]:
        self._scene, words = context.scene.name, context.scene.lipsync.words
        model = recogniser_model(words)
        language = words.language.strip() if model else ""
        sound, *_ = chosen_sound(context.scene, transcriber.SAMPLE_RATE)
        return lambda progress: transcriber.transcribe(sound, model=model, language=language, progress=progress)

    def finish(self, context: bpy.types.Context, result: transcriber.Transcribed) -> None:
        if not result.text:
            self.report({"WARNING"}, told("No words were recognised. The text is as it was."))
            return
        words = bpy.data.scenes[self._scene].lipsync.words
        if words.text_block:
            words.text_block.from_string(result.text)
        else:
            words.text = result.text
        words.language = result.language or words.language
        self.report({"INFO"}, f"{len(result.text.split())} words were recognised: check them before you bake.")


def _name(text: str) -> str:
    """For the file and the take: the first words of the text."""
    plain = "".join(letter if letter.isalnum() else " " for letter in text)
    return "spoken_" + "_".join(plain.split())[:_MOST].strip("_").lower()
