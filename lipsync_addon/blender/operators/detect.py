"""The button Detect."""

from __future__ import annotations

import bpy

from ...core.errors import LipsyncError
from ...core.profile_match import explain
from .. import panel_data
from ..operator_base import LipsyncOperator


class LIPSYNC_OT_detect(LipsyncOperator, bpy.types.Operator):
    """Look at the character anew: find its meshes and armature, and rank the rig profiles that fit it"""

    bl_idname = "lipsync.detect"
    bl_label = "Detect"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: bpy.types.Context) -> None:
        """Reads profile files again, takes the best profile and fills in the character if none is chosen."""
        settings = context.scene.lipsync
        settings.profile = ""
        panel_data.forget_character()
        found = panel_data.facts(context)
        if not found.ranked:
            panel_data.character(context)  # says why, in two sentences
            raise LipsyncError(found.problem or "There is no character.")
        if settings.character is None:
            settings.character = context.scene.objects.get(found.ranked[0].objects[0])
        panel_data.show_ranking()
        for problem in (*found.profile_problems, *found.obstacles):
            self.report({"WARNING"}, problem)
        self.report({"INFO"}, explain(found.ranked))
