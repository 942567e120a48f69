"""VRM animations as pygltflib, the Khronos validator and pixiv's three-vrm read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib
import pytest

from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.exporters.channel_set import with_set
from tests.engines import node_reader
from tests.engines.prediction import hello

_LIMBS = ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")


@pytest.fixture
def vrma(tmp_path: Path) -> Path:
    path = tmp_path / "hello.vrma"
    write(hello(), path, FORMATS["vrma"], ExportOptions(clip="hello"))
    return path


def test_three_vrm_plays_the_vowels(vrma: Path) -> None:
    seen, track = node_reader.read("read_vrma.mjs", vrma), with_set(hello(), "vrm")
    assert (seen["warnings"], seen["count"], seen["moved"], seen["custom"]) == ([], 1, 0, [])
    assert seen["duration"] == pytest.approx(hello().duration, abs=1 / 30)
    assert [name for name, _, _ in seen["preset"]] == ["aa", "ih", "ou", "ee", "oh"]
    for name, times, weights in seen["preset"]:
        np.testing.assert_allclose(times, np.arange(len(times)) / 30, atol=1e-5)
        np.testing.assert_allclose(weights, track.select([name]).at(np.array(times))[:, 0], atol=1e-5)


def test_other_names_are_custom_expressions(tmp_path: Path) -> None:
    path = tmp_path / "hello.vrma"
    write(hello(), path, FORMATS["vrma"], ExportOptions(names="arkit", max_error=0.01))
    seen = node_reader.read("read_vrma.mjs", path)
    assert seen["preset"] == [] and "jawOpen" in [name for name, _, _ in seen["custom"]]
    ((times, weights),) = [(times, weights) for name, times, weights in seen["custom"] if name == "jawOpen"]
    every = np.arange(round(times[-1] * 30) + 1) / 30
    opening = hello().select(["jawOpen"]).at(every)[:, 0]
    np.testing.assert_allclose(np.interp(every, times, weights), opening, atol=0.0101)


def test_khronos_finds_nothing_wrong(vrma: Path) -> None:
    issues = node_reader.read("validate_glb.mjs", vrma)
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0)
    assert {message["code"] for message in issues["messages"]} == {"UNSUPPORTED_EXTENSION", "NODE_EMPTY"}


def test_the_file_has_what_the_specification_asks_for(vrma: Path) -> None:
    gltf = pygltflib.GLTF2().load_binary(vrma)
    extension = gltf.extensions["VRMC_vrm_animation"]
    assert gltf.extensionsUsed == ["VRMC_vrm_animation"] and extension["specVersion"] == "1.0"
    bones = {name: gltf.nodes[bone["node"]] for name, bone in extension["humanoid"]["humanBones"].items()}
    sides = [f"{side}{bone}" for side in ("left", "right") for bone in _LIMBS]
    assert set(bones) == {"hips", "spine", "head", *sides}
    assert all(bone.name == name for name, bone in bones.items())
    assert bones["leftHand"].translation[0] > 0 > bones["rightHand"].translation[0]  # VRM looks along +Z
    for name, expression in extension["expressions"]["preset"].items():
        assert gltf.nodes[expression["node"]].name == name
    assert [animation.name for animation in gltf.animations] == ["hello"]
