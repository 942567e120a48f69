"""What a line depends on counts by what it says, not by where its file lies."""

from __future__ import annotations

from pathlib import Path

from tests.batch.conftest import Batch, write_table


def test_names_count_by_what_they_say(batch: Batch, voices: Path, tmp_path: Path) -> None:
    names = tmp_path / "hero.json"
    names.write_text('{"profile": "arkit", "prefix": "Head."}')
    line = (voices / "boat_en.wav", "--to", "{id}.json")
    assert batch(*line, "--names", names).count("baked") == 1
    copy = tmp_path / "copy.json"
    copy.write_bytes(names.read_bytes())
    assert batch(*line, "--names", copy).count("unchanged") == 1
    copy.write_text('{"profile": "arkit", "prefix": "Face."}')
    ran = batch(*line, "--names", copy)
    assert ran.count("baked") == 1 and ran.line("boat_en")["reason"] == "names changed"


def test_phones_count_by_what_they_say(batch: Batch, voices: Path, tmp_path: Path) -> None:
    phones = tmp_path / "boat.tsv"
    phones.write_text("0.00\tX\n0.20\tA\n0.50\tD\n1.00\tX\n")
    row = {"id": "boat", "sound": str(voices / "boat_en.wav"), "timeline-in": str(phones)}
    table = write_table(tmp_path / "t.csv", [row])
    assert batch(table).count("baked") == 1
    assert batch(table).count("unchanged") == 1
    phones.write_text("0.00\tX\n0.20\tF\n0.50\tD\n1.00\tX\n")
    ran = batch(table)
    assert ran.count("baked") == 1 and ran.line("boat")["reason"] == "text changed"


def test_what_is_taken_out_counts_as_well(batch: Batch, voices: Path, tmp_path: Path) -> None:
    names = tmp_path / "hero.json"
    names.write_text('{"profile": "arkit", "prefix": "Head."}')
    row = {"id": "boat", "sound": str(voices / "boat_en.wav"), "text": "a boat", "names": str(names)}
    assert batch(write_table(tmp_path / "t.csv", [row]), "--to", "{id}.json").count("baked") == 1
    for name in ("text", "names"):
        del row[name]
        ran = batch(write_table(tmp_path / "t.csv", [row]), "--to", "{id}.json")
        assert ran.count("baked") == 1 and ran.line("boat")["reason"] == f"{name} changed"
