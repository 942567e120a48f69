"""Who speaks and how, as the user sets it, and the only way from there to the types of the core."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty, StringProperty

from ..core.actors import known_actors, load_actor
from ..core.adaptation import Adaptation
from ..core.controls import Controls, names_of
from . import sliders
from .speaker import Speaker, network_controls


def known_names(owner: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    """Of the user's actors, for `search` of a property."""
    from .preferences import actor_folder  # whose properties lead here

    return list(known_actors(actor_folder(context)))


class LIPSYNC_PG_speaker(bpy.types.PropertyGroup):
    """Scene.lipsync.speaker. Beside these a share, 0..1, for each way of speaking that the network knows."""

    actor: StringProperty(
        name="Actor",
        description="Whose face and way of speaking, made with `lipsync adapt`; empty: the network's own",
        search=known_names,
        update=sliders.changed,
    )
    intensity: FloatProperty(
        name="Speech Intensity",
        description="How large the speaker moves the mouth; p, b and m close all the same",
        default=1.0,
        min=next(c.low for c in network_controls().values() if c.kind == "intensity"),
        max=next(c.high for c in network_controls().values() if c.kind == "intensity"),
        subtype="FACTOR",
        update=sliders.changed,
    )


STYLES = names_of(network_controls(), "style")
for _name in STYLES:
    LIPSYNC_PG_speaker.__annotations__[_name] = FloatProperty(
        name=_name.capitalize(),
        description=network_controls()[_name].meaning.removesuffix("."),
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=sliders.changed,
    )


def wanted_controls(speaker: LIPSYNC_PG_speaker) -> Controls:
    """Shares that add up to more than 1 share it."""
    shares = {name: share for name in STYLES if (share := getattr(speaker, name))}
    whole = max(sum(shares.values()), 1.0)
    return Controls({name: round(share / whole, 4) for name, share in shares.items()}, round(speaker.intensity, 4))


def wanted_speaker(context: bpy.types.Context) -> Speaker:
    """Raises LipsyncError for an actor that is not there, or not valid."""
    speaker = context.scene.lipsync.speaker
    return Speaker(wanted_controls(speaker), wanted_actor(speaker.actor, context))


def wanted_actor(name: str, context: bpy.types.Context) -> Adaptation | None:
    """None for no name. Raises LipsyncError for one that is not there, or not valid."""
    from .preferences import actor_folder

    return load_actor(name, actor_folder(context)) if name else None
