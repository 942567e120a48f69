"""What the user sets in the panel; panel_values.py leads from here to the types of the core."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.channels import ARKIT_52, VISEMES_15
from ..core.presets import LIMITS
from . import presets, sliders
from .batch_settings import LIPSYNC_PG_batch
from .face_settings import LIPSYNC_PG_face
from .live_settings import LIPSYNC_PG_live
from .panel_data import facts
from .panel_values import show_style
from .preferences import KEY_MODE_ITEMS
from .speaker_settings import LIPSYNC_PG_speaker
from .voice_settings import LIPSYNC_PG_voices
from .words_settings import LIPSYNC_PG_words


def _can_be_character(settings: bpy.types.PropertyGroup, obj: bpy.types.Object) -> bool:
    return obj.type in ("MESH", "ARMATURE")


def _fitting_profiles(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    return [match.profile.label for match in facts(context).ranked]


def _known_presets(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    return list(presets.names())


def _apply_preset(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    preset = next((each for each in presets.known() if each.name == settings.preset), None)
    if preset and not sliders.is_held():
        with sliders.together(context):
            show_style(settings, preset.style)


def _channel_names(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    return [*ARKIT_52, *VISEMES_15]


def _slider(name: str, label: str, description: str, default: float, **more) -> FloatProperty:
    low, high = LIMITS[name]
    return FloatProperty(
        name=label, description=description, default=default, min=low, max=high, update=sliders.changed, **more
    )


class LIPSYNC_PG_channel(bpy.types.PropertyGroup):
    """What becomes of one channel."""

    name: StringProperty(
        name="Channel",
        description="An ARKit coefficient or a viseme, such as mouthSmileLeft",
        search=_channel_names,
        update=sliders.changed,
    )
    gain: FloatProperty(
        name="Gain", description="Factor of the channel", default=1.0, soft_min=0, soft_max=3, update=sliders.changed
    )
    offset: FloatProperty(
        name="Offset",
        description="Added to the channel at every moment: 0.2 on both mouthSmile channels is a slight smile",
        default=0.0,
        soft_min=-1,
        soft_max=1,
        update=sliders.changed,
    )


class LIPSYNC_PG_settings(bpy.types.PropertyGroup):
    """Scene.lipsync"""

    face: PointerProperty(type=LIPSYNC_PG_face)
    speaker: PointerProperty(type=LIPSYNC_PG_speaker)
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
    limit: _slider(
        "limit",
        "Limit",
        "The weight at which strong styles stop; beyond 1 as far as the ranges of the shape keys allow",
        1.0,
        precision=2,
    )
    channels: CollectionProperty(type=LIPSYNC_PG_channel)
    channel: IntProperty(name="Channel", description="The one that is chosen in the list", default=0)
    key_mode: EnumProperty(
        name="Keys",
        description="What you find in the graph editor",
        items=KEY_MODE_ITEMS,
        update=sliders.changed,
    )
    key_error: FloatProperty(
        name="Error",
        description="How far the curve may be off on any frame, as a share of its range; closures are kept closer",
        default=0.02,
        min=0.001,
        max=0.2,
        precision=3,
        step=1,
        subtype="FACTOR",
        update=sliders.changed,
    )
    as_strip: BoolProperty(
        name="NLA Strip",
        description="Lay the take down as a strip in the NLA editor, instead of making it the active action",
        default=False,
    )
    true_lips: BoolProperty(
        name="True Closures",
        description="Measure the mesh, and see to it that its lips really meet at p, b, m and bite at f, v",
        default=True,
        update=sliders.changed,
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
