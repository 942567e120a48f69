"""The sequencer strips that a take was made from, kept with the take, and what became of them since: an animator who
deletes, mutes, moves or cuts one is told that its keys still play where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Literal

import bpy

from .actions import CHARACTER, TAKE
from .playing import pieces_of, playing_takes
from .sequencer import sound_strips
from .sound_import import heard_range, sound_origin

STRIPS = "lipsync_strips"
"""Custom property of our actions: scene and strips, as JSON."""
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
        return cls(strip.name, file, sound_origin(strip, strip.id_data), *map(float, heard_range(strip)))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A take that plays what its strip does not say any more."""

    take: str
    character: str
    """Name of the object that the take was made for."""
    strip: str
    change: Change
    shift: float = 0.0
    """Frames by which the take plays too early."""
    whole: bool = True
    """Whether this is so of all strips of the take."""

    def __str__(self) -> str:
        of = f"The strip '{self.strip}' of the take '{self.take}'"
        if self.change == "cut":
            return f"{of} was cut or retimed since: bake it again."
        if self.change == "moved":
            text = (
                f"{of} was moved: its keys play {abs(self.shift):g} frames too {'early' if self.shift > 0 else 'late'}."
            )
        else:
            text = f"{of} is {'gone' if self.change == 'gone' else 'muted'}: its keys still play."
        return text if self.whole else f"{text} Bake the strips again, it is one of several in this take."


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


def troubles(
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object] | None = None,
    take: bpy.types.Action | None = None,
) -> list[Trouble]:
    """Of the takes that play on these objects, or on any of the scene, or of this one `take`; by name of the take."""
    if not any(STRIPS in action for action in bpy.data.actions):
        return []
    objects = list(scene.objects if objects is None else objects)
    actions = {each.action for each in playing_takes(objects) if STRIPS in each.action and take in (None, each.action)}
    claimed = {place.name for action in bpy.data.actions for place in stored_strips(action, scene)}
    strips, heard = {strip.name: strip for strip in _sounds(scene)}, {strip.name for strip in sound_strips(scene)}
    found: list[Trouble] = []
    for action in sorted(actions, key=lambda action: action[TAKE]):
        found += _of_take(action, scene, objects, strips, heard, claimed)
    return found


def _of_take(
    action: bpy.types.Action,
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    strips: Mapping[str, bpy.types.SoundStrip],
    heard: set[str],
    claimed: set[str],
) -> Iterator[Trouble]:
    places, pieces = stored_strips(action, scene), pieces_of(objects, action)
    changes = []
    for place in places:
        others = (strip for name, strip in strips.items() if name not in claimed and _is_renamed(strip, place))
        strip = strips.get(place.name) or next(others, None)
        plays = min(
            (piece.in_scene(place.first) for piece in pieces), key=lambda at: _far(at, strip), default=place.first
        )
        changes.append(_change(place, strip, heard, plays))
    same = len(set(changes)) == 1
    told = [(places[0], changes[0])] if same and changes and changes[0][0] == "moved" else list(zip(places, changes))
    for place, (change, shift) in told:
        if change:
            yield Trouble(action[TAKE], action.get(CHARACTER, ""), place.name, change, shift, same)


def _far(frame: float, strip: bpy.types.SoundStrip | None) -> float:
    return abs(frame - heard_range(strip)[0]) if strip else frame


def _change(
    place: StripPlace, strip: bpy.types.SoundStrip | None, heard: set[str], plays: float
) -> tuple[Change | None, float]:
    """What became of a strip whose take `plays` from a frame of the scene on, and how many frames too early that is."""
    if strip is None:
        return "gone", 0.0
    if strip.name not in heard:
        return "muted", 0.0
    now = StripPlace.of(strip)
    if not _is_as_long(now, place):
        return "cut", 0.0
    shift = now.first - plays
    return ("moved", shift) if abs(shift) > 0.01 else (None, 0.0)


def _is_as_long(now: StripPlace, place: StripPlace) -> bool:
    """Whether the same part of the sound is heard."""
    length, inside = now.last - now.first, now.first - now.origin
    return abs(length - place.last + place.first) < 1e-3 and abs(inside - place.first + place.origin) < 1e-3


def _is_renamed(strip: bpy.types.SoundStrip, place: StripPlace) -> bool:
    """Whether it is that strip under another name."""
    now = StripPlace.of(strip)
    return now.file == place.file and _is_as_long(now, place)


def _sounds(scene: bpy.types.Scene) -> list[bpy.types.SoundStrip]:
    editor = scene.sequence_editor
    return [strip for strip in (editor.strips_all if editor else ()) if strip.type == "SOUND"]
