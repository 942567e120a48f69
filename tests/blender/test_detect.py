"""Detect: characters of every family are recognised in a scene, told in the panel, and speak when baked."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from lipsync_addon.blender import panel_data, rig_scan
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.keyframes import read_track
from lipsync_addon.blender.rig_scan import all_profiles, best_match, scan_rig
from lipsync_addon.blender.take_curves import read_channels
from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.mapping import JawSettings, map_track, resolve
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from tests.blender.scene_builder import build_armature, build_character, build_mesh, random_track
from tests.blender.test_panels import drawn

ROOT = Path(__file__).parents[2]
RIGS = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "tests" / "data" / "rigs").glob("*.json"))
}
LINE = ROOT / "examples" / "lines" / "boat_en.flac"
PROFILE = {
    "format_version": 1,
    "id": "ours",
    "label": "Our house rig",
    "shape_keys": [{"keys": ["Smirk"], "channels": {"jawOpen": 0.5}, "required": True}],
}


@pytest.fixture(scope="module")
def line() -> Performance:
    """A sentence full of p b m, as the network that comes along hears it."""
    predictor = Predictor.load(providers=("CPU",))
    return Performance(predictor.predict(open_sound(LINE, predictor.spec.sample_rate)))


@pytest.fixture
def user_profiles() -> Iterator[Path]:
    """The folder for rig profiles in Blender's configuration."""
    folder = Path(bpy.utils.user_resource("CONFIG", path="lipsync/rigs", create=True))
    yield folder
    for path in folder.iterdir():
        path.unlink()


def build_rig(rig: dict) -> list[bpy.types.Object]:
    """A character with the names of a family: meshes, bones and sliders."""
    objects = [build_mesh(name, keys) for name, keys in rig.get("shape_keys", {}).items()]
    for name, bones in rig.get("bones", {}).items():
        armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
        bpy.context.scene.collection.objects.link(armature)
        bpy.context.view_layer.objects.active = armature
        bpy.ops.object.mode_set(mode="EDIT")
        for index, bone in enumerate(bones):
            new = armature.data.edit_bones.new(bone)
            new.head, new.tail = (0.1 * index, 0, 0), (0.1 * index, -0.1, -0.05)
        bpy.ops.object.mode_set(mode="OBJECT")
        for slider in rig.get("properties", {}).get(name, ()):
            armature[slider] = 0.0
        for mesh in objects:
            if mesh.type == "MESH":
                mesh.parent = armature
        objects.append(armature)
    return objects


@pytest.mark.parametrize("rig", RIGS)
def test_a_character_of_every_family_speaks(rig, line):
    """What the curves hold is what the mapping says, and what opens the mouth is 0 at each p b m that was heard.

    At the network's frame rate: at others a closure that is lost between frames gets one, beside the mapping."""
    objects = build_rig(RIGS[rig])
    bpy.context.scene.render.fps = 50
    report = bake(bpy.context.scene, objects, line, "boat", BakeSettings(0))
    match = best_match(objects)
    assert match.profile.id == RIGS[rig]["profile"] and report.profile == match.profile.label
    mapping = resolve(match.profile, scan_rig(objects), line.track.names)
    read = read_track(report.targets, bpy.context.scene, start_frame=0, count=report.frames)
    mapped = map_track(line.track, mapping)
    np.testing.assert_allclose(read.values, mapped.at(np.arange(report.frames) / 50), atol=2e-5)
    assert np.abs(read.values).max() > 0.1
    if match.profile.id in ("arkit", "metahuman", "metahuman_board", "rigify", "mouth_open"):
        return  # their lips close by mouthClose, which the network's own tests judge
    heard = line.track.select(VISEMES_15).values.argmax(1) == VISEMES_15.index("viseme_PP")
    edges = np.flatnonzero(np.diff(heard.astype(int), prepend=0, append=0)).reshape(-1, 2)
    opening = np.abs(mapped.values[:, mapping.weights[line.track.names.index("viseme_aa")] != 0]).sum(1)
    closures = [(a, b) for a, b in edges if b - a >= 3]
    assert len(closures) >= 5 and all(opening[a:b].min() < 0.01 for a, b in closures)


@pytest.fixture
def rigify(tmp_path) -> bpy.types.Object:
    """Rigify's own human, generated in a process of its own: this Blender would not end after Rigify was on."""
    path = tmp_path / "rigify.blend"
    script = ROOT / "tests" / "blender" / "make_rigify.py"
    subprocess.run([sys.executable, script, path], check=True, capture_output=True, timeout=300)
    bpy.ops.wm.open_mainfile(filepath=str(path), use_scripts=False)
    return bpy.data.objects["rig"]


def test_the_lips_of_a_generated_rigify_face_open_seal_and_round(rigify):
    """At jaw half open; with it the lips sealed; o; e."""
    names = ("jawOpen", "mouthClose", "mouthPucker", "mouthStretchLeft", "mouthStretchRight")
    poses = [[0, 0, 0, 0, 0], [0.5, 0, 0, 0, 0], [0.5, 0.39, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1]]
    track = AnimationTrack(names, poses, 24.0)
    report = bake(bpy.context.scene, [rigify], Performance(track), "poses", BakeSettings(0))
    assert report.profile == "Rigify face bones"

    def place(bone: str) -> np.ndarray:
        return np.array((rigify.matrix_world @ rigify.pose.bones[bone].matrix).translation)

    gaps, widths = [], []
    for frame in range(len(poses)):
        bpy.context.scene.frame_set(frame)
        bpy.context.view_layer.update()
        gaps.append((place("DEF-lip.T.L") - place("DEF-lip.B.L"))[2])
        widths.append((place("lips.L") - place("lips.R"))[0])
    opened = (np.array(gaps) - gaps[0]) / widths[0]
    assert opened[1] > 0.15 and abs(opened[2]) < 0.03
    assert widths[3] < 0.7 * widths[0] < 0.8 * widths[4]


@pytest.mark.parametrize(
    "turn", [Matrix.Identity(3), Matrix.Rotation(math.radians(90), 3, "X")], ids=["upright", "FBX"]
)
@pytest.mark.parametrize("roll", [0, 90, 180, -90])
@pytest.mark.parametrize("name", ["jaw", "Bone.017"])
def test_a_jaw_opens_downwards_whatever_its_name_and_roll(turn, roll, name):
    """The character stands upright in the world; importers turn the armature object and the bones under it."""
    rig = build_armature(jaw=name, angle=None)
    rig.matrix_world = turn.to_4x4()
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones[name]
    bone.head, bone.tail = turn.inverted() @ bone.head, turn.inverted() @ bone.tail
    head = rig.data.edit_bones["head"]
    head.head, head.tail = turn.inverted() @ head.head, turn.inverted() @ head.tail
    bone.tail.x = bone.head.x
    bone.roll = math.radians(roll)
    bpy.ops.object.mode_set(mode="OBJECT")
    face = build_mesh("Face", ["mouthClose", "mouthPucker", "mouthFunnel"])
    face.data.transform(Matrix.Translation((0, 0, 1.0)), shape_keys=True)
    face.parent = rig
    face.matrix_parent_inverse = rig.matrix_world.inverted()
    bpy.context.view_layer.update()
    track = AnimationTrack(("jawOpen", "mouthClose"), [[0.0, 0.0], [1.0, 0.0]], 24.0)
    report = bake(bpy.context.scene, [face, rig], Performance(track), "open", BakeSettings(0))
    assert [t.name for t in report.targets if t.kind == "bone_rotation"] == [name]
    bpy.context.scene.frame_set(1)
    tail = rig.matrix_world @ rig.pose.bones[name].tail
    bpy.context.scene.frame_set(0)
    assert tail.z < (rig.matrix_world @ rig.pose.bones[name].tail).z - 0.1


def test_detect_finds_the_character_and_tells_the_ranking(addon):
    face = build_mesh("Head", [*ARKIT_52, *VISEMES_15])
    build_mesh("Sword", ["Sharp"])
    assert bpy.ops.lipsync.detect() == {"FINISHED"}
    assert bpy.context.scene.lipsync.character == face
    text = drawn()
    assert "ARKit: 52 of 52" in flat(text)
    assert "Also complete: Oculus visemes: 15 of 15; the first moves the mouth more finely." in flat(text)
    face.shape_key_remove(face.data.shape_keys.key_blocks["jawOpen"])
    assert "Also complete" not in drawn(), "the ranking is gone when the character changes"


def flat(text: str) -> str:
    """Lines of the panel as one."""
    return " ".join(text.split())


def test_detect_in_an_empty_scene_says_what_is_missing(addon):
    with pytest.raises(RuntimeError, match="no shape keys"):
        bpy.ops.lipsync.detect()


def test_detect_on_what_cannot_speak_says_why(addon):
    scene = bpy.context.scene
    plain = bpy.data.objects.new("Stone", bpy.data.meshes.new("Stone"))
    for name, data in (("Camera", bpy.data.cameras.new("Camera")), ("Empty", None), ("Stone", plain.data)):
        obj = plain if name == "Stone" else bpy.data.objects.new(name, data)
        scene.collection.objects.link(obj)
        scene.lipsync.character = obj
        with pytest.raises(RuntimeError) as caught:
            bpy.ops.lipsync.detect()
        assert "unexpected" not in str(caught.value) and "no shape keys" in str(caught.value)


def test_the_profile_that_the_user_chose_is_baked(addon):
    face = build_mesh("Head", [*ARKIT_52, *VISEMES_15])
    settings = bpy.context.scene.lipsync
    settings.profile = "Oculus visemes"
    assert "Oculus visemes: 15 of 15" in drawn()
    (profile,) = panel_data.profiles(bpy.context)
    report = bake(bpy.context.scene, [face], Performance(_visemes()), "line", profiles=[profile])
    assert {target.name for target in report.targets} == set(VISEMES_15)
    settings.profile = "Nonsense"
    assert "There is no rig profile 'Nonsense'." in flat(drawn())


def test_the_button_bakes_with_the_chosen_profile_and_exports_its_curves(addon, tmp_path):
    face = build_mesh("Head", [*ARKIT_52, *VISEMES_15])
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.profile, settings.add_sound = str(LINE), "Oculus visemes", False
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert panel_data.last_report().profile == "Oculus visemes"
    assert face.data.shape_keys.animation_data.action.name == "boat_en"
    assert bpy.ops.lipsync.export_curves(filepath=str(tmp_path / "boat.json"), ending=".json") == {"FINISHED"}
    assert "viseme_PP" in (tmp_path / "boat.json").read_text()


@pytest.mark.parametrize("rig", ["vrm0", "metahuman_board", "daz_genesis_9"])
def test_curves_that_are_mixtures_are_not_exported_as_channels(rig):
    objects = build_rig(RIGS[rig])
    bake(bpy.context.scene, objects, Performance(_visemes_and_jaw()), "line")
    with pytest.raises(LipsyncError, match=best_match(objects).profile.label.split(" (")[0]):
        read_channels(bpy.context.scene, objects)


@pytest.mark.parametrize("place", ["configuration", "preferences"])
def test_a_users_own_profile_is_found_and_a_broken_one_told(addon, user_profiles, tmp_path, monkeypatch, place):
    folder = user_profiles
    if place == "preferences":  # which only an installed add-on has: tests/packaging
        folder = tmp_path
        monkeypatch.setattr(rig_scan, "rig_folder", lambda context: tmp_path)
    build_mesh("Head", ["Smirk", "Grin"])
    assert "No shape key of the character has a known name" in flat(drawn())
    (folder / "ours.json").write_text(json.dumps(PROFILE))
    (folder / "half.json").write_text(json.dumps({**PROFILE, "hat": 1}))
    assert bpy.ops.lipsync.detect() == {"FINISHED"}
    text = flat(drawn())
    report = bake(bpy.context.scene, [bpy.data.objects["Head"]], Performance(random_track()), "line")
    assert report.profile == "Our house rig" and "half.json" in report.notices[0]
    assert "Our house rig: 1 of 1" in text and "half.json" in text.replace(" ", "") and "hat" in text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda face, rig: setattr(face, "show_only_shape_key", True), "shows its active shape key only"),
        (lambda face, rig: setattr(face.data.shape_keys, "use_relative", False), "are absolute"),
        (lambda face, rig: setattr(shape(face), "mute", True), "'jawOpen' of 'Face' is muted"),
        (lambda face, rig: setattr(shape(face), "slider_max", 0.4), "widen the range"),
        (lambda face, rig: shape(face).driver_add("value"), "'jawOpen' of 'Face' is driven"),
        (lambda face, rig: setattr(rig.data, "pose_position", "REST"), "rest position"),
        (lambda face, rig: rig.pose.bones["jaw"].driver_add("rotation_quaternion", 1), "'jaw' of 'Rig' is driven"),
        (lambda face, rig: solo(face.data.shape_keys), "plays alone"),
        (lambda face, rig: empty(shape(face)), "'jawOpen' of 'Face' moves no vertex: it has the shape of the key"),
        (
            lambda face, rig: relate(face, "jawOpen", "mouthClose"),
            "'jawOpen' of 'Face' moves no vertex: it has the shape",
        ),
        (lambda face, rig: mask(face, []), "'jawOpen' of 'Face' moves no vertex: its vertex group has no weight"),
        (lambda face, rig: mask(face, [0, 5]), "'jawOpen' of 'Face' moves no vertex: its vertex group has no weight"),
    ],
    ids="pinned absolute muted range driven rest driven-bone solo empty relative masked masked-elsewhere".split(),
)  # fmt: skip
def test_what_is_in_the_way_is_told_in_panel_and_report(addon, spoil, said):
    face, teeth, rig = character = build_character()
    bpy.context.scene.lipsync.jaw_mode = "beside"
    assert said not in flat(drawn())
    spoil(face, rig)
    bpy.ops.lipsync.detect()  # which looks again at what was sculpted
    assert said in flat(drawn())
    settings = BakeSettings(jaw=JawSettings("beside"))
    report = bake(bpy.context.scene, character, Performance(random_track()), "line", settings)
    assert said in " ".join(report.notices)


def shape(face: bpy.types.Object) -> bpy.types.ShapeKey:
    return face.data.shape_keys.key_blocks["jawOpen"]


def empty(key: bpy.types.ShapeKey) -> None:
    """As an export without the key's own shape leaves it."""
    for point, start in zip(key.data, key.relative_key.data, strict=True):
        point.co = start.co


def relate(face: bpy.types.Object, name: str, to: str) -> None:
    """Relative to a key of the same shape."""
    keys = face.data.shape_keys.key_blocks
    for point, shaped in zip(keys[to].data, keys[name].data, strict=True):
        point.co = shaped.co
    keys[name].relative_key = keys[to]


def mask(face: bpy.types.Object, vertices: list[int]) -> None:
    """With a vertex group that weighs these, which the key does not move, and nothing of what it does."""
    group = face.vertex_groups.new(name="mask")
    group.add(vertices, 1.0, "REPLACE")
    moved = [index for index, point in enumerate(shape(face).data) if point.co.z > 0.05]
    group.add(moved, 0.0, "REPLACE")
    shape(face).vertex_group = "mask"


def test_a_mask_that_weighs_what_the_key_moves_is_no_obstacle(addon):
    face, *_ = build_character()
    mask(face, range(25))
    face.vertex_groups["mask"].add(range(25), 0.5, "REPLACE")
    assert "moves no vertex" not in flat(drawn())


def test_empty_keys_beside_those_of_the_face_are_not_worth_a_word(addon):
    """Teeth with all the keys of the face, of which one moves them."""
    build_mesh("Face", ARKIT_52)
    teeth = build_mesh("Teeth", ARKIT_52)
    for key in teeth.data.shape_keys.key_blocks[1:]:
        if key.name != "jawOpen":
            empty(key)
    assert "no vertex" not in flat(drawn())


def test_a_face_whose_keys_are_all_empty_will_not_move(addon):
    face = build_mesh("Face", ARKIT_52)
    for key in face.data.shape_keys.key_blocks[1:]:
        empty(key)
    report = bake(bpy.context.scene, [face], Performance(random_track()), "line")
    assert (
        report.notices[0].startswith("The mouth will not move: ") and "have the shapes of the keys" in report.notices[0]
    )


def solo(block: bpy.types.ID) -> None:
    block.animation_data_create().nla_tracks.new().is_solo = True


def test_a_mouth_that_cannot_move_at_all_is_told_first(addon):
    face = build_mesh("Face", ARKIT_52)
    for key in face.data.shape_keys.key_blocks[1:]:
        key.mute = True
    report = bake(bpy.context.scene, [face], Performance(random_track()), "line")
    assert report.notices[0].startswith("The mouth will not move: ")


def test_choosing_the_wrong_object_names_the_right_one(addon):
    build_mesh("Head", ARKIT_52)
    sword = build_mesh("Sword", ["Sharp"])
    armoury = bpy.data.collections.new("Armoury")
    bpy.context.scene.collection.children.link(armoury)
    armoury.objects.link(sword)
    bpy.context.scene.collection.objects.unlink(sword)
    bpy.context.scene.lipsync.character = sword
    assert "'Head' can speak (ARKit: 52 of 52): choose that as the character." in flat(drawn())


def test_what_is_missing_is_told_in_words(addon):
    build_mesh("Head", [name for name in ARKIT_52 if name != "mouthClose"])
    assert "No shape for closed lips (p, b, m): 'mouthClose' is missing." in flat(drawn())


def test_a_profile_that_nothing_fits_is_refused():
    profiles = [p for p in all_profiles()[0] if p.id == "rhubarb"]
    with pytest.raises(LipsyncError, match="Rhubarb"):
        bake(bpy.context.scene, [build_mesh("Head", ["Smirk"])], Performance(random_track()), "line", profiles=profiles)


def _visemes_and_jaw() -> AnimationTrack:
    return AnimationTrack((*VISEMES_15, "jawOpen"), np.hstack([_visemes().values, np.full((60, 1), 0.4)]), 50.0)


def _visemes() -> AnimationTrack:
    values = np.random.default_rng(0).dirichlet(np.ones(15), 60)
    return AnimationTrack(VISEMES_15, values, 50.0)
