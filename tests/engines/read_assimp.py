"""What assimp, the importer of many engines and viewers, finds in a file; as JSON on stdout."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import sysconfig
from pathlib import Path

LIBRARY = next((Path(sysconfig.get_path("purelib")) / "cmeel.prefix" / "lib").glob("libassimp.*"), None)
if LIBRARY:  # the package's own folder is none of those in which the binding looks
    os.environ["LD_LIBRARY_PATH"] = os.environ["DYLD_LIBRARY_PATH"] = str(LIBRARY.parent)
    ctypes.CDLL(str(LIBRARY))

import impasse
import numpy as np

TURN = np.dtype({"names": ["ticks", "wxyz"], "formats": ["<f8", ("<f4", 4)], "offsets": [0, 8], "itemsize": 32})
"""aiQuatKey of assimp 6; the binding's is that of an older one."""


def read(path: str) -> dict[str, object]:
    """Clips: morph keys of each mesh (seconds, weights by index), turns of each node (seconds, w x y z)."""
    scene = impasse.load(path)
    keys = {mesh.name: [key.name for key in mesh.anim_meshes] for mesh in scene.meshes}
    return {"keys": keys, "clips": {animation.name: clip(animation) for animation in scene.animations}}


def clip(animation: impasse.structs.Animation) -> dict[str, object]:
    second = animation.ticks_per_second or 1000.0
    weights = {
        channel.name: [(key.time / second, morphs(key.struct)) for key in channel.keys]
        for channel in animation.morph_mesh_channels
    }
    turns = {}
    for channel in animation.channels:
        count, keys = channel.struct.mNumRotationKeys, channel.struct.mRotationKeys
        rows = np.frombuffer(impasse.structs.ffi.buffer(keys, count * TURN.itemsize), TURN)
        turns[channel.node_name] = ((rows["ticks"] / second).tolist(), rows["wxyz"].tolist())
    return {"length": animation.duration / second, "weights": weights, "turns": turns}


def morphs(key) -> dict[int, float]:
    """Index of the key in the mesh -> weight. From the C structure, because the binding stumbles over its arrays."""
    return {key.mValues[index]: key.mWeights[index] for index in range(key.mNumValuesAndWeights)}


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1])), flush=True)
    os._exit(0)
