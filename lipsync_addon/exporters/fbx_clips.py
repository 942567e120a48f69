"""Clips into an FBX: an animation stack each, every key and bone in all of them.

Layout of stacks, layers, curve nodes and curves: Blender's `io_scene_fbx/export_fbx_bin.py`, checked with ufbx.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.key_reduction import reduced_keys
from .clip import Bone, BoneMotion, Clip, check_names, everything
from .fbx_file import Long, Node, Text, named, node, plain_name
from .rotations import from_degrees, product, rotated, to_degrees

SECOND = 46186158000
"""FBX's own ticks."""
LINEAR = 0x6104
"""Straight lines between keys; the flags that Blender's exporter writes."""
_NO_TANGENTS = np.array([0.0, 0.0, 9.419963346924634e-30, 0.0], "<f4")
_ANIMATION = ("AnimationStack", "AnimationLayer", "AnimationCurveNode", "AnimationCurve")


def add_clips(top: list[Node], clips: Sequence[Clip], max_error: float = 0.0) -> None:
    """Appends an animation stack for each clip. Bones are taken to be at rest in the file.

    `max_error`: weights leave out keys that straight lines replace within it; 0: a key on every frame.
    Raises LipsyncError if the file lacks a mesh, key or bone of theirs.
    """
    check_names(clips)
    meshes, bones = everything(clips)
    found = _Found(top)
    channels = {mesh: found.channels(mesh) for mesh in meshes}
    models = {bone: found.model(bone) for bone in bones}
    adding = _Adding(top, found.last_id)
    for clip in clips:
        adding.begin(clip)
        for mesh in meshes:
            adding.weights(mesh, channels[mesh], max_error)
        for bone, model in models.items():
            adding.bone(clip.bones.get(bone), model)
    adding.count()


class _Found:
    """The objects of a file by name and connection."""

    def __init__(self, top: list[Node]) -> None:
        by_name = {each.name: each for each in top}
        self.objects: dict[int, Node] = {int(each.value(0)): each for each in by_name["Objects"].children}
        self.last_id = max(self.objects, default=0)
        self.parents: dict[int, list[int]] = {}
        self.parts: dict[int, list[int]] = {}
        for each in by_name["Connections"].children:
            if each.value(0) == "OO":
                child, parent = int(each.value(1)), int(each.value(2))
                self.parents.setdefault(child, []).append(parent)
                self.parts.setdefault(parent, []).append(child)

    def channels(self, mesh: str) -> dict[str, tuple[int, float]]:
        """Key name -> id of its channel, and its per cent in the file."""
        for number, each in self.objects.items():
            if each.name == "Model" and each.value(2) == "Mesh" and plain_name(each.value(1)) == mesh:
                shapes = self._below(self._below([number], "Mesh"), "BlendShape")
                return {
                    plain_name(self.objects[channel].value(1)): (
                        channel,
                        float(self.objects[channel].child("DeformPercent").value(0)),
                    )
                    for channel in self._below(shapes, "BlendShapeChannel")
                }
        raise LipsyncError(f"The file lacks the mesh '{mesh}'.", "See whether it is a part of the character.")

    def _below(self, numbers: list[int], kind: str) -> list[int]:
        return [
            part
            for number in numbers
            for part in self.parts.get(number, ())
            if part in self.objects and self.objects[part].value(2) == kind
        ]

    def model(self, bone: Bone) -> Node:
        """The node of a bone."""
        above, name = bone
        for number, each in self.objects.items():
            if each.name == "Model" and plain_name(each.value(1)) == name and each.value(2) != "Mesh":
                if not above or above in self._ancestors(number):
                    return each
        raise LipsyncError(f"The file lacks the bone '{name}'.", "See whether the armature is a part of the character.")

    def _ancestors(self, number: int) -> Iterator[str]:
        for parent in self.parents.get(number, ()):
            if parent in self.objects:
                yield plain_name(self.objects[parent].value(1))
                yield from self._ancestors(parent)


class _Adding:
    """Stacks under construction."""

    def __init__(self, top: list[Node], last_id: int) -> None:
        by_name = {each.name: each for each in top}
        self.objects, self.connections = by_name["Objects"].children, by_name["Connections"].children
        self.takes, self.definitions = by_name["Takes"].children, by_name["Definitions"].children
        self.added: Counter[str] = Counter()
        self.last_id = last_id

    def begin(self, clip: Clip) -> None:
        self.clip = clip
        self.ticks = np.round(clip.times * SECOND).astype("<i8")
        end = Long(self.ticks[-1])
        span = {"LocalStart": Long(0), "LocalStop": end, "ReferenceStart": Long(0), "ReferenceStop": end}
        settings = [node("P", name, "KTime", "Time", "", value) for name, value in span.items()]
        stack = self._object("AnimationStack", "AnimStack", clip.name, [node("Properties70", children=settings)])
        self.layer = self._object("AnimationLayer", "AnimLayer", clip.name, [])
        self._connect("OO", self.layer, stack)
        take = [node("FileName", f"{clip.name}.tak")]
        take += [node(name, Long(0), end) for name in ("LocalTime", "ReferenceTime")]
        self.takes.append(node("Take", clip.name, children=take))

    def weights(self, mesh: str, channels: dict[str, tuple[int, float]], max_error: float) -> None:
        track = self.clip.meshes.get(mesh)
        keys = dict(zip(track.names, reduced_keys(track, max_error), strict=True)) if track else {}
        if absent := [name for name in keys if name not in channels]:
            raise LipsyncError(f"The mesh '{mesh}' in the file lacks the shape key '{absent[0]}'.", "Bake again.")
        for name, (channel, rest) in channels.items():
            frames = keys.get(name, np.unique([0, self.clip.count - 1]))
            percent = 100.0 * track.channel(name)[frames] if name in keys else np.full(len(frames), rest)
            self._curve_node("DeformPercent", "DeformPercent", channel, {"DeformPercent": (frames, percent, rest)})

    def bone(self, motion: BoneMotion | None, model: Node) -> None:
        place, degrees = _setting(model, "Lcl Translation"), _setting(model, "Lcl Rotation")
        every, rest = np.arange(self.clip.count), from_degrees(degrees)
        places, angles = (np.tile(each, (self.clip.count, 1)) for each in (place, degrees))
        if motion and motion.places is not None:
            places += rotated(rest, motion.places)
        if motion and motion.turns is not None:
            angles = to_degrees(product(rest, motion.turns), degrees)
        for short, setting, rows, usual in (
            ("T", "Lcl Translation", places, place),
            ("R", "Lcl Rotation", angles, degrees),
        ):
            curves = {axis: (every, rows[:, i], float(usual[i])) for i, axis in enumerate("XYZ")}
            self._curve_node(short, setting, int(model.value(0)), curves)

    def count(self) -> None:
        """The definitions say how many objects of each kind there are."""
        total = next(each for each in self.definitions if each.name == "Count")
        total.properties = node("", int(total.value(0)) + sum(self.added.values())).properties
        known = {each.value(0): each for each in self.definitions if each.name == "ObjectType"}
        for kind in _ANIMATION:
            if kind in known:
                count = known[kind].child("Count")
                count.properties = node("", int(count.value(0)) + self.added[kind]).properties
            else:
                self.definitions.append(node("ObjectType", kind, children=[node("Count", self.added[kind])]))

    def _curve_node(
        self, name: str, setting: str, target: int, curves: dict[str, tuple[NDArray, NDArray, float]]
    ) -> None:
        """`curves`: part -> frames, values, the value without animation."""
        usual = [node("P", f"d|{part}", "Number", "", "A", rest) for part, (_, _, rest) in curves.items()]
        owner = self._object("AnimationCurveNode", "AnimCurveNode", name, [node("Properties70", children=usual)])
        self._connect("OO", owner, self.layer)
        self._connect("OP", owner, target, setting)
        for part, (frames, values, rest) in curves.items():
            keys = [
                node("Default", rest),
                node("KeyVer", 4008),
                node("KeyTime", self.ticks[frames]),
                node("KeyValueFloat", values.astype("<f4")),
                node("KeyAttrFlags", np.array([LINEAR], "<i4")),
                node("KeyAttrDataFloat", _NO_TANGENTS),
                node("KeyAttrRefCount", np.array([len(frames)], "<i4")),
            ]
            self._connect("OP", self._object("AnimationCurve", "AnimCurve", "", keys), owner, f"d|{part}")

    def _object(self, kind: str, class_name: str, name: str, children: list[Node]) -> int:
        self.last_id += 1
        self.added[kind] += 1
        self.objects.append(node(kind, Long(self.last_id), Text(named(name, class_name)), "", children=children))
        return self.last_id

    def _connect(self, kind: str, child: int, parent: int, setting: str | None = None) -> None:
        self.connections.append(node("C", kind, Long(child), Long(parent), *([setting] if setting else [])))


def _setting(model: Node, name: str) -> NDArray[np.float64]:
    """[3] a setting of a model that is a vector."""
    for each in model.settings():
        if each.value(0) == name:
            return np.array([each.value(index) for index in (4, 5, 6)], np.float64)
    return np.zeros(3)
