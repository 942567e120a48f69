"""What an animator changed in a curve of ours, and how it comes into the curve of the next bake.

An edit is the difference between the curve as it is and the curve that we wrote, from where it begins to where it ends.
Nobody has to mark anything: keys may be moved, added, deleted, their handles turned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .key_curve import ALIGNED, BEZIER, CONSTANT, FREE, LINEAR, VECTOR, KeyCurve, straight_handles
from .key_fitting import fitted
from .spoken import Heard, TimeMap, time_map

UNSEEN = 5e-4
"""Share of a curve's range; a difference below it is rounding."""
FADE = 0.12
"""Seconds in which an edit comes to rest in a pause that only the new take has."""
TAIL, TAIL_SECONDS = 0.4, 0.25
"""What lies of an edit beyond such a pause is its end or its beginning where it is shorter than this share of it, and
than so many seconds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a take lies in the scene, and what is said in it."""

    start_frame: float
    """Frame of the sound's second 0."""
    rate: float
    """Frames per second."""
    sounds: tuple[Heard, ...] = ()
    words: tuple[str, ...] = ()
    """To which the sounds belong, where they are known."""


@dataclass(frozen=True, slots=True, eq=False)
class Retiming:
    """Where moments of one take are in another, in frames of each."""

    old: Timing
    new: Timing
    seconds: TimeMap

    @classmethod
    def between(cls, old: Timing, new: Timing) -> Retiming:
        """Lays the words and sounds of two takes over each other."""
        return cls(old, new, time_map(old.sounds, new.sounds, old.words, new.words))

    def forward(self, frames: NDArray[np.floating]) -> NDArray[np.float64]:
        """Frames of the old take in the new one."""
        seconds = (np.asarray(frames) - self.old.start_frame) / self.old.rate
        return self.seconds.forward(seconds) * self.new.rate + self.new.start_frame

    def back(self, frames: NDArray[np.floating]) -> NDArray[np.float64]:
        """Frames of the new take in the old one."""
        seconds = (np.asarray(frames) - self.new.start_frame) / self.new.rate
        return self.seconds.back(seconds) * self.old.rate + self.old.start_frame

    def shares(self, frames: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
        """[F] how much there is to be at frames of the new take of an edit between two frames of the old one: 1, and
        down to 0 in a pause that the old one does not have, where nobody moved the mouth. What only ran out, or began,
        beyond such a pause stays away."""
        shares, fade = np.ones(len(frames)), FADE * self.new.rate
        for moment, start, end in self.seconds.leaps():
            moment = moment * self.old.rate + self.old.start_frame
            if not first <= moment <= last:
                continue
            start, end = (each * self.new.rate + self.new.start_frame for each in (start, end))
            short = min(TAIL * (last - first), TAIL_SECONDS * self.old.rate)
            falls = np.full(len(frames), np.inf) if moment - first < short else frames - start
            rises = np.full(len(frames), np.inf) if last - moment < short else end - frames
            beside = np.clip(np.minimum(falls, rises) / fade, 0.0, 1.0)
            shares *= 0.5 + 0.5 * np.cos(np.pi * beside)
        return shares

    def holds(self, first: float, last: float) -> bool:
        """Whether the same is said from one old frame to another."""
        return self.seconds.holds(*((frame - self.old.start_frame) / self.old.rate for frame in (first, last)))


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """A new curve with the edits of the old one."""

    curve: KeyCurve
    base: KeyCurve
    """The new curve without them, with a key where each begins and ends: what the next comparison is made with."""
    kept: tuple[tuple[float, float], ...] = ()
    """First and last frame of each edit, in the new take."""
    dropped: tuple[tuple[float, float], ...] = ()
    """The same in the old take, of edits that have no place in the new one."""


def carried(
    written: KeyCurve, current: KeyCurve, new: KeyCurve, reach: float, max_error: float, moved: Retiming
) -> Carried:
    """The `new` curve with everything that makes `current` differ from what was `written`.

    The animator's keys are there again, as high above the new curve as they were above the old one; where that is the
    same curve they are what they were. No frame is off by more than `max_error` of `reach` (how far such a curve may
    go) from the new curve and the difference added; keys are added where that needs them.
    """
    curve, base, kept, dropped = new, new, [], []
    for first, last in edited_spans(written, current, reach):
        ends = np.round(moved.forward(np.array([first, last])), 3)
        if abs(first - round(first)) < 1e-3 and abs(last - round(last)) < 1e-3:
            ends = np.round(ends)
        if not moved.holds(first, last) or ends[1] - ends[0] < 0.5 or (kept and ends[0] < kept[-1][1]):
            dropped.append((first, last))
            continue
        piece = _moved_keys(written, current.between(first, last), new, ends, moved)
        piece = _within_error(piece, (first, last), written, current, new, reach * max_error, moved)
        curve = _spliced(curve, piece, UNSEEN * reach)
        base = base.with_key(ends[0]).with_key(ends[1])
        kept.append((float(ends[0]), float(ends[1])))
    return Carried(curve, base, tuple(kept), tuple(dropped))


def edited_spans(written: KeyCurve, current: KeyCurve, reach: float) -> list[tuple[float, float]]:
    """First and last frame of every stretch in which the curves differ; at both they still (or again) agree, unless
    the curve itself ends there."""
    both = np.concatenate((written.frames, current.frames))
    if len(both) == 0:
        return []
    grid = np.unique(np.concatenate((both, np.arange(np.floor(both.min()), np.ceil(both.max()) + 1))))
    differs = np.abs(current.at(grid) - written.at(grid)) > UNSEEN * reach
    edges = np.flatnonzero(np.diff(differs, prepend=False, append=False))
    common = np.intersect1d(np.round(written.frames, 3), np.round(current.frames, 3))
    common = common[~differs[np.abs(grid[:, None] - common).argmin(0)]] if len(common) else common
    spans: list[tuple[float, float]] = []
    for first, last in zip(edges[::2], edges[1::2]):
        start, end = float(grid[max(first - 1, 0)]), float(grid[min(last, len(grid) - 1)])
        start, end = max(common[common <= start], default=start), min(common[common >= end], default=end)
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _moved_keys(
    written: KeyCurve, keys: KeyCurve, new: KeyCurve, ends: NDArray[np.float64], moved: Retiming
) -> KeyCurve:
    """The animator's keys at their places in the new take, handles too, raised by what the curve below them rose."""
    old = keys.points
    points = np.empty_like(old)
    places = moved.forward(old[:, 1, 0])
    whole = np.abs(old[:, 1, 0] - np.round(old[:, 1, 0])) < 1e-3
    points[:, 1, 0] = np.where(whole, np.round(places), places)
    points[0, 1, 0], points[-1, 1, 0] = ends
    for side in (0, 2):
        points[:, side, 0] = points[:, 1, 0] + moved.forward(old[:, side, 0]) - places
    points[..., 1] = old[..., 1] + new.at(points[..., 0]) - written.at(old[..., 0])
    handles = keys.handles.copy()
    if np.abs(np.diff(points - old, axis=1)).max() > 1e-4:
        # Handles that follow other keys would go their own way; these were placed.
        straight = straight_handles(points)[:, None]
        handles = np.where(straight & (handles != FREE) & (handles != VECTOR), ALIGNED, FREE).astype(np.int32)
    kinds = np.full_like(keys.kinds, CONSTANT) if (new.kinds == CONSTANT).all() else keys.kinds
    inside = (points[:, 1, 0] >= ends[0]) & (points[:, 1, 0] <= ends[1])
    apart = np.diff(points[:, 1, 0], prepend=-np.inf) > 0.25
    apart[-1] = True
    apart[-2:-1] &= points[-1, 1, 0] - points[-2:-1, 1, 0] > 0.25
    return KeyCurve(points, kinds, handles).chosen(inside & apart)


def _within_error(
    piece: KeyCurve,
    span: tuple[float, float],
    written: KeyCurve,
    current: KeyCurve,
    new: KeyCurve,
    allowed: float,
    moved: Retiming,
) -> KeyCurve:
    """The piece if it keeps to the new curve plus the difference, which fades in pauses that are new, else one that
    does, with more keys."""
    frames = np.arange(np.ceil(piece.frames[0] - 1e-3), np.floor(piece.frames[-1] + 1e-3) + 1)
    there, shares = moved.back(frames), moved.shares(frames, *span)
    held = len(new.kinds) > 0 and (new.kinds == CONSTANT).all()
    if held:
        shares = np.floor(shares)  # a pose that is held does not fade
    wanted = new.at(frames) + shares * (current.at(there) - written.at(there))
    if len(frames) < 3 or np.abs(piece.at(frames) - wanted).max() <= allowed:
        return piece
    keyed = np.flatnonzero(np.isin(frames, np.round(piece.frames)))
    if held:
        turns = np.flatnonzero(np.diff(shares)) + 1
        keyed = np.union1d(np.union1d(keyed, turns), np.flatnonzero(np.isin(frames, new.frames)))
        return KeyCurve.plain(frames[keyed], wanted[keyed], CONSTANT)
    if not (new.kinds == BEZIER).any():
        return KeyCurve.plain(frames, wanted, LINEAR)
    return fitted(frames, wanted[:, None], np.array([allowed]), kept=keyed.tolist())[0]


def _spliced(curve: KeyCurve, piece: KeyCurve, same: float) -> KeyCurve:
    """The curve with the piece in the place of what it had there; a frame of transition where they do not meet."""
    first, last = piece.frames[0], piece.frames[-1]
    meets = np.abs(curve.at(piece.frames[[0, -1]]) - piece.values[[0, -1]]) <= 2 * same
    before, after = first - (not meets[0]), last + (not meets[1])
    if len(curve) and curve.frames[0] < before - 1e-3:
        piece = curve.between(curve.frames[0], before).followed_by(piece)
    if len(curve) and curve.frames[-1] > after + 1e-3:
        piece = piece.followed_by(curve.between(after, curve.frames[-1]))
    return piece
