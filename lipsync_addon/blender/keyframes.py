"""F-curves <-> AnimationTrack: the only place where seconds become frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import bpy
import numpy as np
from mathutils import Euler, Quaternion
from numpy.typing import NDArray

from ..core.key_curve import BEZIER, KeyCurve
from ..core.key_fitting import Fitter
from ..core import key_truth
from ..core.keying import POSE_STEP, Closure, KeySettings, keyed
from ..core.lip_report import LipReport
from ..core.lip_truth import LipTruth
from ..core.mapping import Target
from ..core.take_edits import Retiming, Timing
from ..core.take_record import CurveId, CurveRecord, Origin, TakeRecord, edits_of, renewed
from ..core.track import AnimationTrack
from .actions import Take
from .playing import Playing, playing

_PLACES = ("handle_left", "co", "handle_right")
_NUMBERS = ("interpolation", "handle_left_type", "handle_right_type")
_TURNS = ("bone_rotation", "bone_turn")
_STEP = 1e-3  # radians, to see which way a component goes
_FEW = 0.1  # of a curve's keys, which are then written one by one
_EDIT_ERROR = 0.01  # share of a target's range by which an edit may be off where it is fitted onto another curve


def frame_rate(scene: bpy.types.Scene) -> float:
    """Frames per second. Blender stores fps_base in single precision: 1.001 is taken as it was typed."""
    return scene.render.fps / float(str(np.float32(scene.render.fps_base)))


def whole_frames(track: AnimationTrack, rate: float, start_frame: float) -> NDArray[np.float64]:
    """[F] the whole frames from the one at or before second 0 of the sound to the one at or after its end."""
    end = start_frame + (track.start + track.duration) * rate
    return np.arange(np.floor(start_frame + 1e-6), np.ceil(end - 1e-6) + 1)


@dataclass(frozen=True, slots=True)
class Written:
    """What write_track() did."""

    frames: NDArray[np.float64]
    """[F] the whole frames that the take covers."""
    left: tuple[Target, ...] = ()
    """Targets left alone because the artist has an own curve there."""
    removed: tuple[Target, ...] = ()
    """Targets left alone because the artist removed our curve."""
    kept: Mapping[Target, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """First and last frame of the artist's edits that are in the new curves."""
    dropped: Mapping[Target, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Those that found no place any more, in seconds of the sound that they were made in."""
    lips: LipReport = LipReport()
    """What all curves of the take, the artist's among them, show on the frames of the scene."""


def write_track(
    track: AnimationTrack,
    targets: Sequence[Target],
    take: Take,
    timing: Timing,
    *,
    ranges: NDArray[np.floating],
    closed: Sequence[Closure] = (),
    keys: KeySettings,
    quick: bool = False,
    truth: LipTruth | None = None,
) -> Written:
    """Writes a mapped track as keys in the place of those that we wrote into the take earlier. Each whole frame has the
    value of its exact time, or of a closure that would else be missed; what the artist changed is carried over.

    `timing`: second 0 of the sound may lie between frames. `ranges` [K]: how far each target moves at most. `quick`:
    sparse keys stay on the frames that they are on, if there are any. `truth`: what the track does on the mesh, for
    keys that show it as well.
    """
    old = take.record
    frames = whole_frames(track, timing.rate, timing.start_frame)
    stays = old is not None and (old.timing.start_frame, old.timing.rate) == (timing.start_frame, timing.rate)
    before = _written_before(targets, take) if quick and stays else None
    times = (frames - timing.start_frame) / timing.rate
    fitter = _fitters[0][1] if _fitters and _fitters[0][0] is old and keys == _fitters[0][2] else Fitter()
    curves, met = keyed(track, ranges, frames, times, closed, keys, before, truth, fitter)
    hidden = old is not None and old.hidden
    moved = cache(lambda origin: Retiming.between(origin, timing))
    records: dict[CurveId, CurveRecord] = {}
    deleted: dict[CurveId, CurveRecord] = {}
    left: list[Target] = []
    removed: list[Target] = []
    kept: dict[Target, list[tuple[float, float]]] = {}
    dropped: dict[Target, list[tuple[float, float]]] = {}
    for target, reach, whole in zip(targets, ranges, curves, strict=True):
        owner, properties = data_block(target), _properties(target)
        ids, parts = take.ids(owner, properties), _components(target, whole)
        if any(key in records or key in deleted for key in ids):
            continue  # another mesh plays the same slot: these are its curves
        if take.removed(owner, ids):
            deleted.update((key, CurveRecord(part)) for key, part in zip(ids, parts, strict=True))
            removed.append(target)
            continue
        found = take.curves(owner, properties)
        if not found:
            left.append(target)
            continue
        for key, curve, part in zip(ids, found, parts, strict=True):
            known = old.curves.get(key) if old else None
            origin = _edits(curve, known, old.timing) if known and len(curve.keyframe_points) else None
            shown, records[key], result = renewed(
                origin, part, float(reach), max(keys.max_error, _EDIT_ERROR), origin and moved(origin.timing), hidden
            )
            if result:
                kept.setdefault(target, []).extend(result.kept)
                gone = _newly(result.dropped, origin, old.timing)
                seconds = np.subtract(gone, origin.timing.start_frame) / origin.timing.rate
                dropped.setdefault(target, []).extend(map(tuple, seconds.tolist()))
            as_it_was = known.result or known.written if known and origin is known.origin else None
            if shown is not as_it_was and not (as_it_was and _write_changes(curve, shown, as_it_was)):
                _write_curve(curve, shown, as_it_was if before else None)
    record = TakeRecord(timing, records, deleted, hidden)
    take.remember(record)
    _fitters[:] = [(record, fitter, keys)]
    lips = LipReport()
    if truth is not None:
        step = POSE_STEP if keys.mode == "twos" else 1
        seen = key_truth.shown(truth, times, step, lambda at: _evaluated(targets, truth.model.moved, take, frames[at]))
        lips = truth.report(met, seen)
    return Written(frames, tuple(left), tuple(removed), _spans(kept), _spans(dropped), lips)


def _newly(
    spans: Sequence[tuple[float, float]], origin: Origin, before: Timing
) -> list[tuple[float, float]]:
    """Those of the artist's edits that had a place in the take as it was `before`."""
    if not spans:
        return []
    there = Retiming.between(origin.timing, before)
    return [span for span in spans if there.holds(*span)]


_fitters: list[tuple[TakeRecord, Fitter, KeySettings]] = []  # of the take that was written last


def forget_fits() -> None:
    """Gives the memory back."""
    _fitters.clear()


def _evaluated(
    targets: Sequence[Target], wanted: NDArray[np.bool_], take: Take, frames: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[F, K] values of the `wanted` [K] targets under all curves of the take, as Blender evaluates them; 0 for others.
    Of muted curves and driven keys what they are now; a muted key is 0, whatever is keyed."""
    values = np.zeros((len(frames), len(targets)))
    for column in np.flatnonzero(wanted):
        target = targets[column]
        owner = data_block(target)
        curves = take.there(owner, _properties(target))
        plays = not any(curve is None or curve.mute for curve in curves)
        if target.kind != "shape_key":
            values[:, column] = _read(target, curves, frames.tolist()) if plays else 0.0
            continue
        key = owner.key_blocks[target.name]
        drivers = owner.animation_data.drivers if owner.animation_data else ()
        plays = plays and not any(driver.data_path == curves[0].data_path for driver in drivers)
        shown = _read(target, curves, frames.tolist()) if plays else key.value
        values[:, column] = 0.0 if key.mute else np.clip(shown, key.slider_min, key.slider_max)
    return values


def _written_before(targets: Sequence[Target], take: Take) -> list[KeyCurve] | None:
    """The curves of the last bake without edits, one for each target; None unless all are known."""
    ids = [take.ids(data_block(target), _properties(target))[0] for target in targets]
    known = {**take.record.curves, **take.record.deleted}
    return [known[key].written for key in ids] if all(key in known for key in ids) else None


def _edits(curve: bpy.types.FCurve, known: CurveRecord, timing: Timing) -> Origin | None:
    """What the animator made of a curve; quick where he did nothing to one of straight lines or steps."""
    keys, points = known.result or known.written, curve.keyframe_points
    if len(points) == len(keys) and (keys.kinds != BEZIER).all():
        places, kinds = np.empty((len(points), 2), np.float32), np.empty(len(points), np.int32)
        points.foreach_get("co", places.ravel())
        points.foreach_get("interpolation", kinds)
        same = (kinds == keys.kinds).all() and (places[:, 0] == keys.frames.astype(np.float32)).all()
        if same and (places[:, 1] == keys.values.astype(np.float32)).all():
            return known.origin
    return edits_of(known, read_keys(curve), timing)


def read_keys(curve: bpy.types.FCurve) -> KeyCurve:
    """The keys of an F-curve as they are."""
    points = curve.keyframe_points
    count = len(points)
    places = [np.empty(2 * count, np.float32) for _ in range(3)]
    numbers = [np.empty(count, np.int32) for _ in range(3)]
    for array, name in zip((*places, *numbers), _PLACES + _NUMBERS, strict=True):
        points.foreach_get(name, array)
    return KeyCurve(
        np.stack([place.reshape(count, 2) for place in places], axis=1).astype(np.float64),
        numbers[0],
        np.stack(numbers[1:], axis=1),
    )


def read_track(targets: Sequence[Target], scene: bpy.types.Scene, *, start_frame: float, count: int) -> AnimationTrack:
    """Evaluates the curves of the takes that play on `count` frames of the scene: the reverse of write_track().

    A target without a curve is 0.
    """
    frames = start_frame + np.arange(count)
    values = np.zeros((count, len(targets)), np.float32)
    for column, target in enumerate(targets):
        if found := _curves(target):
            where, curves = found
            values[:, column] = _read(target, curves, map(where.in_action, frames.tolist()))
    return AnimationTrack(tuple(target.id for target in targets), values, frame_rate(scene))


def _read(target: Target, curves: Sequence[bpy.types.FCurve], frames: Iterable[float]) -> NDArray[np.float64]:
    """[F] the target's values on frames of its action."""
    numbers = np.array([[curve.evaluate(frame) for curve in curves] for frame in frames])
    return _angles(target, numbers) if target.kind in _TURNS else numbers[:, 0]


def has_curves(target: Target) -> bool:
    """Whether the take animates the target."""
    return _curves(target) is not None


def data_block(target: Target) -> bpy.types.ID:
    """What holds the target's animation: the mesh's shape keys, else the armature object."""
    obj = _object(target)
    return obj.data.shape_keys if target.kind == "shape_key" else obj


def _object(target: Target) -> bpy.types.Object:
    """The local object of that name rather than a linked one, which it may override."""
    return bpy.data.objects.get((target.owner, None)) or bpy.data.objects[target.owner]


def _curves(target: Target) -> tuple[Playing, list[bpy.types.FCurve]] | None:
    """What plays on the target, and its curve for each component; None unless all are there."""
    found = playing(data_block(target))
    if found is None:
        return None
    curves = [found.curve(path, index) for path, index in _properties(target)]
    return None if None in curves else (found, curves)


def _properties(target: Target) -> list[tuple[str, int]]:
    """Data path and index of every curve of a target."""
    name = bpy.utils.escape_identifier(target.name)
    if target.kind == "shape_key":
        return [(f'key_blocks["{name}"].value', 0)]
    if target.kind == "property":
        return [(f'["{name}"]', 0)]
    if target.kind == "bone_location":
        return [(f'pose.bones["{name}"].location', target.axis)]
    mode = _rotation_mode(target)
    if target.kind == "bone_turn":  # one part of the rotation; the others belong to other targets of the bone
        quaternion = mode == "QUATERNION"
        place = ("quaternion", 1 + target.axis) if quaternion else ("euler", target.axis)
        return [(f'pose.bones["{name}"].rotation_{place[0]}', place[1])]
    suffix, count = {"QUATERNION": ("quaternion", 4), "AXIS_ANGLE": ("axis_angle", 4)}.get(mode, ("euler", 3))
    return [(f'pose.bones["{name}"].rotation_{suffix}', index) for index in range(count)]


def _components(target: Target, curve: KeyCurve) -> list[KeyCurve]:
    """What each curve of the target holds; handles go on in the direction of the angle's."""
    if target.kind not in _TURNS or (target.kind == "bone_turn" and _rotation_mode(target) != "QUATERNION"):
        return [curve]
    if curve.is_plain:
        parts = _rotations(target, curve.values).T.astype(np.float32)
        return [KeyCurve.plain(curve.frames, part, int(curve.kinds[0])) for part in parts]
    points = curve.points
    angles = points[..., 1]
    if target.kind == "bone_turn":
        values = _rotations(target, angles)
    else:
        middle = np.repeat(angles[:, 1:2], 3, axis=1)
        values = _rotations(target, middle)
        slopes = (_rotations(target, middle + _STEP) - values) / _STEP
        values += slopes * (angles - middle)[..., None]
    return [
        KeyCurve(np.stack((points[..., 0], part), axis=-1), curve.kinds, curve.handles)
        for part in np.moveaxis(values, -1, 0)
    ]


def _rotations(target: Target, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., curves] the components of turns about the target's axis by these angles [...]."""
    if target.kind == "bone_turn":
        return np.tan(angles / 2)[..., None]  # beside a first part of 1; Blender makes the length 1
    axis, mode = _axis(target), _rotation_mode(target)
    if mode == "AXIS_ANGLE":
        return np.stack((angles, *(np.full_like(angles, part) for part in axis)), axis=-1)
    if mode == "QUATERNION":
        return np.stack((np.cos(angles / 2), *(np.sin(angles / 2) * part for part in axis)), axis=-1)
    return angles[..., None] * np.array(axis)


def _angles(target: Target, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F] radians about the target's axis, from [F, curves]."""
    mode = _rotation_mode(target)
    if target.kind == "bone_turn":
        return 2 * np.arctan(numbers[:, 0]) if mode == "QUATERNION" else numbers[:, 0]
    if mode == "AXIS_ANGLE":
        return numbers[:, 0] * (numbers[:, 1:] @ np.array(_axis(target)))
    rotations = [Quaternion(row) if mode == "QUATERNION" else Euler(row, mode).to_quaternion() for row in numbers]
    return np.array([2 * np.arctan2(q[1 + target.axis], q.w) for q in rotations])


def _rotation_mode(target: Target) -> str:
    return _object(target).pose.bones[target.name].rotation_mode


def _axis(target: Target) -> tuple[float, ...]:
    return tuple(float(i == target.axis) for i in range(3))


def _write_changes(curve: bpy.types.FCurve, keys: KeyCurve, there: KeyCurve) -> bool:
    """Writes the keys of straight lines or steps that differ from those that are `there`, if they are few: all others
    are not touched. False, and nothing is done, otherwise."""
    if len(keys) != len(there) or len(curve.keyframe_points) != len(keys):
        return False
    if (keys.kinds != there.kinds).any() or (keys.handles != there.handles).any() or (keys.kinds == BEZIER).any():
        return False
    differs = (keys.values != there.values) | (keys.frames != there.frames)
    differs[1:] |= differs[:-1]  # handles lie on the lines to the keys beside them
    differs[:-1] |= differs[1:]
    rows = np.flatnonzero(differs)
    if len(rows) > _FEW * len(keys):
        return False
    points = curve.keyframe_points
    for row, places in zip(rows.tolist(), keys.points[rows].astype(np.float32).tolist()):
        point = points[row]
        point.handle_left, point.co, point.handle_right = places
    if len(rows):
        curve.update()
    return True


def _write_curve(curve: bpy.types.FCurve, keys: KeyCurve, there: KeyCurve | None = None) -> None:
    """All keys at once, in the place of those that are there. `there`: what these are, if that is known: then only what
    is played is written, and handles that shape nothing follow at the next full writing."""
    points = curve.keyframe_points
    if len(points) != len(keys):
        points.clear()
        points.add(len(keys))
        there = None
    same = there is not None and (there.kinds == keys.kinds).all() and (there.handles == keys.handles).all()
    flat = same and (keys.kinds != BEZIER).all()
    if flat:
        points.foreach_set("co", np.stack((keys.frames, keys.values), 1).astype(np.float32).ravel())
    else:
        for place, name in zip(np.moveaxis(keys.points, 1, 0), _PLACES, strict=True):
            points.foreach_set(name, place.astype(np.float32).ravel())
    for numbers, name in zip((keys.kinds, *keys.handles.T), _NUMBERS, strict=True):
        if not same:
            points.foreach_set(name, np.ascontiguousarray(numbers, np.int32))
    curve.update()


def _spans(of: Mapping[Target, list[tuple[float, float]]]) -> dict[Target, tuple[tuple[float, float], ...]]:
    """Without doubles: the components of a rotation are edited together."""
    return {target: tuple(sorted(set(spans))) for target, spans in of.items() if spans}
