"""The rule of ARCHITECTURE.md: core <- inference, speech, exporters <- blender, batch, cli."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ADDON = "lipsync_addon"
BLENDER_MODULES = {"bpy", "bpy_extras", "mathutils", "aud", "addon_utils", "gpu", "gpu_extras", "blf", "pxr"}

RECOGNISERS = {"pocketsphinx", "faster_whisper", "vosk"}

ALLOWED: dict[str, set[str]] = {
    "core": {"numpy"},
    "inference": {"core", "numpy", "onnxruntime"},
    "speech": {"core", "numpy", "soundfile", "soxr", "espeakng_loader", "py3langid", *RECOGNISERS, "piper"},
    "exporters": {"core", "numpy"},
    "importers": {"core", "numpy"},
    "video": {"core", "inference", "speech", "exporters", "numpy", "cv2", "mediapipe", "jiwer", "jinja2", "matplotlib"},
    "blender": {"core", "inference", "speech", "exporters", "importers", "batch", "numpy", *BLENDER_MODULES},
    "batch": {
        "core",
        "inference",
        "speech",
        "exporters",
        "importers",
        "blender",
        "numpy",
        "openpyxl",
        "distributed",
        "rich",
    },
    "cli": {"core", "inference", "speech", "exporters", "importers", "blender", "batch", "video", "numpy"},
    "__init__": {"blender"},
    "__main__": {"cli"},
}
"""What each part of the add-on may import beside itself and the standard library."""

MODEL_MAY_IMPORT = {"core", "inference", "speech", "exporters", "importers", "video"}
"""Parts of the add-on that training may use: evaluation judges the very path that users take, short of Blender, and
other programs by what they write; films are solved and judged by the same code for training and for users."""


def imported(tree: ast.AST) -> Iterator[tuple[int, int, list[str]]]:
    """(line, level, dotted names) of every import; level 0 is absolute, each further one a leading dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield node.lineno, 0, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = [node.module] if node.module else []
            yield node.lineno, node.level, [".".join([*module, alias.name]) for alias in node.names]


def addon_violations(package: Path) -> list[str]:
    """One line for every import in the add-on that the rule forbids, such as "core/x.py:3 imports bpy"."""
    found = []
    for file in sorted(package.rglob("*.py")):
        where = file.relative_to(package)
        part = where.parts[0].removesuffix(".py")
        for line, level, names in imported(ast.parse(file.read_text(encoding="utf-8"))):
            for name in names:
                if level == 0:
                    target = name.split(".")[0]
                    if target == ADDON:
                        found.append(f"{where.as_posix()}:{line} imports {name} absolutely")
                        continue
                else:
                    # The folder that holds the file is one dot away.
                    full = [*where.parts[: len(where.parts) - level], *name.split(".")]
                    if level > len(where.parts):
                        found.append(f"{where.as_posix()}:{line} imports from outside the add-on")
                        continue
                    target = full[0]
                if target != part and target not in ALLOWED.get(part, set()) | sys.stdlib_module_names:
                    found.append(f"{where.as_posix()}:{line} imports {target}")
    return found


def training_violations(model: Path) -> list[str]:
    """One line for every part of the add-on that training imports although it must not."""
    found = []
    for file in sorted(model.rglob("*.py")):
        for line, level, names in imported(ast.parse(file.read_text(encoding="utf-8"))):
            for name in names:
                head, _, rest = name.partition(".")
                if level == 0 and head == ADDON and rest.split(".")[0] not in MODEL_MAY_IMPORT:
                    found.append(f"{file.relative_to(model.parent).as_posix()}:{line} imports {name}")
    return found


def test_the_add_on_keeps_to_its_layers(root: Path) -> None:
    assert addon_violations(root / ADDON) == []


def test_training_never_imports_blender_or_the_command(root: Path) -> None:
    assert training_violations(root / "model") == []


@pytest.mark.parametrize(
    ("file", "statement", "complaint"),
    [
        ("core/x.py", "import bpy", "core/x.py:3 imports bpy"),
        ("core/x.py", "from scipy import signal", "core/x.py:3 imports scipy"),
        ("core/deep/x.py", "from ...inference import predictor", "core/deep/x.py:3 imports inference"),
        ("core/x.py", "from .. import exporters", "core/x.py:3 imports exporters"),
        ("inference/x.py", "from mathutils import Quaternion", "inference/x.py:3 imports mathutils"),
        ("exporters/x.py", "from ..inference.predictor import Predictor", "exporters/x.py:3 imports inference"),
        ("speech/x.py", "def read():\n    import torch", "speech/x.py:4 imports torch"),
        ("cli/x.py", "import bpy", "cli/x.py:3 imports bpy"),
        (
            "blender/x.py",
            "from lipsync_addon.core import track",
            "blender/x.py:3 imports lipsync_addon.core.track absolutely",
        ),
        ("blender/x.py", "import model.train", "blender/x.py:3 imports model"),
        ("blender/x.py", "from ...model import train", "blender/x.py:3 imports from outside the add-on"),
    ],
)
def test_a_planted_violation_is_named(tmp_path: Path, file: str, statement: str, complaint: str) -> None:
    planted = tmp_path / ADDON / file
    planted.parent.mkdir(parents=True)
    planted.write_text(f'"""Planted."""\nimport math\n{statement}\n', encoding="utf-8")
    assert addon_violations(tmp_path / ADDON) == [complaint]


def test_a_planted_violation_in_training_is_named(tmp_path: Path) -> None:
    planted = tmp_path / "model" / "x.py"
    planted.parent.mkdir()
    planted.write_text("from lipsync_addon.core import track\nfrom lipsync_addon import blender\n", encoding="utf-8")
    assert training_violations(tmp_path / "model") == ["model/x.py:2 imports lipsync_addon.blender"]


@pytest.mark.parametrize("module", ["lipsync_addon", "lipsync_addon.core.pipeline", "lipsync_addon.cli"])
def test_importing_is_light(root: Path, module: str) -> None:
    """The command starts at once and Blender's start-up pays nothing: heavy packages load when they are used."""
    heavy = {
        "bpy",
        "onnxruntime",
        "soundfile",
        "soxr",
        "torch",
        "phonemizer",
        "rich",
        "openpyxl",
        "distributed",
        "sqlite3",
        "cv2",
        "mediapipe",
    }
    code = f"import sys, {module}; print(*sorted(sys.modules.keys() & {heavy!r}))"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
