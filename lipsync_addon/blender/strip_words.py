"""What is said in a voice strip: by the strip itself, by a table, or by a text file beside its sound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy

from ..batch.table import spoken_lines
from ..speech.text_file import ENDINGS, read_text
from .sequencer import take_of

TEXT = "lipsync_text"
"""Custom property of a strip: what is said in it."""


def texts_of_strips(strips: Iterable[bpy.types.SoundStrip], table: Path | None = None) -> dict[str, tuple[str, str]]:
    """Name of the strip -> (text, language or "" where nobody says), without those of which nothing is known.

    First what the strip's property TEXT says; then the row of the `table` for the strip's name or its sound's; then a
    text file of the sound's name beside it. Raises LipsyncError for a table or a text that cannot be read.
    """
    strips = list(strips)
    rows = spoken_lines(table, {name for strip in strips for name in _names(strip)}) if table and strips else {}
    found = {}
    for strip in strips:
        own = str(strip.get(TEXT, "")).strip()
        said = (own, "") if own else next((rows[name] for name in _names(strip) if name in rows), None)
        said = said or _beside(_sound_file(strip))
        if said:
            found[strip.name] = said
    return found


def _names(strip: bpy.types.SoundStrip) -> tuple[str, str]:
    return take_of(strip), _sound_file(strip).stem


def _beside(sound: Path) -> tuple[str, str] | None:
    file = next((file for ending in ENDINGS if (file := sound.with_suffix(ending)).is_file()), None)
    return (read_text(file), "") if file else None


def _sound_file(strip: bpy.types.SoundStrip) -> Path:
    return Path(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library))
