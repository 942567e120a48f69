"""`lipsync bake` with words: closures are certain, and text that does not fit is told with numbers, never silent."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.cli import baker, main
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.core.timeline_file import load
from lipsync_addon.importers import read_curves

TEXT = "Een kat hoort immers te miauwen, en niet te praten."


@pytest.fixture
def line(shared: Path) -> Path:
    """A Dutch sentence that never trained the network."""
    return shared / "bench" / "dev_nl" / "nl_rhasspy_1.opus"


def bake(line: Path, folder: Path, *words: str) -> tuple[int, Path]:
    return main(
        ["bake", str(line), "--to", str(folder / "a.csv"), "--format", "csv", "--overwrite", *words]
    ), folder / "a.csv"


def test_lips_meet_in_every_p_b_m_of_the_text(line: Path, tmp_path: Path) -> None:
    saved = tmp_path / "a.json"
    code, curves = bake(line, tmp_path, "--text", TEXT, "--language", "nl", "--timeline", str(saved))
    assert code == 0
    timeline, track = load(saved), read_curves(curves)
    assert [word.text for word in timeline.word_spans()] == TEXT.split()
    assert 2.5 < timeline.end < 2.7
    closures = [phone for phone in timeline.phones if phone.unit in BILABIALS]
    assert [phone.unit for phone in closures] == ["m", "m", "p"]
    gap = lip_gap(track)
    for phone in closures:
        assert gap[(track.times >= phone.start - 0.01) & (track.times <= phone.end + 0.01)].min() < SEALED


def test_an_edited_track_moves_a_closure(line: Path, tmp_path: Path) -> None:
    saved = tmp_path / "a.json"
    bake(line, tmp_path, "--text", TEXT, "--language", "nl", "--timeline", str(saved))
    _, curves = bake(line, tmp_path, "--timeline-in", str(saved))
    as_it_was = read_curves(curves)
    data = json.loads(saved.read_text(encoding="utf-8"))
    vowel = next(phone for phone in data["phones"] if phone["unit"] == "ɑ")
    vowel["unit"] = "m"
    saved.write_text(json.dumps(data), encoding="utf-8")
    _, curves = bake(line, tmp_path, "--timeline-in", str(saved))
    edited = read_curves(curves)
    middle = round((vowel["start"] + vowel["end"]) / 2 * edited.fps)
    assert lip_gap(as_it_was)[middle] > 2 * SEALED > SEALED > lip_gap(edited)[middle]
    far = edited.times > vowel["end"] + 1.5
    assert (edited.values[far] == as_it_was.values[far]).all()


def test_the_language_that_was_guessed_is_told(line: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bake(line, tmp_path, "--text", TEXT)
    assert "the text is read as Dutch, guessed from the text (" in capsys.readouterr().err


def test_text_of_another_line_is_left_out_and_told(line: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    _, curves = bake(line, tmp_path)
    alone = read_curves(curves)
    code, curves = bake(line, tmp_path, "--text", "Commercieel gebruik is niet toegestaan.", "--language", "nl")
    assert code == 0
    assert (read_curves(curves).values == alone.values).all()
    assert "the text does not fit the sound (score 0." in capsys.readouterr().err


def test_words_that_are_not_said_are_told_with_their_place(
    line: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    text = TEXT.replace("te miauwen", "nooit pannenkoeken te miauwen")
    saved = tmp_path / "a.json"
    bake(line, tmp_path, "--text", text, "--language", "nl", "--timeline", str(saved))
    told = capsys.readouterr().err
    assert "s: the text has 'nooit pannenkoeken'" in told and "The sound wins." in told
    assert "pannenkoeken" not in [word.text for word in load(saved).word_spans()]


def test_without_a_text_the_track_is_what_is_heard(line: Path, tmp_path: Path) -> None:
    _, curves = bake(line, tmp_path)
    alone = read_curves(curves)
    saved = tmp_path / "a.json"
    _, curves = bake(line, tmp_path, "--timeline", str(saved))
    assert (read_curves(curves).values == alone.values).all()
    phones = [phone for phone in load(saved).phones if phone.unit != "sil"]
    assert 15 < len(phones) < 60
    assert all(phone.word is None and phone.confidence < 1 for phone in phones)


@pytest.mark.parametrize("words", [(), ("--text", TEXT, "--language", "nl")])
def test_a_way_of_speaking_moves_the_mouth_otherwise(
    words: tuple[str, ...], line: Path, tmp_path: Path, capsys
) -> None:
    ways = {}
    for way in ("", "filmed", "captured"):
        code, curves = bake(line, tmp_path, *words, *(["--speech-style", way] if way else []))
        assert code == 0
        ways[way] = lip_gap(read_curves(curves))
    for one, other in itertools.combinations(ways.values(), 2):
        assert np.abs(one - other).max() > SEALED
    assert bake(line, tmp_path, *words, "--speech-style", "shy")[0] != 0
    assert "knows no style 'shy'. Choose one of filmed, captured, clear." in capsys.readouterr().err


@pytest.mark.parametrize("words", ["", "😀 [laughs]", "<speak></speak>"])
def test_text_without_words_bakes_what_is_heard(
    words: str, line: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert bake(line, tmp_path, "--text", words)[0] == 0
    assert "nl_rhasspy_1.opus: the text has no words" in capsys.readouterr().err


def test_the_row_of_a_table_gives_text_and_language(line: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    table = tmp_path / "lines.csv"
    table.write_text(f'file,transcript,lang\nother.wav,Hello.,en\nnl_rhasspy_1.wav,"{TEXT}",nl\n', encoding="utf-8")
    saved = tmp_path / "a.json"
    assert bake(line, tmp_path, "--text-file", str(table), "--timeline", str(saved))[0] == 0
    assert (load(saved).language, capsys.readouterr().err) == ("nl", "")
    table.write_text("file,transcript\nother.wav,Hello.\n", encoding="utf-8")
    assert bake(line, tmp_path, "--text-file", str(table))[0] == 2
    assert "lines.csv has no text for nl_rhasspy_1.opus" in capsys.readouterr().err


def test_right_to_left_text_for_a_dutch_line_does_not_fit(
    line: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert bake(line, tmp_path, "--text", "כל בני אדם נולדו בני חורין", "--language", "he")[0] == 0
    assert "does not fit the sound" in capsys.readouterr().err


def test_bad_options_are_told_in_a_sentence(line: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    subtitles, empty, broken = (tmp_path / name for name in ("a.srt", "b.json", "c.json"))
    for file, content in ((subtitles, ""), (empty, "{}"), (broken, "{")):
        file.write_text(content)
    for words, complaint in (
        (("--language", "nl"), "A language is given, but no text."),
        (("--text", "hallo", "--language", "xx"), "does not read the language 'xx'"),
        (("--text-file", str(tmp_path / "no.txt")), "no.txt cannot be read"),
        (("--timeline-in", str(tmp_path / "no.json")), "no.json cannot be read"),
        (("--text-file", str(tmp_path / "a.phones.json")), "a.phones.json is no text. If it holds phonemes"),
        (("--timeline-in", str(subtitles)), "a.srt is no file of phonemes. Readable are our own JSON (--timeline)"),
        (("--timeline-in", str(empty)), 'b.json is no phoneme track: it has no "format": "lipsync phonemes".'),
        (("--timeline-in", str(broken)), "Readable are our own JSON (--timeline), Praat TextGrid, and Rhubarb"),
        (("--timeline", str(tmp_path / "a.wav")), "is no name for phonemes"),
    ):
        assert bake(line, tmp_path, *words)[0] == 2
        assert complaint in capsys.readouterr().err


def test_phonemes_of_another_line_are_told(
    line: Path, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    saved = tmp_path / "a.phones.json"
    assert bake(line, tmp_path, "--timeline", str(saved))[0] == 0
    assert bake(line, tmp_path, "--timeline-in", str(saved))[0] == 0
    assert "of another line" not in capsys.readouterr().err
    other = next(each for each in sorted(line.parent.glob("*.opus")) if each != line)
    assert bake(other, tmp_path, "--timeline-in", str(saved))[0] == 0
    assert f"the phonemes end at {load(saved).end:.2f} s and the sound at" in capsys.readouterr().err


def test_whatever_reads_words_decides_whether_a_batch_is_baked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    versions: list[str] = []
    monkeypatch.setattr(baker, "file_digest", lambda file: read.append(file) or "")
    monkeypatch.setattr(baker, "_version", lambda package: versions.append(package) or "")
    baker._tool.__wrapped__(False)
    assert {"words.py", "ipa.json", "accents.json", "text_fit.json", "languages.py"} <= {file.name for file in read}
    assert {"espeakng-loader", "py3langid"} <= set(versions)


def test_a_text_grid_goes_out_and_comes_in_again(line: Path, tmp_path: Path) -> None:
    grid, saved = tmp_path / "a.TextGrid", tmp_path / "a.json"
    bake(line, tmp_path, "--text", TEXT, "--language", "nl", "--to", str(grid), "--timeline", str(saved))
    again = tmp_path / "b.json"
    assert bake(line, tmp_path, "--timeline-in", str(grid), "--timeline", str(again))[0] == 0
    one, other = load(saved), load(again)
    assert [phone.unit for phone in other.phones] == [phone.unit for phone in one.phones]
    assert [word.text for word in other.word_spans()] == TEXT.split()
    assert max(abs(a.start - b.start) for a, b in zip(one.phones, other.phones)) < 1e-3


def test_mouths_of_rhubarb_become_phones(line: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    mouths, again = tmp_path / "a.tsv", tmp_path / "b.json"
    mouths.write_text("0.00\tX\n0.50\tA\n0.60\tD\n1.00\tX\n2.62\tX\n", encoding="utf-8")
    _, curves = bake(line, tmp_path, "--timeline-in", str(mouths), "--timeline", str(again))
    assert [phone.unit for phone in load(again).phones] == ["sil", "m", "a", "sil"]
    assert lip_gap(read_curves(curves))[27] < SEALED
    mouths.write_text("0.00\tQ\n0.50\tA\n", encoding="utf-8")
    assert bake(line, tmp_path, "--timeline-in", str(mouths))[0] == 2
    assert "a.tsv is damaged or of another kind: the shape 'Q'" in capsys.readouterr().err


def test_a_batch_takes_text_and_language_of_every_row(line: Path, tmp_path: Path) -> None:
    table = tmp_path / "lines.csv"
    table.write_text(f'id,file,text,language\nkat,{line},"{TEXT}",Dutch\n', encoding="utf-8")
    assert (
        main(["batch", str(table), "--out", str(tmp_path / "out"), "--to", "{id}.json", "--workers", "1", "--quiet"])
        == 0
    )
    for name, words in (("text", ("--text", TEXT, "--language", "nl")), ("alone", ())):
        assert main(["bake", str(line), "--to", str(tmp_path / f"{name}.json"), *words]) == 0
    of_batch = read_curves(tmp_path / "out" / "kat.json").values
    assert (of_batch == read_curves(tmp_path / "text.json").values).all()
    assert (of_batch != read_curves(tmp_path / "alone.json").values).any()


def test_edits_of_a_spoken_draft_move_along_to_the_recorded_line(line: Path, tmp_path: Path, capsys) -> None:
    draft, edited, saved = tmp_path / "draft.json", tmp_path / "edited.json", tmp_path / "a.json"
    speak = ["speak", TEXT, "--voice", "nl", "--to", str(tmp_path / "draft.wav"), "--timeline", str(draft)]
    assert main(speak) == 0
    data = json.loads(draft.read_text(encoding="utf-8"))
    next(phone for phone in data["phones"] if phone["unit"] == "ɑ")["unit"] = "m"
    next(phone for phone in data["phones"] if phone["unit"] == "p")["mute"] = True
    edited.write_text(json.dumps(data), encoding="utf-8")
    words = ("--text", TEXT, "--language", "nl", "--edits-of", str(draft), str(edited), "--timeline", str(saved))
    code, curves = bake(line, tmp_path, *words)
    assert code == 0 and "dropped" not in capsys.readouterr().err
    phones, gap = load(saved).phones, lip_gap(read_curves(curves))
    vowel = next(phone for phone in phones if phone.unit == "m" and phone.word == 1)
    assert gap[round((vowel.start + vowel.end) / 2 * read_curves(curves).fps)] < SEALED
    assert [(phone.unit, phone.word) for phone in phones if phone.mute] == [("p", 9)]
    assert bake(line, tmp_path, "--edits-of", str(draft), str(tmp_path / "no.json"))[0] == 2
    assert "no.json cannot be read" in capsys.readouterr().err
