"""Installs the zip in a new Blender, bakes a voice line, switches the add-on off; started by test_zip.py.

python use_installed.py ZIP CHARACTER SOUND TEXT RESULT.json
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path

import bpy
import numpy as np
import addon_utils  # isort: skip  (importing bpy puts it on the path)

EXTENSION = "bl_ext.user_default.lipsync"
NOT_IN_BLENDER = ("onnxruntime", "soundfile", "soxr", "espeakng_loader", "py3langid", "lipsync_addon")


class AsInBlender(importlib.abc.MetaPathFinder):
    """Finds nothing of this environment that a user's Blender does not have; only what the extension brought."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name not in NOT_IN_BLENDER:
            return None
        brought = [place for place in sys.path if Path(place).is_relative_to(bpy.utils.user_resource("EXTENSIONS"))]
        spec = importlib.machinery.PathFinder.find_spec(name, brought)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r} in the extension", name=name)
        return spec


def registered() -> set[str]:
    """What the add-on shows of itself in Blender."""
    names = {name for name in dir(bpy.types) if name.startswith("LIPSYNC_")}
    return names | {f"Scene.{name}" for name in ("lipsync",) if hasattr(bpy.types.Scene, name)}


def face_at(frame: int) -> np.ndarray:
    """[N] coordinates in metres of the face, with shape keys and bones."""
    bpy.context.scene.frame_set(frame)
    mesh = bpy.data.objects["Face"].evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    coordinates = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", coordinates)
    return coordinates


def main() -> None:
    """Does what a user does and writes what there is to see."""
    extension, character, sound, text, result = sys.argv[1:]
    sys.meta_path.insert(0, AsInBlender())
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=extension, enable_on_install=True)
    bpy.ops.wm.open_mainfile(filepath=character)
    scene = bpy.context.scene
    scene.lipsync.sound_file = sound
    scene.lipsync.words.text = text
    outcome = bpy.ops.lipsync.bake()
    seen = {
        "outcome": sorted(outcome),
        "curves": sum(len(bag.fcurves) for bag in bpy.data.actions[0].layers[0].strips[0].channelbags),
        "face moves by": float(max(abs(face_at(frame) - face_at(0)).max() for frame in range(1, 90))),
        "sounds": [Path(strip.sound.filepath).name for strip in scene.sequence_editor.strips],
        "words": len({phone.word for phone in scene.lipsync.words.phones} - {-1}),
        "language": scene.lipsync.words.spoken_language,
        "onnxruntime": sys.modules["onnxruntime"].__file__,
        "add-on": sys.modules[EXTENSION].__file__,
        "shown while enabled": sorted(registered()),
    }
    addon_utils.disable(EXTENSION, default_set=True)
    seen["left after disabling"] = sorted(registered())
    Path(result).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()
