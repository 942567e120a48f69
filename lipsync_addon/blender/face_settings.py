"""What the user sets for the rest of the face."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, FloatProperty, IntProperty

from ..core.face_layers import LAYERS, emotion_table
from . import sliders

_LAYERS: dict[str, tuple[str, str]] = {
    "blinks": ("Blinks", "Close the lids now and then, in pauses where there are some; 1 is 16 a minute"),
    "brows": ("Brows", "Raise the brows on syllables that stand out by pitch and loudness"),
    "head": ("Head", "Sway and nod with the voice, on the bones of head and neck; not where you animate them yourself"),
    "gaze": ("Eyes", "Glance about and back to the listener; shape keys eyeLook, else the bones of the eyes"),
    "breath": ("Breath", "Part the lips for a breath before a phrase"),
    "rest": ("Rest Pose", "What the mouth does in pauses. 1: the jaw hangs and the lips touch, 2: they part a little"),
    "calm": ("Calm", "Keep the mouth from following breaths, coughs, laughter and other noise"),
}
"""Layer -> label and tooltip."""
assert _LAYERS.keys() == LAYERS.keys()


class LIPSYNC_PG_face(bpy.types.PropertyGroup):
    """Scene.lipsync.face. Beside these a switch use_NAME and a strength NAME for each layer, a strength for each
    emotion."""

    enabled: BoolProperty(
        name="Face",
        description="Let the rest of the face live too when a line is baked",
        default=False,
        update=sliders.changed,
    )
    seed: IntProperty(
        name="Seed",
        description="Another number gives other blinks and glances; the same gives the same",
        min=0,
        default=0,
        update=sliders.changed,
    )


for _name, (_label, _text) in _LAYERS.items():
    LIPSYNC_PG_face.__annotations__[f"use_{_name}"] = BoolProperty(
        name=_label, description=_text, default=True, update=sliders.changed
    )
    LIPSYNC_PG_face.__annotations__[_name] = FloatProperty(
        name=_label,
        description=_text,
        default=1.0,
        min=0.0,
        max=LAYERS[_name],
        subtype="FACTOR",
        update=sliders.changed,
    )
for _name in emotion_table():
    LIPSYNC_PG_face.__annotations__[_name] = FloatProperty(
        name=_name.capitalize(),
        description=f"Show {_name} while speaking; closed lips stay closed",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=sliders.changed,
    )
