"""What the user sets for live preview."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty


class LIPSYNC_PG_live(bpy.types.PropertyGroup):
    """Scene.lipsync.live"""

    source: EnumProperty(
        name="Listen to",
        items=(
            ("MICROPHONE", "Microphone", "The system's default sound input"),
            ("FILE", "Sound", "The sound file that is chosen above, as if somebody said it now"),
            ("SCENE", "Scene", "What the sequencer plays: start the playback and the character speaks"),
        ),
    )
    record: BoolProperty(
        name="Record",
        description="Keep the sound beside the .blend file, and bake it with the better network at the end",
        default=False,
    )
