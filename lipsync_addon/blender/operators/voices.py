"""The buttons of the sequencer's panel: list who speaks, bake all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
from bpy.props import BoolProperty

from ...core.model_spec import ModelSpec
from ...core.pipeline import Known, Performance, animate
from ...core.progress import Progress
from ...core.timeline_retiming import Edits
from ...inference.network import DEFAULT_NETWORK
from .. import panel_data
from ..bake_scene import Group, bake_groups, groups_of, perform_groups, perform_voices
from ..field_problems import actor_problem, ignored
from ..jobs import JobOperator, running
from ..line_words import kept_edits
from ..operator_base import LipsyncOperator
from ..panel_values import bake_settings, face_settings, style_settings
from ..preferences import wanted_providers, wanted_threads
from ..sequencer import sound_strips
from ..speaker_settings import wanted_actor, wanted_speaker
from ..shown_take import follow
from ..strip_places import troubles
from ..strip_words import TEXT
from ..voice_settings import assignments
from ..voices import Voice, characters, find_voices, guessed
from .bake import speaking


class LIPSYNC_OT_list_voices(LipsyncOperator, bpy.types.Operator):
    """List the channels with sound strips, each with the character whose name it bears. Rows that are there stay"""

    bl_idname = "lipsync.list_voices"
    bl_label = "List Channels"
    bl_options = {"REGISTER", "UNDO"}

    selected: BoolProperty(
        name="Selected Strips", description="A row for each selected strip instead of each channel", default=False
    )

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if sound_strips(context.scene) else "There is no sound in the sequencer."

    def run(self, context: bpy.types.Context) -> None:
        scene, rows = context.scene, context.scene.lipsync.voices.rows
        known = characters(scene)
        there = {(row.channel, row.strip) for row in rows}
        for strip in sound_strips(scene, self.selected):
            key = (strip.channel, strip.name if self.selected else "")
            if key in there or (strip.parent_meta() and not self.selected):
                continue
            there.add(key)
            row, who = rows.add(), guessed(strip, scene, known)
            row.channel, row.strip = key
            row.character = next((o for o in who if o.type == "ARMATURE"), who[0]) if who else None
            if self.selected and TEXT not in strip:
                strip[TEXT] = ""  # for the panel, which shows it


class LIPSYNC_OT_remove_voice(LipsyncOperator, bpy.types.Operator):
    """Take the chosen row out of the table: names decide again"""

    bl_idname = "lipsync.remove_voice"
    bl_label = "Remove Row"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if context.scene.lipsync.voices.rows else "The table is empty."

    def run(self, context: bpy.types.Context) -> None:
        voices = context.scene.lipsync.voices
        voices.rows.remove(min(voices.row, len(voices.rows) - 1))


class LIPSYNC_OT_bake_scene(JobOperator, bpy.types.Operator):
    """Write the animation of every voice strip onto the character that says it: all of them, or none after an error"""

    bl_idname = "lipsync.bake_scene"
    bl_label = "Bake Strips"
    bl_options = {"REGISTER", "UNDO"}
    label = "Listening"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        voices = context.scene.lipsync.voices
        selected = voices.scope == "SELECTED"
        if sound_strips(context.scene, selected):
            actors = {context.scene.lipsync.speaker.actor, *(row.actor for row in voices.rows)}
            return next(filter(None, (actor_problem(name, context) for name in sorted(actors))), None)
        return "Select voice strips in the sequencer." if selected else "There is no sound in the sequencer."

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], list[Performance]]:
        settings = context.scene.lipsync
        rate = ModelSpec.load(DEFAULT_NETWORK).sample_rate
        scene, self._scene = context.scene, context.scene.name
        selected, table = settings.voices.scope == "SELECTED", assignments(settings.voices)
        texts = Path(bpy.path.abspath(settings.voices.texts)) if settings.voices.texts else None
        self._voices, self._left_out = find_voices(scene, rate, selected=selected, table=table, texts=texts)
        self._settings, self._groups = bake_settings(settings, 0.0), groups_of(scene, self._voices, settings.voices.per)
        edits = [self._edits(scene, group) for group in self._groups]
        of_voice = {group.lines[0][1]: own for group, own in zip(self._groups, edits) if not group.joined}
        style, face, providers = style_settings(settings), face_settings(settings.face), wanted_providers(context)
        threads, speaker = wanted_threads(context), wanted_speaker(context)
        names = {voice.actor for voice in self._voices if voice.actor}
        actors = {"": speaker.actor} | {name: wanted_actor(name, context) for name in names}

        def work(progress: Progress) -> list[Performance]:
            from ...speech.transcript import line_words  # opens espeak-ng

            told, numbers = speaker.controls, {voice.strip: index for index, voice in enumerate(self._voices)}

            def perform(voice: Voice, part: Progress) -> Performance:
                words = line_words(voice.text, voice.language) if voice.text else Known()
                predictor, own = speaking(actors[voice.actor], providers, threads), of_voice.get(numbers[voice.strip])
                return animate(
                    voice.sound, predictor, style, face, words, edits=own, controls=told, keep=True, progress=part
                )

            performances = perform_voices(self._voices, perform, progress)
            return perform_groups(self._groups, performances, speaking(None, providers, threads), edits)

        return work

    def finish(self, context: bpy.types.Context, result: list[Performance]) -> None:
        scene = bpy.data.scenes[self._scene]
        reports = bake_groups(scene, self._groups, result, self._voices, self._settings)
        panel_data.remember(reports[-1])
        words = scene.lipsync.words
        words.edited &= words.take not in {report.take for report in reports}  # these have the changes now
        if context.scene == scene:
            follow(context, anew=True)
        told = (*self._left_out, *(n for report in reports for n in report.notices))
        for notice in dict.fromkeys((*told, *map(str, troubles(scene)), *ignored(context))):
            self.report({"WARNING"}, notice)
        who = len({voice.objects for voice in self._voices})
        lines = f"{len(self._voices)} line{'s' * (len(self._voices) > 1)}"
        self.report({"INFO"}, f"{lines} of {who} character{'s' * (who > 1)} in {len(reports)} takes.")

    def _edits(self, scene: bpy.types.Scene, group: Group) -> Edits | None:
        """What a person changed in the phones of a take that is baked again."""
        objects = [scene.objects[name] for name in group.objects]
        source = group.take if group.joined else self._voices[group.lines[0][1]].strip
        return kept_edits(scene.lipsync.words, objects, source, group.take)
