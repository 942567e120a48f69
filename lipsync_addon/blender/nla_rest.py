"""Shape keys at rest where no strip of the NLA plays.

There Blender shows a property's default, and since Blender 5.0 that is 1 for the value of a shape key: a mouth wide
open between its lines. A strip beneath ours then holds 0, for the keys that no animation of the artist's moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import bpy

REST = "Lipsync Rest"
"""Name of the NLA track."""


def rest_beneath(keys: bpy.types.ID, paths: Iterable[str], group: str, undo: ExitStack) -> None:
    """Call it before a track for takes is made: new tracks come on top. `paths`: of the values; `group`: of the curves.
    `undo` gets the way back. Does nothing where the default is 0, or for anything but shape keys."""
    if keys.id_type != "KEY" or bpy.types.ShapeKey.bl_rna.properties["value"].default == 0:
        return
    data = keys.animation_data
    track = next((track for track in data.nla_tracks if track.name == REST), None)
    if track is None:
        action = bpy.data.actions.new(f"{keys.name} Rest")
        undo.callback(bpy.data.actions.remove, action)
        slot = action.slots.new(keys.id_type, keys.name)
        track = data.nla_tracks.new()
        undo.callback(data.nla_tracks.remove, track)
        track.name = REST
        strip = track.strips.new(REST, 0, action)
        strip.action_slot = slot
        strip.extrapolation = "HOLD"
    strip = track.strips[0]
    layers = strip.action.layers
    layer = layers[0] if layers else layers.new(REST)
    holder = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = holder.channelbag(strip.action_slot, ensure=True)
    for path in paths:
        if bag.fcurves.find(path) is None:
            curve = bag.fcurves.new(path)
            undo.callback(bag.fcurves.remove, curve)
            curve.group = bag.groups.get(group) or bag.groups.new(group)
            curve.keyframe_points.insert(0, 0.0)
