"""Actor and way of speaking in Blender: bakes use them, sliders act on the take without the sound, edits keep them."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import numpy as np
import pytest

from lipsync_addon.blender import api, sliders
from lipsync_addon.blender.operators.bake import shared_predictor
from lipsync_addon.blender.operators.phones import play_if_followed
from lipsync_addon.blender.playing import playing_take
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.core.actors import save_actor
from lipsync_addon.core.adaptation import Adaptation
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.core.pipeline import respoken
from lipsync_addon.core.prediction import Prediction
from lipsync_addon.inference.network import DEFAULT_NETWORK
from lipsync_addon.inference.predictor import Predictor
from tests.blender.scene_builder import build_character
from tests.blender.test_panels import drawn

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


@pytest.fixture
def actors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's actors: anna, whose jaw opens half as wide."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    folder = tmp_path / "config" / "lipsync" / "actors"
    folder.mkdir(parents=True)
    write_actor(folder / "anna.json", 0.5)
    return folder


def write_actor(path: Path, jaw: float, network: str = "") -> None:
    spec = ModelSpec.load(DEFAULT_NETWORK)
    names = spec.outputs["arkit"]
    gain = np.array([jaw if name == "jawOpen" else 1.0 for name in names], np.float32)
    weights = np.zeros((len(spec.outputs["features"]), len(names)), np.float32)
    save_actor(path, Adaptation(network or spec.fingerprint, names, gain, np.zeros_like(gain), weights))


@pytest.fixture
def settings(addon, actors):
    """A character and a line, not baked yet."""
    build_character()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound = str(LINE), False
    return settings


def take() -> Prediction:
    found = stored_prediction(playing_take(list(bpy.context.scene.objects)))
    assert found is not None
    return found


def widest() -> float:
    return float(take().track.channel("jawOpen").max())


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing is heard anew."""

    def listened(*_, **__):
        raise AssertionError("the sound was heard again")

    monkeypatch.setattr(Predictor, "hear", listened)
    monkeypatch.setattr(Predictor, "predict", listened)


def test_button_and_function_bake_the_actor_and_the_take_keeps_him(settings):
    bpy.ops.lipsync.bake()
    plain = widest()
    settings.speaker.actor, settings.speaker.clear = "anna", 0.5
    bpy.ops.lipsync.bake()
    pressed = take()
    assert widest() == pytest.approx(plain / 2, rel=0.15)
    assert pressed.actor.name == "anna" and pressed.controls.to_json() == {"styles": {"clear": 0.5}}
    assert "This take: actor anna, 50 % clear." in drawn()

    bpy.ops.wm.read_factory_settings(use_empty=True)
    face, *_ = build_character()
    api.bake(face, LINE, controls=api.Controls({"clear": 0.5}), actor="anna")
    np.testing.assert_array_equal(take().track.values, pressed.track.values)


def test_an_actor_that_is_not_there_is_told_before_any_work(settings):
    settings.speaker.actor = "nobody"
    with pytest.raises(RuntimeError, match="There is no actor 'nobody' in .*Choose one of the list"):
        bpy.ops.lipsync.bake()
    assert not bpy.data.actions


def test_sliders_act_through_move_alone_and_go_back(settings, request):
    bpy.ops.lipsync.bake()
    before = take()
    request.getfixturevalue("deaf")
    settings.speaker.filmed = 1.0
    assert sliders.problem() is None
    assert np.abs(take().track.values - before.track.values).max() > 0.05
    settings.speaker.clear = 1.0  # two wholes are halves
    assert take().controls.to_json() == {"styles": {"filmed": 0.5, "clear": 0.5}}
    settings.speaker.filmed = settings.speaker.clear = 0
    settings.speaker.intensity = 1.6
    assert widest() > 1.2 * before.track.channel("jawOpen").max()
    settings.speaker.actor = "anna"
    assert take().actor.name == "anna"
    settings.speaker.actor, settings.speaker.intensity = "", 1.0
    assert take().actor is None and take().controls.to_json() == {}
    # What is heard is kept in half precision.
    np.testing.assert_allclose(take().track.values, before.track.values, atol=5e-3)


def test_emotions_are_sliders_that_never_open_closures(settings, request):
    bpy.ops.lipsync.bake()
    before = take().track
    request.getfixturevalue("deaf")
    sealed = lip_gap(before) < SEALED
    settings.face.enabled = True
    for emotion in ("joy", "surprise"):
        setattr(settings.face, emotion, 1.0)
        assert sliders.problem() is None
        assert emotion in take().controls.emotions
        assert np.abs(take().track.values - before.values).max() > 0.05
        assert lip_gap(take().track)[sealed].max() < SEALED + 2e-3
        setattr(settings.face, emotion, 0.0)
    np.testing.assert_allclose(take().track.values, before.values, atol=5e-3)


def test_other_sliders_leave_the_speaker_of_a_take_alone(settings):
    """It may come from another file, where somebody else was chosen."""
    face = next(obj for obj in bpy.context.scene.objects if obj.type == "MESH")
    api.bake(face, LINE, controls=api.Controls({"clear": 0.5}, 1.2), actor="anna")
    before = take()
    settings.jaw = 1.3
    assert sliders.problem() is None
    assert take().actor.name == "anna" and take().controls.to_json() == before.controls.to_json()
    np.testing.assert_array_equal(take().track.values, before.track.values)
    api.restyle(face, api.StyleSettings(), actor="")
    assert take().actor is None and take().controls.to_json() == before.controls.to_json()


def test_edited_phones_are_moved_in_the_actors_face(settings, request):
    settings.speaker.actor, settings.speaker.intensity = "anna", 1.4
    bpy.ops.lipsync.bake()
    before = take()
    request.getfixturevalue("deaf")
    settings.words.active = next(i for i, phone in enumerate(settings.words.phones) if phone.unit not in ("sil", "ɑ"))
    bpy.ops.lipsync.change_phone(ipa="ɑ")
    after = take()
    assert after.actor.digest == before.actor.digest and after.controls.to_json() == {"intensity": 1.4}
    changed = np.abs(after.track.values - before.track.values).max(axis=1) > 0
    assert 0 < changed.mean() < 0.9
    network = shared_predictor(None)
    whole = respoken(after, network.adapted(after.actor), Controls({}, 1.4))
    np.testing.assert_allclose(after.track.values[changed], whole.track.values[changed], atol=2e-3)
    strange = respoken(after, network, Controls({}, 1.4))
    assert np.abs(after.track.values[changed] - strange.track.values[changed]).max() > 0.05


def test_an_actor_of_another_network_is_named_before_any_work(settings, actors):
    write_actor(actors / "anna.json", 0.5, network="0123456789abcdef")
    settings.speaker.actor = "anna"
    assert "The actor 'anna' was made for another network" in " ".join(drawn().split())
    with pytest.raises(RuntimeError, match="'anna' was made for another network .*Run lipsync adapt again"):
        bpy.ops.lipsync.bake()
    (actors / "anna.json").write_text("{}")
    os.utime(actors / "anna.json", ns=(1, 1))
    with pytest.raises(RuntimeError, match="anna.json is not valid: it has no 'format_version'"):
        bpy.ops.lipsync.bake()
    write_actor(actors / "anna.json", 0.5)
    assert bpy.ops.lipsync.bake() == {"FINISHED"} and take().actor.name == "anna"


def test_an_actor_that_changed_or_is_gone_is_told_and_the_take_keeps_its_own(settings, actors):
    settings.speaker.actor = "anna"
    bpy.ops.lipsync.bake()
    digest = take().actor.digest
    settings.words.edited = True
    assert play_if_followed(bpy.context) == ()
    write_actor(actors / "anna.json", 0.8)
    (told,) = play_if_followed(bpy.context)
    assert "'anna' has changed since" in told
    (actors / "anna.json").unlink()
    (told,) = play_if_followed(bpy.context)
    assert "keeps its actor 'anna'" in told and "There is no actor" in told
    assert take().actor.digest == digest


def test_the_actor_stays_in_a_file_that_is_saved_and_opened(settings, actors, tmp_path):
    settings.speaker.actor = "anna"
    bpy.ops.lipsync.bake()
    digest = take().actor.digest
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    (actors / "anna.json").unlink()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert take().actor.digest == digest
    words = bpy.context.scene.lipsync.words
    words.active = next(i for i, phone in enumerate(words.phones) if phone.unit != "sil")
    assert bpy.ops.lipsync.mute_phone() == {"FINISHED"}
    assert take().actor.digest == digest


def test_strips_of_the_sequencer_have_the_actor(settings):
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_sound("line", str(LINE), 1, 1)
    settings.speaker.actor = "anna"
    assert bpy.ops.lipsync.bake_scene() == {"FINISHED"}
    (kept,) = (found for action in bpy.data.actions if (found := stored_prediction(action)))
    assert kept.actor.name == "anna"


def test_each_strip_may_have_an_actor_of_its_own(settings, actors):
    write_actor(actors / "bob.json", 0.25)
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_sound("first", str(LINE), 1, 1)
    strips.new_sound("second", str(LINE), 2, 100)
    settings.speaker.actor = "anna"
    row = settings.voices.rows.add()
    row.channel, row.actor = 2, "bob"
    assert bpy.ops.lipsync.bake_scene() == {"FINISHED"}
    kept = [found for action in bpy.data.actions if (found := stored_prediction(action))]
    assert sorted(found.actor.name for found in kept) == ["anna", "bob"]
    row.actor = "nobody"
    with pytest.raises(RuntimeError, match="There is no actor .*nobody"):
        bpy.ops.lipsync.bake_scene()
