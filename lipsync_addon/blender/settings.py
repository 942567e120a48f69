"""What the user sets in the panel, and the only way from there to the types of the core."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..core.mapping import JawSettings
from ..core.presets import LIMITS
from ..core.style import StyleSettings
from . import presets
from .bake import BakeSettings
from .batch_settings import LIPSYNC_PG_batch
from .face_settings import LIPSYNC_PG_face
from .live_settings import LIPSYNC_PG_live
from .voice_settings import LIPSYNC_PG_voices
from .words_settings import LIPSYNC_PG_words


def _can_be_character(settings: bpy.types.PropertyGroup, obj: bpy.types.Object) -> bool:
    return obj.type in ("MESH", "ARMATURE")


def _fitting_profiles(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    from .panel_data import facts  # which reads these settings

    return [match.profile.label for match in facts(context).ranked]


def _known_presets(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    return [preset.name for preset in presets.known()]


def _apply_preset(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    preset = next((each for each in presets.known() if each.name == settings.preset), None)
    if preset:
        for name in LIMITS:
            setattr(settings, name, getattr(preset.style, name))
        settings.channels = json.dumps(dict(preset.style.channels))


def _slider(name: str, label: str, description: str, default: float, **more) -> FloatProperty:
    low, high = LIMITS[name]
    return FloatProperty(name=label, description=description, default=default, min=low, max=high, **more)


class LIPSYNC_PG_settings(bpy.types.PropertyGroup):
    """Scene.lipsync"""

    face: PointerProperty(type=LIPSYNC_PG_face)
    voices: PointerProperty(type=LIPSYNC_PG_voices)
    live: PointerProperty(type=LIPSYNC_PG_live)
    batch: PointerProperty(type=LIPSYNC_PG_batch)
    words: PointerProperty(type=LIPSYNC_PG_words)
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
    preset: StringProperty(
        name="Preset",
        description="A named style: choosing one sets all the sliders below, which you may change afterwards",
        search=_known_presets,
        update=_apply_preset,
    )
    intensity: _slider("intensity", "Intensity", "0: still, 1: as predicted", 1.0, subtype="FACTOR")
    jaw: _slider("jaw", "Jaw", "How far the jaw moves; closures stay closed", 1.0, subtype="FACTOR")
    lips: _slider("lips", "Lips", "How far the lips round, spread and part", 1.0, subtype="FACTOR")
    closure: _slider("closure", "Closure", "1: as predicted, above: closed lips press", 1.0, subtype="FACTOR")
    smoothing: _slider(
        "smoothing",
        "Smoothing",
        "Seconds over which motion is averaged; 0: crisp, as predicted",
        0.0,
        soft_max=0.2,
        precision=3,
        step=1,
    )
    anticipation: _slider(
        "anticipation",
        "Anticipation",
        "Seconds that the mouth leads the sound; below 0 it trails",
        0.0,
        precision=3,
        step=1,
    )
    asymmetry: _slider(
        "asymmetry",
        "Asymmetry",
        "The character's right (-1) or left (1) half of the mouth moves more",
        0.0,
        subtype="FACTOR",
    )
    channels: StringProperty(default="{}", options={"HIDDEN"})
    """JSON: channel -> [gain, offset], set by a preset."""
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
    channels = {name: (gain, offset) for name, (gain, offset) in json.loads(settings.channels).items()}
    return StyleSettings(**{name: getattr(settings, name) for name in LIMITS}, channels=channels)


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
