"""The buttons that save the phoneme track and load one: our own JSON, a TextGrid, Rhubarb's mouths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ...core import timeline_file
from ...core.errors import LipsyncError
from ...core.pipeline import SAME_END
from ...core.timeline import PhonemeTimeline, without_gaps
from ...exporters import EXPORTERS, ExportOptions, write
from ...importers import read_phonemes
from ..operator_base import LipsyncOperator
from ..presets import file_name
from ..shown_take import shown_action
from ..stored import stored_prediction
from ..words_settings import keep, timeline_of
from .bake import chosen_source
from .phones import play_if_followed

FORMATS = [(".json", "Lipsync", "*.json")]
FORMATS += [(ending, EXPORTERS[ending].label, f"*{ending}") for ending in (".textgrid", ".srt", ".vtt")]
"""Our own, which goes back in as it was, and those of others."""
LOADED = "*.json;*.textgrid;*.TextGrid;*.tsv;*.xml"


class LIPSYNC_OT_save_phonemes(LipsyncOperator, bpy.types.Operator):
    """Write words and phonemes of the line, with your changes, to a file"""

    bl_idname = "lipsync.save_phonemes"
    bl_label = "Save Phonemes"

    filepath: StringProperty(subtype="FILE_PATH")
    ending: EnumProperty(name="Format", items=FORMATS)
    check_existing: BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if context.scene.lipsync.words.phones else "Bake a voice line first: its phonemes are listed then."

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        words = context.scene.lipsync.words
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = str(folder / file_name(words.take or Path(words.source).stem, self.ending))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Follows the format in the file dialog."""
        path = Path(self.filepath)
        if not path.name or path.suffix.lower() == self.ending:
            return False
        known = path.suffix.lower() in {ending for ending, *_ in FORMATS}
        self.filepath = str(path.with_suffix(self.ending) if known else path.with_name(path.name + self.ending))
        return True

    def run(self, context: bpy.types.Context) -> None:
        timeline, path = timeline_of(context.scene.lipsync.words), Path(bpy.path.abspath(self.filepath))
        known = {ending for ending, *_ in FORMATS}
        ending = path.suffix.lower() if path.suffix.lower() in known else self.ending
        if ending == ".json":
            timeline_file.save(timeline, path)
        else:
            prediction = stored_prediction(shown_action(context))
            if prediction is None:
                raise LipsyncError("The take of these phonemes is gone.", "Save them as .json, or bake the line again.")
            write(prediction.track, path, EXPORTERS[ending], ExportOptions(said=timeline, clip=path.stem))
        self.report({"INFO"}, f"{len(timeline.phones)} phonemes written to {path}.")


class LIPSYNC_OT_load_phonemes(LipsyncOperator, bpy.types.Operator):
    """Play the phonemes of a file in this line: of Save Phonemes, a TextGrid, or Rhubarb's mouths"""

    bl_idname = "lipsync.load_phonemes"
    bl_label = "Load Phonemes"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=LOADED, options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if context.scene.lipsync.words.phones or chosen_source(context.scene):
            return None
        return "Choose a sound file."

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: bpy.types.Context) -> None:
        words, path = context.scene.lipsync.words, Path(bpy.path.abspath(self.filepath))
        before, loaded = timeline_of(words), read_phonemes(path)
        source = words.source if before else chosen_source(context.scene)
        keep(words, _fitted(loaded, before, source, path), edited=True, before=before)
        for notice in play_if_followed(context) if before else ():
            self.report({"WARNING"}, notice)
        self.report({"INFO"}, f"{len(words.phones)} phonemes of {path.name}.")


def _fitted(loaded: PhonemeTimeline, line: PhonemeTimeline | None, source: str, path: Path) -> PhonemeTimeline:
    """As long as the line. Raises LipsyncError for phonemes that are longer or shorter than it."""
    loaded = replace(loaded, source=source)
    if line is None:
        return loaded
    if abs(loaded.end - line.end) > SAME_END:
        raise LipsyncError(
            f"The phonemes of {path.name} end at {loaded.end:.2f} s, and the line '{source}' ends at {line.end:.2f} s.",
            "Choose the file of this line.",
        )
    phones = [phone for phone in loaded.phones if phone.start < line.end]
    phones[-1] = replace(phones[-1], end=line.end)
    return replace(loaded, phones=without_gaps(phones, line.end))


CLASSES = (LIPSYNC_OT_save_phonemes, LIPSYNC_OT_load_phonemes)
