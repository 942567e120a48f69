"""The buttons for takes whose sequencer strips were moved, muted or deleted since the bake."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ..actions import CHARACTER, TAKE
from ..operator_base import LipsyncOperator
from ..shown_take import follow
from ..strip_places import Change, Trouble, troubles
from ..strip_takes import move_take, mute_take, remove_take


class _StripOperator(LipsyncOperator):
    """Acts on every take of the scene that all its strips left in the same way."""

    bl_options = {"REGISTER", "UNDO"}
    changes: tuple[Change, ...] = ()

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return None if cls._found(context) else "Every take is where its strip is."

    @classmethod
    def _found(cls, context: bpy.types.Context) -> dict[tuple[str, str], Trouble]:
        found = (each for each in troubles(context.scene) if each.whole and each.change in cls.changes)
        return {(each.take, each.character): each for each in found}

    def run(self, context: bpy.types.Context) -> None:
        for action, trouble in list(self._takes(context)):
            self.act(context.scene, action, trouble)
        follow(context, anew=True)

    def _takes(self, context: bpy.types.Context) -> Iterator[tuple[bpy.types.Action, Trouble]]:
        """Those that play farther on first where they move later, so that none meets another."""
        found = self._found(context)
        known = {(a.get(TAKE), a.get(CHARACTER, "")): a for a in bpy.data.actions if TAKE in a}
        order = sorted(found, key=lambda key: -found[key].shift * known[key].curve_frame_range[0])
        return ((known[key], found[key]) for key in order)

    def act(self, scene: bpy.types.Scene, action: bpy.types.Action, trouble: Trouble) -> None:
        """What is done to each take."""
        raise NotImplementedError


class LIPSYNC_OT_follow_strips(_StripOperator, bpy.types.Operator):
    """Let the takes play where their moved strips are now, with your changes of them"""

    bl_idname = "lipsync.follow_strips"
    bl_label = "Move Takes Along"
    changes = ("moved",)

    def act(self, scene: bpy.types.Scene, action: bpy.types.Action, trouble: Trouble) -> None:
        move_take(scene, scene.objects, action, trouble.shift)


class LIPSYNC_OT_mute_takes(_StripOperator, bpy.types.Operator):
    """Do not play the takes of strips that are muted or gone; a new bake of the strip plays its take again"""

    bl_idname = "lipsync.mute_takes"
    bl_label = "Mute Takes"
    changes = ("muted", "gone")

    def act(self, scene: bpy.types.Scene, action: bpy.types.Action, trouble: Trouble) -> None:
        mute_take(scene.objects, action)


class LIPSYNC_OT_remove_takes(_StripOperator, bpy.types.Operator):
    """Take the takes of strips that are gone off their characters. Those that you edited stay in the file as actions"""

    bl_idname = "lipsync.remove_takes"
    bl_label = "Remove Takes"
    changes = ("gone",)

    def act(self, scene: bpy.types.Scene, action: bpy.types.Action, trouble: Trouble) -> None:
        name = action.name
        if not remove_take(scene.objects, action):
            self.report({"WARNING"}, f"The action '{name}' stays in the file, with your changes.")


CLASSES = (LIPSYNC_OT_follow_strips, LIPSYNC_OT_mute_takes, LIPSYNC_OT_remove_takes)
