"""`lipsync batch` from outside: what is baked, skipped, kept, deleted, and what it says."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.batch.report import troubles
from lipsync_addon.batch.state import Known
from lipsync_addon.batch.table import rows as read_rows
from lipsync_addon.batch.worker import Line, Quality
from lipsync_addon.cli.baker import Baker, _parser, lines, option_of
from tests.batch.conftest import Batch, results, words, write_table
from tests.batch.faulty import options


def test_a_folder_becomes_files_and_then_nothing_is_to_do(batch: Batch, voices: Path, out: Path) -> None:
    first = batch(voices, "--to", "{id}.csv", "--to", "curves/{id}.json")
    assert (first.code, first.err) == (0, "")
    assert first.count("baked") == 4
    made = results(out)
    assert sorted(made) == sorted(
        f"{a}{name}{b}"
        for name in ("boat_en", "hello_en", "lobo_es", "zug_de")
        for a, b in (("", ".csv"), ("curves/", ".json"))
    )
    second = batch(voices, "--to", "{id}.csv", "--to", "curves/{id}.json")
    assert (second.code, second.count("baked"), second.count("unchanged")) == (0, 0, 4)
    assert results(out) == made


def test_a_line_is_what_bake_makes_of_it(
    batch: Batch, voices: Path, out: Path, tiny_network: Path, tmp_path: Path
) -> None:
    from lipsync_addon.cli import main

    table = write_table(
        tmp_path / "t.csv", [{"sound": "voices/boat_en.wav", "preset": "Shouted", "emotion": "joy=0.4; sadness=0.1"}]
    )
    batch(table, "--to", "{id}.csv", "--to", "{id}.anim", "--lips", "1.4")
    alone = tmp_path / "boat_en.csv"
    options = ["--preset", "Shouted", "--emotion", "joy=0.4", "--emotion", "sadness=0.1", "--lips", "1.4"]
    sound = voices / "boat_en.wav"
    anim = tmp_path / "boat_en.anim"
    command = ["bake", "--network", str(tiny_network), str(sound), "--to", str(alone), "--to", str(anim), *options]
    assert main([*command, "--overwrite"]) == 0
    made = results(out)
    assert set(made) == {"voices/boat_en.csv", "voices/boat_en.anim"}
    for found, wanted in ((made["voices/boat_en.csv"], alone), (made["voices/boat_en.anim"], anim)):
        # Processes of a batch have fewer threads, and sums of another order differ in the last bit.
        numbers = re.compile(rb"-?\d+\.\d+")
        assert numbers.sub(b"", found) == numbers.sub(b"", wanted.read_bytes())
        ours, theirs = (np.array(numbers.findall(text), float) for text in (found, wanted.read_bytes()))
        np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=0.005)  # slopes are differences


def test_what_changed_is_baked_and_the_dry_run_says_why(batch: Batch, voices: Path, out: Path, tmp_path: Path) -> None:
    rows = [{"id": path.stem, "sound": str(path), "preset": "", "note": "x"} for path in sorted(voices.glob("*.wav"))]
    table = write_table(tmp_path / "t.csv", rows)
    batch(table)
    samples, rate = soundfile.read(voices / "boat_en.wav")
    soundfile.write(voices / "boat_en.wav", samples[::-1], rate)
    rows[1]["preset"] = "Shouted"
    (out / "lobo_es.csv").unlink()
    rows.append({"id": "ghost", "sound": "nowhere.wav"})
    write_table(table, rows)
    before = results(out)
    dry = batch(table, "--dry-run")
    assert dry.code == 1
    told = dry.out.splitlines()
    assert told[:5] == [
        "BAKE  boat_en: sound changed -> boat_en.csv",
        "BAKE  hello_en: settings changed -> hello_en.csv",
        "BAKE  lobo_es: lobo_es.csv missing -> lobo_es.csv",
        "SKIP  zug_de: nothing changed",
        told[4],
    ]
    assert told[4].startswith("FAIL  ghost: ") and "nowhere.wav' does not exist" in told[4]
    assert "Columns that change nothing but names: note" in told
    assert results(out) == before
    ran = batch(table)
    assert (ran.code, ran.count("baked"), ran.count("unchanged"), ran.count("failed")) == (1, 3, 1, 1)
    assert "does not exist" in ran.line("ghost")["error"]


def test_a_first_dry_run_leaves_nothing(batch: Batch, voices: Path, out: Path) -> None:
    assert batch(voices, "--dry-run").out.count("new -> ") == 4
    assert not out.exists()


def test_what_somebody_changed_is_never_overwritten(batch: Batch, voices: Path, out: Path) -> None:
    batch(voices)
    (out / "boat_en.csv").write_text("mine")
    (out / "zug_de.csv").unlink()
    (out / "other").mkdir()
    ran = batch(voices, "--intensity", "0.5", "--again")
    assert ran.code == 0 and (out / "boat_en.csv").read_text() == "mine"
    assert (ran.count("kept"), ran.count("baked")) == (1, 3)
    assert ran.line("boat_en")["reason"] == "boat_en.csv changed by hand; settings changed"
    assert "kept   boat_en: boat_en.csv changed by hand" in ran.out


def test_a_file_that_was_there_before_is_not_overwritten(batch: Batch, voices: Path, out: Path) -> None:
    out.mkdir()
    (out / "boat_en.csv").write_text("somebody's")
    ran = batch(voices)
    assert (out / "boat_en.csv").read_text() == "somebody's"
    assert ran.line("boat_en")["reason"].startswith("boat_en.csv was there before and is not ours")


def test_removed_lines_are_told_and_deleted_on_request_alone(batch: Batch, voices: Path, out: Path) -> None:
    batch(voices)
    (voices / "boat_en.wav").unlink()
    (voices / "zug_de.wav").unlink()
    (out / "zug_de.csv").write_text("mine")
    told = batch(voices)
    assert told.report["removed_lines"] == ["boat_en", "zug_de"]
    assert "No longer in the table: 2 lines, 2 files" in told.out and (out / "boat_en.csv").exists()
    deleted = batch(voices, "--delete-removed")
    assert not (out / "boat_en.csv").exists() and (out / "zug_de.csv").read_text() == "mine"
    assert "Deleted: boat_en.csv" in deleted.out and "so they stay: zug_de.csv" in deleted.out


def test_only_some_lines(batch: Batch, voices: Path, out: Path) -> None:
    ran = batch(voices, "--only", "*_en")
    assert (ran.code, ran.count("baked"), ran.count("not_chosen")) == (0, 2, 2)
    assert sorted(results(out)) == ["boat_en.csv", "hello_en.csv"]


def test_lines_of_a_list_of_ids_that_no_command_could_hold(
    batch: Batch, voices: Path, tmp_path: Path, out: Path
) -> None:
    file = tmp_path / "ids.json"
    file.write_text(json.dumps(["boat_en", *map(str, range(300_000))]))
    ran = batch(voices, "--ids", file, "--only", "hello*")
    assert (ran.code, ran.count("baked"), ran.count("not_chosen")) == (0, 2, 2)
    assert sorted(results(out)) == ["boat_en.csv", "hello_en.csv"]
    assert ran.err == "lipsync: The table has no line for 300000 of the ids in ids.json: 0, 1, 10, 100, 1000 ...\n"
    for encoding in ("utf-8-sig", "utf-16"):
        file.write_text('["boat_en", "zug_de"]', encoding=encoding)
        ran = batch(voices, "--ids", file, "--again")
        assert (ran.code, ran.err, ran.count("baked"), ran.count("not_chosen")) == (0, "", 2, 2)
    file.write_text("[]")  # as jq gives it where no line has troubles
    ran = batch(voices, "--ids", file, "--again")
    assert (ran.code, ran.err, ran.count("baked"), ran.count("not_chosen")) == (0, "", 0, 4)
    for wrong in ('{"ids": []}', "[1]", "boat_en"):
        file.write_text(wrong)
        ran = batch(voices, "--ids", file)
        assert ran.code == 2 and "ids.json is no" in ran.err
    assert "cannot be read" in batch(voices, "--ids", tmp_path / "absent.json").err


def test_bad_lines_do_not_stop_good_ones(batch: Batch, voices: Path, tmp_path: Path, out: Path) -> None:
    (voices / "cut.wav").write_bytes((voices / "boat_en.wav").read_bytes()[:3000])
    (voices / "empty.wav").touch()
    rows = [{"id": path.stem, "sound": str(path)} for path in sorted(voices.glob("*.wav"))]
    rows += [
        {"id": "style", "sound": rows[0]["sound"], "preset": "Nonsense"},
        {"id": "number", "sound": rows[0]["sound"], "intensity": "loud"},
        {"id": "none", "sound": ""},
        {"id": "same", "sound": rows[0]["sound"], "outputs": "BOAT_EN.CSV"},
        {"id": "out", "sound": rows[0]["sound"], "outputs": "../x.csv"},
        {"id": "body", "sound": rows[0]["sound"], "outputs": "x.blend"},
    ]
    ran = batch(write_table(tmp_path / "t.csv", rows))
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 4, 8)
    errors = {line["id"]: line["error"] for line in ran.report["lines"] if line["error"]}
    for id, told in {
        "cut": "cut off",
        "empty": "empty file",
        "style": "Nonsense",
        "number": "Argument --intensity: 'loud' is not a number.",
        "none": "names no sound",
        "same": "already the output of another line",
        "out": "leads out of the output folder",
        "body": "x.blend needs a character",
    }.items():
        assert told in errors[id], id
    assert len(results(out)) == 4
    tree = xml.etree.ElementTree.parse(out / "junit.xml").getroot()
    assert (tree.get("tests"), tree.get("failures")) == ("12", "8")
    assert {case.get("name") for case in tree.iter("testcase") if case.find("failure") is not None} == set(errors)


def test_hostile_names_stay_inside(batch: Batch, voices: Path, tmp_path: Path, out: Path) -> None:
    names = [
        "../../escape",
        "/etc/x",
        "con",
        "a\nb",
        "x" * 400,
        "Ünï çødé मे",
        "  ",
        "a" + "/b" * 5,
        "=1+1",
        ".lipsync/state",
    ]
    rows = [
        {"id": name, "sound": str(voices / "boat_en.wav"), "text": "=HYPERLINK(1)"} for name in names if name.strip()
    ]
    everything = set(tmp_path.rglob("*"))
    ran = batch(write_table(tmp_path / "t.csv", rows))
    assert (ran.code, ran.count("baked")) == (0, 9), ran.out
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - everything - {tmp_path / "t.csv"}
    assert all(path.is_relative_to(out) for path in made)
    assert len(results(out)) == 9
    with (out / "report.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert {row["text"] for row in table} == {"'=HYPERLINK(1)"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row.values())


def test_no_column_writes_outside_the_output_folder(batch: Batch, voices: Path, tmp_path: Path, out: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("mine")
    rows = [
        {"id": "a", "sound": "boat_en.wav", "timeline": str(mine)},
        {"id": "b", "sound": "boat_en.wav", "timeline": str(tmp_path / "new.json")},
    ]
    ran = batch(write_table(voices / "t.csv", rows))
    assert (ran.code, ran.count("baked")) == (0, 2), ran.err
    assert mine.read_text() == "mine" and not (tmp_path / "new.json").exists()
    assert "Columns that change nothing but names: timeline" in batch(voices / "t.csv", "--dry-run").out


def test_options_with_a_path_are_columns_only_where_it_is_read() -> None:
    paths = {action.dest for action in _parser()._actions if action.type is Path}
    columns = {action.dest for action in _parser()._actions if any(map(option_of, _names(action)))}
    assert paths & columns == {"text_file", "timeline_in", "transcriber_model"}
    assert paths - columns == {"line", "to", "also", "character", "edits_of", "timeline"}


def _names(action: argparse.Action) -> list[str]:
    return [flag.removeprefix("--") for flag in action.option_strings]


@pytest.mark.parametrize("said", ["1", "yes", "True", "on"])
def test_a_column_turns_a_switch_on(batch: Batch, voices: Path, tmp_path: Path, said: str) -> None:
    rows = [{"id": "on", "sound": "boat_en.wav", "face": said}, {"id": "off", "sound": "boat_en.wav", "face": "No"}]
    rows += [{"id": "unsure", "sound": "boat_en.wav", "face": "maybe"}, {"id": "none", "sound": "boat_en.wav"}]
    table = voices / "t.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)).replace('"True"', "true").replace('"No"', "false"))
    taken = {line.id: line for line in lines(read_rows([table]), ["{id}.csv"], {}, set())}
    assert {id: line.words for id, line in taken.items()} == {"on": ("--face",), "off": (), "unsure": (), "none": ()}
    told = "t.jsonl, row 3: face is on or off, and this says 'maybe'. Write yes or no."
    assert {id: line.problem for id, line in taken.items()} == {"on": "", "off": "", "unsure": told, "none": ""}
    if said == "True":
        ran = batch(table)
        assert (ran.code, ran.count("baked"), ran.line("unsure")["error"]) == (1, 3, told)


def test_another_language_is_left_and_not_gone(batch: Batch, voices: Path, out: Path) -> None:
    said = {"boat_en": "A boat.", "zug_de": "Ein Zug."}
    rows = [{"id": id, "sound": f"{id}.wav", "text": text, "language": id[-2:]} for id, text in said.items()]
    table = write_table(voices / "t.csv", rows)
    assert batch(table).count("baked") == 2
    ran = batch(table, "--language", "de", "--delete-removed", "--again")
    assert (ran.code, ran.count("baked"), ran.count("not_chosen")) == (0, 1, 1)
    assert sorted(results(out)) == ["boat_en.csv", "zug_de.csv"]
    assert "Deleted: nothing." in ran.out and ran.report["removed_lines"] == []
    assert batch(table, "--language", "fr", "--delete-removed").code == 2
    assert sorted(results(out)) == ["boat_en.csv", "zug_de.csv"]


def test_a_language_without_a_text_names_a_folder_alone(batch: Batch, voices: Path, out: Path) -> None:
    rows = [{"id": id, "sound": f"{id}.wav", "language": id[-2:]} for id in ("boat_en", "zug_de")]
    ran = batch(write_table(voices / "t.csv", rows), "--to", "{language}/{id}.csv")
    assert (ran.code, sorted(results(out))) == (0, ["de/zug_de.csv", "en/boat_en.csv"])


def test_an_id_that_is_there_twice_is_refused(batch: Batch, voices: Path, tmp_path: Path) -> None:
    rows = [{"id": "a", "sound": str(voices / "boat_en.wav")}] * 2
    ran = batch(write_table(tmp_path / "t.csv", rows))
    assert ran.code == 2 and "t.csv, row 3: the id 'a' is there twice" in ran.err


def test_a_network_that_is_damaged_or_absent_ends_the_run(
    voices: Path, out: Path, tiny_network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lipsync_addon.cli import main

    def told(network: Path) -> str:
        assert main(["batch", "--network", str(network), str(voices), "--out", str(out), "--quiet"]) == 2
        return capsys.readouterr().err

    assert "does not exist" in told(tmp_path / "nowhere.json")
    assert not out.exists()
    for file in tiny_network.parent.glob("tiny*"):
        (tmp_path / file.name).write_bytes(file.read_bytes() + b" " * (file.suffix == ".onnx"))
    assert "is damaged or not the one that its .json describes" in told(tmp_path / tiny_network.name)
    assert results(out) == {}


def test_a_network_that_is_replaced_while_a_watch_lasts_is_seen(tiny_network: Path, tmp_path: Path, out: Path) -> None:
    description = tmp_path / "network.json"
    shutil.copy(tiny_network, description)
    baker = Baker(options(description, out))
    before = baker.network()
    assert baker.network() == before
    description.write_text(description.read_text() + "\n")
    assert baker.network() != before


def test_a_text_in_another_language_than_the_table_says_is_among_the_worst(batch: Batch, voices: Path) -> None:
    text = "Am Abend fuhr ein bunter Zug über die Brücke, und alle Vögel flogen mit."
    rows = [{"id": language, "sound": "zug_de.wav", "language": language, "text": text} for language in ("en", "de")]
    ran = batch(write_table(voices / "t.csv", rows))
    told = {line["id"]: any("seems to be German" in each for each in line["troubles"]) for line in ran.report["lines"]}
    assert told == {"en": True, "de": False}
    some = sum(line["troubles"] != [] for line in ran.report["lines"])
    assert re.search(rf"^{some} lines? ha(s|ve) troubles, which the report tells\.$", ran.out, re.MULTILINE)


def test_a_network_that_is_unsure_comes_after_all_other_troubles() -> None:
    def line(**quality: float) -> Known:
        return Known(Line("a", "here", "a.wav", ()), "done", "", {}, Quality(seconds=2.0, **quality), "bake", "")

    unsure, open_lips, clipped = line(confidence=0.05), line(closures=40, unsealed=1), line(clipped=0.0011)
    (worst, told), = troubles(unsure)
    assert told == "network 5% sure" and 0 < worst < min(troubles(open_lips)[0][0], troubles(clipped)[0][0])
    assert [what[:7] for _, what in troubles(line(confidence=0.3, closures=40, unsealed=1))] == ["lips st", "network"]
    assert troubles(line(confidence=0.2)) > troubles(line(confidence=0.3)) and not troubles(line(confidence=0.4))


def test_a_table_without_lines_is_told(batch: Batch, voices: Path, tmp_path: Path, out: Path) -> None:
    assert batch(voices).code == 0
    (tmp_path / "t.csv").write_text("id,sound\n")
    ran = batch(tmp_path / "t.csv")
    assert ran.code == 0
    assert ran.out.startswith("There are no lines in what you gave.\nNo longer in the table: 4 lines, 4 files.")


def test_the_texts_of_all_languages_are_no_columns_that_change_nothing(batch: Batch, voices: Path) -> None:
    (voices / "t.csv").write_text("Key,English(en),German(de),note\nboat,A boat.,Ein Boot.,x\n")
    dry = batch(voices / "t.csv", "--sound", "{key}_{language}.wav", "--dry-run")
    assert dry.out.count("BAKE  en/boat") == 1
    assert "Columns that change nothing but names: note\n" in dry.out


def test_subtitles_of_a_text_that_does_not_fit_tell_the_score(batch: Batch, voices: Path, out: Path) -> None:
    text = "Een kat hoort immers te miauwen, en niet te praten."
    rows = [{"id": "a", "sound": "boat_en.wav", "text": text, "language": "nl"}]
    ran = batch(write_table(voices / "t.csv", rows), "--to", "{id}.csv", "--to", "{id}.srt")
    assert ran.code == 1 and results(out) == {}
    told = r"a.srt shows words, and none are known. boat_en.wav: the text does not fit the sound \(score -?0\.\d\d;"
    assert re.match(told, ran.line("a")["error"]), ran.line("a")["error"]


def test_no_result_has_the_name_of_a_report(batch: Batch, voices: Path, tmp_path: Path) -> None:
    rows = [{"id": "Report", "sound": "boat_en.wav"}, {"id": "other", "sound": "boat_en.wav"}]
    for _ in range(2):
        ran = batch(write_table(voices / "t.csv", rows))
        assert (ran.code, ran.count("failed")) == (1, 1)
        assert ran.line("Report")["error"].startswith("Report.csv is the name of the report. Give the line another id")


def test_a_name_that_is_not_unicode_fails_alone(batch: Batch, voices: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.jsonl"
    table.write_text(
        '{"id": "good", "sound": "voices/boat_en.wav"}\n'
        r'{"id": "bad \ud800", "sound": "voices/boat_en.wav", "note \udc00": "x"}'
    )
    ran = batch(table)
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 1, 1), ran.err
    assert ran.line(r"bad \ud800")["error"].startswith("t.jsonl, row 2 has characters that are not Unicode.")


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names are Unicode there")
def test_a_file_whose_name_is_not_utf_8_fails_alone(batch: Batch, voices: Path) -> None:
    shutil.copy(voices / "boat_en.wav", os.fsencode(voices) + b"/caf\xe9.wav")
    ran = batch(voices)
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 4, 1), ran.err
    assert "has characters that are not Unicode. Rename the file" in ran.line(r"caf\udce9")["error"]


def test_in_a_folder_what_is_wrong_with_one_sound_fails_alone(batch: Batch, voices: Path, out: Path) -> None:
    (voices / "boat_en.txt").write_bytes("Über".encode("latin-1"))
    shutil.copy(voices / "zug_de.wav", voices / "zug_de.wave.flac")
    shutil.copy(voices / "lobo_es.wav", voices / "lobo_es.aiff")
    ran = batch(voices)
    assert (ran.code, ran.count("baked"), ran.count("failed")) == (1, 4, 2), ran.err
    assert "boat_en.txt is not encoded as UTF-8" in ran.line("boat_en")["error"]
    assert "lobo_es.wav has the name of lobo_es.aiff" in ran.line("lobo_es.wav")["error"]


def test_the_dry_run_knows_what_must_fail(batch: Batch, voices: Path, out: Path) -> None:
    sound = "boat_en.wav"
    rows = [
        {"id": "good", "sound": sound, "emotion": "joy=0.4"},
        {"id": "ending", "sound": sound, "outputs": "x.nonsense"},
        {"id": "body", "sound": sound, "outputs": "x.blend"},
        {"id": "emotion", "sound": sound, "emotion": "envy=0.4"},
        {"id": "much", "sound": sound, "emotion": "joy=4"},
        {"id": "speech", "sound": sound, "speech style": "quiet:much"},
        {"id": "language", "sound": sound, "text": "Hello.", "language": "xx"},
        {"id": "rate", "sound": sound, "fps": "many"},
    ]
    dry = batch(write_table(voices / "t.csv", rows), "--dry-run")
    assert dry.code == 1 and "1 bake, 7 fail" in dry.out, dry.out
    told = dict(line[6:].split(": ", 1) for line in dry.out.splitlines() if line.startswith("FAIL"))
    assert "x.nonsense has an unknown ending" in told["ending"] and "x.blend needs a character" in told["body"]
    assert "does not read the language 'xx'" in told["language"]
    assert told["rate"].startswith("Argument --fps: 'many' is not a number.")
    assert "envy=0.4 is not an emotion" in told["emotion"] and "joy=4 is not" in told["much"] and told["speech"]
    ran = batch(voices / "t.csv")
    assert {line["id"]: line["error"] for line in ran.report["lines"] if line["error"]} == told


@pytest.mark.parametrize("lines", [4, 3000])
def test_who_reads_the_dry_run_may_have_enough(
    voices: Path, out: Path, tiny_network: Path, root: Path, lines: int
) -> None:
    table = write_table(voices / "t.csv", [{"id": f"{n}", "sound": "nowhere.wav"} for n in range(lines)])
    command = words(tiny_network, out, table, "--dry-run")
    run = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdout.close()
    assert (run.stderr.read(), run.wait(timeout=60)) == ("", 141)
