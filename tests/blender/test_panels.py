"""What the panel says. A layout that writes down what it is asked to draw stands in for Blender's, and refuses
properties and operators that do not exist, as Blender would by an empty panel."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import face_panel, jobs, live_panel, panels, speaker_panel, voices_panel, words_panel
from lipsync_addon.blender.bake import bake
from lipsync_addon.blender.panel_data import remember
from lipsync_addon.blender.strip_words import TEXT
from lipsync_addon.blender.text_lines import sidebar_lines, wrapped
from lipsync_addon.core.pipeline import Performance
from tests.blender.scene_builder import build_character, random_track

PANELS = (
    panels.LIPSYNC_PT_main,
    panels.LIPSYNC_PT_performance,
    panels.LIPSYNC_PT_channels,
    panels.LIPSYNC_PT_take,
    panels.LIPSYNC_PT_keys,
    speaker_panel.LIPSYNC_PT_speaker,
    face_panel.LIPSYNC_PT_face,
    voices_panel.LIPSYNC_PT_voices,
    live_panel.LIPSYNC_PT_live,
    words_panel.LIPSYNC_PT_words,
    words_panel.LIPSYNC_PT_transcribe,
    words_panel.LIPSYNC_PT_speak,
    panels.LIPSYNC_PT_jaw,
    panels.LIPSYNC_PT_export,
)


class Layout(SimpleNamespace):
    """Same for rows, columns and boxes."""

    def row(self, **_):
        return self

    column = box = row

    def prop(self, data, name, **_):
        assert name in data.bl_rna.properties or name[2:-2] in data.keys()
        self.drawn.append(name)

    def prop_search(self, data, name, collection, collection_name, **_):
        assert collection_name in collection.bl_rna.properties
        self.prop(data, name)

    def operator(self, name, **_):
        module, operator = name.split(".")
        assert operator in dir(getattr(bpy.ops, module))
        self.drawn.append(name)
        return SimpleNamespace()

    def operator_menu_enum(self, name, property, **_):
        assert property in getattr(bpy.ops.lipsync, name.partition(".")[2]).get_rna_type().properties
        self.operator(name)

    def template_list(self, list_type, list_id, data, name, active_data, active, **_):
        assert hasattr(bpy.types, list_type) and active in active_data.bl_rna.properties
        self.prop(data, name)

    def label(self, text, icon):
        icons = bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items
        assert icon in icons
        self.drawn.append(text)

    def progress(self, factor, text):
        self.drawn.append(f"{factor:.0%} {text}")


def drawn() -> str:
    """Everything on the tab as one line."""
    layout = Layout(drawn=[])
    for panel in PANELS:
        panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return " ".join(layout.drawn)


def test_an_empty_scene_is_told_what_to_choose(addon):
    assert "Choose a sound file." in drawn()
    assert "lipsync.bake" in drawn()


def test_the_character_is_described_and_the_report_shown(addon):
    character = build_character()
    assert "ARKit: 52 of 52, jaw bone 'jaw'" in drawn()
    character[0].data.shape_keys.key_blocks["jawOpen"].mute = True
    remember(bake(bpy.context.scene, character, Performance(random_track()), "line"))
    text = drawn()
    assert "line: 58 curves" in text and "'jawOpen' of 'Face' is muted." in text


@pytest.mark.parametrize("source", ["FILE", "STRIP"])
@pytest.mark.parametrize("own_angle", [False, True])
def test_every_state_of_the_settings_can_be_drawn(addon, source, own_angle):
    settings = bpy.context.scene.lipsync
    settings.source, settings.jaw_own_angle = source, own_angle
    bpy.context.scene.sequence_editor_create()
    text = drawn()
    assert ("sound_file" in text.split(), "strip" in text.split()) == (source == "FILE", source == "STRIP")
    assert ("jaw_axis" in text) == own_angle


def test_while_a_line_is_baked_there_is_progress_instead_of_the_button(addon, monkeypatch):
    job = jobs.Job(lambda progress: None, "Listening")
    job.fraction = 0.25
    monkeypatch.setattr(jobs, "_running", [job])
    assert "25% Listening" in drawn() and "lipsync.bake" not in drawn()
    assert not bpy.ops.lipsync.bake.poll()


def test_the_text_of_a_strip_is_shown_where_the_table_lists_it(addon, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(800), 8000)
    build_character()
    strip = bpy.context.scene.sequence_editor_create().strips.new_sound("a", str(tmp_path / "a.wav"), 1, 1)
    assert TEXT not in drawn()
    strip.select = True
    bpy.ops.lipsync.list_voices(selected=True)
    assert TEXT in drawn()
    bpy.context.scene.sequence_editor.strips.remove(strip)
    assert TEXT not in drawn()


def test_why_speak_is_grey_is_told_below_it(addon, tmp_path):
    build_character()
    assert "Type the text to speak." in drawn()
    bpy.context.scene.lipsync.words.text = "Hello."
    assert " ".join(sidebar_lines("Save the .blend file first: the speech goes beside it.", bpy.context)) in drawn()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert "Save the .blend" not in drawn()


def test_lines_fit_in_scripts_with_spaces_and_without():
    assert wrapped("No shape for closed lips", lambda line: len(line) <= 9) == ["No shape", "for", "closed", "lips"]
    assert wrapped("唇を閉じる mouthClose がない", lambda line: len(line) <= 5) == ["唇を閉じる", "mouthClose", "がない"]
    assert wrapped(" ", lambda line: True) == []
    text = "Choose a .wav, .flac, .ogg, .opus, .mp3 or .m4a file with recorded speech."
    lines = sidebar_lines(text, bpy.context)
    assert len(lines) > 1 and " ".join(lines) == text
