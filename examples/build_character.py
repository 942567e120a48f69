# SPDX-License-Identifier: GPL-3.0-or-later
"""Models the example character and saves it: `python build_character.py [OUT.blend]` (Python with bpy 4.5)."""
from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
from character import dress, parts, rig, skin
from character.params import ARKIT
from character.shapes_eyes import EyeShapes
from character.shapes_mouth import MouthShapes


def face_materials(model: skin.Skin) -> list[str]:
    """Material of each face of the skin."""
    keys = model.layout.keys
    names = []
    for face in model.layout.faces:
        corners = [keys[i] for i in face]
        kind = {k[0] for k in corners}
        level = min(k[1] for k in corners)
        if kind & {"b"} or (kind == {"m"} and level >= skin.CONTACT_BACK + 1):
            names.append("MouthBag")
        elif kind == {"m"} and level >= skin.MOUTH_BORDER:
            names.append("Lips")
        elif kind <= {"eL", "eR"} and level >= skin.LID_EDGE:
            names.append("Lashes" if is_upper_lid(corners) and level == skin.LID_EDGE else "Skin")
        else:
            names.append("Skin")
    return names


def is_upper_lid(corners: list[tuple]) -> bool:
    """Whether a face of the lid loops lies on the upper lid."""
    return all(1 <= k[2] <= 17 for k in corners)


def build_skin(model: skin.Skin) -> parts.Part:
    """The skin with all 52 shapes; tiny left-right differences of the solvers are evened out."""
    shapes = EyeShapes(model).all()
    for name, field in MouthShapes(model).all().items():
        shapes[name] = shapes.get(name, 0.0) + field
    mirror = model.layout.mirror
    flip = np.array([-1.0, 1.0, 1.0])
    even = {}
    for name in ARKIT:
        other = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        even[name] = 0.5 * (shapes[name] + shapes[other][mirror] * flip)
        even[name][np.abs(even[name]).max(1) < 2e-6] = 0.0
    return parts.Part(model.co, model.layout.faces, face_materials(model), even)


def edge_groups(model: skin.Skin) -> dict[str, np.ndarray]:
    """Vertices of the inner lips and of the lid edges, without the corners, for measuring and retargeting."""
    groups = {}
    for hole, loop, upper, lower in (("m", skin.CONTACT_FRONT, "lips_upper_inner", "lips_lower_inner"),
                                     ("eL", skin.LID_EDGE, "lid_upper_edge_left", "lid_lower_edge_left"),
                                     ("eR", skin.LID_EDGE, "lid_upper_edge_right", "lid_lower_edge_right")):
        ring = model.layout.ring(hole, loop)
        groups[upper], groups[lower] = ring[1:len(ring) // 2], ring[len(ring) // 2 + 1:]
    return groups


def build(path: Path) -> None:
    """Build the character in an empty file and save it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    model = skin.build()
    face = build_skin(model)
    meshes = {"Face": face, "Brows": parts.brows(face.co, face.shapes), 
              "Lashes": parts.lashes(face.co, face.shapes, model.layout.ring("eL", skin.LID_EDGE), model.layout.mirror),
              "Freckles": parts.freckles(face.co, face.shapes), "Eyes": parts.eyes(), "Teeth": parts.teeth(),
              "Tongue": parts.tongue(), "Hair": dress.hair(), "Ears": dress.ears(), "Sweater": dress.collar()}
    armature = rig.add_armature()
    objects = {}
    for name, part in meshes.items():
        objects[name] = rig.add_object(name, part)
        rig.bind(objects[name], armature, part.jaw)
    for name, members in edge_groups(model).items():
        rig.add_group(objects["Face"], name, members)
    rig.set_up_scene()
    rig.forget_folders()
    bpy.ops.wm.save_as_mainfile(filepath=str(path.resolve()), compress=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "character.blend")
