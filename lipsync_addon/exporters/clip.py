"""A clip: what one take moves of a character, as numbers for every frame; and the smallest character to carry it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .base import ExportOptions, JawCurve, jaw_opening, named, on_clock
from .rotations import from_degrees, inverse, product

USUAL_FPS = 60.0
FACE = "Face"
"""The mesh, where the user names none."""
CORNERS = np.array([(0, 0, 0), (0.01, 0, 0), (0, 0.01, 0)], np.float32)
"""The triangle of a carrier, in metres: engines drop meshes without faces."""
LIFT = np.array([(0, 0, 0), (0, 0, 0), (0, 0, 0.001)], np.float32)
"""What every key of it moves: engines drop keys that move nothing."""

Bone = tuple[str, str]
"""Names of the armature, or of anything else above the bone, and of the bone; "" above where nothing is."""


@dataclass(frozen=True, slots=True)
class BoneMotion:
    """A bone relative to its rest, in its own axes."""

    turns: NDArray[np.float64] | None = None
    """[F, 4] unit quaternions w, x, y, z; None: it does not turn."""
    places: NDArray[np.float64] | None = None
    """[F, 3]; None: it does not move."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One take. Frame k is at k / fps seconds, and everything has as many frames."""

    name: str
    fps: float
    count: int
    """F, at least 1."""
    meshes: Mapping[str, AnimationTrack] = field(default_factory=dict)
    """Object name -> weights by key name."""
    bones: Mapping[Bone, BoneMotion] = field(default_factory=dict)

    @property
    def times(self) -> NDArray[np.float64]:
        """[F] seconds."""
        return np.arange(self.count) / self.fps


def clips_of(track: AnimationTrack, options: ExportOptions) -> list[Clip]:
    """The track and the further takes of the options, each on the mesh and the jaw that these name."""
    takes = ((options.clip, track), *options.others)
    return [_clip_of(each, replace(options, clip=name)) for name, each in takes]


def keys_of(clips: Sequence[Clip]) -> tuple[str, tuple[str, ...]]:
    """The mesh that these clips move, and every key that any of them moves there."""
    ((mesh, _),) = clips[0].meshes.items()
    return mesh, tuple(dict.fromkeys(name for clip in clips for name in clip.meshes[mesh].names))


def _clip_of(track: AnimationTrack, options: ExportOptions) -> Clip:
    fps = options.fps or USUAL_FPS
    weights = on_clock(named(track, options, "arkit"), fps, options.offset)
    bones = {}
    if options.jaw:
        opening = on_clock(jaw_opening(track), fps, options.offset)
        bones[_bone(options.jaw)] = _jaw_motion(opening.values[:, 0], options.jaw)
    return Clip(options.clip, fps, len(weights.values), {_parts(options.path or FACE)[-1]: weights}, bones)


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes of a carrier: the paths of mesh and jaw with what they share."""

    nodes: tuple[tuple[str, int], ...]
    """Name, and index of the parent or -1."""
    mesh: int
    """Which of them is the mesh."""
    jaw: int | None
    """Which is the jaw bone."""


def tree(options: ExportOptions) -> Tree:
    """Raises LipsyncError where the jaw would be the mesh."""
    nodes: list[tuple[str, int]] = []

    def placed(path: str) -> int:
        parent = -1
        for part in _parts(path):
            if (part, parent) not in nodes:
                nodes.append((part, parent))
            parent = nodes.index((part, parent))
        return parent

    mesh = placed(options.path or FACE)
    jaw = placed(options.jaw.path) if options.jaw else None
    if mesh == jaw:
        raise LipsyncError(
            f"The jaw bone and the mesh are both {options.jaw.path}.", "Give --path and --jaw two paths."
        )
    return Tree(tuple(nodes), mesh, jaw)


def everything(clips: Sequence[Clip]) -> tuple[list[str], list[Bone]]:
    """Meshes and bones that any clip moves. Each clip must say something of all, or it shows what another one left."""
    return (
        list(dict.fromkeys(mesh for clip in clips for mesh in clip.meshes)),
        list(dict.fromkeys(bone for clip in clips for bone in clip.bones)),
    )


def check_names(clips: Iterable[Clip]) -> None:
    """Raises LipsyncError where two clips of a file have one name, of which engines keep one, and for a name that no
    format holds: none at all, or one with a line break or its like."""
    seen: set[str] = set()
    for clip in clips:
        if not clip.name.strip() or not clip.name.isprintable():
            raise LipsyncError(f"The name {clip.name!r} of a take is none that a file can hold.", "Use letters in it.")
        if clip.name in seen:
            raise LipsyncError(f"Two takes for one file are called '{clip.name}'.", "Rename one of them.")
        seen.add(clip.name)


def _jaw_motion(opening: NDArray[np.float32], jaw: JawCurve) -> BoneMotion:
    rest = np.array(jaw.rest)
    turns = from_degrees(rest + opening[:, None] * (np.array(jaw.open) - rest))
    return BoneMotion(product(inverse(from_degrees(rest)), turns))


def _bone(jaw: JawCurve) -> Bone:
    *above, name = _parts(jaw.path)
    return (above[0] if above else "", name)


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    if not parts:
        raise LipsyncError(f"{path!r} is not the path of a mesh or bone.", "It is like Armature/Face.")
    return parts
