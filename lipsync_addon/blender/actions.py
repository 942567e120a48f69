"""Actions, slots and channel bags: the only module that knows them, and any difference between Blender versions.

A take is one action with a slot for each data-block that it animates: KEY for the shape keys of a mesh, OBJECT
for an armature. Its curves are in the group "Lipsync"; that group is what a new bake replaces. Everything else in
the action belongs to the artist and stays. An action of the artist that is assigned when a take comes is pushed
down to the NLA, where it keeps playing beneath; another take of ours keeps a fake user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import bpy
import numpy as np

from ..core.errors import LipsyncError

GROUP = "Lipsync"
TAKE = "lipsync_take"
"""Custom property of our actions: name of the voice line."""
CHARACTER = "lipsync_character"
"""Custom property of our actions: name of the object that the take was made for."""


class Take:
    """An action under construction. Nothing in the scene changes before assign()."""

    def __init__(self, name: str, character: str, owners: Iterable[bpy.types.ID]) -> None:
        """Starts from a copy of our earlier action for the same line and character, without our curves.

        Raises LipsyncError if a data-block cannot be animated: linked, or in the NLA's tweak mode.
        """
        self.owners = list(owners)
        for owner in self.owners:
            _check_editable(owner)
        self._earlier = _find_take(name, character, self.owners)
        self.action = self._earlier.copy() if self._earlier else bpy.data.actions.new(name)
        self.action.use_fake_user = True
        self.action[TAKE] = name
        self.action[CHARACTER] = character
        for bag in _bags(self.action):
            for curve in [curve for curve in bag.fcurves if _is_ours(curve)]:
                bag.fcurves.remove(curve)

    def new_curves(self, owner: bpy.types.ID, properties: Iterable[tuple[str, int]]) -> list[bpy.types.FCurve]:
        """Empty curves of ours for these data paths with index; none at all if the artist has put an own one
        on any of them: mixed parts of two rotations would be neither."""
        bag = self._bag(owner)
        if any(bag.fcurves.find(path, index=index) for path, index in properties):
            return []
        group = bag.groups.get(GROUP) or bag.groups.new(GROUP)
        curves = [bag.fcurves.new(path, index=index) for path, index in properties]
        for curve in curves:
            curve.group = group
        return curves

    @property
    def curve_count(self) -> int:
        """Curves of ours."""
        return sum(_is_ours(curve) for bag in _bags(self.action) for curve in bag.fcurves)

    def assign(self, undo: ExitStack) -> None:
        """Makes the take the active action of its data-blocks. `undo` gets the way back for each step."""
        if earlier := self._earlier:
            earlier.user_remap(self.action)
            undo.callback(self.action.user_remap, earlier)
        for owner in self.owners:
            self._assign(owner, undo)

    def finish(self) -> None:
        """Takes the place and the name of the earlier action. Call it last, when nothing can fail any more."""
        if self._earlier:
            name = self._earlier.name
            bpy.data.actions.remove(self._earlier)
            self.action.name = name

    def discard(self) -> None:
        """Removes the action; for a bake that failed."""
        bpy.data.actions.remove(self.action)

    def _assign(self, owner: bpy.types.ID, undo: ExitStack) -> None:
        if owner.animation_data is None:
            owner.animation_data_create()
            undo.callback(owner.animation_data_clear)
        data = owner.animation_data
        before = data.action
        if before == self.action and data.action_slot:
            return
        if before is not None:
            undo.callback(_set_action, data, before, data.action_slot)
        if before is not None and TAKE not in before:
            _push_down(data, undo)
        _set_action(data, self.action, self._slot(owner))
        undo.callback(_set_action, data, None, None)

    def _slot(self, owner: bpy.types.ID) -> bpy.types.ActionSlot:
        data = owner.animation_data
        if data and data.action_slot and data.action in (self.action, self._earlier):
            used = data.action_slot.identifier
        else:
            used = None
        for slot in self.action.slots:
            if slot.identifier == used or (slot.target_id_type, slot.name_display) == (owner.id_type, owner.name):
                return slot
        return self.action.slots.new(owner.id_type, owner.name)

    def _bag(self, owner: bpy.types.ID) -> bpy.types.ActionChannelbag:
        layers = self.action.layers
        layer = layers[0] if layers else layers.new(GROUP)
        strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
        return strip.channelbag(self._slot(owner), ensure=True)


def find_curve(owner: bpy.types.ID, path: str, index: int = 0) -> bpy.types.FCurve | None:
    """The curve of the active action that animates this property."""
    data = owner.animation_data
    if data is None or data.action is None or data.action_slot is None:
        return None
    for layer in data.action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(data.action_slot)
            if bag and (curve := bag.fcurves.find(path, index=index)):
                return curve
    return None


def take_name(owners: Iterable[bpy.types.ID]) -> str | None:
    """Name of the take that is active on the first of these data-blocks that has one."""
    for owner in owners:
        data = owner.animation_data
        if data and data.action and TAKE in data.action:
            return data.action[TAKE]
    return None


def take_range(owners: Iterable[bpy.types.ID]) -> tuple[float, float] | None:
    """First and last frame of our curves on these data-blocks; None if there are none."""
    ranges = [
        curve.range()
        for owner in owners
        if (data := owner.animation_data) and data.action and data.action_slot
        for bag in _bags(data.action)
        if bag.slot == data.action_slot
        for curve in bag.fcurves
        if _is_ours(curve)
    ]
    return (min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else None


@contextmanager
def moved(owners: Iterable[bpy.types.ID], frames: float) -> Iterator[None]:
    """All animation of these data-blocks this many frames later; exactly as it was at the end."""
    datas = [data for owner in owners if (data := owner.animation_data)]
    with ExitStack() as undo:
        for action in {data.action for data in datas if data.action}:
            for bag in _bags(action):
                for curve in bag.fcurves:
                    _move_curve(curve, frames, undo)
        for data in datas:
            for track in data.nla_tracks:
                _move_strips(track, frames, undo)
        yield


def _move_curve(curve: bpy.types.FCurve, frames: float, undo: ExitStack) -> None:
    for name in ("co", "handle_left", "handle_right"):
        points = np.empty((len(curve.keyframe_points), 2), np.float32)
        curve.keyframe_points.foreach_get(name, points.ravel())
        undo.callback(curve.keyframe_points.foreach_set, name, points.ravel())
        curve.keyframe_points.foreach_set(name, (points + np.float32((frames, 0))).ravel())


def _move_strips(track: bpy.types.NlaTrack, frames: float, undo: ExitStack) -> None:
    # Strips of a track must not meet on the way: the one in front moves first.
    for strip in sorted(track.strips, key=lambda s: s.frame_start, reverse=frames > 0):
        for name in ("frame_start", "frame_end") if frames < 0 else ("frame_end", "frame_start"):
            undo.callback(setattr, strip, name, getattr(strip, name))
            setattr(strip, name, getattr(strip, name) + frames)


def _check_editable(owner: bpy.types.ID) -> None:
    if not owner.is_editable:
        raise LipsyncError(
            f"'{owner.name}' comes from the linked file {owner.library.filepath} and cannot be animated here."
            if owner.library
            else f"'{owner.name}' cannot be edited.",
            "Make a library override of the whole character (Object > Library Override > Make), or append it.",
        )
    if owner.animation_data and owner.animation_data.use_tweak_mode:
        raise LipsyncError(
            f"A strip of '{owner.name}' is being tweaked in the NLA editor.", "Leave tweak mode (Tab) first."
        )


def _find_take(name: str, character: str, owners: Iterable[bpy.types.ID]) -> bpy.types.Action | None:
    assigned = [data.action for owner in owners if (data := owner.animation_data) and data.action]
    for action in (*assigned, *bpy.data.actions):
        if action.get(TAKE) == name and action.get(CHARACTER) == character and action.is_editable:
            return action
    return None


def _bags(action: bpy.types.Action) -> Iterator[bpy.types.ActionChannelbag]:
    for layer in action.layers:
        for strip in layer.strips:
            yield from strip.channelbags


def _is_ours(curve: bpy.types.FCurve) -> bool:
    return curve.group is not None and curve.group.name == GROUP


def _set_action(data: bpy.types.AnimData, action: bpy.types.Action | None, slot: bpy.types.ActionSlot | None) -> None:
    data.action = action
    if action is not None:
        data.action_slot = slot


def _push_down(data: bpy.types.AnimData, undo: ExitStack) -> None:
    """The active action as a strip on a new NLA track, playing as before."""
    action, slot = data.action, data.action_slot
    start, end = action.frame_range
    track = data.nla_tracks.new()
    undo.callback(data.nla_tracks.remove, track)
    track.name = action.name
    strip = track.strips.new(action.name, int(start), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start, strip.frame_end = start, max(end, start + 1)
    strip.blend_type = data.action_blend_type
    strip.extrapolation = data.action_extrapolation
    strip.influence = data.action_influence
