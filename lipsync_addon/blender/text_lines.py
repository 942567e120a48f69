"""Text as lines that fit the sidebar: Blender's labels do not wrap."""

from __future__ import annotations

import re
from collections.abc import Callable

import blf
import bpy

_PIECE = re.compile(r"\s+|[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+")
"""A word, a space, or a character of a script without spaces."""
_AROUND = 4.5 * 20
"""Pixels at a scale of 1 beside a text in a box: icon, edges, the tabs."""
_NARROWEST, _NEW_SIDEBAR = 100.0, 280.0


def sidebar_lines(text: str, context: bpy.types.Context) -> list[str]:
    """Lines for a label with an icon, as wide as the region is now."""
    region, scale = context.region, context.preferences.system.ui_scale or 1.0
    width = region.width if region else _NEW_SIDEBAR * scale
    blf.size(0, context.preferences.ui_styles[0].widget.points * scale)
    room = max(width - _AROUND * scale, _NARROWEST * scale)
    return wrapped(text, lambda line: blf.dimensions(0, line)[0] <= room)


def wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    """`text` in lines that fit, broken between words, or between characters where a script has no spaces."""
    lines: list[str] = []
    line = ""
    for piece in _PIECE.findall(text):
        if line.strip() and not fits((line + piece).rstrip()):
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()] if line.strip() else lines
