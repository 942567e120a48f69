"""Animation-only FBX 7.4 (binary): a triangle with the keys' names, the jaw if one is named, and the clips.

For engines that take the clip of one file for the character of another. Layout: Blender's
`io_scene_fbx/export_fbx_bin.py`; axes: y up, the face looks along +z; unit: metre.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..core.track import AnimationTrack
from .base import ExportOptions
from .clip import CORNERS, LIFT, clips_of, keys_of, tree
from .fbx_clips import add_clips
from .fbx_file import CREATION_TIME, FILE_ID, Long, Node, Text, named, node, to_bytes

VERSION = 7400
_CREATOR = "Lipsync"
_METRE = 100.0
"""In FBX's centimetres."""
_RATES = {120: 1, 100: 2, 60: 3, 50: 4, 48: 5, 30: 6, 30 / 1.001: 9, 25: 10, 24: 11, 24 / 1.001: 13, 60 / 1.001: 17}
_OTHER_RATE = 14


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """ARKit's names at 60 frames a second, unless the options say otherwise."""
    clips = clips_of(track, options)
    scene = _Scene()
    scene.build(options, *keys_of(clips))
    kinds = Counter(each.name for each in scene.objects)
    counts = [node("ObjectType", kind, children=[node("Count", count)]) for kind, count in kinds.items()]
    top = [
        *_head(),
        _global_settings(clips[0].fps),
        node("Documents", children=[node("Count", 1), _document()]),
        node("References"),
        node("Definitions", children=[node("Version", 100), node("Count", len(scene.objects)), *counts]),
        node("Objects", children=scene.objects),
        node("Connections", children=scene.connections),
        node("Takes", children=[node("Current", clips[0].name)]),
    ]
    add_clips(top, clips, options.max_error)
    yield to_bytes(top, VERSION)


class _Scene:
    """Objects and connections of a carrier."""

    def __init__(self) -> None:
        self.objects: list[Node] = []
        self.connections: list[Node] = []

    def build(self, options: ExportOptions, mesh: str, keys: tuple[str, ...]) -> None:
        places, models = tree(options), []
        for index, (name, parent) in enumerate(places.nodes):
            kind = "Mesh" if index == places.mesh else "LimbNode" if index == places.jaw else "Null"
            settings = []
            if index == places.jaw:
                settings = [_setting("Lcl Rotation", "Lcl Rotation", "A", *map(float, options.jaw.rest))]
            children = [node("Version", 232), node("Properties70", children=settings)]
            models.append(self.add("Model", "Model", name, kind, models[parent] if parent >= 0 else 0, children))
            if kind == "LimbNode":
                flags = [node("TypeFlags", "Skeleton")]
                self.add("NodeAttribute", "NodeAttribute", name, kind, models[-1], flags)
        self.geometry(mesh, keys, models[places.mesh])

    def geometry(self, mesh: str, keys: tuple[str, ...], model: int) -> None:
        normals = [
            node("Version", 101),
            node("Name", ""),
            node("MappingInformationType", "ByPolygonVertex"),
            node("ReferenceInformationType", "Direct"),
            node("Normals", np.tile(np.array([0.0, 0.0, 1.0], "<f8"), 3)),
        ]
        layer = [node("Type", "LayerElementNormal"), node("TypedIndex", 0)]
        shape = [
            node("Vertices", CORNERS.astype("<f8").ravel()),
            node("PolygonVertexIndex", np.array([0, 1, -3], "<i4")),
            node("GeometryVersion", 124),
            node("LayerElementNormal", 0, children=normals),
            node("Layer", 0, children=[node("Version", 100), node("LayerElement", children=layer)]),
        ]
        geometry = self.add("Geometry", "Geometry", mesh, "Mesh", model, shape)
        deformer = self.add("Deformer", "Deformer", mesh, "BlendShape", geometry, [node("Version", 100)])
        for key in keys:
            percent = [node("Version", 100), node("DeformPercent", 0.0), node("FullWeights", np.array([100.0], "<f8"))]
            channel = self.add("Deformer", "SubDeformer", key, "BlendShapeChannel", deformer, percent)
            moved = [
                node("Version", 100),
                node("Indexes", np.array([2], "<i4")),
                node("Vertices", LIFT[2].astype("<f8")),
                node("Normals", np.zeros(3, "<f8")),
            ]
            self.add("Geometry", "Geometry", key, "Shape", channel, moved)

    def add(self, kind: str, class_name: str, name: str, subclass: str, parent: int, children: list[Node]) -> int:
        """Its id, in the file below `parent`."""
        number = len(self.objects) + 1
        self.objects.append(node(kind, Long(number), Text(named(name, class_name)), subclass, children=children))
        self.connections.append(node("C", "OO", Long(number), Long(parent)))
        return number


def _head() -> list[Node]:
    when = dict(Version=1000, Year=1970, Month=1, Day=1, Hour=10, Minute=0, Second=0, Millisecond=0)
    extension = [
        node("FBXHeaderVersion", 1003),
        node("FBXVersion", VERSION),
        node("EncryptionType", 0),
        node("CreationTimeStamp", children=[node(name, value) for name, value in when.items()]),
        node("Creator", _CREATOR),
        node("SceneInfo", Text(named("GlobalInfo", "SceneInfo")), "UserData", children=[node("Type", "UserData")]),
    ]
    return [
        node("FBXHeaderExtension", children=extension),
        node("FileId", FILE_ID),
        node("CreationTime", CREATION_TIME),
        node("Creator", _CREATOR),
    ]


def _global_settings(fps: float) -> Node:
    mode = next((mode for rate, mode in _RATES.items() if abs(rate - fps) < 1e-4), _OTHER_RATE)
    whole = dict(UpAxis=1, UpAxisSign=1, FrontAxis=2, FrontAxisSign=1, CoordAxis=0, CoordAxisSign=1)
    settings = [_setting(name, "int", "", value, label="Integer") for name, value in whole.items()]
    settings += [
        _setting("UnitScaleFactor", "double", "", _METRE, label="Number"),
        _setting("TimeMode", "enum", "", mode),
        _setting("CustomFrameRate", "double", "", float(fps), label="Number"),
    ]
    return node("GlobalSettings", children=[node("Version", 1000), node("Properties70", children=settings)])


def _document() -> Node:
    return node("Document", Long(1 << 40), "Scene", "Scene", children=[node("RootNode", Long(0))])


def _setting(name: str, kind: str, flags: str, *values: object, label: str = "") -> Node:
    return node("P", name, kind, label, flags, *values)
