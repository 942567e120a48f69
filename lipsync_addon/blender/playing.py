"""Where takes play: as the active action or as strips of the NLA, which may be moved, scaled, cut, repeated, reversed,
or have a time of their own that is animated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

import bpy

from .actions import CHARACTER, TAKE, animated_block, bags, curves_of


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the scene in which an action plays evenly: its frame is `slope` times the scene's, plus `shift`."""

    first: float
    """Frame of the scene."""
    last: float
    shift: float = 0.0
    slope: float = 1.0
    """Below 0 where it plays in reverse."""

    @classmethod
    def between(cls, first: float, last: float, start: float, end: float) -> Piece:
        """The action's frames `start` to `end` from one frame of the scene to another."""
        slope = (end - start) / (last - first)
        return cls(first, last, start - slope * first, slope)

    def in_action(self, frame: float) -> float:
        """The action's own frame at a frame of the scene; goes on evenly beyond the ends."""
        return self.slope * frame + self.shift

    def in_scene(self, frame: float) -> float:
        """The reverse; where the action stands still, the first frame."""
        return (frame - self.shift) / self.slope if self.slope else self.first

    def plays(self, frame: float) -> bool:
        """Whether this frame of the action is within."""
        return self.first - 1e-3 <= self.in_scene(frame) <= self.last + 1e-3

    def away(self, frame: float) -> float:
        """Frames of the scene from here to it; 0 within."""
        return max(self.first - frame, frame - self.last, 0.0)


ALWAYS = Piece(-inf, inf)
"""An active action: its frames are the scene's."""


@dataclass(frozen=True, slots=True)
class Playing:
    """An action where it plays on a data-block: as the active one, or as a strip of the NLA."""

    action: bpy.types.Action
    slot: bpy.types.ActionSlot
    strip: bpy.types.NlaStrip | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """In the order of the scene, one for each repetition; there is always one."""
        return (ALWAYS,) if self.strip is None else tuple(_pieces(self.strip))

    def in_action(self, frame: float) -> float:
        """The action's own frame at a frame of the scene; where one repetition ends the next has begun."""
        return min(reversed(self.pieces), key=lambda piece: piece.away(frame)).in_action(frame)

    def away(self, frame: float) -> float:
        """Frames of the scene from here to where it plays; 0 within."""
        return 0.0 if self.strip is None else max(self.strip.frame_start - frame, frame - self.strip.frame_end, 0.0)

    def curve(self, path: str, index: int = 0) -> bpy.types.FCurve | None:
        """The curve that animates this property."""
        found = (bag.fcurves.find(path, index=index) for bag in bags(self.action) if bag.slot == self.slot)
        return next((curve for curve in found if curve), None)


def _pieces(strip: bpy.types.NlaStrip) -> Iterator[Piece]:
    """As Blender maps a strip's time: repetitions follow each other, the last one may be cut."""
    first, last, start, end = strip.frame_start, strip.frame_end, strip.action_frame_start, strip.action_frame_end
    if strip.use_animated_time and (curve := strip.fcurves.find("strip_time")):
        frames = [first, *range(int(first) + 1, ceil(last)), last]
        for a, b in zip(frames, frames[1:]):
            yield Piece.between(a, b, curve.evaluate(a), curve.evaluate(b))
        return
    slope = 1 / max(abs(strip.scale), 1e-6)
    length = max(end - start, 1.0) / slope
    for index in range(max(ceil((last - first) / length - 1e-4), 1)):
        a = first + index * length
        b = min(a + length, last)
        yield Piece(a, b, end + slope * a, -slope) if strip.use_reverse else Piece(a, b, start - slope * a, slope)


def takes_playing(owner: bpy.types.ID) -> list[Playing]:
    """Our takes on this data-block: the active one, then strips from the topmost track down. Muted ones do not play,
    and beside a track that is solo none does."""
    data = owner.animation_data
    if data is None:
        return []
    solo = [track for track in data.nla_tracks if track.is_solo]
    tracks = solo or [track for track in data.nla_tracks if not track.mute and data.use_nla]
    strips = [s for track in reversed(tracks) for s in track.strips if not s.mute]
    own = data.action and data.action_slot and not data.use_tweak_mode and not solo
    active = [Playing(data.action, data.action_slot)] if own else []
    found = active + [Playing(s.action, s.action_slot, s) for s in strips if s.action and s.action_slot]
    return [each for each in found if TAKE in each.action]


def playing(owner: bpy.types.ID) -> Playing | None:
    """Our take on this data-block, else its active action; the topmost strip where several takes are strips, wherever
    the playhead is."""
    if takes := takes_playing(owner):
        return takes[0]
    data = owner.animation_data
    return Playing(data.action, data.action_slot) if data and data.action and data.action_slot else None


def playing_takes(objects: Sequence[bpy.types.Object], frame: float | None = None) -> list[Playing]:
    """The takes that play on each data-block of a character, several where they are strips of the NLA: those at this
    frame of the scene first, then the nearest. None: from the topmost track down."""
    found = [take for obj in objects for take in takes_playing(animated_block(obj))]
    return found if frame is None else sorted(found, key=lambda take: take.away(frame))


def playing_take(
    objects: Sequence[bpy.types.Object], frame: float | None = None, name: str | None = None
) -> bpy.types.Action | None:
    """The first of playing_takes(), or the one of that name."""
    takes = (take.action for take in playing_takes(objects, frame))
    return next((action for action in takes if name in (None, action[TAKE])), None)


def pieces_of(objects: Sequence[bpy.types.Object], action: bpy.types.Action) -> list[Piece]:
    """Every stretch of the scene in which a take plays on a character, in order: on the object that it was made for,
    else on the first that has it; strips of the others may have been moved apart."""
    own = sorted(objects, key=lambda obj: obj.name != action.get(CHARACTER))
    for obj in own:
        takes = [take for take in takes_playing(animated_block(obj)) if take.action == action]
        if takes:
            return sorted(
                {piece for take in takes for piece in take.pieces}, key=lambda piece: (piece.first, piece.last)
            )
    return []


def take_range(owners: Iterable[bpy.types.ID]) -> tuple[float, float] | None:
    """First and last frame of the scene in which our curves play on these data-blocks; None if there are none."""
    ranges = []
    for owner in owners:
        found = playing(owner)
        curves = [curve.range() for curve in curves_of(found.action, found.slot)] if found else []
        if not curves:
            continue
        first, last = min(start for start, _ in curves), max(end for _, end in curves)
        for piece in found.pieces:
            start, end = sorted((piece.in_scene(first), piece.in_scene(last)))
            if start <= piece.last and end >= piece.first:
                ranges.append((max(start, piece.first), min(end, piece.last)))
    return (min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else None
