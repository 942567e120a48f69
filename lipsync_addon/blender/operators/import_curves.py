"""The button Import Curves: motion of another program, or of a filmed face, becomes a take of the character."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import StringProperty

from ...core.pipeline import Performance
from ...importers import ENDINGS, read_curves
from .. import panel_data
from ..bake import bake
from ..operator_base import LipsyncOperator
from ..panel_values import bake_settings


class LIPSYNC_OT_import_curves(LipsyncOperator, bpy.types.Operator):
    """Write the curves of a file, such as a face that was captured from a film, onto the character as a take"""

    bl_idname = "lipsync.import_curves"
    bl_label = "Import Curves"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return panel_data.facts(context).problem

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: bpy.types.Context) -> None:
        scene, path = context.scene, Path(bpy.path.abspath(self.filepath))
        performance = Performance(read_curves(path))
        objects, profiles = panel_data.character(context), panel_data.profiles(context)
        settings = bake_settings(scene.lipsync, scene.lipsync.start_frame)
        report = bake(scene, objects, performance, path.stem, settings, profiles=profiles)
        panel_data.remember(report)
        self.report({"INFO"}, str(report))
