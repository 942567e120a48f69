"""Who speaks in the sequencer: each voice strip to its character, by a table of the user's, by name, or the only
one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from ..core.spelling import words
from .rig_scan import character_of, ranked_matches, scan_rig
from .sequencer import sound_strips, take_of
from .sound_import import ImportedSound, sound_of_strip
from .strip_places import StripPlace
from .strip_words import texts_of_strips

_GENERIC = frozenset("armature body cube collection face group head mesh metarig object rig scene".split())
"""Words in names of objects that tell no character from another."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A row of the user's table."""

    character: str
    """Object of the character; empty: by name."""
    channel: int = 0
    """Channel of the sequencer; 0: `strip` says which."""
    strip: str = ""
    """Name of one strip; goes before its channel."""
    actor: str = ""
    """Whose face, of those made with `lipsync adapt`; empty: the panel's speaker."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice strip and who says it. Objects by name: it outlives undo."""

    strip: str
    take: str
    start_frame: float
    """Scene frame of the sound's first sample."""
    sound: ImportedSound
    objects: tuple[str, ...]
    """Of the character."""
    text: str = ""
    """What is said, if that is known."""
    language: str = ""
    """Of the text, BCP-47; guessed where it is empty."""
    actor: str = ""
    """As the table says; empty: the panel's speaker."""
    place: StripPlace | None = None
    """Of the strip when it was listened to."""


def characters(scene: bpy.types.Scene) -> list[list[bpy.types.Object]]:
    """The objects of each character of the scene that can speak."""
    found: list[list[bpy.types.Object]] = []
    for obj in scene.objects:
        if obj.type not in ("MESH", "ARMATURE") or any(obj in objects for objects in found):
            continue
        objects = character_of(obj, scene)
        try:
            ranked_matches(scan_rig(objects))
        except LipsyncError:
            continue
        found.append(objects)
    return found


def guessed(
    strip: bpy.types.SoundStrip, scene: bpy.types.Scene, known: Sequence[Sequence[bpy.types.Object]]
) -> Sequence[bpy.types.Object] | None:
    """The only character of the scene, else the one whose name is in the name of the strip, of its sound file or of its
    channel; None if none is, or more than one."""
    if len(known) == 1:
        return known[0]
    channel = (strip.parent_meta() or scene.sequence_editor).channels[strip.channel]
    texts = (strip.name, bpy.path.basename(strip.sound.filepath), channel.name)
    heard = {word for text in texts for word in words(text)}
    named = [objects for objects in known if any(set(name) <= heard for name in _names(objects))]
    return named[0] if len(named) == 1 else None


def find_voices(
    scene: bpy.types.Scene,
    sample_rate: int,
    *,
    selected: bool = False,
    table: Sequence[Assignment] = (),
    texts: Path | None = None,
) -> tuple[list[Voice], list[str]]:
    """The voices, by time, and in sentences which strips were left out because nobody says them.

    `selected`: only strips that are selected. `texts`: a table with what is said, see strip_words.py. Raises
    LipsyncError if no strip can be heard, if none has a character, for a row of the table whose character cannot speak,
    or for a text that cannot be read.
    """
    strips = sound_strips(scene, selected)
    if not strips:
        raise LipsyncError(
            f"No sound strip {'is selected' if selected else 'can be heard'} in the sequencer.",
            "Add the voice lines as sound strips." if not selected else "Select the voice strips.",
        )
    known = characters(scene)
    voices: list[Voice] = []
    notices: list[str] = []
    takes: dict[str, str] = {}
    said = texts_of_strips(strips, texts)
    for strip in strips:
        objects = _assigned(strip, scene, known, table) or guessed(strip, scene, known)
        if objects is None:
            notices.append(f"'{strip.name}' was left out: nothing says who speaks. Give it a character in the table.")
            continue
        take = take_of(strip)
        if takes.setdefault(take, strip.name) != strip.name:
            take = strip.name
        sound, start_frame = sound_of_strip(strip, scene, sample_rate)
        names = tuple(obj.name for obj in objects)
        actor = next((row.actor for row in _rows(strip, table) if row.actor), "")
        text, language = said.get(strip.name, ("", ""))
        place = StripPlace.of(strip)
        voices.append(Voice(strip.name, take, start_frame, sound, names, text, language, actor, place))
    if not voices:
        raise LipsyncError(
            "None of the voice strips has a character.",
            "Choose the characters in the table, or name strips or channels after them.",
        )
    return voices, notices


def _rows(strip: bpy.types.SoundStrip, table: Sequence[Assignment]) -> list[Assignment]:
    """Those of the strip, then those of its channel."""
    rows = [row for row in table if row.strip == strip.name]
    return rows + [row for row in table if not row.strip and row.channel == strip.channel and not strip.parent_meta()]


def _assigned(
    strip: bpy.types.SoundStrip,
    scene: bpy.types.Scene,
    known: Sequence[Sequence[bpy.types.Object]],
    table: Sequence[Assignment],
) -> Sequence[bpy.types.Object] | None:
    rows = [row for row in _rows(strip, table) if row.character]
    if not rows:
        return None
    obj = scene.objects.get(rows[0].character)
    objects = next((objects for objects in known if obj in objects), None)
    if objects is None:
        raise LipsyncError(
            f"'{rows[0].character}', who is to say '{strip.name}', has no mouth that can be moved.",
            "Choose another object of the character in the table.",
        )
    return objects


def _names(objects: Sequence[bpy.types.Object]) -> list[frozenset[str]]:
    """Words of each name that stands for a character: of its objects and of collections that hold nobody else."""
    named = [obj.name for obj in objects if obj.type == "ARMATURE" or obj.parent is None]
    named += [obj.data.name for obj in objects if obj.type == "ARMATURE"]
    named += [
        collection.name
        for obj in objects
        for collection in obj.users_collection
        if set(collection.objects) <= set(objects)
    ]
    sets = (frozenset(word for word in words(name) if word not in _GENERIC and not word.isdigit()) for name in named)
    return [name for name in sets if name]
