"""What the user sets for a bake of the whole sequencer: which strips, who speaks, how many takes."""

from __future__ import annotations

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from .speaker_settings import known_names
from .voices import Assignment


def _can_speak(row: bpy.types.PropertyGroup, obj: bpy.types.Object) -> bool:
    return obj.type in ("MESH", "ARMATURE")


class LIPSYNC_PG_voice(bpy.types.PropertyGroup):
    """A row of the table: who says what is on a channel, or one strip."""

    channel: IntProperty(name="Channel", description="Channel of the sequencer", default=0)
    strip: StringProperty(name="Strip", description="One strip; goes before the row of its channel")
    character: PointerProperty(
        name="Character",
        description="A mesh or the armature of who speaks; empty: by the name of the strip or the channel",
        type=bpy.types.Object,
        poll=_can_speak,
    )
    actor: StringProperty(
        name="Actor",
        description="Whose face and way of speaking, made with `lipsync adapt`; empty: as under Speaker",
        search=known_names,
    )


class LIPSYNC_PG_voices(bpy.types.PropertyGroup):
    """Scene.lipsync.voices"""

    scope: EnumProperty(
        name="Strips",
        items=(
            ("ALL", "All", "Every sound strip that is not muted"),
            ("SELECTED", "Selected", "The sound strips that are selected in the sequencer"),
        ),
    )
    per: EnumProperty(
        name="One Take per",
        items=(
            (
                "strip",
                "Strip",
                "Each line is an action and a strip in the NLA editor: one that is recorded anew leaves the others "
                "alone",
            ),
            ("character", "Character", "One action for each character, from its first line to its last"),
        ),
    )
    texts: StringProperty(
        name="Texts",
        description="A table (CSV, TSV, JSON lines, Excel) with what is said in the strips, by the name of strip or "
        "sound. A text file beside a sound counts as well",
        subtype="FILE_PATH",
    )
    rows: CollectionProperty(type=LIPSYNC_PG_voice)
    row: IntProperty(name="Row", description="The one that is chosen in the table", default=0)


def assignments(voices: LIPSYNC_PG_voices) -> list[Assignment]:
    """The rows that name somebody."""
    return [
        Assignment(row.character.name if row.character else "", 0 if row.strip else row.channel, row.strip, row.actor)
        for row in voices.rows
        if row.character or row.actor
    ]
