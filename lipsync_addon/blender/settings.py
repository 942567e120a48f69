"""What the user sets in the panel, and the only way from there to the types of the core."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..core.mapping import JawSettings
from ..core.style import StyleSettings
from .bake import BakeSettings


def _can_be_character(settings: bpy.types.PropertyGroup, obj: bpy.types.Object) -> bool:
    return obj.type in ("MESH", "ARMATURE")


def _fitting_profiles(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    from .panel_data import facts  # which reads these settings

    return [match.profile.label for match in facts(context).ranked]


class LIPSYNC_PG_settings(bpy.types.PropertyGroup):
    """Scene.lipsync"""

    source: EnumProperty(
        name="Sound from",
        items=(
            ("FILE", "File", "A sound file"),
            ("STRIP", "Strip", "A sound strip of the video sequencer, from where it begins"),
        ),
    )
    sound_file: StringProperty(name="Sound", description="Recorded speech", subtype="FILE_PATH")
    strip: StringProperty(name="Strip", description="Name of a sound strip in the video sequencer")
    character: PointerProperty(
        name="Character",
        description="A mesh or the armature of the character; empty: the one in the scene with most known shape keys",
        type=bpy.types.Object,
        poll=_can_be_character,
    )
    profile: StringProperty(
        name="Rig",
        description="How the character's shape keys and bones are called; empty: the profile that fits best",
        search=_fitting_profiles,
    )
    start_frame: IntProperty(name="Start", description="Frame of the sound's first sample", default=1)
    add_sound: BoolProperty(name="Add Sound", description="Put the file into the video sequencer", default=True)
    extend_range: BoolProperty(
        name="Extend Scene", description="Let the scene end later if the line does", default=False
    )
    intensity: FloatProperty(
        name="Intensity", description="0: still, 1: as predicted", default=1.0, min=0.0, max=2.0, subtype="FACTOR"
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="Seconds over which motion is averaged; 0: crisp, as predicted",
        default=0.0,
        min=0.0,
        max=0.5,
        precision=3,
        step=1,
    )
    jaw_mode: EnumProperty(
        name="Jaw Bone",
        items=(
            ("auto", "Automatic", "Turn it where the armature says by how much, or where there is no jawOpen key"),
            ("beside", "Beside jawOpen", "Turn it as well as the jawOpen shape key"),
            ("instead", "Instead of jawOpen", "Turn it and leave the jawOpen shape key alone"),
            ("off", "Off", "Leave the bone alone"),
        ),
    )
    tongue_bone: BoolProperty(
        name="Tongue Bone",
        description="Lift the tip of the tongue at n, l, t and d, if the armature has a bone for it",
        default=True,
    )
    jaw_bone: StringProperty(name="Bone", description="Name of the jaw bone; empty: found by its name")
    jaw_own_angle: BoolProperty(name="Own Angle", description="Set how far the jaw turns, instead of the character")
    jaw_angle: FloatProperty(
        name="Angle", description="Turn of the bone when the jaw is wide open", default=0.35, subtype="ANGLE"
    )
    jaw_axis: EnumProperty(
        name="Axis",
        description="The bone's own axis",
        items=[(axis, axis, f"About the bone's {axis}") for axis in ("X", "Y", "Z", "-X", "-Y", "-Z")],
    )


def sound_path(settings: LIPSYNC_PG_settings) -> Path | None:
    """The chosen file, with Blender's // resolved; None if none is chosen."""
    return Path(bpy.path.abspath(settings.sound_file)) if settings.sound_file else None


def style_settings(settings: LIPSYNC_PG_settings) -> StyleSettings:
    """How the motion is played."""
    return StyleSettings(intensity=settings.intensity, smoothing=settings.smoothing)


def bake_settings(settings: LIPSYNC_PG_settings, start_frame: float) -> BakeSettings:
    """Where the take goes; a strip brings its own `start_frame`."""
    return BakeSettings(start_frame, jaw_settings(settings), settings.extend_range)


def jaw_settings(settings: LIPSYNC_PG_settings) -> JawSettings:
    """What the user decided about the jaw bone."""
    return JawSettings(
        mode=settings.jaw_mode,
        bone=settings.jaw_bone or None,
        angle=settings.jaw_angle if settings.jaw_own_angle else None,
        axis=settings.jaw_axis if settings.jaw_own_angle else None,
        tongue=settings.tongue_bone,
    )
