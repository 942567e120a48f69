"""examples/godot in Godot: the face moves with the sound that the scene plays, by the clip of a GLB and by a .tres."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from tests.engines import godot_player, programs
from tests.engines.prediction import LINE, hello

FPS = 30
NOTICED = 0.045
"""Seconds from which people notice that the sound leads (ITU-R BT.1359)."""
PICTURED = 3.6
"""A second of the line with the mouth open."""


@pytest.fixture(scope="module")
def project(hello_poppy: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with the files that its README copies into it."""
    made = tmp_path_factory.mktemp("godot") / "project"
    shutil.copytree(
        root / "examples" / "godot", made, ignore=shutil.ignore_patterns(".godot", "*.import", "hello_en.*")
    )
    shutil.copy(godot_player.SCRIPTS / "watch_talk.gd", made)
    shutil.copy(hello_poppy / "hello.glb", made / "hello_en.glb")
    soundfile.write(made / "hello_en.wav", *soundfile.read(LINE))
    write(hello(), made / "hello_en.tres", FORMATS["godot"], ExportOptions(names="arkit", path="Rig/Skeleton3D/Face"))
    godot_player.imported(made)
    return made


def test_the_clip_is_in_step_with_the_sound(project: Path, hello_poppy: Path, root: Path, update_golden: bool) -> None:
    godot = ["godot", "--path", ".", "--audio-driver", "Dummy", "--script", "watch_talk.gd", "--", str(PICTURED)]
    seen = godot_player.result(programs.output(programs.on_display(godot, project), project))
    in_step(seen, baked(hello_poppy / "hello.blend"))
    if update_golden:
        shutil.copy(project / "talk.png", root / "docs" / "pictures" / "godot.png")


def test_curves_alone_are_in_step_with_the_sound(project: Path) -> None:
    seen = godot_player.told(project, "watch_talk.gd", str(PICTURED), "res://hello_en.tres")
    in_step(seen, hello())


@pytest.mark.parametrize(
    "mesh, told", [("Face", "Face has no shape key aa"), ("Nose", "there is no Rig/Skeleton3D/Nose")]
)
def test_tracks_that_find_nothing_are_told(project: Path, tmp_path: Path, mesh: str, told: str) -> None:
    made = Path(shutil.copytree(project, tmp_path / "project"))
    write(hello(), made / "vrm.tres", FORMATS["godot"], ExportOptions(names="vrm", path=f"Rig/Skeleton3D/{mesh}"))
    scene = made / "talk.tscn"
    script = 'script = ExtResource("1")\n'
    chosen = scene.read_text(encoding="utf-8").replace(script, script + 'curves = "res://vrm.tres"\n')
    scene.write_text(chosen, encoding="utf-8")
    godot = ["godot", "--headless", "--path", ".", "--quit-after", "2"]
    assert told in programs.output(programs.command(godot, made), made)


def baked(blend: Path) -> AnimationTrack:
    """The shape keys of the face in Blender, frame by frame."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene, blocks = bpy.context.scene, bpy.data.objects["Face"].data.shape_keys.key_blocks[1:]
    rows = []
    for frame in range(scene.frame_end + 1):
        scene.frame_set(frame)
        rows.append([block.value for block in blocks])
    return AnimationTrack(tuple(block.name for block in blocks), np.array(rows, np.float32), FPS)


def in_step(seen: dict[str, Any], track: AnimationTrack) -> None:
    """The weights that were seen are the track's at the second that the sound had reached."""
    # The position advances mix by mix: it is exact in the first frame after one.
    fresh = [row for last, row in pairwise(seen["rows"]) if row[0] != last[0]]
    positions = np.array([position - latency for position, latency, _ in fresh])
    names = [name for name in seen["names"] if name in track.names]
    columns = [seen["names"].index(name) for name in names]
    weights = np.array([row for _, _, row in fresh])[:, columns]
    assert len(names) > 20 and len(weights) >= 20 and np.ptp(positions) > 4
    lags = np.arange(-0.2, 0.2, 0.005)
    errors = [np.abs(track.select(names).at(positions - lag) - weights).mean() for lag in lags]
    best = int(np.argmin(errors))
    print(f"{len(weights)} frames: the face is {lags[best] * 1000:.0f} ms late, error {errors[best]:.4f}")
    assert abs(lags[best]) < NOTICED
    assert errors[best] < 0.01 < 2 * errors[0]
