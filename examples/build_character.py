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
    shapes = {**EyeShapes(model).all(), **MouthShapes(model).all()}
    mirror = model.layout.mirror
    flip = np.array([-1.0, 1.0, 1.0])
    even = {}
    for name in ARKIT:
        other = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        even[name] = 0.5 * (shapes[name] + shapes[other][mirror] * flip)
        even[name][np.abs(even[name]).max(1) < 2e-6] = 0.0
    return parts.Part(model.co, model.layout.faces, face_materials(model), even)


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
    ring = model.layout.ring("m", skin.CONTACT_FRONT)
    half = len(ring) // 2
    rig.add_group(objects["Face"], "lips_upper_inner", ring[1:half])
    rig.add_group(objects["Face"], "lips_lower_inner", ring[half + 1:])
    rig.set_up_scene()
    bpy.ops.wm.save_as_mainfile(filepath=str(path.resolve()), compress=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "character.blend")
