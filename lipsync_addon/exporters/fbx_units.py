"""An FBX with its lengths in centimetres and no unit but that, for readers that go by the numbers: Unreal.

Blender's exporter either scales every object by 100, which Unreal shows as a skeleton of that scale, or writes the unit
into the head, which Unreal does not read unless asked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .fbx_file import Node, array, node, numbers, plain_name

ROOT = "Armature"
"""Unreal leaves a node of this name at the top of a file out of the skeleton, if Blender is named as its creator; else
the armature object becomes a bone above all others."""
_UNITS = ("UnitScaleFactor", "OriginalUnitScaleFactor")
_MATRICES = ("Transform", "TransformLink", "TransformAssociateModel", "Matrix")
"""Of clusters and poses."""


def to_centimetres(top: list[Node]) -> None:
    """Changes the nodes of a file whose objects are not scaled; the only armature gets the name ROOT."""
    by_name = {each.name: each for each in top}
    units = {each.value(0): each for each in by_name["GlobalSettings"].settings() if each.value(0) in _UNITS}
    factor = float(units["UnitScaleFactor"].value(4))
    for each in units.values():
        _set(each, 4, 1.0)
    objects = {int(each.value(0)): each for each in by_name["Objects"].children}
    for each in objects.values():
        if each.name == "Geometry":
            _change(each, ("Vertices",), lambda places: places * factor)
        elif each.name in ("Deformer", "Pose"):
            for part in (each, *each.children):
                _change(part, _MATRICES, lambda matrix: _moved(matrix, factor))
        elif each.name == "Model":
            for setting in each.settings():
                if setting.value(0) == "Lcl Translation":
                    for axis in (4, 5, 6):
                        _set(setting, axis, float(setting.value(axis)) * factor)
    for number in _places_of_curves(by_name["Connections"].children):
        each = objects[number]
        if each.name == "AnimationCurve":
            _change(each, ("KeyValueFloat",), lambda values: values * np.float32(factor))
            default = each.child("Default")
            _set(default, 0, float(default.value(0)) * factor)
        else:
            for setting in each.settings():
                if str(setting.value(0)).startswith("d|"):
                    _set(setting, 4, float(setting.value(4)) * factor)
    _rename_root(list(objects.values()))


def _places_of_curves(connections: list[Node]) -> list[int]:
    """Ids of the curve nodes that move objects, and of their curves."""
    nodes = [int(each.value(1)) for each in connections if each.value(0) == "OP" and each.value(3) == "Lcl Translation"]
    known = set(nodes)
    return nodes + [int(each.value(1)) for each in connections if each.value(0) == "OP" and each.value(2) in known]


def _rename_root(objects: list[Node]) -> None:
    bones = [each for each in objects if each.name == "Model" and each.value(2) == "LimbNode"]
    armatures = [each for each in objects if each.name == "Model" and each.value(2) == "Null"]
    if not bones or len(armatures) != 1:
        return
    old = plain_name(armatures[0].value(1)).encode()
    for each in (armatures[0], *(each for each in objects if each.name == "NodeAttribute")):
        kind, stored = each.properties[1]
        if plain_name(each.value(1)).encode() == old:
            name = ROOT.encode() + stored[4 + len(old) :]
            each.properties[1] = kind, len(name).to_bytes(4, "little") + name


def _moved(matrix: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """[16] with its last row, the place, in other units."""
    matrix = matrix.copy()
    matrix[12:15] *= factor
    return matrix


def _change(parent: Node, names: tuple[str, ...], change: Callable[[NDArray], NDArray]) -> None:
    for each in parent.children:
        if each.name in names:
            values = change(numbers(each))
            each.properties[0] = array(values)


def _set(setting: Node, index: int, value: float) -> None:
    setting.properties[index] = node("", value).properties[0]
