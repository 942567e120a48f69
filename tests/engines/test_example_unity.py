"""examples/unity compiled with Mono against stubs of Unity, and its binding run on them. Unity itself is not at
hand."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.engines import programs

STUBS = Path(__file__).parent / "unity"


def test_curves_are_bound_to_every_mesh_that_has_the_shape(tmp_path: Path, root: Path) -> None:
    for script in (*(root / "examples" / "unity").rglob("*.cs"), *STUBS.glob("*.cs")):
        shutil.copy(script, tmp_path)
    sources = sorted(path.name for path in tmp_path.glob("*.cs"))
    assert len(sources) == 4
    compiler = ["mcs", "-langversion:7", "-warnaserror", "-nowarn:0649,0067", "-out:check.exe", *sources]
    programs.output(programs.command(compiler, tmp_path), tmp_path)
    *bindings, missing = programs.output(programs.command(["mono", "check.exe"], tmp_path), tmp_path).splitlines()
    assert sorted(bindings) == [
        "Rig/Face blendShape.jawOpen True",
        "Rig/Teeth blendShape.blendShape1.jawOpen True",
        "Rig/jaw localEulerAnglesRaw.x False",
        "Wrong/Path blendShape.tongueOut True",
    ]
    assert missing == "tongueOut"
