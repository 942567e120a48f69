"""KeyCurve: the keys of one F-curve as arrays, with the arithmetic that Blender does on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .large_arrays import let_go

CONSTANT, LINEAR, BEZIER = 0, 1, 2
"""Interpolation from a key to the next, by Blender's own numbers. Higher ones (easing) count as straight lines here."""
FREE, AUTO, VECTOR, ALIGNED, AUTO_CLAMPED = 0, 1, 2, 3, 4
"""Types of handles, by Blender's own numbers."""
SINGLE = 2.0**-23
"""By how much of itself a number in single precision may be off."""


class KeyCurve:
    """N keys in the order of their frames."""

    __slots__ = ("_frames", "_points", "_values", "handles", "kinds")

    kinds: NDArray[np.int32]
    """[N] interpolation from each key to the next."""
    handles: NDArray[np.int32]
    """[N, 2] type of the left and of the right handle."""

    def __init__(self, points: NDArray[np.float64], kinds: NDArray[np.int32], handles: NDArray[np.int32]) -> None:
        """`points`: see there."""
        self._points: NDArray[np.float64] | None = points
        self._frames, self._values = points[:, 1, 0], points[:, 1, 1]
        self.kinds, self.handles = kinds, handles

    @classmethod
    def plain(cls, frames: NDArray[np.floating], values: NDArray[np.floating], kind: int = LINEAR) -> KeyCurve:
        """Straight lines or steps through these keys. Their handles lie on the lines, should an artist make them
        Bezier, and follow him from then on. Needs no memory beside `frames` and `values`, which are not copied."""
        curve, count = cls.__new__(cls), len(frames)
        curve._points, curve._frames, curve._values = None, frames, values
        curve.kinds = np.broadcast_to(np.int32(kind), count)
        curve.handles = np.broadcast_to(np.int32(AUTO_CLAMPED), (count, 2))
        return curve

    @classmethod
    def smooth(
        cls, frames: NDArray[np.floating], values: NDArray[np.floating], slopes: NDArray[np.floating]
    ) -> KeyCurve:
        """Cubic pieces with these slopes (per frame) at the keys: Bezier, each handle a third of the way."""
        points, gaps = cls.plain(frames, values).points, np.diff(frames) / 3
        points[1:, 0] = points[1:, 1] - np.stack((gaps, gaps * slopes[1:]), axis=1)
        points[:-1, 2] = points[:-1, 1] + np.stack((gaps, gaps * slopes[:-1]), axis=1)
        # Blender turns the inner handle of an aligned pair along with an outer one that points nowhere.
        points[0, 0] = 2 * points[0, 1] - points[0, 2]
        points[-1, 2] = 2 * points[-1, 1] - points[-1, 0]
        return cls(points, np.full(len(points), BEZIER, np.int32), np.full((len(points), 2), ALIGNED, np.int32))

    def __len__(self) -> int:
        """Keys."""
        return len(self._frames)

    @property
    def frames(self) -> NDArray[np.float64]:
        """[N] where the keys are."""
        return np.asarray(self._frames, np.float64)

    @property
    def values(self) -> NDArray[np.float64]:
        """[N] of the keys."""
        return np.asarray(self._values, np.float64)

    @property
    def points(self) -> NDArray[np.float64]:
        """[N, 3, 2] left handle, key, right handle as (frame, value)."""
        if self._points is not None:
            return self._points
        points = np.empty((len(self), 3, 2))
        points[..., 0], points[..., 1] = self.frames[:, None], self.values[:, None]
        thirds = np.diff(points[:, 1], axis=0) / 3
        points[1:, 0] -= thirds
        points[:-1, 2] += thirds
        return points

    @property
    def is_plain(self) -> bool:
        """Whether it is one of plain(), or like it: lines or steps throughout, whose handles shape nothing."""
        return len(self) > 0 and self.kinds[0] in (CONSTANT, LINEAR) and bool((self.kinds == self.kinds[0]).all())

    def let_go(self) -> None:
        """See large_arrays.let_go()."""
        let_go(self._values)

    def later(self, frames: float) -> KeyCurve:
        """All keys so many frames later."""
        if self._points is None:
            return KeyCurve.plain(self.frames + frames, self._values, int(self.kinds[0]) if len(self) else LINEAR)
        return KeyCurve(self._points + (frames, 0.0), self.kinds, self.handles)

    def at(self, frames: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values at any frames, held beyond the ends, as Blender evaluates them."""
        frames = np.asarray(frames, np.float64)
        if len(self) < 2:
            return np.full(frames.shape, self.values[0] if len(self) else 0.0)
        own, heights = self.frames, self.values
        inside = np.clip(frames, own[0], own[-1])
        before = np.clip(np.searchsorted(own, inside, "right") - 1, 0, len(self) - 2)
        start, end, kind = own[before], own[before + 1], self.kinds[before]
        low, high = heights[before], heights[before + 1]
        share = np.clip((inside - start) / np.maximum(end - start, 1e-9), 0, 1)
        values = low + share * (high - low)
        values = np.where((kind == CONSTANT) & (share < 1), low, values)
        bezier = kind == BEZIER
        if bezier.any():
            pieces, places = self._pieces()[before[bezier]], inside[bezier]
            shares, thirds = share[bezier], np.diff(pieces[..., 0], axis=1)
            bent = np.abs(thirds - thirds.mean(1, keepdims=True)).max(1) > 1e-9 * np.maximum(thirds.max(1), 1e-9)
            if bent.any():  # else frames go evenly, as smooth() makes them
                shares[bent] = _solve(pieces[bent, :, 0], places[bent])
            values[bezier] = _bezier(pieces[..., 1], shares)
        return values

    def between(self, first: float, last: float) -> KeyCurve:
        """The same curve from `first` to `last`, with a key at both: a Bezier piece is cut without changing it."""
        curve = self.with_key(first).with_key(last)
        chosen = (curve.frames > first - 1e-4) & (curve.frames < last + 1e-4)
        return curve.chosen(chosen)

    def chosen(self, which: NDArray[np.bool_]) -> KeyCurve:
        """Some of the keys [N]."""
        return KeyCurve(self.points[which], self.kinds[which], self.handles[which])

    def followed_by(self, other: KeyCurve) -> KeyCurve:
        """The keys of both; where one ends with the key that the other begins with, one key with a handle of each."""
        if len(self) and len(other) and other.frames[0] - self.frames[-1] < 1e-3:
            joint = np.concatenate((self.points[-1, :1], other.points[0, 1:]))[None]
            types = np.array([[self.handles[-1, 0], other.handles[0, 1]]], np.int32)
            if types[0, 0] == ALIGNED or types[0, 1] == ALIGNED:
                types = np.where(straight_handles(joint), types, FREE).astype(np.int32)
            return KeyCurve(
                np.concatenate((self.points[:-1], joint, other.points[1:])),
                np.concatenate((self.kinds[:-1], other.kinds)),
                np.concatenate((self.handles[:-1], types, other.handles[1:])),
            )
        return KeyCurve(
            np.concatenate((self.points, other.points)),
            np.concatenate((self.kinds, other.kinds)),
            np.concatenate((self.handles, other.handles)),
        )

    def with_key(self, frame: float) -> KeyCurve:
        """One key more, unless there is one; nothing that is played changes. Where the handles of a Bezier piece pass
        each other there are two: halves of such a piece have handles that stay between their keys, others do not."""
        if not len(self) or np.abs(self.frames - frame).min() < 1e-4:
            return self
        index = int(np.searchsorted(self.frames, frame))
        points, kinds, handles = self.points.copy(), self.kinds, self.handles.copy()
        new = np.full((3, 2), (frame, float(self.at(np.array([frame]))[0])))
        kind = kinds[max(index - 1, 0)]
        if 0 < index < len(points) and kind == BEZIER:
            piece = self._pieces()[index - 1]
            middle = float(_bezier(piece[None, :, 0], np.array([0.5]))[0])
            if piece[1, 0] > piece[2, 0] + 1e-6 and abs(middle - frame) > 1e-4:
                halves = self.with_key(middle)
                if len(halves) > len(self):
                    return halves.with_key(frame)
            share = float(_solve(piece[None, :, 0], np.array([frame]))[0])
            first = piece[:-1] + share * np.diff(piece, axis=0)
            second = first[:-1] + share * np.diff(first, axis=0)
            points[index - 1, 2], points[index, 0] = first[0], first[2]
            new[0], new[2] = second[0], second[1]
            for key, side in ((index - 1, 1), (index, 0)):
                # Handles that follow their neighbours would now follow the new key: hold them where they are.
                if handles[key, side] not in (FREE, ALIGNED):
                    handles[key] = ALIGNED if straight_handles(points[key][None])[0] else FREE
        return KeyCurve(
            np.insert(points, index, new, axis=0),
            np.insert(kinds, index, kind).astype(np.int32),
            np.insert(handles, index, ALIGNED if kind == BEZIER else AUTO_CLAMPED, axis=0).astype(np.int32),
        )

    def is_like(self, other: KeyCurve) -> bool:
        """Whether the keys are the same up to rounding, handles only where they shape the curve: Blender puts aligned
        ones right in single precision."""
        if len(self) != len(other) or (self.kinds != other.kinds).any():
            return False
        shapes = np.array([False, True, False]) | (self.kinds == BEZIER)[:, None]
        shapes[1:, 0] |= self.kinds[:-1] == BEZIER
        highest = np.abs(other.values).max(initial=0.0)
        reach = max(np.ptp(other.values) if len(other) else 0.0, 1e-3 * highest, 1e-9)
        late = max(1.0, np.abs(other.frames).max(initial=0.0))
        off = np.abs(self.points - other.points)
        off[..., 1] -= np.minimum(off[..., 1], SINGLE * highest)  # of a quaternion that hardly turns, say
        off /= (late, reach)
        # Single precision is the coarser the later the frame, and a long handle beside a short one magnifies that.
        turned = 1e-3 * max(1.0, late / 1000)
        return bool((off.max(-1) <= (turned, 1e-5, turned))[shapes].all())

    def _pieces(self) -> NDArray[np.float64]:
        """[N - 1, 4, 2] control points of each piece, with handles that stay between their keys, as Blender has it."""
        points = self.points
        pieces = np.concatenate((points[:-1, 1:], points[1:, :2]), axis=1)
        for key, handle in ((0, 1), (3, 2)):
            reach = pieces[:, handle] - pieces[:, key]
            length = pieces[:, 3, 0] - pieces[:, 0, 0]
            scale = np.minimum(1.0, length / np.maximum(np.abs(reach[:, 0]), 1e-9))
            pieces[:, handle] = pieces[:, key] + reach * scale[:, None]
        return pieces


def straight_handles(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[N] whether both handles of each key [N, 3, 2] lie on a line through it."""
    left, right = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    turn = np.abs(left[:, 0] * right[:, 1] - left[:, 1] * right[:, 0])
    return turn <= 1e-4 * np.maximum(left[:, 0] * right[:, 0], 1e-9)


def _bezier(controls: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n] one coordinate of pieces [n, 4] at these shares."""
    rest = 1 - share
    a, b, c, d = controls.T
    return rest**3 * a + 3 * rest**2 * share * b + 3 * rest * share**2 * c + share**3 * d


def _solve(controls: NDArray[np.float64], frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n] the shares at which pieces with these frames [n, 4] reach `frames`: they grow, so halving finds them."""
    low, high = np.zeros(len(frames)), np.ones(len(frames))
    for _ in range(40):
        middle = (low + high) / 2
        reached = _bezier(controls, middle) < frames
        low, high = np.where(reached, middle, low), np.where(reached, high, middle)
    return (low + high) / 2
