"""Several takes of a character in one file: a clip each, every key and bone in all of them.

Into FBX and GLB Blender writes the character once, at rest; the takes are read from their F-curves and added by our own
writers (exporters/fbx_clips.py, gltf_clips.py). No frame of the scene is evaluated, so that it is quick, and a clip
holds what its take holds: neither what else is animated beneath, nor what drivers and constraints make of it. A USD
gets a variant for each take (usd_takes.py), which Blender evaluates, alone too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Euler, Quaternion
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from ..core.writing import whole_file
from ..exporters import fbx_clips, fbx_file, fbx_units, gltf_clips, gltf_file
from ..exporters.clip import Bone, BoneMotion, Clip
from .actions import TAKE, curves_for, takes_of
from .animation_states import playing_alone
from .keyframes import frame_rate
from .scene_export import ENGINES, animated, at_rest, write_character, write_resting
from .usd_takes import write_variants

USD = (".usd", ".usda", ".usdc")
ENDINGS = (".fbx", ".glb", *USD)
"""What can hold several takes."""
_KEY = re.compile(r'key_blocks\["(.*)"\]\.value$')
_BONE = re.compile(r'pose\.bones\["(.*)"\]\.(location|rotation_euler|rotation_quaternion|rotation_axis_angle)$')


def export_takes(
    target: Path, scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], engine: str = "", *, clamp: bool = False
) -> tuple[str, ...]:
    """Writes `target`, whose ending is one of ENDINGS, with all takes of the character, and returns notices for the
    user. `clamp`: shape keys stay within 0 and 1, whatever their ranges allow.

    Raises LipsyncError for another ending, without a take, and for a take that moves what no clip can hold.
    """
    with whole_file(Path(target)) as temporary:
        return write_takes(temporary, scene, objects, engine, clamp=clamp)


def write_takes(
    path: Path, scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], engine: str = "", *, clamp: bool = False
) -> tuple[str, ...]:
    """export_takes() straight into `path`, for callers that care for whole files themselves."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise LipsyncError(f"A {ending} file cannot hold several takes.", f"Use one of {', '.join(ENDINGS)}.")
    takes = takes_of(objects)
    if not takes:
        raise LipsyncError("The character has no baked take.", "Bake a voice line first.")
    if ending in USD:
        return _write_usd(path, scene, objects, takes, clamp)
    clips = [clip_of_take(take, objects, frame_rate(scene), clamp) for take in takes]
    notices = write_resting(path, scene, objects, engine)
    if ending == ".fbx":
        top, version = fbx_file.parse(path.read_bytes())
        fbx_clips.add_clips(top, clips)
        if ENGINES[engine].centimetres:
            fbx_units.to_centimetres(top)
        path.write_bytes(fbx_file.to_bytes(top, version))
    else:
        gltf, binary = gltf_file.parse_glb(path.read_bytes())
        buffer = gltf_file.Buffer(gltf, binary)
        gltf_clips.add_clips(gltf, buffer, clips)
        path.write_bytes(gltf_file.glb(gltf | buffer.parts(), bytes(buffer.data)))
    return notices


def clip_of_take(
    take: bpy.types.Action, objects: Iterable[bpy.types.Object], fps: float, clamp: bool = False
) -> Clip:
    """What a take moves, on the whole frames from its first to its last, from second 0. Shape keys stay within the
    ranges of their sliders, as Blender plays them; with `clamp` within 0 and 1 too."""
    first, last = take.curve_frame_range
    frames = np.arange(np.floor(first), np.ceil(last) + 1)
    meshes: dict[str, AnimationTrack] = {}
    bones: dict[Bone, BoneMotion] = {}
    for obj in objects:
        if obj.type == "MESH" and obj.data.shape_keys:
            curves = {key: curve for key, curve in _keys(take, obj.data.shape_keys)}
            if curves:
                values = np.stack([_values(curve, frames) for curve in curves.values()], axis=1)
                blocks = [obj.data.shape_keys.key_blocks[key] for key in curves]
                low, high = np.transpose([(block.slider_min, block.slider_max) for block in blocks])
                values = np.clip(values, low, high)
                values = np.clip(values, 0, 1) if clamp else values
                meshes[obj.name] = AnimationTrack(tuple(curves), values, fps)
        elif obj.type == "ARMATURE":
            bones |= {(obj.name, name): motion for name, motion in _bones(take, obj, frames).items()}
    return Clip(take[TAKE], fps, len(frames), meshes, bones)


def _write_usd(
    path: Path,
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    takes: Sequence[bpy.types.Action],
    clamp: bool,
) -> tuple[str, ...]:
    notices: list[str] = []

    def write(index: int, file: Path) -> None:
        take = takes[index]
        first, last = (int(end) for end in (np.floor(take.curve_frame_range[0]), np.ceil(take.curve_frame_range[1])))
        owners = [owner for obj in objects for owner in animated(obj)]
        with playing_alone(take, owners), at_rest(owners):
            notices.extend(write_character(file, scene, objects, take[TAKE], first, last, clamp=clamp))

    write_variants(path, [take[TAKE] for take in takes], write)
    return tuple(dict.fromkeys(notices))


def _keys(take: bpy.types.Action, keys: bpy.types.Key) -> Iterable[tuple[str, bpy.types.FCurve]]:
    for curve in curves_for(take, keys):
        if (found := _KEY.match(curve.data_path)) and (
            name := bpy.utils.unescape_identifier(found[1])
        ) in keys.key_blocks:
            yield name, curve


def _bones(take: bpy.types.Action, rig: bpy.types.Object, frames: NDArray[np.float64]) -> dict[str, BoneMotion]:
    parts: dict[tuple[str, str], dict[int, NDArray[np.float64]]] = {}
    for curve in curves_for(take, rig):
        if found := _BONE.match(curve.data_path):
            name = bpy.utils.unescape_identifier(found[1])
            if name in rig.pose.bones:
                parts.setdefault((name, found[2]), {})[curve.array_index] = _values(curve, frames)
        else:
            raise LipsyncError(
                f"The take '{take[TAKE]}' moves {curve.data_path} of '{rig.name}', which a file of several takes "
                "lacks.",
                "Export this character take by take.",
            )
    motions: dict[str, BoneMotion] = {}
    for name in dict.fromkeys(name for name, _ in parts):
        turning = next((kind for bone, kind in parts if bone == name and kind != "location"), None)
        turns = _turns(turning, rig.pose.bones[name], parts[name, turning], len(frames)) if turning else None
        places = parts.get((name, "location"))
        motions[name] = BoneMotion(turns, _columns(places, np.zeros(3), len(frames)) if places else None)
    return motions


def _turns(
    kind: str, bone: bpy.types.PoseBone, parts: dict[int, NDArray[np.float64]], count: int
) -> NDArray[np.float64]:
    """[count, 4] quaternions."""
    usual = {"rotation_euler": (0, 0, 0), "rotation_quaternion": (1, 0, 0, 0), "rotation_axis_angle": (0, 0, 1, 0)}
    rows = _columns(parts, np.array(usual[kind], np.float64), count)
    if kind == "rotation_euler":
        rows = np.array([Euler(row, bone.rotation_mode).to_quaternion() for row in rows.tolist()])
    elif kind == "rotation_axis_angle":
        rows = np.array([Quaternion(row[1:], row[0]) for row in rows.tolist()])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _columns(parts: dict[int, NDArray[np.float64]], usual: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    rows = np.tile(usual, (count, 1))
    for index, values in parts.items():
        rows[:, index] = values
    return rows


def _values(curve: bpy.types.FCurve, frames: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([curve.evaluate(frame) for frame in frames.tolist()])
