"""The zip that users install: what is in it, and that it works in a Blender that has nothing else."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from build_extension import build, extension_tool, fetch, stage

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip for this machine, built by the tool of the Blender that runs these tests."""
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
    machine = {"amd64": "x64", "x86_64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    return build([f"{system}-{machine}"], tmp_path_factory.mktemp("dist"), Path(sys.executable))[0]


def test_the_zip_holds_what_the_user_needs(extension: Path) -> None:
    names = zipfile.ZipFile(extension).namelist()
    for needed in ("__init__.py", "blender_manifest.toml", "LICENSE", "lipsync_addon/core/pipeline.py"):
        assert needed in names
    assert any(name.startswith("lipsync_addon/data/models/") and name.endswith(".onnx") for name in names)
    assert any(name.startswith("lipsync_addon/data/models/") and name.endswith(".json") for name in names)
    assert any(name.startswith("lipsync_addon/data/rigs/") for name in names)
    assert {name.split("-")[2] for name in names if name.endswith(".whl")} >= {"cp311", "cp313"}
    assert any("espeakng_loader" in name for name in names)


def test_nothing_else_gets_in(root: Path, tmp_path: Path) -> None:
    """Also not when somebody builds with Blender's tool by hand, from a checkout with everything in it."""
    source, target = tmp_path / "checkout", tmp_path / "x.zip"
    source.mkdir()
    stage(source, ["linux-x64"], [])
    manifest = source / "blender_manifest.toml"
    manifest.write_text(re.sub(r"wheels = \[.*?\]", "", manifest.read_text(encoding="utf-8"), flags=re.DOTALL))
    wanted = {"__init__.py", "blender_manifest.toml", "LICENSE", "lipsync_addon"}
    (source / "lipsync_addon/core/__pycache__").mkdir()
    (source / "lipsync_addon/core/__pycache__/x.pyc").touch()
    for path in root.iterdir():
        if path.is_dir() and path.name not in wanted:
            (source / path.name).mkdir(exist_ok=True)
            (source / path.name / "x.py").touch()
        elif path.name not in wanted:
            (source / path.name).touch()
    extension_tool(Path(sys.executable), "build", "--source-dir", str(source), "--output-filepath", str(target))
    names = zipfile.ZipFile(target).namelist()
    assert {name.split("/")[0] for name in names} == wanted
    assert not [name for name in names if name.endswith(".pyc")]


def test_a_wheel_with_another_content_is_refused(tmp_path: Path) -> None:
    name = "onnxruntime-1.31.1-cp311-cp311-win_amd64.whl"
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(ValueError, match=name):
        fetch(name, "0" * 64, tmp_path, Path(sys.executable))
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("line", ["recorded", "example"])
def test_the_installed_zip_bakes_a_voice_line(
    extension: Path, line: str, root: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In a Blender with new settings, ONNX Runtime from the zip, espeak-ng too, and none of this environment's
    packages."""
    if line == "recorded":
        sound = request.getfixturevalue("shared") / "bench/dev/audio/s1_bbaf2n.flac"
        text = "Bin blue at F two now."
    else:
        sound = root / "examples/lines/hello_en.flac"
        text = "Hello! My name is Poppy. Feed me a voice, and watch my mouth move."
    result = tmp_path / "result.json"
    command = [
        sys.executable, HERE / "use_installed.py", extension, root / "examples/character.blend", sound, text, result,
    ]  # fmt: skip
    resources = tmp_path / "blender"
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=tmp_path,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(resources)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    seen = json.loads(result.read_text(encoding="utf-8"))
    assert Path(seen["onnxruntime"]).is_relative_to(resources)
    assert Path(seen["add-on"]).is_relative_to(resources)
    assert seen["outcome"] == ["FINISHED"]
    assert seen["curves"] >= 20
    assert seen["face moves by"] > 0.003  # metres; the head is 0.2 m high
    assert seen["words"] >= 6 and seen["language"] == "en"
    assert seen["sounds"] == [sound.name]
    assert seen["threads"] == 3
    assert seen["new file"] == ["sparse", "Mumble", True] and seen["saved file"] == "every"
    assert seen["enabled"]["properties"] == ["lipsync"] and seen["enabled"]["handlers"] and seen["enabled"]["files"]
    assert seen["enabled again"] == seen["enabled"]
    assert seen["disabled"] == {**seen["at first"], "files": seen["enabled"]["files"]}
    assert seen["removed"] == seen["at first"]
