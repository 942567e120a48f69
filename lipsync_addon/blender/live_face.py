"""A character whose shape keys and bones show a pose at once, without keys; as it was afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
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
        blocks = dict.fromkeys(data_block(target) for target in self._mapping.targets)
        self._playing = [state for block in blocks if (state := _silenced(block))]
        self._values = [_value(target) for target in self._mapping.targets]

    def show(self, track: AnimationTrack) -> None:
        """The last frame of the track. A part of the character that was deleted in the meantime is passed over."""
        values = map_track(track, self._mapping).values[-1]
        for target, value in zip(self._mapping.targets, values.tolist(), strict=True):
            if target.owner in bpy.data.objects:
                _set(target, value)

    def close(self) -> None:
        """The character as it was, except what was deleted in the meantime."""
        for target, value in zip(self._mapping.targets, self._values, strict=True):
            if target.owner in bpy.data.objects:
                _restore(target, value)
        for state in self._playing:
            _play_on(state)


@dataclass(frozen=True, slots=True)
class _Playing:
    """What an animation did before, by names."""

    keys: bool
    """Whether the data-block is shape keys, else an object."""
    block: str
    action: str | None
    slot: int | None
    use_nla: bool


def _silenced(block: bpy.types.ID) -> _Playing | None:
    """Stops what plays on the data-block."""
    data = block.animation_data
    if data is None:
        return None
    state = _Playing(
        block.id_type == "KEY",
        block.name,
        data.action and data.action.name,
        data.action_slot and data.action_slot.handle,
        data.use_nla,
    )
    data.action, data.use_nla = None, False
    return state


def _play_on(state: _Playing) -> None:
    block = (bpy.data.shape_keys if state.keys else bpy.data.objects).get(state.block)
    data = block and block.animation_data
    if not data:
        return
    data.use_nla = state.use_nla
    action = bpy.data.actions.get(state.action) if state.action else None
    if action:
        data.action = action
        if slot := next((slot for slot in action.slots if slot.handle == state.slot), None):
            data.action_slot = slot


def _value(target: Target) -> float | Matrix:
    owner = bpy.data.objects[target.owner]
    if target.kind == "shape_key":
        return owner.data.shape_keys.key_blocks[target.name].value
    if target.kind == "property":
        return owner[target.name]
    return owner.pose.bones[target.name].matrix_basis.copy()


def _restore(target: Target, value: float | Matrix) -> None:
    if isinstance(value, Matrix):
        bpy.data.objects[target.owner].pose.bones[target.name].matrix_basis = value
    else:
        _set(target, value)


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
