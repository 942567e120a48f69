"""Characters without known names speak by what their keys do, and lips of every character meet at p b m."""

from __future__ import annotations

import importlib.util
from math import radians
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from lipsync_addon.blender import mesh_measure, panel_data
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.bake_file import bake_character
from lipsync_addon.blender.keyframes import read_track
from lipsync_addon.blender.mesh_measure import fitted, forget_meshes, measured_lips, read_meshes
from lipsync_addon.blender.rig_scan import best_match, find_character, scan_rig
from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.geometry_fit import FITTED, LABEL, reference
from lipsync_addon.core.lip_truth import CLOSED, contacts
from lipsync_addon.core.mapping import resolve
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from tests.blender.scene_builder import build_armature, build_character, build_mesh
from tests.core.paper_face import motion, sheet

ROOT = Path(__file__).parents[2]
MOTIONS = ("brow", "open", "pucker", "left", "right", "upper")


@pytest.fixture(autouse=True)
def nothing_measured():
    """Every test measures anew."""
    forget_meshes()


@pytest.fixture(scope="module")
def line() -> Performance:
    """A sentence full of p b m, as the network that comes along hears it."""
    predictor = Predictor.load(providers=("CPU",))
    return Performance(
        predictor.predict(open_sound(ROOT / "examples" / "lines" / "boat_en.flac", predictor.spec.sample_rate))
    )


def build_paper(motions: tuple[str, ...] = MOTIONS, names: tuple[str, ...] = ()) -> bpy.types.Object:
    """The paper face of the core's tests as an object; keys are called "Key 1" and so on unless `names` says."""
    points, faces, _ = sheet()
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata(points.tolist(), [], faces)
    obj = bpy.data.objects.new("Face", mesh)
    bpy.context.scene.collection.objects.link(obj)
    obj.shape_key_add(name="Basis", from_mix=False)
    for index, kind in enumerate(motions):
        block = obj.shape_key_add(name=names[index] if names else f"Key {index + 1}", from_mix=False)
        block.points.foreach_set("co", (points + motion(kind)).astype(np.float32).ravel())
        block.value = 0.0
    return obj


def rules(obj: bpy.types.Object) -> dict[str, dict[str, float]]:
    """Key -> channels of the fit."""
    found = fitted([obj], scan_rig([obj]))
    return {rule.keys[0]: dict(rule.channels) for rule in found.profile.shape_keys}


def speech(opening: float = 0.25) -> Performance:
    """Vowels with three closures, through which the jaw stays open: a style that opens what the network closed."""
    sounds = [VISEMES_15.index(f"viseme_{sound}") for sound in "aa PP aa PP ih ou PP aa".split() for _ in range(10)]
    values = np.zeros((len(sounds), 1 + 15), np.float32)
    values[:, 0] = opening
    values[np.arange(len(sounds)), 1 + np.array(sounds)] = 1.0
    return Performance(AnimationTrack(("jawOpen", *VISEMES_15), values, 50.0))


def test_detect_offers_the_fit_where_names_say_nothing(addon):
    face = build_paper()
    bpy.ops.lipsync.detect()
    found = panel_data.facts(bpy.context)
    assert found.ranked[0].profile.id == FITTED and found.summary.startswith(LABEL)
    assert found.problem is None and bpy.context.scene.lipsync.character == face
    assert find_character(bpy.context.scene) == [face]


def test_names_that_explain_the_mesh_are_believed_without_measuring(addon, monkeypatch):
    build_character()
    monkeypatch.setattr(mesh_measure, "fit", lambda *_: pytest.fail("measured"))
    bpy.ops.lipsync.detect()
    assert panel_data.facts(bpy.context).ranked[0].profile.id == "arkit"


def test_the_user_can_choose_the_fit_and_names_again(addon):
    names = ("browInnerUp", "A", "I", "U", "E", "O")
    build_paper(names=names)
    assert best_match(bpy.context.scene.objects).profile.id == "vowels"
    bpy.context.scene.lipsync.profile = LABEL
    (chosen,) = panel_data.profiles(bpy.context)
    assert chosen.id == FITTED and panel_data.facts(bpy.context).summary.startswith(LABEL)
    bpy.context.scene.lipsync.profile = ""
    assert panel_data.profiles(bpy.context) is None
    assert not panel_data.facts(bpy.context).summary.startswith(LABEL)


def test_a_chosen_fit_without_a_mouth_is_refused_in_words(addon):
    build_character()
    bpy.context.scene.lipsync.profile = LABEL
    assert "no shape key parts two lips" in panel_data.facts(bpy.context).problem


def test_keys_that_open_no_mouth_are_refused_as_before():
    build_mesh("Face", ["Frob", "Twiddle"])
    with pytest.raises(LipsyncError, match="No shape key of the character has a known name"):
        best_match(bpy.context.scene.objects)


@pytest.mark.parametrize(
    "place",
    [
        Matrix.Scale(0.01, 4),
        Matrix.Translation((3, -2, 40)) @ Matrix.Scale(100, 4),
        Matrix.Rotation(radians(130), 4, "Z") @ Matrix.Rotation(radians(-70), 4, "X"),
        Matrix.Diagonal((1.2, 1.0, 0.9, 1)),
    ],
    ids=["millimetres", "centimetres, far off", "turned", "stretched"],
)
def test_the_fit_does_not_mind_where_the_object_stands(place: Matrix):
    face = build_paper()
    plain = rules(face)
    face.matrix_world = place
    bpy.context.view_layer.update()
    turned = rules(face)
    assert turned.keys() == plain.keys()
    for key in ("Key 2", "Key 3", "Key 4", "Key 5"):
        assert max(turned[key], key=turned[key].get) == max(plain[key], key=plain[key].get)


def test_sides_are_those_that_are_seen():
    face = build_paper()
    assert max(rules(face)["Key 4"], key=rules(face)["Key 4"].get) == "mouthSmileLeft"
    face.scale.x = -1
    bpy.context.view_layer.update()
    assert max(rules(face)["Key 4"], key=rules(face)["Key 4"].get) == "mouthSmileRight"


def test_masked_and_relative_keys_are_read_as_blender_shows_them():
    face = build_paper(("open", "pucker"))
    keys = face.data.shape_keys.key_blocks
    points, _, _ = sheet()
    half = face.vertex_groups.new(name="Left half")
    half.add(np.flatnonzero(points[:, 0] > 0).tolist(), 1.0, "REPLACE")
    keys["Key 1"].vertex_group = "Left half"
    third = face.shape_key_add(name="Beyond", from_mix=False)
    third.points.foreach_set("co", (points + motion("pucker") + motion("upper")).astype(np.float32).ravel())
    third.relative_key = keys["Key 2"]
    (mesh,) = read_meshes([face])
    for key, value in (("Key 1", 1.0), ("Beyond", 1.0)):
        for block in keys:
            block.value = value if block.name == key else 0.0
        bpy.context.view_layer.update()
        shown = face.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        seen = np.array([vertex.co for vertex in shown.vertices])
        np.testing.assert_allclose(mesh.points + mesh.keys[key].at(np.arange(len(seen))), seen, atol=1e-3)


def test_a_mouth_that_only_the_jaw_bone_opens_speaks(addon):
    face = build_paper(("pucker", "left", "right"))
    rig = build_armature(angle=None)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    jaw = rig.data.edit_bones["jaw"]
    jaw.head, jaw.tail, jaw.roll = (0, 1, 0.2), (0, 0, -0.6), 0
    bpy.ops.object.mode_set(mode="OBJECT")
    face.parent = rig
    face.modifiers.new("Armature", "ARMATURE").object = rig
    _, _, below = sheet()
    amount = np.linalg.norm(motion("open"), axis=1)
    for name, shares in (("jaw", amount / amount.max()), ("head", 1 - amount / amount.max())):
        group = face.vertex_groups.new(name=name)
        for vertex, share in enumerate(shares.tolist()):
            group.add([vertex], share, "REPLACE")
    report = bake(bpy.context.scene, [face, rig], speech(0.0), "line")
    assert report.profile.startswith(LABEL)
    assert any(target.kind == "bone_rotation" and target.name == "jaw" for target in report.targets)


def test_lips_meet_at_every_closure_of_a_bake():
    face = build_paper()
    open_report = bake(bpy.context.scene, [face], speech(), "open", BakeSettings(true_lips=False))
    left = gaps_at_closures(face, open_report)
    report = bake(bpy.context.scene, [face], speech(), "line")
    assert str(report.lips) == "3 of 3 closures seal, 3 corrected." and str(report.lips) in str(report)
    assert (left > CLOSED).all() and (gaps_at_closures(face, report) <= CLOSED + 2e-3).all()


def gaps_at_closures(face: bpy.types.Object, report) -> np.ndarray:
    """[closures] the widest gap between the lips at the frame nearest to closed, as Blender evaluates the mesh."""
    mouth = fitted([face], scan_rig([face])).mouth
    scene = bpy.context.scene
    found = []
    for contact in contacts(speech().track):
        widest = []
        for second in np.arange(contact.start, contact.end, 0.02):
            frame = 1 + second * scene.render.fps / scene.render.fps_base
            scene.frame_set(int(frame), subframe=float(frame % 1))
            shown = face.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
            height = mouth.local(np.array([vertex.co for vertex in shown.vertices]))[:, 2]
            pairs = list(zip(mouth.upper, mouth.lower, strict=True))[1:-1]
            widest.append(max(height[upper].min() - height[lower].max() for upper, lower in pairs))
        found.append(min(widest))
    return np.array(found)


def test_measuring_is_done_once_until_detect_is_pressed(addon, monkeypatch):
    face = build_paper()
    calls = []
    measured = mesh_measure.fit
    monkeypatch.setattr(mesh_measure, "fit", lambda *args: calls.append(1) or measured(*args))
    for _ in range(3):
        best_match([face])
    assert len(calls) == 1
    bpy.ops.lipsync.detect()
    assert len(calls) == 2


def test_a_file_that_is_baked_line_after_line_is_measured_until_it_changes(tmp_path, monkeypatch):
    build_paper()
    file = tmp_path / "hero.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    calls = []
    measured = mesh_measure._lips
    monkeypatch.setattr(mesh_measure, "_lips", lambda *args: calls.append(1) or measured(*args))
    made = []
    for _ in range(2):
        bake_character(file, Path("line.wav"), speech(), [tmp_path / "line.glb"])
        made.append((tmp_path / "line.glb").read_bytes())
    assert len(calls) == 1 and made[0] == made[1]
    face = bpy.data.objects["Face"]
    for point in face.data.shape_keys.key_blocks["Key 2"].points:
        point.co *= 1.01
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bake_character(file, Path("line.wav"), speech(), [tmp_path / "line.glb"])
    assert len(calls) == 2


def test_teeth_of_their_own_follow_the_face():
    names = ("Morph A", "Morph B")
    face, teeth = build_paper(("open", "pucker"), names=names), build_mesh("Teeth", names)
    report = bake(bpy.context.scene, [face, teeth], speech(), "line")
    assert {(target.owner, target.name) for target in report.targets} >= {("Face", "Morph A"), ("Teeth", "Morph A")}
    count = report.last_frame - report.first_frame + 1
    track = read_track(report.targets, bpy.context.scene, start_frame=report.first_frame, count=count)
    both = [track.channel(f"shape_key:{owner}:Morph A") for owner in ("Face", "Teeth")]
    np.testing.assert_allclose(both[0], both[1], atol=1e-5)
    assert report.lips.corrected == 3, "corrections move the teeth along"


def test_a_captured_face_is_played_as_it_is(monkeypatch):
    face = build_paper()
    monkeypatch.setattr("lipsync_addon.blender.bake.measured_lips", lambda *_: pytest.fail("measured"))
    track = AnimationTrack(("jawOpen",), np.linspace(0, 1, 20, dtype=np.float32)[:, None], 50.0)
    assert not bake(bpy.context.scene, [face], Performance(track), "line").lips.closures


def test_the_example_character_speaks_without_its_names(line: Performance):
    bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"), load_ui=False)
    scene = bpy.context.scene
    new = {name: f"Shape {index}" for index, name in enumerate(ARKIT_52)}
    for keys in bpy.data.shape_keys:
        for block in keys.key_blocks:
            block.name = new.get(block.name, block.name)
    objects = find_character(scene)
    match = best_match(objects)
    mapping = resolve(match.profile, scan_rig(objects), line.track.names)
    assert match.profile.id == FITTED
    assert mapping.jaw_bone and mapping.jaw_bone.name == "jaw"
    targets = [target.name for target in mapping.targets if target.owner == "Face"]
    for channel in ("jawOpen", "mouthFunnel", "mouthSmileLeft", "mouthSmileRight"):
        row = mapping.weights[mapping.channels.index(channel)]
        assert row[[target.name for target in mapping.targets].index(new[channel])] > 0.4, channel
    report = bake(scene, objects, line, "line")
    assert report.lips.closures >= 6 and report.lips.sealed == report.lips.closures
    assert new["jawOpen"] in targets and report.lips.bites, "the teeth are a mesh of their own"


def test_the_reference_head_without_names_is_moved_as_with_names(shared: Path, line: Performance):
    spec = importlib.util.spec_from_file_location("load_ict", shared / "data" / "characters" / "load_ict.py")
    head = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(head)
    face = head.build_in_blender(bpy)
    keys = face.data.shape_keys.key_blocks
    names = {f"key {index}": block.name for index, block in enumerate(keys) if index}
    for index, block in enumerate(list(keys)[1:], 1):
        block.name = f"key {index}"
    inventory = scan_rig([face])
    match = best_match([face])
    for rule in match.profile.shape_keys:
        assert dict(rule.channels) == {names[rule.keys[0]]: 1.0}
    assert {names[rule.keys[0]] for rule in match.profile.shape_keys} == set(reference().channels)
    lips = measured_lips([face], resolve(match.profile, inventory, line.track.names))
    assert lips.teeth is not None
    report = bake(bpy.context.scene, [face], line, "line")
    assert report.lips.sealed == report.lips.closures and report.lips.reached == report.lips.bites
