"""Installs the zip in a new Blender, bakes a line, switches the add-on off and on, removes it; started by test_zip.py.

python use_installed.py ZIP CHARACTER SOUND TEXT RESULT.json
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path
from types import ModuleType

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


def shown() -> dict[str, list[str]]:
    """What the add-on shows of itself in Blender: types, operators, properties, handlers, keys, modules, files."""
    handlers = [each for name in dir(bpy.app.handlers) if isinstance(each := getattr(bpy.app.handlers, name), list)]
    configuration = bpy.context.window_manager.keyconfigs.addon
    keymaps = configuration.keymaps if configuration else []
    folder = Path(bpy.utils.user_resource("EXTENSIONS"))
    return {
        "types": [name for name in dir(bpy.types) if name.startswith("LIPSYNC_")],
        "operators": dir(bpy.ops.lipsync),
        "properties": [name for name in dir(bpy.types.Scene) if "lipsync" in name],
        "handlers": [each.__module__ for functions in handlers for each in functions if EXTENSION in each.__module__],
        "keys": [item.idname for keymap in keymaps for item in keymap.keymap_items if "lipsync" in item.idname],
        "preferences": [name for name in bpy.context.preferences.addons.keys() if "lipsync" in name],
        "files": [path.name for path in folder.rglob("*") if "lipsync" in path.name and path.suffix != ".json"],
    }


def face_at(frame: int) -> np.ndarray:
    """[N] coordinates in metres of the face, with shape keys and bones."""
    bpy.context.scene.frame_set(frame)
    mesh = bpy.data.objects["Face"].evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    coordinates = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", coordinates)
    return coordinates


def threads_of(bake: ModuleType) -> int:
    """On how many the network runs that the button Bake opened."""
    predictor = bake.shared_predictor(None, bpy.context.preferences.addons[EXTENSION].preferences.threads)
    return predictor._network._hear._session.get_session_options().intra_op_num_threads


def repository() -> str:
    """The folder of the extensions that were installed from a file."""
    return next(each.directory for each in bpy.context.preferences.extensions.repos if each.module == "user_default")


def main() -> None:
    """Does what a user does and writes what there is to see."""
    extension, character, sound, text, result = sys.argv[1:]
    sys.meta_path.insert(0, AsInBlender())
    at_first = shown()
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=extension, enable_on_install=True)
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.threads, preferences.key_mode, preferences.preset = 3, "sparse", "Mumble"
    bpy.ops.wm.read_homefile(use_empty=True)
    new = bpy.context.scene.lipsync
    beginning = [new.key_mode, new.preset, new.lips < 1]
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
        "threads": threads_of(sys.modules[f"{EXTENSION}.lipsync_addon.blender.operators.bake"]),
        "new file": beginning,
        "saved file": scene.lipsync.key_mode,
        "at first": at_first,
        "enabled": shown(),
    }
    addon_utils.disable(EXTENSION, default_set=True)
    seen["disabled"] = shown()
    addon_utils.enable(EXTENSION, default_set=True)
    seen["enabled again"] = shown()
    bpy.ops.extensions.package_uninstall(repo_directory=repository(), pkg_id="lipsync")
    seen["removed"] = shown()
    Path(result).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()
