"""The phoneme track as files in Blender: saved, loaded again, from other programs; the curves follow."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from lipsync_addon.blender.actions import TAKE
from lipsync_addon.blender.words_settings import timeline_of
from lipsync_addon.core.timeline_file import load
from lipsync_addon.importers import read_phonemes
from tests.blender.scene_builder import curves_of
from tests.blender.test_words import place, words  # noqa: F401, a fixture


def keys() -> dict[str, list[float]]:
    (action,) = [action for action in bpy.data.actions if TAKE in action]
    curves = [curve for curve in curves_of(action) if "key_blocks" in curve.data_path]
    return {curve.data_path: [point.co.y for point in curve.keyframe_points] for curve in curves}


def test_saved_and_loaded_it_gives_the_same_track_and_curves(words, tmp_path):  # noqa: F811
    heard = keys()
    place(words, "ɑ")
    bpy.ops.lipsync.change_phone(ipa="o")
    bpy.ops.lipsync.stress_phone(stress=1.5)
    edited, played = timeline_of(words), keys()
    assert played != heard
    assert bpy.ops.lipsync.save_phonemes(filepath=str(tmp_path / "line.json"), ending=".json") == {"FINISHED"}
    assert [phone.unit for phone in load(tmp_path / "line.json").phones] == [phone.unit for phone in edited.phones]
    bpy.ops.lipsync.forget_phone_edits()
    bpy.ops.lipsync.bake()
    assert keys() == heard
    assert bpy.ops.lipsync.load_phonemes(filepath=str(tmp_path / "line.json")) == {"FINISHED"}
    again = timeline_of(words)
    assert [(p.unit, p.stress, p.word) for p in again.phones] == [(p.unit, p.stress, p.word) for p in edited.phones]
    assert words.edited and again.source == edited.source
    for path, values in keys().items():
        np.testing.assert_allclose(values, played[path], atol=2e-3, err_msg=path)


@pytest.mark.parametrize("ending", [".textgrid", ".srt", ".vtt"])
def test_other_formats(words, tmp_path, ending):  # noqa: F811
    path = tmp_path / f"line{ending}"
    assert bpy.ops.lipsync.save_phonemes(filepath=str(path), ending=ending) == {"FINISHED"}
    text = path.read_text(encoding="utf-8")
    assert "kat" in text
    if ending == ".textgrid":
        said = [phone.unit for phone in read_phonemes(path).phones if phone.unit != "sil"]
        assert said == [phone.unit for phone in words.phones if phone.unit != "sil"]
        bpy.ops.lipsync.load_phonemes(filepath=str(path))
        assert [phone.unit for phone in words.phones if phone.unit != "sil"] == said
        assert timeline_of(words).end == pytest.approx(read_phonemes(path).end, abs=0.05)


@pytest.mark.parametrize("name", ["line.TextGrid", "line.srt"])
def test_the_ending_of_the_file_says_the_format(words, tmp_path, name):  # noqa: F811
    assert bpy.ops.lipsync.save_phonemes(filepath=str(tmp_path / name)) == {"FINISHED"}
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert ("ooTextFile" in text) == (name == "line.TextGrid") and ("-->" in text) == (name == "line.srt")


def test_rhubarbs_mouths_move_the_line(words, tmp_path):  # noqa: F811
    end, before = words.phones[-1].end, keys()
    (tmp_path / "line.tsv").write_text(f"0.00\tX\n0.30\tD\n0.60\tA\n{end:.2f}\tX\n", encoding="utf-8")
    assert bpy.ops.lipsync.load_phonemes(filepath=str(tmp_path / "line.tsv")) == {"FINISHED"}
    assert keys() != before and len(words.phones) < 8
    jaw = next(path for path in before if '"jawOpen"' in path)
    assert max(keys()[jaw][8:16]) > 0.1


def test_phonemes_of_another_line_are_refused_and_nothing_is_changed(words, tmp_path):  # noqa: F811
    before, curves = timeline_of(words), keys()
    (tmp_path / "other.tsv").write_text("0.00\tX\n0.30\tD\n12.50\tX\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="other.tsv end at .* the line 'line.wav' ends"):
        bpy.ops.lipsync.load_phonemes(filepath=str(tmp_path / "other.tsv"))
    with pytest.raises(RuntimeError, match="nothing.json"):
        bpy.ops.lipsync.load_phonemes(filepath=str(tmp_path / "nothing.json"))
    assert timeline_of(words) == before and keys() == curves


def test_loaded_before_the_first_bake_it_is_what_the_bake_plays(words, tmp_path):  # noqa: F811
    place(words, "ɑ")
    bpy.ops.lipsync.change_phone(ipa="o")
    played, path = keys(), str(tmp_path / "line.json")
    bpy.ops.lipsync.save_phonemes(filepath=path, ending=".json")
    for action in list(bpy.data.actions):
        bpy.data.actions.remove(action)
    words.phones.clear()
    words.edited, words.take, words.source = False, "", ""
    assert not bpy.ops.lipsync.save_phonemes.poll()
    assert bpy.ops.lipsync.load_phonemes(filepath=path) == {"FINISHED"}
    bpy.ops.lipsync.bake()
    assert any(phone.unit == "o" for phone in words.phones) and words.edited
    for name, values in keys().items():
        np.testing.assert_allclose(values, played[name], atol=0.02, err_msg=name)
