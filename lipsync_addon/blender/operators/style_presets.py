"""The buttons for named styles and for gains of single channels."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import StringProperty

from ...core.errors import LipsyncError
from ...core.presets import Preset, load_preset, write_preset
from .. import presets, sliders
from ..field_problems import preset_problem
from ..operator_base import LipsyncOperator
from ..panel_values import style_settings


class LIPSYNC_OT_save_preset(LipsyncOperator, bpy.types.Operator):
    """Keep the sliders under a name, for every file of yours"""

    bl_idname = "lipsync.save_preset"
    bl_label = "Save Preset"
    bl_options = {"REGISTER", "UNDO"}

    name: StringProperty(name="Name", description="How the preset is listed; one of yours of that name is replaced")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def run(self, context: bpy.types.Context) -> None:
        settings = context.scene.lipsync
        presets.save(Preset(self.name.strip(), "", style_settings(settings)))
        with sliders.held():
            settings.preset = self.name.strip()
        self.report({"INFO"}, f"The preset '{self.name.strip()}' is kept in {presets.user_folder()}.")


class LIPSYNC_OT_delete_preset(LipsyncOperator, bpy.types.Operator):
    """Delete the chosen preset, if it is one of yours; the sliders stay as they are"""

    bl_idname = "lipsync.delete_preset"
    bl_label = "Delete Preset"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        name = context.scene.lipsync.preset
        if not name:
            return "Choose a preset."
        if name not in presets.names():
            return preset_problem(name)
        return None if presets.own_file(name) else f"'{name}' comes with the add-on and stays."

    def run(self, context: bpy.types.Context) -> None:
        settings = context.scene.lipsync
        presets.own_file(settings.preset).unlink()
        with sliders.held():
            settings.preset = ""


class _PresetFile(LipsyncOperator):
    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        name = presets.file_name(context.scene.lipsync.preset or "My Style")
        self.filepath = str((Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()) / name)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @property
    def target(self) -> Path:
        """The file."""
        return Path(bpy.path.abspath(self.filepath))


class LIPSYNC_OT_export_preset(_PresetFile, bpy.types.Operator):
    """Write the sliders as a JSON file that others can open, or `lipsync bake --preset` reads"""

    bl_idname = "lipsync.export_preset"
    bl_label = "Export Preset"

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def run(self, context: bpy.types.Context) -> None:
        settings = context.scene.lipsync
        write_preset(self.target, Preset(settings.preset or self.target.stem, "", style_settings(settings)))
        self.report({"INFO"}, f"The preset is written to {self.target}.")


class LIPSYNC_OT_import_preset(_PresetFile, bpy.types.Operator):
    """Keep a preset that somebody gave you, and use it"""

    bl_idname = "lipsync.import_preset"
    bl_label = "Import Preset"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def run(self, context: bpy.types.Context) -> None:
        preset = load_preset(self.target)
        presets.save(preset)
        context.scene.lipsync.preset = preset.name
        self.report({"INFO"}, f"The preset '{preset.name}' is yours now.")


class LIPSYNC_OT_add_channel(LipsyncOperator, bpy.types.Operator):
    """Give one more channel a gain and an offset of its own"""

    bl_idname = "lipsync.add_channel"
    bl_label = "Add Channel"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: bpy.types.Context) -> None:
        settings = context.scene.lipsync
        settings.channels.add()
        settings.channel = len(settings.channels) - 1


class LIPSYNC_OT_remove_channel(LipsyncOperator, bpy.types.Operator):
    """Play the chosen channel as predicted again"""

    bl_idname = "lipsync.remove_channel"
    bl_label = "Remove Channel"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if context.scene.lipsync.channels else "There is no channel in the list."

    def run(self, context: bpy.types.Context) -> None:
        settings = context.scene.lipsync
        if not 0 <= settings.channel < len(settings.channels):
            raise LipsyncError("No channel is chosen.", "Click one in the list.")
        with sliders.together(context):
            settings.channels.remove(settings.channel)
        settings.channel = max(min(settings.channel, len(settings.channels) - 1), 0)


CLASSES = (
    LIPSYNC_OT_save_preset,
    LIPSYNC_OT_delete_preset,
    LIPSYNC_OT_export_preset,
    LIPSYNC_OT_import_preset,
    LIPSYNC_OT_add_channel,
    LIPSYNC_OT_remove_channel,
)
