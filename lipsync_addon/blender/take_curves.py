"""The take on a character as channels again, with everything that the artist changed by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy

from ..core.errors import LipsyncError
from ..core.mapping import Target
from ..core.profile_match import match_keys
from ..core.rig_profile import RigProfile
from ..core.track import AnimationTrack
from .keyframes import has_curves, read_track
from .playing import take_range
from .rig_scan import best_match, scan_rig


def take_frames(objects: Sequence[bpy.types.Object]) -> tuple[int, int]:
    """First and last frame of the take on these objects. Raises LipsyncError if there is none."""
    blocks = [obj.data.shape_keys if obj.type == "MESH" and obj.data.shape_keys else obj for obj in objects]
    frames = take_range(blocks)
    if frames is None:
        raise LipsyncError("The character has no baked take.", "Bake a voice line first.")
    return math.floor(frames[0]), math.ceil(frames[1])


def read_channels(
    scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], profiles: Sequence[RigProfile] | None = None
) -> AnimationTrack:
    """The curves of the active take as channels, from its first frame (second 0) to its last.

    A channel is read from the shape key that it alone moves, on the mesh that has most of them. `profiles`: those
    that the take was baked with; None: all. Raises LipsyncError if there is no take, or no such key.
    """
    first, last = take_frames(objects)
    match = best_match(objects, profiles)
    names = scan_rig(objects).shape_keys
    targets: dict[str, Target] = {}
    for owner in match.objects:
        for key, rule in match_keys(match.profile, names.get(owner, ())).items():
            channel = next(iter(rule.channels))
            plain = dict(rule.channels) == {channel: 1.0} and rule.bias == 0
            target = Target("shape_key", owner, key)
            if plain and channel not in targets and has_curves(target):
                targets[channel] = target
    if not targets:
        raise LipsyncError(
            f"Curves of a rig of the kind '{match.profile.label}' are mixtures, not channels.",
            "Export the character, or bake the line onto a character with the keys of ARKit or visemes.",
        )
    track = read_track(list(targets.values()), scene, start_frame=first, count=last - first + 1)
    return AnimationTrack(tuple(targets), track.values, track.fps)
