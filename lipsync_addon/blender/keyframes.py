"""F-curves <-> AnimationTrack: the only place where seconds become frames."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Euler, Quaternion
from numpy.typing import NDArray

from ..core.mapping import Target
from ..core.track import AnimationTrack
from .actions import Take, find_curve

_KEYFRAME = bpy.types.Keyframe.bl_rna.properties
_LINEAR = _KEYFRAME["interpolation"].enum_items["LINEAR"].value
_AUTO = _KEYFRAME["handle_left_type"].enum_items["AUTO_CLAMPED"].value


def frame_rate(scene: bpy.types.Scene) -> float:
    """Frames per second. Blender stores fps_base in single precision: 1.001 is taken as it was typed."""
    return scene.render.fps / float(str(np.float32(scene.render.fps_base)))


def whole_frames(track: AnimationTrack, rate: float, start_frame: float) -> NDArray[np.float64]:
    """[F] the whole frames from the one at or before second 0 of the sound to the one at or after its end."""
    end = start_frame + (track.start + track.duration) * rate
    return np.arange(np.floor(start_frame + 1e-6), np.ceil(end - 1e-6) + 1)


def write_track(
    track: AnimationTrack, targets: Sequence[Target], take: Take, *, rate: float, start_frame: float
) -> tuple[NDArray[np.float64], list[Target]]:
    """Writes a mapped track, one key on every whole frame, sampled at that frame's exact time.

    `rate`: the scene's frames per second; `start_frame`: where second 0 of the sound is, may lie between frames.
    Returns the frames [F], and the targets left alone because the artist has an own curve there.
    """
    frames = whole_frames(track, rate, start_frame)
    values = track.at((frames - start_frame) / rate)
    kept: list[Target] = []
    for target, column in zip(targets, values.T, strict=True):
        curves = take.new_curves(data_block(target), _properties(target))
        if not curves:
            kept.append(target)
            continue
        for curve, numbers in zip(curves, _components(target, column), strict=True):
            _write_curve(curve, frames, numbers)
    return frames, kept


def read_track(targets: Sequence[Target], scene: bpy.types.Scene, *, start_frame: float, count: int) -> AnimationTrack:
    """Evaluates the curves of the active actions on `count` frames: the reverse of write_track().

    A target without a curve is 0.
    """
    frames = start_frame + np.arange(count)
    values = np.zeros((count, len(targets)), np.float32)
    for column, target in enumerate(targets):
        if curves := _curves(target):
            numbers = np.array([[curve.evaluate(frame) for curve in curves] for frame in frames])
            values[:, column] = _angles(target, numbers) if target.kind == "bone_rotation" else numbers[:, 0]
    return AnimationTrack(tuple(target.id for target in targets), values, frame_rate(scene))


def has_curves(target: Target) -> bool:
    """Whether the active action animates the target."""
    return bool(_curves(target))


def data_block(target: Target) -> bpy.types.ID:
    """What holds the target's animation: the mesh's shape keys, else the armature object."""
    obj = _object(target)
    return obj.data.shape_keys if target.kind == "shape_key" else obj


def _object(target: Target) -> bpy.types.Object:
    """The local object of that name rather than a linked one, which it may override."""
    return bpy.data.objects.get((target.owner, None)) or bpy.data.objects[target.owner]


def _curves(target: Target) -> list[bpy.types.FCurve]:
    """One for each component, from the active action; empty unless all are there."""
    curves = [find_curve(data_block(target), path, index) for path, index in _properties(target)]
    return [] if None in curves else curves


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
    suffix, count = {"QUATERNION": ("quaternion", 4), "AXIS_ANGLE": ("axis_angle", 4)}.get(mode, ("euler", 3))
    return [(f'pose.bones["{name}"].rotation_{suffix}', index) for index in range(count)]


def _components(target: Target, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """[curves, F] what each curve of the target holds."""
    if target.kind != "bone_rotation":
        return values[None].astype(np.float64)
    axis = _axis(target)
    mode = _rotation_mode(target)
    if mode == "AXIS_ANGLE":
        return np.array([[angle, *axis] for angle in values.tolist()]).T
    rotations = [Quaternion(axis, angle) for angle in values.tolist()]
    return np.array(rotations if mode == "QUATERNION" else [q.to_euler(mode) for q in rotations]).T


def _angles(target: Target, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F] radians about the target's axis, from [F, curves]."""
    mode = _rotation_mode(target)
    if mode == "AXIS_ANGLE":
        return numbers[:, 0] * (numbers[:, 1:] @ np.array(_axis(target)))
    rotations = [Quaternion(row) if mode == "QUATERNION" else Euler(row, mode).to_quaternion() for row in numbers]
    return np.array([2 * np.arctan2(q[1 + target.axis], q.w) for q in rotations])


def _rotation_mode(target: Target) -> str:
    return _object(target).pose.bones[target.name].rotation_mode


def _axis(target: Target) -> tuple[float, ...]:
    return tuple(float(i == target.axis) for i in range(3))


def _write_curve(curve: bpy.types.FCurve, frames: NDArray[np.float64], values: NDArray[np.floating]) -> None:
    """All keys at once; update() then computes the handles, for an artist who makes them Bézier."""
    points = curve.keyframe_points
    points.add(len(frames))
    points.foreach_set("co", np.column_stack((frames, values)).astype(np.float32).ravel())
    for name, value in (("interpolation", _LINEAR), ("handle_left_type", _AUTO), ("handle_right_type", _AUTO)):
        points.foreach_set(name, np.full(len(frames), value, np.int32))
    curve.update()
