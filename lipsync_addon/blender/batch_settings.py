"""A batch as the panel shows it: its output folder and its lines."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, StringProperty


class LIPSYNC_PG_batch_line(bpy.types.PropertyGroup):
    """A line of the table; its name is the id."""

    selected: BoolProperty(name="Selected", description="Bake this line again, or import it", default=False)
    state: StringProperty(name="State", description="done, failed, or empty for a line that was never baked")
    said: StringProperty(name="Text", description="Who says what in which language, as the table has it")
    told: StringProperty(name="Told", description="What there is to look at, or why the line failed")


class LIPSYNC_PG_batch(bpy.types.PropertyGroup):
    """Scene.lipsync.batch"""

    folder: StringProperty(
        name="Batch",
        description="Output folder of `lipsync batch`",
        subtype="DIR_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    lines: CollectionProperty(type=LIPSYNC_PG_batch_line)
    line: IntProperty(name="Line", description="The one that is chosen in the table", default=0)


def chosen(batch: LIPSYNC_PG_batch) -> list[str]:
    """Ids of the selected lines."""
    return [line.name for line in batch.lines if line.selected]
