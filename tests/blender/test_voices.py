"""From the sequencer: who says which strip, cuts and speed, all takes or none."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest
import soundfile

from lipsync_addon.blender import sliders
from lipsync_addon.blender import voices as module
from lipsync_addon.blender.actions import takes_of
from lipsync_addon.blender.bake import BakeSettings
from lipsync_addon.blender.bake_scene import bake_scene, perform_voices
from lipsync_addon.blender.sound_import import sound_of_scene, sound_of_strip
from lipsync_addon.blender.stored import stored_prediction
from lipsync_addon.blender.strip_words import TEXT
from lipsync_addon.blender.voices import Assignment, Voice, find_voices
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.joining import joined, joined_predictions, settled
from lipsync_addon.core.keying import KeySettings
from lipsync_addon.core.pipeline import Performance
from lipsync_addon.core.prediction import Prediction, as_kept
from lipsync_addon.core.progress import Cancelled
from lipsync_addon.core.prosody import Prosody
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.track import AnimationTrack
from tests.blender.scene_builder import build_armature, build_character, build_mesh, snapshot

RATE = 16000
ROOT = Path(__file__).parents[2]
EVERY = BakeSettings(keys=KeySettings("every"))


@pytest.fixture
def clicks(tmp_path):
    """Four seconds with a click at every half second; clicks are heard at any speed."""
    samples = np.zeros(4 * 48000)
    for half in range(1, 8):
        samples[half * 24000] = 0.9
    soundfile.write(tmp_path / "clicks.wav", samples, 48000)
    return tmp_path / "clicks.wav"


def character(name: str) -> list[bpy.types.Object]:
    rig, face = build_armature(name), build_mesh(f"{name} Face", ["jawOpen", "mouthClose"])
    face.parent = rig
    return [face, rig]


def add(path, name: str, channel: int, start: int):
    editor = bpy.context.scene.sequence_editor or bpy.context.scene.sequence_editor_create()
    return editor.strips.new_sound(name, str(path), channel, start)


def heard(sound, start_frame: float) -> list[float]:
    """Scene frames of the clicks."""
    samples = np.concatenate(list(sound.blocks()))
    loud = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())
    first = loud[np.diff(loud, prepend=-RATE) > RATE // 20]
    return (start_frame + first / RATE * bpy.context.scene.render.fps).tolist()


def speaker(voice: Voice) -> str:
    (name,) = {name.split()[0] for name in voice.objects}
    return name


def opening(voice: Voice, progress) -> Performance:
    """A mouth that is open for as long as the sound lasts: what is baked can be seen on any frame."""
    progress(1.0)
    values = np.full((int(voice.sound.duration * 50) + 1, 1), 0.5)
    values[:10] = values[-10:] = 0
    return Performance(AnimationTrack(("jawOpen",), values, 50.0))


def takes() -> list[str]:
    return sorted(action["lipsync_take"] for action in bpy.data.actions if "lipsync_take" in action)


def shown(mesh: str, frame: int) -> float:
    bpy.context.scene.frame_set(frame)
    return bpy.data.objects[mesh].data.shape_keys.key_blocks["jawOpen"].value


def test_cuts_and_offsets_are_where_they_are_heard(clicks):
    scene, strip = bpy.context.scene, add(clicks, "line", 1, 10)
    strip.frame_offset_start, strip.frame_offset_end = 30, 20
    sound, start = sound_of_strip(strip, scene, RATE)
    assert start == strip.frame_final_start == 40 and sound.duration == pytest.approx((106 - 20 - 40) / 24)
    assert heard(sound, start) == pytest.approx([46, 58, 70, 82], abs=0.1)


def test_a_meta_strip_cuts_what_is_in_it(clicks):
    scene, strip = bpy.context.scene, add(clicks, "line", 1, 10)
    later = add(clicks, "later", 2, 100)
    meta = scene.sequence_editor.strips.new_meta("meta", 3, 10)
    for each in (strip, later):
        each.move_to_meta(meta)
    meta.frame_final_end = 90
    meta.frame_final_start = 40
    sound, start = sound_of_strip(strip, scene, RATE)
    assert start == 40 and sound.duration == pytest.approx(50 / 24)
    assert heard(sound, start) == pytest.approx([46, 58, 70, 82], abs=0.1)
    character("Zoe")
    assert [(v.take, v.start_frame) for v in find_voices(scene, RATE)[0]] == [("line", 40)]
    with pytest.raises(LipsyncError, match="'later' is heard"):
        sound_of_strip(later, scene, RATE)


def retimed(strip: bpy.types.SoundStrip, scene: bpy.types.Scene) -> None:
    """Plays the first 48 frames of a strip twice as fast."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    start = strip.frame_final_start
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
        scene.sequence_editor.active_strip = strip
        bpy.ops.sequencer.select_all(action="DESELECT")
        strip.select = True
        bpy.ops.sequencer.retiming_show()
        bpy.ops.sequencer.retiming_key_add(timeline_frame=start + 48)
    strip.retiming_keys[1].timeline_frame = start + 24


@pytest.mark.parametrize("begins", [10, 400])
@pytest.mark.parametrize("in_meta", [False, True])
def test_a_strip_at_another_speed_is_heard_as_it_plays(clicks, begins, in_meta):
    scene, strip = bpy.context.scene, add(clicks, "line", 1, begins)
    add(clicks, "other", 2, begins + 3)
    scene.frame_start, scene.frame_end = 3, 33
    retimed(strip, scene)
    if in_meta:
        meta = scene.sequence_editor.strips.new_meta("meta", 3, begins)
        strip.move_to_meta(meta)
        meta.frame_final_end = begins + 72
    before = snapshot()
    sound, start = sound_of_strip(strip, scene, RATE)
    assert snapshot() == before and (scene.frame_start, scene.frame_end) == (3, 33)
    assert not any(strip.mute for strip in scene.sequence_editor.strips)
    expected = [begins + 6, begins + 12, begins + 18, begins + 24]
    assert heard(sound, start)[:4] == pytest.approx(expected, abs=0.2)
    assert sound.source == "line", "its phones are known by that"


@pytest.mark.parametrize("begins", [-20, 10, 400])
def test_the_whole_scene_is_heard_with_a_strip_at_another_speed(clicks, begins):
    scene, strip = bpy.context.scene, add(clicks, "line", 1, begins)
    retimed(strip, scene)
    add(clicks, "other", 2, begins + 3)
    scene.frame_start, scene.frame_end = max(begins, 0) + 1, begins + 29
    quick, plain = [begins + 6, begins + 12, begins + 18, begins + 24], [begins + 15, begins + 27]
    for mute in (False, True):
        strip.mute = mute
        before = snapshot()
        sound, start = sound_of_scene(scene, RATE)
        assert snapshot() == before and strip.mute == mute
        assert start == scene.frame_start and sound.duration == pytest.approx((begins + 30 - start) / 24)
        clicked = [at for at in sorted(plain if mute else plain + quick) if at > start]
        assert heard(sound, start) == pytest.approx(clicked, abs=0.2)


def test_each_strip_to_its_character(clicks):
    scene = bpy.context.scene
    anna, bert = character("Anna"), character("Bert")
    for name, channel, start in (("anna_01", 1, 1), ("take 7", 2, 101), ("take 8", 2, 201), ("noise", 3, 1)):
        add(clicks, name, channel, start)
    scene.sequence_editor.channels[2].name = "Bert's voice"
    voices, left = find_voices(scene, RATE)
    assert [(v.strip, speaker(v)) for v in voices] == [("anna_01", "Anna"), ("take 7", "Bert"), ("take 8", "Bert")]
    assert len(left) == 1 and "'noise'" in left[0]
    table = [Assignment("Anna", channel=3), Assignment("Anna Face", strip="take 8")]
    voices, left = find_voices(scene, RATE, table=table)
    assert [speaker(v) for v in voices] == ["Anna", "Anna", "Bert", "Anna"] and not left
    scene.sequence_editor.channels[2].mute = True
    scene.sequence_editor.strips["noise"].mute = True
    assert [v.strip for v in find_voices(scene, RATE)[0]] == ["anna_01"]
    assert module.characters(scene) == [anna, bert] or {o for c in module.characters(scene) for o in c} == {
        *anna,
        *bert,
    }


def test_a_single_character_says_everything_that_is_selected(clicks):
    character("Zoe")
    add(clicks, "one", 1, 1).select = False
    add(clicks, "two", 1, 120)
    voices, _ = find_voices(bpy.context.scene, RATE, selected=True)
    assert [(v.take, v.start_frame) for v in voices] == [("two", 120)]


def test_nobody_to_speak_is_told(clicks):
    add(clicks, "one", 1, 1)
    with pytest.raises(LipsyncError, match="None of the voice strips has a character"):
        find_voices(bpy.context.scene, RATE)
    box = build_mesh("Box", [])
    character("Zoe")
    with pytest.raises(LipsyncError, match="'Box', who is to say 'one', has no mouth"):
        find_voices(bpy.context.scene, RATE, table=[Assignment(box.name, strip="one")])


@pytest.mark.parametrize("per", ["strip", "character"])
def test_every_line_opens_the_right_mouth_at_the_right_time(clicks, per):
    scene = bpy.context.scene
    character("Anna")
    character("Bert")
    for name, start in (("anna 1", 1), ("bert 1", 110), ("anna 2", 220)):
        add(clicks, name, 1, start)
    voices, _ = find_voices(scene, RATE)
    reports = bake_scene(scene, voices, perform_voices(voices, opening), EVERY, per)
    assert len(reports) == (3 if per == "strip" else 2)
    lines = {50: (0.5, 0), 105: (0, 0), 150: (0, 0.5), 210: (0, 0), 260: (0.5, 0), 330: (0, 0)}
    for frame, (anna, bert) in lines.items():
        assert (shown("Anna Face", frame), shown("Bert Face", frame)) == pytest.approx((anna, bert))


def test_a_strip_that_moved_takes_its_line_along(clicks):
    scene = bpy.context.scene
    character("Anna")
    one, two = add(clicks, "one", 1, 1), add(clicks, "two", 1, 110)
    for starts in ((1, 110), (300, 110), (1, 5000)):
        one.frame_start, two.frame_start = starts
        voices, _ = find_voices(scene, RATE)
        bake_scene(scene, voices, perform_voices(voices, opening), EVERY)
        for start in (1, 110, 300, 5000):
            assert shown("Anna Face", start + 50) == (0.5 if start in starts else 0)
        keys = bpy.data.objects["Anna Face"].data.shape_keys
        assert sum(len(track.strips) for track in keys.animation_data.nla_tracks if track.name == "Lipsync") == 2
    assert len(takes()) == 2


@pytest.mark.parametrize("per", ["strip", "character"])
def test_an_error_in_the_last_line_leaves_nothing_half_done(clicks, per):
    scene = bpy.context.scene
    character("Anna"), character("Bert")
    for name, start in (("anna 1", 1), ("anna 2", 110), ("bert 1", 220)):
        add(clicks, name, 1, start)
    voices, _ = find_voices(scene, RATE)
    performances = perform_voices(voices, opening)
    bake_scene(scene, voices[:1], performances[:1], EVERY, per)
    scene.sequence_editor.strips["anna 1"].frame_start = 40
    voices, _ = find_voices(scene, RATE)
    before = snapshot()
    silent = Performance(AnimationTrack(("jawOpen",), np.zeros((0, 1)), 50.0))
    with pytest.raises(LipsyncError, match="bert 1|Bert"):
        bake_scene(scene, voices, [*performances[:2], silent], EVERY, per)
    assert snapshot() == before


def test_stopping_between_lines(clicks):
    character("Anna")
    for start in (1, 110, 220):
        add(clicks, f"line {start}", 1, start)
    voices, _ = find_voices(bpy.context.scene, RATE)
    seen = []

    def progress(fraction: float) -> None:
        seen.append(fraction)
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        perform_voices(voices, opening, progress)
    assert seen == pytest.approx([1 / 3, 2 / 3])


def test_one_click_one_undo(addon, shared, tmp_path):
    import io
    import tarfile

    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        samples, rate = soundfile.read(io.BytesIO(archive.extractfile("jfk.opus").read()))
    soundfile.write(tmp_path / "speech.wav", samples, rate)
    scene = bpy.context.scene
    character("Anna"), character("Bert")
    for name, channel, start, end in (("anna", 1, 1, 60), ("other", 2, 61, 90)):
        strip = add(tmp_path / "speech.wav", name, channel, start)
        strip.frame_final_end = end
    settings = scene.lipsync
    assert bpy.ops.lipsync.list_voices() == {"FINISHED"}
    rows = settings.voices.rows
    assert [(row.channel, row.character and row.character.name) for row in rows] == [(1, "Anna"), (2, None)]
    rows[1].character = bpy.data.objects["Bert Face"]
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.lipsync.bake_scene("EXEC_DEFAULT", True) == {"FINISHED"}
    assert takes() == ["anna", "other"]
    assert max(shown("Anna Face", frame) for frame in range(10, 50, 3)) > 0.05
    assert max(shown("Bert Face", frame) for frame in range(1, 55, 3)) == 0
    bpy.ops.ed.undo()
    assert len(bpy.data.actions) == 0 and bpy.data.objects["Anna Face"].data.shape_keys.animation_data is None


def test_lines_on_one_clock():
    names = ("jawOpen", "viseme_sil")
    line = AnimationTrack(names, np.tile(np.float32([0.5, 0]), (50, 1)), 50.0)
    track = joined([(10.0, line), (12.003, line), (12.5, line.with_values(line.values * 1.2))])
    assert (track.start, len(track.values)) == (10.0, 175)
    assert track.channel("jawOpen")[[0, 49, 60, 99, 100, 124, 125, 174]] == pytest.approx(
        [0.5, 0.5, 0, 0, 0.5, 0.5, 0.6, 0.6]
    )
    assert track.channel("viseme_sil")[[0, 60, 110]] == pytest.approx([0, 1, 0])
    with pytest.raises(ValueError):
        joined([])


def test_a_line_that_is_cut_in_a_word_begins_and_ends_at_rest():
    names = ("jawOpen", "mouthClose", "viseme_sil")
    track = settled(AnimationTrack(names, np.tile(np.float32([0.5, 0.4, 0]), (50, 1)), 50.0))
    assert track.values[[0, 25, 49]] == pytest.approx(np.array([[0, 0, 1], [0.5, 0.4, 0], [0, 0, 1]]))


def test_strips_leave_the_artists_keys_alone_between_them(clicks):
    """Blender's default for a shape key is 1 since 5.0: keys must be at rest between strips, but those of the
    artist."""
    scene, (face, _) = bpy.context.scene, character("Anna")
    keys = face.data.shape_keys
    keys.key_blocks["mouthClose"].value = 0.25
    keys.key_blocks["mouthClose"].keyframe_insert("value", frame=1)
    add(clicks, "line", 1, 100)
    voices, _ = find_voices(scene, RATE)
    bake_scene(scene, voices, perform_voices(voices, opening), EVERY)
    assert [shown("Anna Face", frame) for frame in (50, 150, 300)] == [0, 0.5, 0]
    assert keys.key_blocks["mouthClose"].value == 0.25



@pytest.fixture
def spoken(addon, tmp_path):
    """Three sentences in a row, whose words are known in three ways; baked."""
    scene, lines = bpy.context.scene, ROOT / "examples" / "lines"
    build_character()
    for place, name in enumerate(("hello_en", "boat_en", "market_en")):
        shutil.copy(lines / f"{name}.flac", tmp_path)
        add(tmp_path / f"{name}.flac", name, 1, 1 + 200 * place)
    texts = {
        Path(row["file"]).stem: row["text"] for row in csv.DictReader((lines / "lines.csv").open(encoding="utf-8"))
    }
    (tmp_path / "market_en.txt").write_text(texts["market_en"], encoding="utf-8")
    (tmp_path / "boat_en.txt").write_text("The table goes before this.", encoding="utf-8")
    table = tmp_path / "table.csv"
    table.write_text(f'id,text,language\nhello_en,"Not this."\nboat_en,"{texts["boat_en"]}",en-GB\n', encoding="utf-8")
    scene.lipsync.voices.texts = str(table)
    for strip in scene.sequence_editor.strips:
        strip.select = strip.name == "hello_en"
    bpy.ops.lipsync.list_voices(selected=True)
    strips = scene.sequence_editor.strips
    assert TEXT in strips["hello_en"] and TEXT not in strips["boat_en"]
    strips["hello_en"][TEXT] = texts["hello_en"]
    return texts


def marked() -> str:
    """Our markers in the order of their frames."""
    bpy.ops.lipsync.mark(kind="WORDS")
    return " ".join(marker.name for marker in sorted(bpy.context.scene.timeline_markers, key=lambda m: m.frame))


def same_words(one: str, other: str) -> bool:
    return re.findall(r"\w+", one.lower()) == re.findall(r"\w+", other.lower())


def test_each_strip_is_baked_with_its_words_and_keeps_them(spoken):
    bpy.ops.lipsync.bake_scene()
    for action in takes_of([bpy.data.objects["Face"]]):
        words = stored_prediction(action).timeline.words
        assert same_words(" ".join(words), spoken[action["lipsync_take"]])


def test_several_strips_in_one_take_keep_what_was_heard(spoken):
    settings = bpy.context.scene.lipsync
    settings.voices.per, settings.face.enabled = "character", True
    bpy.ops.lipsync.bake_scene()
    (take,) = takes()
    assert same_words(marked(), " ".join(spoken[name] for name in ("hello_en", "boat_en", "market_en")))
    settings.jaw = 1.4
    assert sliders.problem() is None
    at_once = [shown("Face", frame) for frame in range(1, 560, 3)]
    bpy.ops.lipsync.bake_scene()
    assert takes() == [take]
    np.testing.assert_allclose(at_once, [shown("Face", frame) for frame in range(1, 560, 3)], atol=1e-4)
    settings.jaw = 1.0
    assert max(at_once) > 1.2 * max(shown("Face", frame) for frame in range(1, 560, 3))


def test_a_cut_strip_ends_at_rest_after_a_slider_too(addon):
    build_character()
    strip = add(ROOT / "examples" / "lines" / "boat_en.flac", "boat", 1, 1)
    strip.frame_final_end = 30  # in the middle of a word
    for bake in (bpy.ops.lipsync.bake_scene, bpy.ops.lipsync.bake):
        settings = bpy.context.scene.lipsync
        settings.source, settings.strip, settings.jaw = "STRIP", "boat", 1.0
        bake()
        settings.jaw = 1.5
        assert max(shown("Face", frame) for frame in range(1, 30)) > 0.1
        assert shown("Face", 31) == pytest.approx(0, abs=0.02)


def test_predictions_on_one_clock():
    def line(units: str, words: tuple[str, ...], silent: bool = False) -> Prediction:
        phones = tuple(Phone(unit, 0.2 * i, 0.2 * (i + 1), 0.5, min(i, len(words) - 1)) for i, unit in enumerate(units))
        values = np.tile(np.float32([0.5, 0]), (10 * len(units), 1))
        track = AnimationTrack(("jawOpen", "viseme_sil"), values, 50.0)
        prosody = Prosody(np.full(len(values), -20.0, np.float32), np.full(len(values), 120.0, np.float32))
        return Prediction(track, PhonemeTimeline(phones, words, "en", "a.wav"), silent, "a.wav", prosody)

    lines = [(1.0, line("ba", ("ba",))), (1.3, line("mi", ("me", "i"))), (0.0, line("d", ("d",), True))]
    whole = joined_predictions(lines, "all")
    said = [(p.unit, round(p.start, 3), round(p.end, 3), p.word) for p in whole.timeline.phones]
    assert said == [
        ("sil", 0, 1.0, None), ("b", 1.0, 1.2, 1), ("a", 1.2, 1.3, 1), ("m", 1.3, 1.5, 2), ("i", 1.5, 1.7, 3)
    ]  # fmt: skip
    assert whole.timeline.words == ("d", "ba", "me", "i") and whole.source == "all" and not whole.silent
    assert (whole.track.start, len(whole.track.values)) == (0.0, 85)
    assert whole.track.channel("jawOpen")[[5, 20, 52, 80]] == pytest.approx([0, 0, 0.5, 0.5])
    assert whole.prosody.level[[30, 52]] == pytest.approx([-100, -20])
    assert whole.prosody.pitch[[30, 52]] == pytest.approx([0, 120])
    assert as_kept(whole).sounds[3].unit == "m" and as_kept(whole).timeline.words == whole.timeline.words
