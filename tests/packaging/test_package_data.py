"""`pip install` brings every file that the code reads, not only what lies in a checkout."""

from __future__ import annotations

import tomllib
from pathlib import Path


def test_all_files_that_are_no_code_are_package_data(root: Path):
    package = root / "lipsync_addon"
    patterns = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    installed = {file for pattern in patterns["lipsync_addon"] for file in package.glob(pattern)}
    needed = {
        file
        for file in package.rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc", ".md"} and "__pycache__" not in file.parts
    }
    assert needed <= installed, f"not installed: {sorted(str(file) for file in needed - installed)}"
