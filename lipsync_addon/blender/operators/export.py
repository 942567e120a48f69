"""The buttons that write files: the character with its take, or the take's curves alone."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ...exporters import EXPORTERS, ExportOptions, write
from .. import panel_data
from ..actions import takes_of
from ..operator_base import LipsyncOperator
from ..presets import file_name
from ..scene_export import ENDINGS, ENGINES, export_character
from ..take_clips import export_takes
from ..take_curves import read_channels, take_frames


CURVES = [(ending, each.label, f"*{ending}") for ending, each in EXPORTERS.items() if ending not in (".srt", ".vtt")]
"""Of Export Curves: all but subtitles, whose words a take's curves do not hold."""


class _ExportOperator(LipsyncOperator):
    """Asks for a file; the chosen format decides its ending, and Blender asks before one that exists is replaced."""

    check_existing: BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        found = panel_data.facts(context)
        if not found.objects:
            return found.problem
        return None if panel_data.exported_take(context) else "Bake a voice line first."

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = str(folder / file_name(panel_data.exported_take(context), self.ending))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Follows the format in the file dialog."""
        path = with_ending(self.filepath, self.ending)
        changed, self.filepath = path != self.filepath, path
        return changed

    @property
    def target(self) -> Path:
        """The file to write."""
        return Path(bpy.path.abspath(self.filepath))


def with_ending(path: str, ending: str) -> str:
    """The path of a file dialog with this ending in the place of one of ours; a folder, and no name, stay as they
    are."""
    name = os.path.basename(path)
    if not name:
        return path
    stem, dot, last = name.rpartition(".")
    named = stem if stem and dot + last.lower() in {*ENDINGS, *EXPORTERS} else name
    return path[: len(path) - len(name)] + named + ending


def _clamp() -> BoolProperty:
    return BoolProperty(
        name="Clamp",
        description="Cut shape keys off at 0 and 1; else what goes beyond is kept, as far as the range of its slider",
    )


class LIPSYNC_OT_export_character(_ExportOperator, bpy.types.Operator):
    """Write the character with its take as a file for game engines"""

    bl_idname = "lipsync.export_character"
    bl_label = "Export Character"

    filepath: StringProperty(subtype="FILE_PATH")
    ending: EnumProperty(name="Format", items=[(ending, ending[1:].upper(), f"*{ending}") for ending in ENDINGS])
    engine: EnumProperty(
        name="FBX for",
        description="Whose units and names an FBX has",
        items=[(name.upper() or "ANY", engine.label, "") for name, engine in ENGINES.items()],
    )

    all_takes: BoolProperty(
        name="All Takes",
        description="Every take of the character as a clip of its own, without what is animated beneath "
        "(FBX, GLB and USD)",
    )

    clamp: _clamp()

    def run(self, context: bpy.types.Context) -> None:
        objects = panel_data.character(context)
        engine = "" if self.engine == "ANY" else self.engine.lower()
        if self.all_takes:
            for notice in export_takes(self.target, context.scene, objects, engine, clamp=self.clamp):
                self.report({"WARNING"}, notice)
            self.report({"INFO"}, f"{len(takes_of(objects))} takes written to {self.target}.")
            return
        first, last = take_frames(objects)
        take = panel_data.exported_take(context)
        for notice in export_character(
            self.target, context.scene, objects, take, first, last, engine, clamp=self.clamp
        ):
            self.report({"WARNING"}, notice)
        self.report({"INFO"}, f"{last - first + 1} frames written to {self.target}.")


class LIPSYNC_OT_export_curves(_ExportOperator, bpy.types.Operator):
    """Write the take's curves, with your changes, as a file of coefficients"""

    bl_idname = "lipsync.export_curves"
    bl_label = "Export Curves"

    filepath: StringProperty(subtype="FILE_PATH")
    ending: EnumProperty(name="Format", items=CURVES)
    clamp: _clamp()

    def run(self, context: bpy.types.Context) -> None:
        track = read_channels(context.scene, panel_data.character(context), panel_data.profiles(context))
        write(track, self.target, EXPORTERS[self.ending], ExportOptions(clamp=self.clamp, clip=self.target.stem))
        self.report({"INFO"}, f"{len(track.names)} channels written to {self.target}.")
