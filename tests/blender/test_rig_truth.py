"""What the report says of the lips is what the character shows on the frames of the scene, whatever made keys of the
track; and a closure that keys would lose gets a frame."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import panel_data, sliders
from lipsync_addon.blender.bake import BakeReport, BakeSettings, bake
from lipsync_addon.blender.mesh_measure import forget_meshes, read_meshes
from lipsync_addon.blender.rig_scan import find_character
from lipsync_addon.core import keying
from lipsync_addon.core.keying import KEY_MODES, KeySettings
from lipsync_addon.core.lip_geometry import find_mouth
from lipsync_addon.core.lip_truth import CLOSED, Contact, contacts
from lipsync_addon.core.pipeline import Performance, animate
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from tests.blender.scene_builder import curves_of

ROOT = Path(__file__).parents[2]
RATE = 24.0
START = 0.25
"""Frame of the line's first sample: closures fall between frames."""


@pytest.fixture(autouse=True)
def nothing_measured():
    """Every test measures anew."""
    forget_meshes()


@pytest.fixture(scope="module")
def line() -> Performance:
    """A sentence whose second p, b, m lasts for 40 ms: one frame of a film falls into it, where the lips are not yet
    closed."""
    predictor = Predictor.load(providers=("CPU",))
    sound = open_sound(ROOT / "examples" / "lines" / "market_en.flac", predictor.spec.sample_rate)
    return animate(sound, predictor, keep=True)


@pytest.fixture(params=["ICT", "example"])
def character(request: pytest.FixtureRequest) -> list[bpy.types.Object]:
    """The reference head of ../shared; the example character, whose jaw is a bone too."""
    if request.param == "ICT":
        folder = request.getfixturevalue("shared") / "data" / "characters"
        spec = importlib.util.spec_from_file_location("load_ict", folder / "load_ict.py")
        head = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(head)
        objects = [head.build_in_blender(bpy)]
    else:
        bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"), load_ui=False)
        objects = find_character(bpy.context.scene)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.0
    return objects


def seen(objects: list[bpy.types.Object], track: AnimationTrack, step: int = 1) -> dict[Contact, float]:
    """The smallest of the widest gaps between the lips, in mouth widths beyond closed, on the frames of each p, b, m:
    of the mesh as Blender evaluates it with all that moves it."""
    meshes = read_meshes(objects)
    mouth = find_mouth(meshes)
    face = bpy.data.objects[mouth.owner]
    rest = next(mesh.points for mesh in meshes if mesh.owner == mouth.owner)
    pairs = list(zip(mouth.upper, mouth.lower, strict=True))
    ends = mouth.local(rest)[:, 2]
    overlap = np.array([min(ends[up].min() - ends[low].max(), 0.0) for up, low in pairs])
    turned = np.array(face.matrix_world.to_quaternion().inverted().to_matrix()) @ np.array(face.matrix_world)[:3, :3]
    place = turned, np.array(face.matrix_world.to_quaternion().inverted() @ face.matrix_world.translation)
    found = {}
    for contact in contacts(track):
        if not contact.lips:
            continue
        first, last = START + contact.start * RATE, START + contact.end * RATE
        frames = np.arange(np.ceil(first - 1e-4), np.floor(last + 1e-4) + 1)
        if not (frames % step == 0).any():
            after = step * np.ceil(first / step)
            frames = np.array([max(after - step, 0), *frames, after])
        gaps = []
        for frame in frames:
            bpy.context.scene.frame_set(int(frame))
            shown = face.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
            points = np.empty(3 * len(shown.vertices), np.float32)
            shown.vertices.foreach_get("co", points)
            height = mouth.local(points.reshape(-1, 3) @ place[0].T + place[1])[:, 2]
            gap = np.array([height[up].min() - height[low].max() for up, low in pairs]) - overlap
            gaps.append(gap[1:-1].max() - CLOSED)
        found[contact] = min(gaps)
    return found


def agrees(report: BakeReport, gaps: dict[Contact, float]) -> None:
    """As many seal as the report says, and those that it says stay open do."""
    lips = report.lips
    assert lips.closures == len(gaps)
    assert lips.sealed == sum(gap <= 1e-3 for gap in gaps.values())


@pytest.mark.parametrize("mode", KEY_MODES)
def test_the_report_is_what_the_mesh_does_and_every_closure_has_its_frame(character, line, mode):
    report = bake(bpy.context.scene, character, line, "line", BakeSettings(START, keys=KeySettings(mode)))
    agrees(report, seen(character, line.track, 2 if mode == "twos" else 1))
    assert report.lips.closures == report.lips.sealed == 4
    assert report.lips.bites == report.lips.reached and not report.lips.notices()


def test_few_keys_stay_few(character, line, monkeypatch):
    """What is done for the closures costs no more than a tenth of the keys."""
    settings = BakeSettings(START, keys=KeySettings("sparse"))
    bake(bpy.context.scene, character, line, "line", settings)
    count = sum(len(curve.keyframe_points) for action in bpy.data.actions for curve in curves_of(action))
    monkeypatch.setattr(keying, "pinned", lambda *_: {})
    bake(bpy.context.scene, character, line, "line", settings)
    plain = sum(len(curve.keyframe_points) for action in bpy.data.actions for curve in curves_of(action))
    assert count <= 1.1 * plain


def test_a_closure_that_the_keys_lose_is_told(character, line, monkeypatch):
    """As it was before keys were judged: the frame that the short m has for itself comes too early."""
    monkeypatch.setattr(keying, "pinned", lambda *_: {})
    report = bake(bpy.context.scene, character, line, "line", BakeSettings(START))
    gaps = seen(character, line.track)
    agrees(report, gaps)
    lost = [(c.start + c.end) / 2 for c, gap in gaps.items() if gap > 1e-3]
    assert report.lips.lost_at == pytest.approx(lost) and len(lost) == 1
    assert any(f"{lost[0]:.2f} s: the keys have no frame" in notice for notice in report.notices)


def test_a_closure_that_the_animator_opens_is_told(character, line):
    scene, settings = bpy.context.scene, BakeSettings(START)
    bake(scene, character, line, "line", settings)
    closure = next(contact for contact in contacts(line.track) if contact.lips)
    frame = round(START + (closure.start + closure.end) / 2 * RATE)
    (action,) = bpy.data.actions
    for curve in curves_of(action):
        if "jawOpen" in curve.data_path:
            for point in curve.keyframe_points:
                if abs(point.co.x - frame) <= 3:
                    point.co.y = 0.6
            curve.update()
    report = bake(scene, character, line, "line", settings)
    assert report.edits and report.lips.sealed == report.lips.closures - 1 and len(report.lips.changed_at) == 1
    agrees(report, seen(character, line.track))
    assert any("curves that you changed or made, or keys" in notice for notice in report.notices)


@pytest.mark.parametrize("character", ["example"], indirect=True)
@pytest.mark.parametrize("how", ["muted key", "driven key", "muted curve"])
def test_a_closure_that_a_muted_or_driven_key_opens_is_told(character, line, how):
    """mouthClose does nothing, so the lips are as far apart as the jaw opens."""
    scene, settings = bpy.context.scene, BakeSettings(START)
    meshes = [obj for obj in character if obj.type == "MESH" and obj.data.shape_keys]
    bake(scene, character, line, "line", settings)
    for obj in meshes:
        if not (key := obj.data.shape_keys.key_blocks.get("mouthClose")):
            continue
        if how == "muted key":
            key.mute = True
        elif how == "driven key":
            key.driver_add("value").driver.expression = "0.0"
    if how == "muted curve":
        for action in bpy.data.actions:
            for curve in curves_of(action):
                curve.mute |= "mouthClose" in curve.data_path
    bpy.context.view_layer.update()
    report = bake(scene, character, line, "line", settings)
    assert report.lips.changed_at and report.lips.sealed + len(report.lips.changed_at) == report.lips.closures
    agrees(report, seen(character, line.track))


@pytest.mark.parametrize("character", ["ICT"], indirect=True)
@pytest.mark.parametrize("mode", KEY_MODES)
def test_after_a_slider_the_report_says_what_the_character_does_now(addon, character, line, mode, monkeypatch):
    app = SimpleNamespace(background=False, timers=bpy.app.timers)
    monkeypatch.setattr(sliders, "bpy", SimpleNamespace(app=app, context=bpy.context, types=bpy.types))
    panel = bpy.context.scene.lipsync
    with sliders.held():
        panel.character, panel.key_mode = character[0], mode
    panel_data.remember(bake(bpy.context.scene, character, line, "line", BakeSettings(START, keys=KeySettings(mode))))
    panel.jaw = 1.6
    sliders._settle()
    report = panel_data.last_report()
    agrees(report, seen(character, line.track, 2 if mode == "twos" else 1))
    assert sliders.problem() is None and sliders.told().lips == report.lips
    assert report.lips.sealed == report.lips.closures == 4
