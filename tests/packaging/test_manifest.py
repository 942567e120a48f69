"""The manifest: what Blender's own tool does not notice, and the version that is written twice."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from build_extension import problems, read_hashes


@pytest.fixture
def manifest(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))


@pytest.fixture
def locked(root: Path) -> dict[str, str]:
    return read_hashes(root / "scripts" / "wheels.sha256")


def test_the_manifest_has_no_problems(manifest: dict[str, Any], locked: dict[str, str]) -> None:
    assert problems(manifest, locked) == []


def test_python_and_blender_packages_have_one_version(manifest: dict[str, Any], root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == manifest["version"]


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("platforms", ["linux-x86_64"], 'platform "linux-x86_64" is not one of'),
        ("license", ["GPL-3.0-or-later"], 'licence "GPL-3.0-or-later" lacks the prefix SPDX:'),
        ("name", "Lipsync for Blender", "the name must not contain Blender"),
        ("wheels", ["./wheels/six-1.17.0-py2.py3-none-any.whl"], "six-1.17.0-py2.py3-none-any.whl is in the manifest"),
        ("wheels", [], "macos-arm64 has no wheel for cp313"),
    ],
)
def test_a_planted_fault_is_named(
    manifest: dict[str, Any], locked: dict[str, str], key: str, value: object, complaint: str
) -> None:
    assert any(line.startswith(complaint) for line in problems(manifest | {key: value}, locked))
