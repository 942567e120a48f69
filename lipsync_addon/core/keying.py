"""How a track becomes keys: a key on every frame, few Bezier keys, poses on twos, or poses that are held.

Frames of a film are further apart than a short p, b or m lasts: at 24 frames a second, and all the more on twos, a
closure may fall between two of them and be lost. So the frame nearest to such a closure shows it. Where the lips of
the mesh are measured, they have the last word: what the keys lose of p, b, m, f, v gets a frame of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap
from .channels import VISEMES_15
from .errors import LipsyncError
from .key_curve import CONSTANT, LINEAR, KeyCurve
from .key_fitting import Fitter, refitted
from .key_truth import pinned, shown
from .large_arrays import by_rows, let_go
from .lip_truth import LipTruth
from .track import AnimationTrack

KeyMode = Literal["every", "sparse", "twos", "stepped"]
"""every: a key on every frame, straight lines between. sparse: the fewest Bezier keys within the error. twos: a pose on
every second frame, held until the next. stepped: a pose for each sound, held, for mouths that are drawn."""
KEY_MODES: tuple[KeyMode, ...] = get_args(KeyMode)

PINNED_ERROR = 1e-4
"""Share of a target's range that a frame may be off by which was given to a contact."""
CLOSED_ERROR = 0.25
"""Share of the error that is allowed on the frame that shows a closure: it is missed sooner than anything else."""
SHORTEST_POSE = 2
"""Frames that a pose is held at least; what changes on every frame is not seen as poses."""
LONGEST_POSE = 12
"""Frames that a pose is held at most where the mouth moves at all."""
POSE_STEP = 2
"""Frames from a pose to the next on twos."""
PIN_COST = 1e6
"""What a frame costs that was given to a contact and is not shown, in the unit of POSE_COST: more than anything
else."""
POSE_COST = 0.04
"""How much a new pose must better the fit, in squares of a target's range summed over targets and frames."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """What the animator wants to find in the graph editor."""

    mode: KeyMode = "every"
    max_error: float = 0.02
    """For sparse: share of a target's range that no frame is off by more than; 0: a key on every frame."""

    def __post_init__(self) -> None:
        """Raises LipsyncError for a mode that there is not."""
        if self.mode not in KEY_MODES:
            raise LipsyncError(f"There are no keys {self.mode!r}.", f"Use one of {', '.join(KEY_MODES)}.")

    @property
    def has_all_poses(self) -> bool:
        """Whether each frame that has a pose has a key."""
        return self.mode in ("every", "twos") or (self.mode == "sparse" and self.max_error <= 0)


@dataclass(frozen=True, slots=True)
class Closure:
    """The lips meet: seconds on the sound's clock."""

    start: float
    deepest: float
    end: float


def closures(track: AnimationTrack) -> list[Closure]:
    """Where p, b, m or a pause closes the lips of a track of channels. None for a track without visemes: a captured
    face is played as it was captured."""
    if "viseme_PP" not in track.names or len(track.values) == 0:
        return []
    visemes = track.select([name for name in VISEMES_15 if name in track.names])
    pressed = visemes.channel("viseme_PP")
    gap = lip_gap(track) if {"jawOpen", "mouthClose"} <= set(track.names) else 1 - pressed
    let_go(track.values)
    closed = (gap < SEALED) | (visemes.values.argmax(1) == visemes.names.index("viseme_PP"))
    edges = np.flatnonzero(np.diff(closed, prepend=False, append=False))
    times = track.times
    return [
        Closure(times[a], times[a + int((gap - 1e-3 * pressed)[a:b].argmin())], times[b - 1])
        for a, b in zip(edges[::2], edges[1::2])
    ]


def pose_times(times: NDArray[np.float64], closed: Sequence[Closure]) -> NDArray[np.float64]:
    """[F] the seconds from which to take the pose of each frame: its own, or those of a closure that would otherwise
    fall between the frames."""
    moved = times.copy()
    if len(times) < 2:
        return moved
    free = np.ones(len(times), bool)
    lost = []
    for closure in closed:
        inside = _inside(times, closure)
        free &= ~inside
        if not inside.any() and times[0] <= closure.deepest <= times[-1]:
            lost.append(closure)
    for closure in lost:
        after = int(np.searchsorted(times, closure.deepest))
        near = sorted((after - 1, after), key=lambda frame: abs(times[frame] - closure.deepest))
        for frame in near:
            if free[frame]:
                moved[frame], free[frame] = closure.deepest, False
                break
    return moved


def keyed(
    mapped: AnimationTrack,
    ranges: NDArray[np.floating],
    frames: NDArray[np.float64],
    times: NDArray[np.float64],
    closed: Sequence[Closure],
    settings: KeySettings,
    keys: Sequence[KeyCurve] | None = None,
    truth: LipTruth | None = None,
    fitter: Fitter | None = None,
) -> tuple[list[KeyCurve], NDArray[np.bool_]]:
    """A curve for each target of a mapped track, its first key on the first frame; and [C] which contacts of `truth`
    the curves show on these frames (none without it).

    `ranges` [K]: how far each target moves at most; `frames` [F]: whole frames in a row; `times` [F]: their seconds.
    `keys`: curves of an earlier version of this track, whose sparse keys stay on their frames. That takes a tenth of
    the time, and the error is not bounded. `truth`: what this track does on the mesh; a contact that would be lost gets
    the frame nearest to its best moment, as far as there are enough frames. `fitter`: of sparse keys of an earlier
    version of this track, which stay where nothing changed.
    """
    fitter = fitter or Fitter()
    pins: dict[int, float] = {}
    step = POSE_STEP if settings.mode == "twos" else 1

    def poses() -> _Poses:
        return _posed(mapped, frames, times, closed, step, pins)

    def plain() -> Callable[[NDArray[np.intp]], NDArray[np.float64]]:
        values = poses().values
        return lambda at: values[at // step].astype(np.float64)

    def drawn() -> Callable[[NDArray[np.intp]], NDArray[np.float64]]:
        curves[:] = _curves(poses(), ranges, closed, settings, keys, fitter)
        return lambda at: _values_on(curves, truth.model.moved, frames[at])

    curves: list[KeyCurve] = []
    if truth is None:
        return _curves(poses(), ranges, closed, settings, keys, fitter), np.zeros(0, bool)
    if settings.mode != "stepped":  # what falls between frames is found without fitting anything
        met = _show(truth, times, step, plain, pins)
        if settings.has_all_poses:
            return _curves(poses(), ranges, closed, settings, keys, fitter), met
    met = _show(truth, times, step, drawn, pins)
    return curves, met


def _show(
    truth: LipTruth,
    times: NDArray[np.float64],
    step: int,
    drawn: Callable[[], Callable[[NDArray[np.intp]], NDArray[np.float64]]],
    pins: dict[int, float],
) -> NDArray[np.bool_]:
    """More and more `pins`, until what is `drawn` with them, values on frames, shows all contacts that it can. [C]
    these."""
    while True:
        met = shown(truth, times, step, drawn())
        new = pinned(truth, truth.met & ~met, times, step, pins)
        if not new:
            return met
        pins |= new


def _values_on(
    curves: Sequence[KeyCurve], moved: NDArray[np.bool_], frames: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[F, K] of the curves that move the lips; 0 for others."""
    values = np.zeros((len(frames), len(curves)))
    for column in np.flatnonzero(moved):
        values[:, column] = curves[column].at(frames)
    return values


@dataclass(frozen=True, slots=True)
class _Poses:
    """What is to be seen on each frame, or on each that has a pose."""

    frames: NDArray[np.float64]
    times: NDArray[np.float64]
    """[F] seconds that they are taken from."""
    values: NDArray[np.float32]
    """[F, K]"""
    pinned: NDArray[np.intp]
    """Those that are taken from the moment of a contact."""


def _posed(
    mapped: AnimationTrack,
    frames: NDArray[np.float64],
    times: NDArray[np.float64],
    closed: Sequence[Closure],
    step: int,
    pins: Mapping[int, float],
) -> _Poses:
    """A pose on every frame, or on every `step`th, with those of `pins` on their frames."""
    frames, times = frames[::step], times[::step]
    own, times = times, pose_times(times, closed)
    if step > 1:  # at the edge of a closure the lips are half open, and would be for two frames
        for closure in closed:
            if (pose := _deepest_frame(own, closure)) is not None:
                times[pose] = closure.deepest
    pin_frames = np.array(sorted(frame // step for frame in pins), np.intp)
    times[pin_frames] = [pins[frame] for frame in sorted(pins)]
    shape = len(times), len(mapped.names)
    values = by_rows(shape, lambda rows: mapped.at(times[rows]), mapped.values, columns=True)
    return _Poses(frames, times, values, pin_frames)


def _curves(
    poses: _Poses,
    ranges: NDArray[np.floating],
    closed: Sequence[Closure],
    settings: KeySettings,
    keys: Sequence[KeyCurve] | None,
    fitter: Fitter,
) -> list[KeyCurve]:
    """keyed() from the poses."""
    frames, values = poses.frames, poses.values
    if settings.mode == "twos":
        return [KeyCurve.plain(frames, column, CONSTANT) for column in values.T]
    if settings.mode == "stepped":
        shares = values / _above_zero(ranges)
        starts, held = held_poses(shares, _deepest_frames(poses.times, closed), poses.pinned)
        return [KeyCurve.plain(frames[starts], column, CONSTANT) for column in values[held].T]
    if settings.has_all_poses:
        return [KeyCurve.plain(frames, column, LINEAR) for column in values.T]
    if keys is not None and all(len(curve) > 1 for curve in keys):
        places = [np.unique(np.clip(np.searchsorted(frames, curve.frames), 0, len(frames) - 1)) for curve in keys]
        return refitted(frames, values.astype(np.float64), places)
    shares = np.full(len(frames), settings.max_error)
    shares[_deepest_frames(poses.times, closed)] *= CLOSED_ERROR
    shares[poses.pinned] = np.minimum(shares[poses.pinned], PINNED_ERROR)
    return fitter(frames, values, _above_zero(ranges), shares)


def held_poses(
    values: NDArray[np.float64], closed: NDArray[np.intp], pins: NDArray[np.intp] = np.zeros(0, np.intp)
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each pose begins, and the frame that it shows: the one nearest to the mean of its frames, or the `closed`
    one among them, or the one of `pins`. The division with the least squared error, where each pose costs something
    (`values` [F, K]), and where no two pins are one pose if that is possible."""
    count = len(values)
    sums = np.concatenate((np.zeros((1, values.shape[1])), values.cumsum(0)))
    squares = np.concatenate(([0.0], (values**2).sum(1).cumsum()))
    held = np.searchsorted(pins, np.arange(count + 1))
    cost, came = np.full(count + 1, np.inf), np.zeros(count + 1, np.intp)
    cost[0] = 0.0
    for end in range(min(SHORTEST_POSE, count), count + 1):
        starts = np.arange(max(0, end - LONGEST_POSE), max(end - SHORTEST_POSE, 0) + 1)
        lengths = end - starts
        spread = squares[end] - squares[starts] - ((sums[end] - sums[starts]) ** 2).sum(1) / lengths
        ways = cost[starts] + spread + POSE_COST + PIN_COST * np.maximum(held[end] - held[starts] - 1, 0)
        best = int(ways.argmin())
        cost[end], came[end] = ways[best], starts[best]
    ends = [count]
    while came[ends[-1]] > 0:
        ends.append(int(came[ends[-1]]))
    begins = np.array([0, *ends[:0:-1]], np.intp)
    shown = []
    for start, end in zip(begins, ends[::-1]):
        inside = pins[held[start] : held[end]]
        inside = inside if len(inside) else closed[(closed >= start) & (closed < end)]
        far = ((values[start:end] - values[start:end].mean(0)) ** 2).sum(1)
        shown.append(inside[0] if len(inside) else start + int(far.argmin()))
    return begins, np.array(shown, np.intp)


def _deepest_frames(times: NDArray[np.float64], closed: Sequence[Closure]) -> NDArray[np.intp]:
    """The frames that show a closure best: for each that any frame shows, the one nearest to its middle."""
    shown = (_deepest_frame(times, closure) for closure in closed)
    return np.unique([frame for frame in shown if frame is not None]).astype(np.intp)


def _deepest_frame(times: NDArray[np.float64], closure: Closure) -> int | None:
    inside = np.flatnonzero(_inside(times, closure))
    return int(inside[np.abs(times[inside] - closure.deepest).argmin()]) if len(inside) else None


def _inside(times: NDArray[np.float64], closure: Closure) -> NDArray[np.bool_]:
    return (times >= closure.start - 1e-6) & (times <= closure.end + 1e-6)


def _above_zero(ranges: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.maximum(np.asarray(ranges, np.float64), 1e-6)
