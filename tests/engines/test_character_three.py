"""FBX and GLB as three.js plays them, and the GLB of the example character as the Khronos validator judges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import node_reader
from tests.engines.made_character import ASKED, check, exported


@pytest.mark.parametrize("ending", [".fbx", ".glb"])
def test_three_plays_the_clip_of_a_character(tmp_path: Path, ending: str) -> None:
    file, track = exported(tmp_path, ending, 24)
    seen = node_reader.run("read_scene.mjs", str(file), ASKED)
    assert [clip.rpartition("|")[2] for clip in seen["clips"]] == ["greeting"]
    check(seen, track)


def test_the_validator_has_nothing_against_the_glb(hello_poppy: Path) -> None:
    issues = node_reader.read("validate_glb.mjs", hello_poppy / "hello.glb")
    assert issues["numErrors"] == 0, issues["messages"][:5]
    # Texture coordinates without textures, and meshes that hang on their armature, as Blender writes them.
    harmless = {"UNUSED_OBJECT", "NODE_SKINNED_MESH_NON_ROOT"}
    assert {issue["code"] for issue in issues["messages"]} <= harmless
