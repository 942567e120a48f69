"""A character whose shape keys and bones show a pose at once, without keys; as it was afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.mapping import JawSettings, Target, map_track, resolve
from ..core.rig_profile import RigProfile
from ..core.track import AnimationTrack
from .keyframes import data_block
from .rig_scan import all_profiles, ranked_with_fit, scan_rig


class LiveFace:
    """Shows frames of a track. Objects are known by name: undo makes references invalid."""

    def __init__(
        self,
        objects: Sequence[bpy.types.Object],
        channels: Sequence[str],
        jaw: JawSettings = JawSettings(),
        profiles: Sequence[RigProfile] | None = None,
    ) -> None:
        """Animation of what will move stops playing until close(). Raises LipsyncError if nothing can move."""
        inventory = scan_rig(objects)
        match = ranked_with_fit(objects, inventory, all_profiles()[0] if profiles is None else profiles)[0]
        self._mapping = resolve(match.profile, inventory, channels, jaw)
        if not self._mapping.targets:
            raise LipsyncError("The character has nothing that speech could move.", "Choose another character.")
        self._undo = ExitStack()
        for block in dict.fromkeys(map(data_block, self._mapping.targets)):
            _silence(block, self._undo)
        for target in self._mapping.targets:
            _remember(target, self._undo)

    def show(self, track: AnimationTrack) -> None:
        """The last frame of the track. A part of the character that was deleted in the meantime is passed over."""
        values = map_track(track, self._mapping).values[-1]
        for target, value in zip(self._mapping.targets, values.tolist(), strict=True):
            if target.owner in bpy.data.objects:
                _set(target, value)

    def close(self) -> None:
        """The character as it was."""
        self._undo.close()


def _silence(block: bpy.types.ID, undo: ExitStack) -> None:
    data = block.animation_data
    if data is None:
        return
    if data.action:
        undo.callback(_play, block, data.action, data.action_slot)
        data.action = None
    if data.use_nla:
        undo.callback(setattr, data, "use_nla", True)
        data.use_nla = False


def _play(block: bpy.types.ID, action: bpy.types.Action, slot: bpy.types.ActionSlot | None) -> None:
    data = block.animation_data
    data.action = action
    if slot is not None:
        data.action_slot = slot


def _remember(target: Target, undo: ExitStack) -> None:
    owner = bpy.data.objects[target.owner]
    if target.kind == "shape_key":
        key = owner.data.shape_keys.key_blocks[target.name]
        undo.callback(setattr, key, "value", key.value)
    elif target.kind == "property":
        undo.callback(owner.__setitem__, target.name, owner[target.name])
    else:
        bone = owner.pose.bones[target.name]
        undo.callback(setattr, bone, "matrix_basis", bone.matrix_basis.copy())


def _set(target: Target, value: float) -> None:
    owner = bpy.data.objects[target.owner]
    if target.kind == "shape_key":
        owner.data.shape_keys.key_blocks[target.name].value = value
    elif target.kind == "property":
        owner[target.name] = value
        owner.update_tag()
    elif target.kind == "bone_location":
        owner.pose.bones[target.name].location[target.axis] = value
    else:
        bone = owner.pose.bones[target.name]
        turn = Quaternion(_axis(target), value)
        if bone.rotation_mode == "QUATERNION":
            bone.rotation_quaternion = turn
        elif bone.rotation_mode == "AXIS_ANGLE":
            bone.rotation_axis_angle = (value, *_axis(target))
        else:
            bone.rotation_euler = turn.to_euler(bone.rotation_mode)


def _axis(target: Target) -> NDArray[np.float64]:
    return np.eye(3)[target.axis or 0]
