"""Other states of a character's animation, for as long as an export lasts: nothing plays, one take alone, all of it
moved in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import bpy
import numpy as np

from .actions import bags, set_action, slot_for


@contextmanager
def without_animation(owners: Iterable[bpy.types.ID]) -> Iterator[None]:
    """Neither actions nor the NLA play on these data-blocks; exactly as it was at the end."""
    with ExitStack() as undo:
        for data in [data for owner in owners if (data := owner.animation_data)]:
            undo.callback(setattr, data, "use_nla", data.use_nla)
            data.use_nla = False
            if data.action:
                undo.callback(set_action, data, data.action, data.action_slot)
                data.action = None
        yield


@contextmanager
def playing_alone(take: bpy.types.Action, owners: Sequence[bpy.types.ID]) -> Iterator[None]:
    """A take plays on these data-blocks and nothing else does; exactly as it was at the end."""
    with without_animation(owners), ExitStack() as undo:
        for owner in owners:
            slot = slot_for(take, owner)
            if slot is None:
                continue
            if owner.animation_data is None:
                owner.animation_data_create()
                undo.callback(owner.animation_data_clear)
            set_action(owner.animation_data, take, slot)
            undo.callback(set_action, owner.animation_data, None, None)
        yield


@contextmanager
def moved(owners: Iterable[bpy.types.ID], frames: float) -> Iterator[None]:
    """All animation of these data-blocks this many frames later; exactly as it was at the end."""
    datas = [data for owner in owners if (data := owner.animation_data)]
    with ExitStack() as undo:
        for action in {data.action for data in datas if data.action}:
            for bag in bags(action):
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
