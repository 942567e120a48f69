"""Whether the lips of one mesh do what was said: at p b m they meet, at f v the lower one reaches the teeth. Where they
do not, a small change of the values on those frames, faded in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bounded_fit import bounded_fit
from .large_arrays import ROWS, by_rows, let_go
from .lip_geometry import BINS, Mouth
from .lip_report import LipReport
from .mesh_shapes import KeyOffsets, MeshShapes
from .phones import BILABIALS, LABIODENTALS
from .spoken import heard
from .track import AnimationTrack

CLOSED = 0.012
"""Mouth widths that closed lips may be apart at any place between the corners: 0.6 mm for a mouth of 5 cm."""
TOUCH = 0.02
"""Mouth widths that the lower lip may end below the edge of the upper teeth."""
MOST = 0.5
"""Share of a target's range that it may be changed by."""
OWN = 0.15
"""Share of its own furthest motion that a target must lift or lower the lips, to be used for it: no tongue does."""
FADE = 0.06
"""Seconds in which a change comes and goes."""
HELD = 0.02
"""Seconds around the nearest frame for which it is whole."""
_MIDDLE = slice(1, BINS - 1)
_TEETH = slice(BINS // 2 - 1, BINS // 2 + 2)
_RIDGE = 3e-4
_ROUNDS = 5
_SPARE = 0.01
"""Mouth widths that a change goes beyond what is needed."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A sound that lips or teeth make, in seconds on the sound's clock."""

    start: float
    end: float
    lips: bool
    """Lips on lips; else the lower lip at the teeth."""


@dataclass(frozen=True, slots=True, eq=False)
class LipModel:
    """Heights of the lips' rims under the targets of a mapping, in mouth widths; linear in the targets' values."""

    upper: tuple[NDArray[np.float64], ...]
    """BINS times [1 + K, N] height at rest, then its change by 1 of each target."""
    lower: tuple[NDArray[np.float64], ...]
    teeth: float | None
    """Height of the edge of the upper teeth; None where no teeth were found."""
    ties: NDArray[np.float64]
    """[G, K] targets that the mapping always moves together, such as a key and the jaw bone of jawOpen, or the keys of
    face and teeth: how far each goes with the first of them. Nothing for targets whose effect is unknown."""

    def gaps(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """[T, BINS] from the lowest of the upper lip to the highest of the lower lip, below 0 where they overlap; for
        values [T, K] of the targets. Lips that overlap at rest, as they slope to the corners, touch then."""
        rest = [upper[0].min() - lower[0].max() for upper, lower in zip(self.upper, self.lower, strict=True)]
        return self._ends(self.upper, values, np.min) - self._ends(self.lower, values, np.max) - np.minimum(rest, 0.0)

    @property
    def moved(self) -> NDArray[np.bool_]:
        """[K] whether a target moves the lips at all."""
        return np.any([(rim[1:] != 0).any(1) for rim in (*self.upper, *self.lower)], axis=0)

    def reach(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """[T] how far the lower lip ends below the teeth in the middle. Raises ValueError without teeth."""
        if self.teeth is None:
            raise ValueError("no teeth were found")
        return self.teeth - self._ends(self.lower[_TEETH], values, np.max).max(1)

    def slopes(self, sides: str, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """[K, BINS] change of the heights of "upper" or "lower" at values [K], of the vertices that count there."""
        rims, end = (self.upper, np.argmin) if sides == "upper" else (self.lower, np.argmax)
        columns = [rim[1:, end(rim[0] + values @ rim[1:])] for rim in rims]
        return np.stack(columns, 1)

    @staticmethod
    def _ends(rims: Sequence[NDArray[np.float64]], values: NDArray[np.floating], end) -> NDArray[np.float64]:
        return np.stack([end(rim[0] + values @ rim[1:], axis=1) for rim in rims], 1)


@dataclass(frozen=True, slots=True, eq=False)
class LipTruth:
    """The C contacts of a take as its mapped track makes them: what its keys have to show."""

    model: LipModel
    contacts: tuple[Contact, ...]
    moments: NDArray[np.float64]
    """[C] seconds at which each is nearest to true"""
    met: NDArray[np.bool_]
    """[C] whether it is true then"""
    mended: NDArray[np.bool_]
    """[C] whether that took a change of the values around it"""

    def missed(self, values: NDArray[np.float64], lips: bool) -> NDArray[np.float64]:
        """[N] mouth widths by which values [N, K] of the targets miss lips on lips, or else the teeth; 0 or less:
        not."""
        return _missed(self.model, values, lips)

    def report(self, keyed: NDArray[np.bool_] | None = None, shown: NDArray[np.bool_] | None = None) -> LipReport:
        """For the user: of the track, or of what the character does: `keyed` [C], what keys show that nobody touched,
        `shown` [C], what all curves show."""
        keyed = self.met if keyed is None else keyed
        shown = keyed if shown is None else shown
        lips = np.array([contact.lips for contact in self.contacts], bool)
        middles = np.array([(contact.start + contact.end) / 2 for contact in self.contacts])

        def places(which: NDArray[np.bool_]) -> tuple[float, ...]:
            return tuple(middles[which & lips & ~shown].tolist())

        return LipReport(
            closures=int(lips.sum()),
            sealed=int((lips & shown).sum()),
            corrected=int((lips & shown & self.mended).sum()),
            open_at=places(~self.met),
            lost_at=places(self.met & ~keyed),
            changed_at=places(self.met & keyed),
            bites=int((~lips).sum()),
            reached=int((~lips & shown).sum()),
            bites_corrected=int((~lips & shown & self.mended).sum()),
        )


def contacts(track: AnimationTrack) -> list[Contact]:
    """Every p b m and f v of a track, by its phones or else its visemes; empty for a track with neither."""
    lips, teeth = BILABIALS | {"PP"}, LABIODENTALS | {"FF"}
    return [
        Contact(sound.start, sound.end, sound.unit in lips) for sound in heard(track) if sound.unit in lips | teeth
    ]


def lip_model(
    mesh: MeshShapes,
    mouth: Mouth,
    targets: Sequence[KeyOffsets | None],
    reaches: Sequence[float],
    weights: NDArray[np.floating],
    teeth: float | None,
) -> LipModel:
    """`targets`: what each target of a mapping moves of the mouth's mesh at value 1; None if that is unknown.
    `reaches`: how far it moves anything of the character; `weights` [C, K]: the mapping's; `teeth`: of
    upper_teeth()."""

    def rims(sides: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.float64], ...]:
        return tuple(
            np.stack(
                [
                    mouth.local(mesh.points[side])[:, 2],
                    *(mouth.turned(move.at(side))[:, 2] if move else np.zeros(len(side)) for move in targets),
                ]
            )
            for side in sides
        )

    upper, lower = rims(mouth.upper), rims(mouth.lower)
    ties = _ties(np.asarray(weights, np.float64), [move is not None for move in targets])
    lift = np.max([np.abs(rim[1:]).max(1) for rim in (*upper, *lower)], axis=0) * mouth.width
    own = (np.abs(ties) * lift).sum(1) > OWN * (np.abs(ties) * reaches).max(1)
    return LipModel(upper, lower, teeth, ties[own])


def _ties(weights: NDArray[np.float64], known: Sequence[bool]) -> NDArray[np.float64]:
    """[G, K] from the columns of a mapping's weights [C, K]: those of one direction belong together."""
    lengths = np.linalg.norm(weights, axis=0)
    rows: list[NDArray[np.float64]] = []
    free = (lengths > 0) & np.array(known, bool)
    for k in range(len(lengths)):
        if not free[k]:
            continue
        along = weights[:, k] @ weights
        together = free & (np.abs(along) > 0.999 * lengths[k] * lengths)
        rows.append(np.where(together, along / lengths[k] ** 2, 0.0))
        free &= ~together
    return np.array(rows).reshape(-1, len(lengths))


def upper_teeth(meshes: Sequence[MeshShapes], mouth: Mouth, moved: Mapping[str, Sequence[KeyOffsets]]) -> float | None:
    """Height of the edge of the upper teeth from the mouth's centre, in mouth widths: the lowest of what lies behind
    the lips, is no part of the skin, and stays when the mouth opens. None if there is no such thing.

    `moved`: for each mesh what the opening of the mouth moves of it.
    """
    edges = []
    for mesh in meshes:
        local, island = mouth.local(mesh.points), mesh.islands()
        inside = (np.abs(local[:, 0]) < 0.6) & (np.abs(local[:, 2]) < 0.6) & (np.abs(local[:, 1] + 0.35) < 0.55)
        out = np.unique(island[~inside])
        shift = np.zeros(len(mesh.points))
        for move in moved.get(mesh.owner, ()):
            np.maximum.at(shift, move.vertices, np.linalg.norm(move.offsets, axis=1) / mouth.width)
        moving = np.unique(island[shift > 0.1 * mouth.parting])
        if mesh.owner == mouth.owner:
            out = np.append(out, island[mouth.upper[BINS // 2][0]])
        middle = inside & (np.abs(local[:, 0]) < 0.2) & ~np.isin(island, out) & ~np.isin(island, moving)
        if middle.any():
            front = middle & (local[:, 1] > local[middle, 1].max() - 0.1)
            edges.append((float(local[front, 1].max()), float(local[front, 2].min())))
    return max(edges)[1] if edges else None


def corrected(
    track: AnimationTrack,
    mapped: AnimationTrack,
    model: LipModel,
    low: NDArray[np.floating],
    high: NDArray[np.floating],
) -> tuple[AnimationTrack, LipTruth]:
    """The mapped track with its contacts made true, and which of them are.

    `track`: the channels that it was mapped from; `low`, `high` [K]: bounds of the targets. A contact that nothing
    could mend is left as it was.
    """
    found = contacts(track)
    if model.teeth is None:
        found = [contact for contact in found if contact.lips]
    if not found or not len(model.ties):
        nothing = np.zeros(0, bool)
        return mapped, LipTruth(model, (), np.zeros(0), nothing, nothing)
    best, before = _nearest(model, mapped, found)
    times, weight, steps = mapped.times, np.zeros(len(mapped.values)), []
    nearest, changed = np.zeros(len(weight), np.intp), before > 0
    for index in np.flatnonzero(changed):
        frame, lips = int(best[index]), found[index].lips
        step, left = _mended(model, mapped.values[frame].astype(np.float64), low, high, lips)
        if left > before[index] - 0.2 * (before[index] > 0.02) * before[index]:
            changed[index] = False
            continue
        near, share = _window(times, times[frame], found[index])
        # Of two changes that overlap the nearer one counts.
        nearer = share > weight[near]
        nearest[near][nearer], weight[near][nearer] = len(steps), share[nearer]
        steps.append(step)
    if not changed.any():
        return mapped, LipTruth(model, tuple(found), times[best], before <= 0, changed)

    def mended(rows: slice) -> NDArray[np.floating]:
        was, here = mapped.values[rows], np.flatnonzero(weight[rows])
        values, change = was.copy(), weight[rows][here, None] * np.array(steps)[nearest[rows][here]]
        values[here] = np.clip(was[here] + change, np.minimum(low, was[here]), np.maximum(high, was[here]))
        return values

    after = mapped.with_values(by_rows(mapped.values.shape, mended, mapped.values))
    best, missed = _nearest(model, after, found)
    return after, LipTruth(model, tuple(found), times[best], missed <= 0, changed & (before > 0) & (missed <= 0))


def _nearest(
    model: LipModel, mapped: AnimationTrack, found: Sequence[Contact]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """[C] the frame of each contact that is nearest to true, and the mouth widths by which it is missed there; 0 or
    less if it is there."""
    times, count = mapped.times, len(mapped.times)
    first = np.minimum(np.searchsorted(times, [contact.start - 1e-6 for contact in found]), count - 1)
    last = np.maximum(np.searchsorted(times, [contact.end + 1e-6 for contact in found]), first + 1)
    lips = np.array([contact.lips for contact in found])
    off = np.zeros(count)
    for kind in (True, False):
        spans = [np.arange(a, b) for a, b in zip(first[lips == kind], last[lips == kind])]
        if spans:
            frames = np.unique(np.concatenate(spans))
            for rows in np.split(frames, range(ROWS, len(frames), ROWS)):
                off[rows] = _missed(model, mapped.values[rows].astype(np.float64), kind)
                let_go(mapped.values)
    best, missed = np.zeros(len(found), np.intp), np.zeros(len(found))
    for index, (a, b) in enumerate(zip(first, last)):
        inside = off[a:b]
        # Rather the one in the middle: lips meet for a moment, f and v are held.
        cost = 1e-4 if lips[index] else 0.01
        best[index] = a + (inside + cost * np.abs(np.arange(b - a) - (b - a - 1) / 2)).argmin()
        missed[index] = off[best[index]]
    return best, missed


_seen: list[tuple[LipModel, dict[tuple[bool, bytes], float]]] = []  # of the last model: edits leave most frames alone
_MOST_SEEN = 1 << 14
_MOST_SOLVED = 1 << 11


def _missed(model: LipModel, values: NDArray[np.float64], lips: bool) -> NDArray[np.float64]:
    """[N] _off() of frames [N, K], all at once; those that were looked at lately are not measured again."""
    if not _seen or _seen[0][0] is not model or len(_seen[0][1]) > _MOST_SEEN:
        _seen[:] = [(model, {})]
    known = _seen[0][1]
    keys = [(lips, row.tobytes()) for row in values]
    new = [index for index, key in enumerate(keys) if key not in known]
    if new:
        rows = values[new]
        off = model.gaps(rows)[:, _MIDDLE].max(1) - CLOSED if lips else model.reach(rows) - TOUCH
        known.update(zip((keys[index] for index in new), off.tolist()))
    return np.array([known[key] for key in keys])


def _off(model: LipModel, values: NDArray[np.float64], frame: int, lips: bool) -> float:
    """Mouth widths by which a contact is missed; 0 or less if it is there."""
    here = values[frame][None]
    return float(model.gaps(here)[:, _MIDDLE].max() - CLOSED if lips else model.reach(here)[0] - TOUCH)


_steps: list[tuple[LipModel, dict[bytes, tuple[NDArray[np.float64], float]]]] = []  # as _seen


def _mended(
    model: LipModel, values: NDArray[np.float64], low: NDArray[np.floating], high: NDArray[np.floating], lips: bool
) -> tuple[NDArray[np.float64], float]:
    """(_solved(), _off() with it) of a frame; one that was solved lately is not solved again."""
    if not _steps or _steps[0][0] is not model or len(_steps[0][1]) > _MOST_SOLVED:
        _steps[:] = [(model, {})]
    key = bytes([lips]) + values.tobytes() + low.tobytes() + high.tobytes()
    if key not in _steps[0][1]:
        step = _solved(model, values, low, high, lips)
        _steps[0][1][key] = step, _off(model, (values + step)[None], 0, lips)
    return _steps[0][1][key]


def _solved(
    model: LipModel, values: NDArray[np.float64], low: NDArray[np.floating], high: NDArray[np.floating], lips: bool
) -> NDArray[np.float64]:
    """[K] the least change of a frame's values that makes its contact, within bounds.

    The rims' ends move along straight lines, but which vertices they are changes, so a few rounds are solved.
    """
    ties = model.ties
    first = np.abs(ties - 1.0).argmin(1)
    scale = np.maximum(high - low, 1e-9)[first]
    least = np.maximum((low - values)[first] / scale, -MOST).clip(max=0.0)
    most = np.minimum((high - values)[first] / scale, MOST).clip(min=0.0)
    part = np.zeros(len(ties))
    step = np.zeros_like(values)
    for _ in range(_ROUNDS):
        now = values + step
        upper, lower = ties @ model.slopes("upper", now), ties @ model.slopes("lower", now)
        if lips:
            slopes = (upper - lower)[:, _MIDDLE]
            gaps = model.gaps(now[None])[0, _MIDDLE]
            missing = np.minimum(gaps, CLOSED - _SPARE) - gaps
        else:
            slopes = np.concatenate([lower[:, _TEETH], 0.5 * upper[:, _TEETH]], 1)
            short = max(model.reach(now[None])[0] - TOUCH + _SPARE, 0.0)
            missing = np.repeat((short, 0.0), _TEETH.stop - _TEETH.start)
        slopes = slopes * scale[:, None]
        part = bounded_fit(slopes, (part @ slopes + missing)[None], least, most, _RIDGE, sweeps=40, tolerance=1e-4)[0]
        step = (part * scale) @ ties
        if _off(model, (values + step)[None], 0, lips) <= 0:
            break
    return step


def _window(
    times: NDArray[np.float64], middle: float, contact: Contact
) -> tuple[slice, NDArray[np.float64]]:
    """Frames around a contact, and for each 1 around its nearest frame, within the contact; from there half a cosine
    down to 0."""
    first, last = max(middle - HELD, min(contact.start, middle)), min(middle + HELD, max(contact.end, middle))
    near = slice(*np.searchsorted(times, (first - FADE, last + FADE)))
    away = np.maximum(np.maximum(first - times[near], times[near] - last), 0.0) / FADE
    return near, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1.0))
