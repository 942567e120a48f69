"""A name that was mistyped, or that a file brought along and that is gone, is never passed over in silence: the panel
says it, and the button or the report does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from lipsync_addon.blender import panel_data, preferences, presets
from lipsync_addon.blender.bake import bake
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.presets import Preset
from lipsync_addon.core.style import StyleSettings
from tests.blender.scene_builder import build_character, random_track
from tests.blender.test_detect import drawn, flat

LINE = Path(__file__).parents[2] / "examples" / "lines" / "boat_en.flac"


@pytest.fixture
def settings(addon):
    """A character and a line, ready to be baked."""
    build_character()
    values = bpy.context.scene.lipsync
    values.sound_file, values.add_sound = str(LINE), False
    return values


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where the user's presets are."""
    monkeypatch.setattr(presets, "user_folder", lambda: tmp_path)
    presets._names.cache_clear()
    yield tmp_path
    presets._names.cache_clear()


def test_a_preset_that_there_is_not_is_told_and_the_sliders_stay(settings, folder):
    settings.jaw = 1.2
    settings.preset = "Whispr"
    assert settings.jaw == pytest.approx(1.2)
    said = "There is no preset 'Whispr': the sliders stay as they are."
    assert said in flat(drawn())
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert any(said in notice for notice in panel_data.last_report().notices)
    with pytest.raises(RuntimeError, match="There is no preset 'Whispr'"):
        bpy.ops.lipsync.delete_preset()
    settings.preset = "Whisper"
    panel_data._last.clear()
    assert "There is no preset" not in flat(drawn())


def test_a_preset_that_was_deleted_is_told(settings, folder):
    presets.save(Preset("Mine", "", StyleSettings(jaw=1.4)))
    settings.preset = "Mine"
    assert settings.jaw == pytest.approx(1.4) and "There is no preset" not in flat(drawn())
    presets.own_file("Mine").unlink()
    assert "There is no preset 'Mine'" in flat(drawn())


def test_an_actor_that_there_is_not_makes_the_button_grey(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(preferences, "actor_folder", lambda context: tmp_path)
    settings.speaker.actor = "nobody"
    assert "There is no actor 'nobody' in" in flat(drawn())
    with pytest.raises(RuntimeError, match="There is no actor 'nobody'"):
        bpy.ops.lipsync.bake()
    settings.speaker.actor = "no/body"
    with pytest.raises(RuntimeError, match="is not a name for an actor"):
        bpy.ops.lipsync.bake()


def test_a_language_that_nobody_reads_makes_the_button_grey_where_there_is_a_text(settings):
    settings.words.language = "Englsh"
    assert bpy.ops.lipsync.bake.poll()
    settings.words.text = "The boat is on the water."
    assert "does not read the language 'Englsh'" in flat(drawn())
    with pytest.raises(RuntimeError, match="does not read the language 'Englsh'"):
        bpy.ops.lipsync.bake()
    settings.words.language = "English"
    assert bpy.ops.lipsync.bake.poll() and "does not read" not in flat(drawn())


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("xx-XX", "does not read the language 'xx-XX'"),
        ("en-GB+squeaky", "espeak-ng has no timbre 'squeaky'"),
        ("//nobody.onnx", "nobody.onnx does not exist"),
    ],
)
def test_a_voice_that_there_is_not_makes_speak_grey(settings, tmp_path, voice, said):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    settings = bpy.context.scene.lipsync
    settings.words.text, settings.words.voice = "The boat is on the water.", voice
    assert said.replace(" ", "") in drawn().replace(" ", "")
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.lipsync.speak()
    settings.words.voice = "en-GB+f3"
    assert bpy.ops.lipsync.speak.poll()


def test_a_take_to_replace_that_there_is_not_is_told(settings):
    settings.words.replaces = "spoken_boat"
    said = "The character has no take 'spoken_boat': no edits move along."
    assert said in flat(drawn())
    assert bpy.ops.lipsync.bake() == {"FINISHED"}
    assert any(said in notice for notice in panel_data.last_report().notices)
    bake(bpy.context.scene, panel_data.objects(bpy.context), Performance(random_track()), "spoken_boat")
    panel_data._last.clear()
    assert said not in flat(drawn())


def test_a_bone_and_a_channel_that_there_are_not_are_told(settings):
    settings.jaw_bone = "jow"
    entry = settings.channels.add()
    entry.name, entry.gain = "mouthSmile", 2.0
    text = flat(drawn())
    assert "There is no bone 'jow' on the character." in text and "There is no channel 'mouthSmile'." in text
    settings.jaw_bone, entry.name = "jaw", "mouthSmileLeft"
    text = flat(drawn())
    assert "There is no bone" not in text and "There is no channel" not in text


def test_a_character_that_is_not_in_the_scene_any_more_is_told(settings):
    face = bpy.data.objects["Face"]
    settings.character = face
    bpy.context.scene.collection.objects.unlink(face)
    assert "'Face' is not in this scene. Choose another character, or empty the field." in flat(drawn())
    with pytest.raises(RuntimeError, match="'Face' is not in this scene"):
        bpy.ops.lipsync.bake()


def test_a_strip_that_there_is_not_is_told_by_its_name(settings):
    bpy.context.scene.sequence_editor_create()
    settings.source = "STRIP"
    assert "Choose a sound strip of the video sequencer." in flat(drawn())
    settings.strip = "take 7"
    assert "There is no strip 'take 7' in the video sequencer." in flat(drawn())


def test_the_names_of_presets_are_read_again_only_when_a_file_comes_or_goes(settings, folder, monkeypatch):
    presets.names()
    monkeypatch.setattr(presets, "known", lambda: pytest.fail("read again"))
    for _ in range(3):
        drawn()


def test_the_preferences_tell_of_names_that_there_are_not(addon, folder):
    told: list[str] = []
    layout = SimpleNamespace(prop=lambda *_, **__: None, label=lambda text, **_: told.append(text))
    layout.row, layout.operator = lambda: layout, lambda *_, **__: SimpleNamespace()
    names = {
        "preset": "Whispr",
        "rigs": str(folder / "rigs"),
        "actors": str(folder),
        "log": str(folder / "no" / "log.txt"),
    }
    preferences.LIPSYNC_AP_preferences.draw(SimpleNamespace(layout=layout, **names), bpy.context)
    assert [text for text in told if text.startswith("There is no")] == [
        "There is no preset of that name.",
        "There is no such folder.",
        "There is no such folder, so the usual file is used.",
    ]
