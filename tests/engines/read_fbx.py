"""What ufbx, an FBX reader made without Autodesk's library, finds in a file; as JSON on stdout."""

from __future__ import annotations

import json
import os
import sys

import ufbx

RATE = 24
_kept: list[object] = []


def keep(thing):
    """The reader crashes when an object or list that it gave out is freed before the scene."""
    _kept.append(thing)
    return thing


def items(listed) -> list:
    """Its lists know their length and nothing more."""
    keep(listed)
    return [keep(listed[index]) for index in range(len(listed))]


def read(path: str) -> dict[str, object]:
    scene = keep(ufbx.load_file(path))
    stacks = items(scene.anim_stacks)
    nodes = items(scene.nodes)
    takes = {stack.name: played(stack, nodes) for stack in stacks}
    return {
        "clips": [(stack.name, stack.time_begin, stack.time_end) for stack in stacks],
        "nodes": [node.name for node in nodes if node.name],
        "unit": scene.settings.unit_meters,
        "scales": {node.name: size(node) for node in nodes if node.name},
        "takes": takes,
        **takes[stacks[0].name],
    }


def size(node) -> tuple[float, float, float]:
    """The scale of an object."""
    scale = keep(keep(node.local_transform).scale)
    return scale.x, scale.y, scale.z


def played(stack, nodes: list) -> dict[str, object]:
    """What one clip does, RATE times a second."""
    anim = keep(stack.anim)
    times = [frame / RATE for frame in range(round(stack.time_end * RATE) + 1)]
    weights = {}
    for node in nodes:
        mesh = keep(node.mesh)
        for deformer in items(mesh.blend_deformers) if mesh else ():
            for channel in items(deformer.channels):
                values = [ufbx.evaluate_blend_weight(anim, channel, time) for time in times]
                weights[f"{node.name}/{channel.name}"] = values
    jaws = [node for node in nodes if node.name == "jaw"]
    moved = [keep(ufbx.evaluate_transform(anim, jaw, time)) for jaw in jaws for time in times]
    rotations = [keep(transform.rotation) for transform in moved]
    places = [keep(transform.translation) for transform in moved]
    return {
        "weights": weights,
        "jaw": [(r.x, r.y, r.z, r.w) for r in rotations],
        "jaw_places": [(p.x, p.y, p.z) for p in places],
    }


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1])), flush=True)
    os._exit(0)  # freeing the reader's objects at exit may crash
