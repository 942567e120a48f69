"""The dialogs that write files: what they suggest, what they refuse in one sentence, and that nothing is left behind
then."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from lipsync_addon.blender.actions import TAKE
from lipsync_addon.blender.bake import BakeSettings, bake
from lipsync_addon.blender.operators.export import (
    LIPSYNC_OT_export_character,
    LIPSYNC_OT_export_curves,
    with_ending,
)
from lipsync_addon.blender.rig_scan import find_character
from lipsync_addon.blender.scene_export import ENDINGS, export_character
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, random_track, snapshot

SEVERAL = (".fbx", ".glb", ".usdc")


@pytest.fixture
def takes(addon) -> list[bpy.types.Action]:
    """A character with two takes, of which the second plays."""
    character, scene = build_character(), bpy.context.scene
    for seed, name in enumerate(("first", "second")):
        bake(scene, character, Performance(random_track(5, 24, seed=seed)), name, BakeSettings(start_frame=0))
    scene.frame_set(2)
    return [bpy.data.actions[name] for name in ("first", "second")]


def refused(folder: Path, words: str, operator=None, **settings: object) -> None:
    """An export ends in one sentence; neither the scene nor the folder has changed."""
    before = snapshot()
    with pytest.raises(RuntimeError, match=words) as caught:  # how bpy.ops shows a report of an error
        (operator or bpy.ops.lipsync.export_character)(**settings)
    assert "Traceback" not in str(caught.value)
    assert snapshot() == before and not list(folder.iterdir())


@pytest.mark.parametrize("ending", SEVERAL[:2])
@pytest.mark.parametrize("name", ["", "  ", "one\ntwo", "tab\there", "\x07"])
def test_a_take_whose_name_no_clip_can_have(takes, tmp_path: Path, ending: str, name: str) -> None:
    takes[0][TAKE] = name
    refused(tmp_path, "of a take is none", filepath=str(tmp_path / f"a{ending}"), ending=ending, all_takes=True)


@pytest.mark.parametrize("ending", SEVERAL)
def test_two_takes_of_one_name(takes, tmp_path: Path, ending: str) -> None:
    takes[0][TAKE] = "second"
    words = "Two takes for one file are called|cannot tell the takes"
    refused(tmp_path, words, filepath=str(tmp_path / f"a{ending}"), ending=ending, all_takes=True)


def test_takes_that_usd_cannot_tell_apart(takes, tmp_path: Path) -> None:
    for take, name in zip(takes, ("a line", "a-line")):
        take[TAKE] = name
    words = "USD cannot tell the takes 'a line' and 'a-line' apart"
    refused(tmp_path, words, filepath=str(tmp_path / "a.usda"), ending=".usda", all_takes=True)


@pytest.mark.parametrize("name", ["a/b", "..", "größe 口", "C:\\a", "a|b", "a::b", "x" * 200])
@pytest.mark.parametrize("ending", SEVERAL)
def test_odd_names_of_takes_stay_inside_the_file(takes, tmp_path: Path, ending: str, name: str) -> None:
    takes[0][TAKE] = name
    done = bpy.ops.lipsync.export_character(filepath=str(tmp_path / f"a{ending}"), ending=ending, all_takes=True)
    assert done == {"FINISHED"} and [file.name for file in tmp_path.iterdir()] == [f"a{ending}"]


def test_alembic_says_that_it_holds_one_take(takes, tmp_path: Path) -> None:
    refused(tmp_path, ".abc file cannot hold several", filepath=str(tmp_path / "a.abc"), ending=".abc", all_takes=True)


@pytest.mark.parametrize("operator", ["export_character", "export_curves"])
def test_a_place_where_no_file_can_be(takes, tmp_path: Path, operator: str) -> None:
    ending, write = {"export_character": ".glb", "export_curves": ".csv"}[operator], getattr(bpy.ops.lipsync, operator)
    refused(tmp_path, "absent", write, filepath=str(tmp_path / "absent" / f"a{ending}"), ending=ending)
    folder = tmp_path / f"folder{ending}"
    folder.mkdir()
    with pytest.raises(RuntimeError, match=f"folder{ending}"):
        write(filepath=str(folder), ending=ending)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("operator", [LIPSYNC_OT_export_character, LIPSYNC_OT_export_curves])
@pytest.mark.parametrize("name", ["Hello there", "../../away", "a/b: \"c\"", ""])
def test_the_dialog_opens_beside_the_file_with_the_name_of_the_take(takes, tmp_path: Path, operator, name: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    takes[1][TAKE] = name
    shown, dialog = [], SimpleNamespace(filepath="", ending=".glb")
    context = SimpleNamespace(
        scene=bpy.context.scene,
        window_manager=SimpleNamespace(fileselect_add=shown.append),
        view_layer=bpy.context.view_layer,
    )
    assert operator.invoke(dialog, context, None) == {"RUNNING_MODAL"} and shown == [dialog]
    path = Path(dialog.filepath)
    assert path.parent == tmp_path and path.suffix == ".glb" and (name != "Hello there" or path.stem == name)


@pytest.mark.parametrize(
    "path, ending, expected",
    [
        ("/a/line.glb", ".fbx", "/a/line.fbx"),
        ("/a/line.GLB", ".glb", "/a/line.glb"),
        ("/a/line", ".abc", "/a/line.abc"),
        ("/a/take.v2", ".glb", "/a/take.v2.glb"),
        ("/a/take.v2.csv", ".anim", "/a/take.v2.anim"),
        ("//line.glb", ".usdc", "//line.usdc"),
        ("/a/.glb", ".fbx", "/a/.glb.fbx"),
        ("/a/", ".glb", "/a/"),
        ("", ".glb", ""),
    ],
)
def test_the_ending_follows_the_format(path: str, ending: str, expected: str) -> None:
    assert with_ending(path, ending) == expected
    dialog = SimpleNamespace(filepath=path, ending=ending)
    assert LIPSYNC_OT_export_character.check(dialog, bpy.context) == (path != expected)
    assert dialog.filepath == expected and LIPSYNC_OT_export_character.check(dialog, bpy.context) is False


def test_blenders_exporter_does_not_keep_the_names_of_ever_more_lines(takes, tmp_path: Path) -> None:
    """A batch writes thousands in one process."""
    scene, kept = bpy.context.scene, []
    for name in ("first", "second"):
        export_character(tmp_path / f"{name}.fbx", scene, find_character(scene), name, 0, 4)
        gc.collect()
        kept.append(sum(str(type(each).__module__).startswith("io_scene_fbx") for each in gc.get_objects()))
    assert kept[0] == kept[1]


def test_the_dialog_offers_every_format(addon) -> None:
    offered = bpy.ops.lipsync.export_character.get_rna_type().properties["ending"].enum_items.keys()
    assert tuple(offered) == ENDINGS
    for operator in (bpy.ops.lipsync.export_character, bpy.ops.lipsync.export_curves):
        assert operator.get_rna_type().properties["check_existing"].default is True  # Blender asks before it replaces
