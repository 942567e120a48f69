"""A take follows what became of its sequencer strips: moved along, muted, or removed; hand edits are never thrown
away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import bpy
import numpy as np

from ..core.take_record import shifted
from .actions import (
    MUTED,
    TRACK,
    artists_paths,
    curves_of,
    our_curves,
    put_at_rest,
    set_action,
    store_record,
    stored_record,
)
from .hand_edits import edit_count
from .playing import animated_block, takes_playing
from .stored import stored_prediction
from .strip_places import store_strips, stored_strips

_KEPT = ("blend_type", "extrapolation", "influence", "blend_in", "blend_out", "use_reverse", "scale", "repeat")
"""Of a strip of the NLA that has to go to another track."""


def move_take(
    scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], action: bpy.types.Action, frames: float
) -> None:
    """Plays it so many frames later: its strips in the NLA, or the keys of an active action, ours alone; hand edits
    too."""
    active = False
    for owner in _owners(objects):
        for take in [take for take in takes_playing(owner) if take.action == action]:
            if take.strip is None:
                active = True
            else:
                _move_strip(owner.animation_data, take.strip, frames)
    if not active:
        return
    for curve in our_curves(action).values():
        for name in ("co", "handle_left", "handle_right"):
            points = np.empty((len(curve.keyframe_points), 2), np.float32)
            curve.keyframe_points.foreach_get(name, points.ravel())
            curve.keyframe_points.foreach_set(name, (points + np.float32((frames, 0))).ravel())
        curve.update()
    if record := stored_record(action):
        store_record(action, shifted(record, frames))
    places = stored_strips(action, scene)
    moved = [replace(p, origin=p.origin + frames, first=p.first + frames, last=p.last + frames) for p in places]
    store_strips(action, scene, moved)


def mute_take(objects: Sequence[bpy.types.Object], action: bpy.types.Action) -> None:
    """It does not play any more until its strip is baked again; an active action stays in the file, unassigned."""
    action[MUTED] = True
    for owner in _owners(objects):
        for take in [take for take in takes_playing(owner) if take.action == action]:
            if take.strip is None:
                _unassign(owner, action)
            else:
                take.strip.mute = True


def remove_take(objects: Sequence[bpy.types.Object], action: bpy.types.Action) -> bool:
    """Takes it off the character and out of the file. False, and the action stays in the file, where a person edited
    its curves or phonemes."""
    prediction = stored_prediction(action)
    edited = edit_count(action) > 0 or bool(prediction and prediction.edits)
    for owner in _owners(objects):
        data = owner.animation_data
        for track in list(data.nla_tracks):
            for strip in [strip for strip in track.strips if strip.action == action]:
                track.strips.remove(strip)
            if track.name == TRACK and not track.strips:
                data.nla_tracks.remove(track)
        if data.action == action:
            _unassign(owner, action)
    if not edited:
        bpy.data.actions.remove(action)
    return not edited


def _owners(objects: Iterable[bpy.types.Object]) -> Iterator[bpy.types.ID]:
    return (block for obj in objects if (block := animated_block(obj)).animation_data)


def _unassign(owner: bpy.types.ID, action: bpy.types.Action) -> None:
    data = owner.animation_data
    properties = [(curve.data_path, curve.array_index) for curve in curves_of(action, data.action_slot)]
    set_action(data, None, None)
    others = artists_paths(owner)
    for path, index in properties:
        if path not in others:
            put_at_rest(owner, path, index)


def _move_strip(data: bpy.types.AnimData, strip: bpy.types.NlaStrip, frames: float) -> None:
    """Where something else is in its way, as a new strip: on a track with room."""
    track = next(track for track in data.nla_tracks if strip in list(track.strips))
    first, last = strip.frame_start + frames, strip.frame_end + frames
    if _has_room(track, min(first, strip.frame_start), max(last, strip.frame_end), strip):
        for name, value in (("frame_end", last), ("frame_start", first))[:: 1 if frames > 0 else -1]:
            setattr(strip, name, value)
        return
    length = max(last - first, strip.action_frame_end - strip.action_frame_start)
    ours = (each for each in data.nla_tracks if each.name == TRACK)
    target = next((each for each in ours if _has_room(each, first, first + length)), None)
    if target is None:
        target = data.nla_tracks.new()
        target.name = TRACK
    moved = target.strips.new(strip.name, int(first), strip.action)
    moved.action_slot = strip.action_slot
    moved.action_frame_start, moved.action_frame_end = strip.action_frame_start, strip.action_frame_end
    for name in _KEPT:
        setattr(moved, name, getattr(strip, name))
    moved.frame_start, moved.frame_end = first, last
    track.strips.remove(strip)


def _has_room(
    track: bpy.types.NlaTrack, first: float, last: float, beside: bpy.types.NlaStrip | None = None
) -> bool:
    return all(other == beside or other.frame_end <= first or other.frame_start >= last for other in track.strips)
