"""How a character's mouth moves over the frames of its scene, measured on the mesh that Blender shows, whatever moves
it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.lip_geometry import BINS, Mouth, find_mouth
from ..core.progress import Progress, no_progress
from .bake_file import open_character
from .keyframes import frame_rate
from .mesh_measure import fitted, read_meshes
from .rig_scan import find_character, scan_rig
from .sound_import import ImportedSound, open_sound, sound_of_scene

_MIDDLE = slice(2, BINS - 2)
"""Places across the mouth where the opening is measured; the corners hardly part."""
_DEFORMING = frozenset(
    "ARMATURE CAST CORRECTIVE_SMOOTH CURVE DISPLACE HOOK LAPLACIANDEFORM LAPLACIANSMOOTH LATTICE MESH_DEFORM "
    "SHRINKWRAP SIMPLE_DEFORM SMOOTH SURFACE_DEFORM WARP WAVE".split()
)
"""Modifiers that move vertices and neither add nor take any."""


@dataclass(frozen=True, slots=True, eq=False)
class MouthMotion:
    """Of T frames; lengths in mouth widths at rest."""

    times: NDArray[np.float64]
    """[T] seconds after frame 0"""
    opening: NDArray[np.float64]
    """[T] between the inner rims of the lips"""
    width: NDArray[np.float64]
    """[T] from corner to corner"""


def film_of_character(
    path: Path, line: Path | None, sample_rate: int, progress: Progress = no_progress
) -> tuple[MouthMotion, ImportedSound]:
    """How the character of a .blend moves its mouth, and what is heard: `line` from frame 0 on, else what the file's
    own sequencer plays. The motion's times are on the sound's clock. Opens the file: for use without a window.

    Raises LipsyncError if the file cannot be opened, has no character with a mouth, or nothing is heard.
    """
    open_character(path)
    scene = bpy.context.scene
    strips = scene.sequence_editor.strips_all if scene.sequence_editor else ()
    if line is None and not any(strip.type == "SOUND" and not strip.mute for strip in strips):
        raise LipsyncError(f"{path} has no sound in its sequencer.", "Add --sound with the line.")
    try:
        motion = mouth_motion(scene, progress)
    except LipsyncError as error:
        raise LipsyncError(f"{path}: {error.message}", error.hint) from error
    sound, first = (open_sound(line, sample_rate), 0.0) if line else sound_of_scene(scene, sample_rate)
    return replace(motion, times=motion.times - first / frame_rate(scene)), sound


def mouth_motion(scene: bpy.types.Scene, progress: Progress = no_progress) -> MouthMotion:
    """Of the scene's character over the scene's frames. The scene's frame is as it was afterwards.

    Raises LipsyncError if there is no character, or if no mouth is found on it.
    """
    objects = find_character(scene)
    meshes = read_meshes(objects)
    mouth = find_mouth(meshes)
    if mouth is None and (fit := fitted(objects, scan_rig(objects))):
        mouth = fit.mouth
    if mouth is None:
        raise LipsyncError("The character has no lips that shape keys or a jaw bone part.", "Choose another character.")
    obj = scene.objects[mouth.owner]
    rest = next(mesh.points for mesh in meshes if mesh.owner == mouth.owner)
    touching = _touching(rest, mouth)
    still = [m for m in obj.modifiers if m.show_viewport and m.type not in _DEFORMING]
    before, frames = scene.frame_current, range(scene.frame_start, scene.frame_end + 1)
    for modifier in still:
        modifier.show_viewport = False
    try:
        found = np.array([_measured(scene, obj, mouth, touching, frame, progress, frames) for frame in frames])
    finally:
        for modifier in still:
            modifier.show_viewport = True
        scene.frame_set(before)
    return MouthMotion(np.array(frames) / frame_rate(scene), *found.T)


def _touching(rest: NDArray[np.floating], mouth: Mouth) -> NDArray[np.float64]:
    """[places of _MIDDLE] how far the middles of both rims are apart where the lips touch, in mouth widths: a rim is as
    broad as its vertices, and lips that are apart at rest would touch earlier."""
    local = mouth.local(rest)
    found = []
    for up, low in zip(mouth.upper[_MIDDLE], mouth.lower[_MIDDLE], strict=True):
        apart = float(np.linalg.norm(local[up].mean(0) - local[low].mean(0)))
        found.append(apart - max(float(local[up, 2].min() - local[low, 2].max()), 0.0))
    return np.maximum(found, 0.0)


def _measured(
    scene: bpy.types.Scene, obj: bpy.types.Object, mouth: Mouth, touching: NDArray[np.float64], frame: int,
    progress: Progress, frames: Sequence[int],
) -> tuple[float, float]:  # fmt: skip
    """(opening, width) at a frame, in mouth widths; a head may be turned."""
    scene.frame_set(frame)
    shown = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = shown.to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    shown.to_mesh_clear()
    points = points.reshape(-1, 3).astype(np.float64) / _scale(obj, mouth)
    rims = [(points[up].mean(0), points[low].mean(0)) for up, low in zip(mouth.upper, mouth.lower, strict=True)]
    apart = np.array([np.linalg.norm(up - low) for up, low in rims[_MIDDLE]])
    right, left = (np.mean(rims[end], axis=0) for end in (0, -1))
    progress((frame - frames[0] + 1) / len(frames))
    return float(np.maximum(apart - touching, 0).mean()), float(np.linalg.norm(left - right))


def _scale(obj: bpy.types.Object, mouth: Mouth) -> float:
    """The mouth's width in the object's own space."""
    return mouth.width / float(np.cbrt(abs(np.linalg.det(np.array(obj.matrix_world)[:3, :3]))) or 1.0)
