"""The sequencer strips that a take was made from, kept with the take, and what became of them since: an animator who
deletes, mutes, moves or cuts one is told that its keys still play where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Literal

import bpy

from .actions import TAKE
from .playing import playing_takes
from .sequencer import sound_strips

STRIPS = "lipsync_strips"
"""Custom property of our actions: scene and strips, as JSON."""
MUTED = "lipsync_muted"
"""Custom property of our actions: set while we keep the take's strips in the NLA muted."""
Change = Literal["gone", "muted", "moved", "cut"]


@dataclass(frozen=True, slots=True)
class StripPlace:
    """A strip as it was. Frames of the scene."""

    name: str
    file: str
    """Of its sound, as Blender has it."""
    origin: float
    """Where the sound itself would begin."""
    first: float
    """Where it begins to be heard."""
    last: float

    @classmethod
    def of(cls, strip: bpy.types.SoundStrip) -> StripPlace:
        """As it is now."""
        file = strip.sound.filepath if strip.sound else ""
        return cls(strip.name, file, strip.frame_start, float(strip.frame_final_start), float(strip.frame_final_end))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A take that plays what its strip does not say any more."""

    take: str
    strip: str
    change: Change
    shift: float = 0.0
    """Frames that a moved strip lies later."""
    alone: bool = True
    """Whether the take is of this strip alone."""

    def __str__(self) -> str:
        of = f"of the take '{self.take}'" if self.take != self.strip else "of the take of that name"
        if self.change == "gone":
            return f"The strip '{self.strip}' {of} is gone: its keys still play. Mute or remove them{self._anew}."
        if self.change == "muted":
            return f"The strip '{self.strip}' {of} is muted: its keys still play. Mute them too{self._anew}."
        if self.change == "moved":
            where = f"{abs(self.shift):g} frames {'later' if self.shift > 0 else 'earlier'}"
            return f"The strip '{self.strip}' {of} was moved {where}: its keys are where it was. Move them along{self._anew}."
        return f"The strip '{self.strip}' {of} was cut since: bake it again."

    @property
    def _anew(self) -> str:
        return "" if self.alone else " with a new bake: it is one of several in this take"


def store_strips(action: bpy.types.Action, scene: bpy.types.Scene, places: Sequence[StripPlace]) -> None:
    """Keeps with the take what it was made from; none: nothing is known of strips."""
    if places:
        action[STRIPS] = json.dumps({"scene": scene.name, "strips": [astuple(place) for place in places]})
    elif STRIPS in action:
        del action[STRIPS]


def stored_strips(action: bpy.types.Action, scene: bpy.types.Scene) -> list[StripPlace]:
    """The reverse; none for a take of another scene."""
    data = action.get(STRIPS)
    known = json.loads(data) if isinstance(data, str) else {}
    return [StripPlace(*row) for row in known["strips"]] if known.get("scene") == scene.name else []


def troubles(scene: bpy.types.Scene, objects: Sequence[bpy.types.Object]) -> list[Trouble]:
    """Of the takes that play on a character, by name of the take."""
    actions = {take.action[TAKE]: take.action for take in playing_takes(objects)}
    if not any(STRIPS in action for action in actions.values()):
        return []
    there = {strip.name: strip for strip in _sounds(scene)}
    heard = {strip.name for strip in sound_strips(scene)}
    found = (trouble for _, action in sorted(actions.items()) for trouble in _of_take(action, scene, there, heard))
    return list(found)


def _of_take(
    action: bpy.types.Action, scene: bpy.types.Scene, there: dict[str, bpy.types.SoundStrip], heard: set[str]
) -> Iterator[Trouble]:
    places = stored_strips(action, scene)
    for place in places:
        strip = there.get(place.name) or _renamed(place, there.values())
        change, shift = _change(place, strip, heard)
        if change:
            yield Trouble(action[TAKE], place.name, change, shift, len(places) == 1)


def _change(
    place: StripPlace, strip: bpy.types.SoundStrip | None, heard: set[str]
) -> tuple[Change | None, float]:
    """What became of a strip, and by how many frames it was moved."""
    if strip is None:
        return "gone", 0.0
    if strip.name not in heard:
        return "muted", 0.0
    now = StripPlace.of(strip)
    shift = now.first - place.first
    if abs(now.last - place.last - shift) > 1e-3 or abs(now.origin - place.origin - shift) > 1e-3:
        return "cut", 0.0
    return ("moved", shift) if abs(shift) > 1e-3 else (None, 0.0)


def _renamed(place: StripPlace, strips: Iterable[bpy.types.SoundStrip]) -> bpy.types.SoundStrip | None:
    """The strip under another name: the same sound in the same place."""
    same = (strip for strip in strips if astuple(StripPlace.of(strip))[1:] == astuple(place)[1:])
    return next(same, None)


def _sounds(scene: bpy.types.Scene) -> list[bpy.types.SoundStrip]:
    editor = scene.sequence_editor
    return [strip for strip in (editor.strips_all if editor else ()) if strip.type == "SOUND"]
