"""The mouth of a mesh is found, and its keys are understood, by what they do alone."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lipsync_addon.core.bounded_fit import bounded_fit
from lipsync_addon.core.channels import opposite
from lipsync_addon.core.geometry_fit import LABEL, fit, mirror, reference
from lipsync_addon.core.lip_geometry import find_mouth
from lipsync_addon.core.mapping import map_track, resolve
from lipsync_addon.core.mesh_shapes import KeyOffsets, MeshShapes, islands, near_pairs
from lipsync_addon.core.mouth_measure import find_places, measure
from lipsync_addon.core.profile_match import RigInventory, match_profile
from lipsync_addon.core.track import AnimationTrack
from tests.core.paper_face import paper_face

ROOT = Path(__file__).parents[2]
KEYS = ("brow", "open", "pucker", "left", "right", "upper")


def rotation(x: float, y: float, z: float) -> np.ndarray:
    """[3, 3] about the three axes in turn."""
    turns = []
    for axis, angle in enumerate((x, y, z)):
        turn = np.eye(3)
        i, j = [other for other in range(3) if other != axis]
        turn[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turns.append(turn)
    return turns[2] @ turns[1] @ turns[0]


TURNS = {
    "as modelled": np.eye(3),
    "metres": 0.05 * np.eye(3),
    "centimetres": 5.0 * np.eye(3),
    "y up": rotation(-np.pi / 2, 0, 0),
    "looking along x": rotation(0, 0, np.pi / 2),
    "looking past the axes": rotation(0, 0, 0.6),
    "lying askew": rotation(0.4, -0.3, 0.6),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_the_mouth_is_found_however_the_mesh_lies(turn: np.ndarray):
    size = np.cbrt(np.linalg.det(turn))
    mouth = find_mouth([paper_face(KEYS, turn)])
    assert mouth.opener == "key 2"
    assert mouth.width == pytest.approx(size, rel=0.25), "the corners themselves do not part"
    assert np.linalg.norm(mouth.centre) < 0.1 * size
    left, front, up = mouth.axes @ (turn / size)
    assert left[0] > 0.97 and front[1] < -0.9 and up[2] > 0.9


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_keys_without_names_become_the_channels_that_do_the_same(turn: np.ndarray):
    found = fit([paper_face(KEYS, turn)])
    rules = {rule.keys[0]: rule.channels for rule in found.profile.shape_keys}
    assert rules["key 2"]["jawOpen"] > 0.5
    assert max(rules["key 3"], key=rules["key 3"].get) in ("mouthPucker", "mouthFunnel")
    assert max(rules["key 4"], key=rules["key 4"].get) == "mouthSmileLeft"
    assert max(rules["key 5"], key=rules["key 5"].get) == "mouthSmileRight"
    assert "key 1" not in rules, "brows do not speak"
    assert found.profile.label.startswith(LABEL) and 0.5 < found.confidence <= 1


def test_a_mirrored_object_smiles_on_the_side_that_is_seen():
    found = fit([paper_face(KEYS, np.diag((-1.0, 1, 1)))])
    rules = {rule.keys[0]: rule.channels for rule in found.profile.shape_keys}
    assert max(rules["key 4"], key=rules["key 4"].get) == "mouthSmileRight"


def test_mouth_close_takes_back_what_jaw_open_does_where_no_key_closes():
    found = fit([paper_face(("open", "pucker"))])
    inventory = RigInventory(shape_keys={"Face": ("key 1", "key 2")})
    mapping = resolve(found.profile, inventory, ("jawOpen", "mouthClose"))
    track = AnimationTrack(("jawOpen", "mouthClose"), np.array([[0.5, 0.0], [0.5, 0.5]], np.float32), 50.0)
    opened, closed = map_track(track, mapping).channel("shape_key:Face:key 1")
    assert opened > 0.2 and closed < 0.02


def test_shapes_of_vowels_are_played_as_sounds(shared: Path):
    head = read_reference_head(shared)
    vowels = ("aa", "ih", "ou", "E", "oh")
    poses = reference().poses[[reference().visemes.index(f"viseme_{sound}") for sound in vowels]]
    keys = {}
    for number, pose in enumerate(poses):
        whole = np.zeros_like(head.points)
        for channel, share in zip(reference().channels, pose, strict=True):
            whole[head.keys[channel].vertices] += share * head.keys[channel].offsets
        keys[f"Shape {number}"] = KeyOffsets.between(np.zeros_like(whole), whole, 1e-3)
    found = fit([replace(head, keys=keys)])
    inventory = RigInventory(shape_keys={head.owner: tuple(keys)})
    mapping = resolve(found.profile, inventory, tuple(f"viseme_{sound}" for sound in (*vowels, "PP")))
    assert found.by_sounds and match_profile(found.profile, inventory).complete
    assert mapping.weights[[0, 1, 2, 4]].argmax(1).tolist() == [0, 1, 2, 4]
    assert not mapping.weights[5].any(), "p b m leave the lips where they are: together"


@pytest.mark.parametrize("apart", [0.0, 0.1, 0.5])
def test_one_key_is_enough_and_lips_may_be_modelled_apart(apart: float):
    face = paper_face(("open",))
    moved, points = face.keys["key 1"], face.points.copy()
    points[moved.vertices] += apart * moved.offsets
    mouth = find_mouth([replace(face, points=points)])
    assert mouth.width == pytest.approx(0.85, rel=0.2) and mouth.axes[2][2] > 0.97
    assert fit([replace(face, points=points)]).profile.shape_keys


@pytest.mark.parametrize("keys", [(), ("brow",), ("brow", "pucker"), ("nothing",)])
def test_a_mesh_that_parts_no_lips_is_no_mouth(keys: tuple[str, ...]):
    assert find_mouth([paper_face(keys)]) is None
    assert fit([paper_face(keys)]) is None
    assert fit([]) is None


def test_a_jaw_bone_opens_a_mouth_whose_keys_do_not():
    face = paper_face(("pucker", "left", "right"))
    assert fit([face]) is None
    found = fit([face], {"Face": paper_face(("open",)).keys["key 1"]})
    (jaw,) = found.profile.jaws
    assert jaw.beside and jaw.channels == {"jawOpen": 1.0, "mouthClose": -1.0}


def test_keys_of_the_tongue_are_left_alone():
    face = paper_face(("open", "pucker", "left", "right"))
    whole = np.zeros_like(face.points)
    whole[0] = (0.0, -4.0, 0.0)
    taken = face.keys["key 2"]
    whole[taken.vertices] += taken.offsets
    tongue = KeyOffsets.between(np.zeros_like(whole), whole, 1e-4)
    found = fit([replace(face, keys={**face.keys, "tongue": tongue})])
    assert "tongue" not in [rule.keys[0] for rule in found.profile.shape_keys]


def test_the_reference_head_is_fitted_to_itself_without_its_names(shared: Path):
    head = read_reference_head(shared)
    names = tuple(head.keys)
    nameless = replace(head, keys={f"Shape {i}": key for i, key in enumerate(head.keys.values())})
    found = fit([nameless])
    for rule in found.profile.shape_keys:
        assert set(rule.channels) == {names[int(rule.keys[0].split()[1])]}
    assert len(found.profile.shape_keys) == len(reference().channels) and found.confidence > 0.99


def test_the_reference_is_what_its_script_measures(shared: Path):
    head = read_reference_head(shared)
    places = find_places(head, find_mouth([head]))
    measured = measure(np.array([places.motion(head.keys[name]) for name in reference().channels]))
    np.testing.assert_allclose(measured, reference().measures, atol=2e-4)


def test_the_reference_has_both_sides_of_everything():
    head = reference()
    for name, values in zip(head.channels, head.measures, strict=True):
        other = head.measures[head.channels.index(opposite(name))]
        if name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            assert np.linalg.norm(mirror(values) - other) < 0.15 * np.linalg.norm(values) + 0.01, name


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.float64, (5, 9), elements=st.floats(-1, 1)),
    arrays.arrays(np.float64, (3, 9), elements=st.floats(-2, 2)),
)
def test_no_step_within_the_bounds_betters_a_bounded_fit(matrix: np.ndarray, wanted: np.ndarray):
    ridge = 0.05
    x = bounded_fit(matrix, wanted, 0.0, 0.8, ridge)

    def cost(values: np.ndarray) -> np.ndarray:
        return ((values @ matrix - wanted) ** 2).sum(1) + ridge * (values**2).sum(1)

    assert (x >= 0).all() and (x <= 0.8).all()
    for k in range(len(matrix)):
        for step in (-0.01, 0.01):
            moved = x.copy()
            moved[:, k] = np.clip(moved[:, k] + step, 0, 0.8)
            assert (cost(moved) >= cost(x) - 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_islands_are_what_edges_join(edges: list[tuple[int, int]]):
    label = list(range(30))
    for _ in range(30):
        for one, other in edges:
            label[one] = label[other] = min(label[one], label[other])
    assert islands(30, np.array(edges, np.int32).reshape(-1, 2)).tolist() == label


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 25), st.just(3)), elements=st.floats(-2, 2)))
def test_near_pairs_are_all_pairs_that_are_near(points: np.ndarray):
    found = {tuple(sorted(pair)) for pair in near_pairs(points, 0.5).tolist()}
    apart = ((points[:, None] - points[None]) ** 2).sum(2)
    wanted = {(i, j) for i in range(len(points)) for j in range(i + 1, len(points)) if apart[i, j] < 0.25}
    assert found == wanted


def read_reference_head(shared: Path) -> MeshShapes:
    """The head that data/reference was measured on, as its script reads it."""
    spec = importlib.util.spec_from_file_location("reference_mouth", ROOT / "scripts" / "make_reference_mouth.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.read_head(shared / "data" / "characters")
