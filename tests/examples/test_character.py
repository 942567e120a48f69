# SPDX-License-Identifier: GPL-3.0-or-later
"""The example character does what a user of the add-on would notice. Run with a Python that has bpy."""
from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BLEND = EXAMPLES / "character.blend"
MM = 1e-3

ARKIT = (
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft "
    "eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight "
    "jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight "
    "mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight "
    "mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper "
    "mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight "
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight noseSneerLeft noseSneerRight tongueOut").split()


@pytest.fixture(scope="module", autouse=True)
def character() -> None:
    bpy.ops.wm.open_mainfile(filepath=str(BLEND))


def meshes() -> list[bpy.types.Object]:
    return [o for o in bpy.data.objects if o.type == "MESH"]


def keys(name: str) -> list[str]:
    return [k.name for k in bpy.data.objects[name].data.shape_keys.key_blocks]


def shape(name: str, key: str) -> np.ndarray:
    """Positions [N, 3] of a shape key (m)."""
    points = bpy.data.objects[name].data.shape_keys.key_blocks[key].data
    co = np.empty(len(points) * 3, np.float32)
    points.foreach_get("co", co)
    return co.reshape(-1, 3).astype(float)


def pose(name: str = "Face", **weights: float) -> np.ndarray:
    """Positions of a mesh as Blender evaluates it, with jawOpen also on the jaw bone."""
    rig = bpy.data.objects["Rig"]
    for obj in meshes():
        if obj.data.shape_keys:
            for block in obj.data.shape_keys.key_blocks[1:]:
                block.value = weights.get(block.name, 0.0)
    rig.pose.bones["jaw"].rotation_euler = (rig["lipsync_jaw_open_angle"] * weights.get("jawOpen", 0.0), 0, 0)
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh = bpy.data.objects[name].evaluated_get(graph).data
    co = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", co)
    return co.reshape(-1, 3).astype(float)


def group(name: str, obj: str = "Face") -> np.ndarray:
    """Vertex indices of a vertex group."""
    o = bpy.data.objects[obj]
    index = o.vertex_groups[name].index
    return np.array([v.index for v in o.data.vertices if any(g.group == index for g in v.groups)])


def lip_gap(**weights: float) -> np.ndarray:
    """Height (mm) of the opening at vertex pairs of the inner lips, from one mouth corner to the other."""
    rest, moved = shape("Face", "Basis"), pose(**weights)
    upper, lower = group("lips_upper_inner"), group("lips_lower_inner")
    upper, lower = upper[np.argsort(rest[upper, 0])], lower[np.argsort(rest[lower, 0])]
    return (moved[upper, 2] - moved[lower, 2]) / MM


def mirror_pairs() -> np.ndarray:
    """For every vertex its mirror partner, found in a pose in which lips that touch at rest are apart."""
    apart = shape("Face", "jawOpen") + 0.37 * (shape("Face", "mouthFunnel") - shape("Face", "Basis"))
    nearest = []
    for start in range(0, len(apart), 500):
        block = apart[start:start + 500] * [-1, 1, 1]
        nearest.append(((block[:, None] - apart[None]) ** 2).sum(2).argmin(1))
    return np.concatenate(nearest)


def test_face_has_the_52_arkit_names_in_apples_order() -> None:
    assert keys("Face") == ["Basis", *ARKIT]


def test_every_slider_goes_from_0_to_1_and_rests_at_0() -> None:
    for obj in meshes():
        if obj.data.shape_keys:
            for block in obj.data.shape_keys.key_blocks[1:]:
                assert (block.slider_min, block.slider_max, block.value) == (0.0, 1.0, 0.0), (obj.name, block.name)


def test_every_shape_moves_something_by_a_millimetre() -> None:
    objects = [o.name for o in meshes() if o.data.shape_keys]
    for name in ARKIT:
        reach = max(np.linalg.norm(shape(o, name) - shape(o, "Basis"), axis=1).max()
                    for o in objects if name in keys(o))
        assert 1 * MM < reach < 60 * MM, (name, reach)


def test_left_and_right_are_mirror_images() -> None:
    pairs, base = mirror_pairs(), shape("Face", "Basis")
    assert np.abs(base[pairs] * [-1, 1, 1] - base).max() < 1e-5
    for name in ARKIT:
        other = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        assert np.abs(shape("Face", other)[pairs] * [-1, 1, 1] - shape("Face", name)).max() < 1e-5, name


def test_left_is_the_characters_left_at_plus_x() -> None:
    for name in (n for n in ARKIT if n.endswith("Left") and n not in ("jawLeft", "mouthLeft")):
        moved = np.linalg.norm(shape("Face", name) - shape("Face", "Basis"), axis=1)
        assert (moved * shape("Face", "Basis")[:, 0]).sum() > 0, name
    for name in ("jawLeft", "mouthLeft"):
        assert (shape("Face", name) - shape("Face", "Basis"))[:, 0].sum() > 0, name


@pytest.mark.parametrize("weights", [
    {}, {"mouthPressLeft": 1, "mouthPressRight": 1}, {"mouthRollLower": 1}, {"mouthRollUpper": 1},
    {"mouthRollLower": 1, "mouthRollUpper": 1}, {"mouthSmileLeft": 1, "mouthSmileRight": 1}, {"mouthSmileLeft": 1},
    {"mouthFrownLeft": 1, "mouthFrownRight": 1}, {"mouthStretchLeft": 1, "mouthStretchRight": 1},
    {"mouthLeft": 1}, {"jawLeft": 1}, {"cheekPuff": 1},
    *({"jawOpen": w, "mouthClose": w} for w in (0.1, 0.25, 0.5)),
    {"jawOpen": 0.15, "mouthClose": 0.15, "mouthPressLeft": 0.6, "mouthPressRight": 0.6}])
def test_closed_mouth_is_sealed(weights: dict[str, float]) -> None:
    gap = lip_gap(**weights)
    assert -0.05 < gap.min() and gap.max() < 0.3, gap.round(2)


def test_jaw_open_opens_the_mouth_clearly() -> None:
    middle = len(lip_gap()) // 2
    assert lip_gap(jawOpen=0.3)[middle] > 6
    assert 20 < lip_gap(jawOpen=1.0)[middle] < 50


def test_jaw_bone_opens_about_its_local_x() -> None:
    rig = bpy.data.objects["Rig"]
    assert rig["lipsync_jaw_axis"] == "X"
    assert math.radians(18) < rig["lipsync_jaw_open_angle"] < math.radians(26)
    assert rig.data.bones["jaw"].parent.name == "head"


@pytest.mark.parametrize(("weight", "slack_mm"), [(1.0, 0.2), (0.5, 2.5), (0.25, 2.0)])
def test_lower_teeth_stay_with_the_chin(weight: float, slack_mm: float) -> None:
    face, teeth = shape("Face", "Basis"), shape("Teeth", "Basis")
    lower = group("jaw", "Teeth")
    front = lower[np.argmin(teeth[lower, 1])]
    moved = np.linalg.norm(shape("Face", "jawOpen") - face, axis=1)
    near_middle = np.abs(face[:, 0]) < 1 * MM
    chin = np.flatnonzero(near_middle)[np.argmax(moved[near_middle])]
    before = np.linalg.norm(face[chin] - teeth[front])
    after = np.linalg.norm(pose("Face", jawOpen=weight)[chin] - pose("Teeth", jawOpen=weight)[front])
    assert moved[chin] > 25 * MM
    assert abs(after - before) < slack_mm * MM


def test_upper_teeth_do_not_move_with_the_jaw() -> None:
    upper = group("head", "Teeth")
    assert np.abs(pose("Teeth", jawOpen=1.0)[upper] - pose("Teeth")[upper]).max() < 1e-6


def test_skin_hangs_on_the_head_bone_only() -> None:
    assert "jaw" not in bpy.data.objects["Face"].vertex_groups
    assert len(group("head")) == len(bpy.data.objects["Face"].data.vertices)


def opening(**weights: float) -> float:
    """Largest height (mm) between the lid edges of the left eye."""
    rest, moved = shape("Face", "Basis"), pose(**weights)
    upper, lower = group("lid_upper_edge_left"), group("lid_lower_edge_left")
    upper, lower = upper[np.argsort(rest[upper, 0])], lower[np.argsort(rest[lower, 0])]
    return float((moved[upper, 2] - moved[lower, 2]).max() / MM)


def test_blink_closes_the_lids_and_hides_the_eye() -> None:
    assert opening() > 20
    assert -0.5 < opening(eyeBlinkLeft=1.0) < 0.3
    assert opening(eyeWideLeft=1.0) > opening() + 3
    assert opening(eyeSquintLeft=1.0) < 0.7 * opening()


def test_eyes_turn_the_right_way() -> None:
    base = shape("Eyes", "Basis")
    left = (base[:, 0] > 0) & (base[:, 1] < base[:, 1].min() + 4 * MM)
    for name, axis, sign in (("eyeLookOutLeft", 0, 1), ("eyeLookInLeft", 0, -1), ("eyeLookUpLeft", 2, 1),
                             ("eyeLookDownLeft", 2, -1)):
        assert sign * (shape("Eyes", name) - base)[left, axis].mean() > 5 * MM, name


def test_pucker_and_funnel_narrow_the_mouth_and_push_it_forwards() -> None:
    lips = group("lips_upper_inner")
    base = shape("Face", "Basis")[lips]
    for name in ("mouthPucker", "mouthFunnel"):
        moved = shape("Face", name)[lips]
        assert np.ptp(moved[:, 0]) < 0.75 * np.ptp(base[:, 0]), name
        assert moved[:, 1].min() < base[:, 1].min() - 4 * MM, name


def test_lower_lip_reaches_the_upper_teeth_for_f_and_v() -> None:
    weights = {"mouthRollLower": 0.6, "mouthShrugLower": 0.3, "jawOpen": 0.08, "mouthUpperUpLeft": 0.25,
               "mouthUpperUpRight": 0.25}
    face, teeth = pose("Face", **weights), pose("Teeth", **weights)[group("head", "Teeth")]
    middle = teeth[np.abs(teeth[:, 0]) < 8 * MM]
    edge = middle[middle[:, 2].argmin()]
    lower = face[group("lips_lower_inner")]
    lower = lower[np.abs(lower[:, 0]).argmin()]
    upper = face[group("lips_upper_inner")]
    assert abs(lower[2] - edge[2]) < 2.5 * MM
    assert -6.5 * MM < lower[1] - edge[1] < 0
    assert upper[:, 2].max() > edge[2] + 2 * MM


def test_tongue_comes_out_between_the_lips() -> None:
    tip = pose("Tongue", tongueOut=1.0, jawOpen=0.35)[:, 1].min()
    lips = pose("Face", tongueOut=1.0, jawOpen=0.35)[group("lips_lower_inner"), 1].min()
    assert tip < lips - 8 * MM


def test_no_modifier_but_the_armature() -> None:
    for obj in meshes():
        assert [m.type for m in obj.modifiers] == ["ARMATURE"], obj.name


def test_face_is_clean_quads_of_a_sensible_number() -> None:
    mesh = bpy.data.objects["Face"].data
    corners = np.array([len(p.vertices) for p in mesh.polygons])
    assert 3000 <= len(mesh.vertices) <= 10000
    assert (corners == 4).mean() >= 0.99


def test_no_loose_vertices_and_edges_shared_by_at_most_two_faces() -> None:
    for obj in meshes():
        mesh = obj.data
        used = np.zeros(len(mesh.vertices), bool)
        corners = np.empty(len(mesh.loops), int)
        mesh.loops.foreach_get("vertex_index", corners)
        used[corners] = True
        assert used.all(), obj.name
        edges = np.empty(len(mesh.loops), int)
        mesh.loops.foreach_get("edge_index", edges)
        assert np.bincount(edges, minlength=len(mesh.edges)).max() <= 2, obj.name
        assert np.bincount(edges, minlength=len(mesh.edges)).min() >= 1, obj.name


def test_file_is_small() -> None:
    assert BLEND.stat().st_size < 3_000_000


def test_scene_is_ready_to_render() -> None:
    scene = bpy.context.scene
    assert scene.camera is not None and scene.camera.name == "Camera"
    assert (scene.render.engine, scene.render.fps) == ("BLENDER_WORKBENCH", 30)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (512, 512)


def test_building_again_gives_the_same_character(tmp_path: Path) -> None:
    out = tmp_path / "again.blend"
    subprocess.run([sys.executable, str(EXAMPLES / "build_character.py"), str(out)], check=True, timeout=300,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = {o.name: (len(o.data.vertices), keys(o.name) if o.data.shape_keys else None) for o in meshes()}
    rest = shape("Face", "Basis")
    bpy.ops.wm.open_mainfile(filepath=str(out))
    after = {o.name: (len(o.data.vertices), keys(o.name) if o.data.shape_keys else None) for o in meshes()}
    moved = np.abs(shape("Face", "Basis") - rest).max()
    bpy.ops.wm.open_mainfile(filepath=str(BLEND))
    assert before == after
    assert moved < 1e-5
