"""Other programs' curves: real captures, the files of our own exporters, and every kind of damage."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.cli import main
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.importers import read_curves


@pytest.fixture(scope="session")
def spoken(root: Path) -> AnimationTrack:
    """A second of speech as a network of ours once predicted it."""
    return read_curves(root / "tests" / "data" / "spoken.json")


@pytest.fixture
def capture(shared: Path, tmp_path: Path) -> Path:
    """A recording of the iPhone app, 30 frames a second with timecodes of 60."""
    packed = shared / "data" / "faces" / "livelink" / "alex_rom_3.csv.gz"
    path = tmp_path / "capture.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


def test_a_capture_of_the_app(capture: Path) -> None:
    track = read_curves(capture)
    with capture.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(track.names) == set(ARKIT_52) and track.start == 0
    assert track.fps == 30
    hours, minutes, seconds = (
        int(b) - int(a) for a, b in zip(rows[0]["Timecode"].split(":")[:3], rows[-1]["Timecode"].split(":")[:3])
    )
    assert track.duration == pytest.approx(hours * 3600 + minutes * 60 + seconds, abs=1)
    for name in ("jawOpen", "mouthLeft", "jawRight"):
        column = [float(row[name[0].upper() + name[1:]]) for row in rows]
        np.testing.assert_allclose(track.channel(name)[0], column[0], atol=1e-4)
        assert track.channel(name).max() == pytest.approx(max(column), abs=0.02)


@pytest.mark.parametrize("format_id", ["livelink", "json", "csv", "a2f-json", "a2f-csv"])
@pytest.mark.parametrize("fps", [30.0, 60.0, 30 / 1.001])
def test_what_we_write_is_read_back(spoken: AnimationTrack, tmp_path: Path, format_id: str, fps: float) -> None:
    path = tmp_path / f"a{FORMATS[format_id].extension}"
    write(spoken, path, FORMATS[format_id], ExportOptions(fps=fps))
    track = read_curves(path)
    assert track.fps == pytest.approx(fps, abs=0.04)
    names = [name for name in spoken.names if name in ARKIT_52]
    np.testing.assert_allclose(track.select(names).values, spoken.select(names).at(track.times), atol=0.01)


@pytest.mark.parametrize(
    "fps", [12, 15, 20, 24 / 1.001, 24, 25, 30, 40, 48, 50, 60 / 1.001, 72, 90, 100, 120, 144, 240]
)
def test_live_link_is_read_back_at_its_rate(tmp_path: Path, fps: float) -> None:
    times = np.arange(501)[:, None] / 200
    track = AnimationTrack(("jawOpen",), 0.5 + 0.5 * np.sin(3 * times), 200.0)
    write(track, tmp_path / "a.csv", FORMATS["livelink"], ExportOptions(fps=fps))
    back = read_curves(tmp_path / "a.csv")
    assert back.fps == pytest.approx(fps, abs=0.01)
    assert back.duration == pytest.approx(track.duration, abs=1 / fps)
    np.testing.assert_allclose(back.channel("jawOpen"), track.at(back.times)[:, 0], atol=0.01)


@pytest.mark.parametrize("clock", ["13:05", "00:00"])
def test_a_capture_of_24_frames_that_never_shows_the_last_four(tmp_path: Path, clock: str) -> None:
    frames = range(24) if clock == "13:05" else (*range(8), *range(9, 24))  # from zero, one more is missing
    rows = [f"{clock}:{second:02d}:{frame:02d}.000,61,0.5\n" for second in range(4) for frame in frames if frame < 20]
    (tmp_path / "a.csv").write_text("Timecode,BlendshapeCount,JawOpen\n" + "".join(rows))
    track = read_curves(tmp_path / "a.csv")
    assert track.fps == 24 and track.duration == pytest.approx(3 + 19 / 24, abs=0.03)


def test_frames_that_were_dropped_are_filled_in(spoken: AnimationTrack, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(spoken, path, FORMATS["livelink"])
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:20] + lines[23:]) + "\n")
    whole, track = spoken.select(["jawOpen"]), read_curves(path).select(["jawOpen"])
    assert len(track.values) == len(lines) - 1
    np.testing.assert_allclose(track.values, whole.at(track.times), atol=0.1)


def test_a_capture_cut_off_in_its_last_row(spoken: AnimationTrack, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(spoken, path, FORMATS["livelink"])
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines)[: -len(lines[-1]) // 2])
    rows = len(lines) - 1
    with pytest.raises(LipsyncError, match=rf"a\.csv is damaged.*row {rows} of {rows} has \d+ of 63 columns.*cut off"):
        read_curves(path)


def test_over_midnight(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    frames = [("23:59:59:58.000", 0.1), ("23:59:59:59.000", 0.2), ("00:00:00:00.000", 0.3)]
    path.write_text("Timecode,BlendShapeCount,JAWOPEN\n" + "".join(f"{t},61,{v}\n" for t, v in frames))
    track = read_curves(path)
    assert (track.fps, track.names) == (60, ("jawOpen",))
    np.testing.assert_allclose(track.values[:, 0], [0.1, 0.2, 0.3], atol=1e-6)


@pytest.mark.parametrize("kind", ["tsv", "xml", "json"])
def test_rhubarbs_mouths_become_curves(spoken: AnimationTrack, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    write(spoken, path, FORMATS[f"rhubarb-{kind}"])
    track = read_curves(path)
    assert (
        track.duration == pytest.approx(spoken.duration, abs=0.03)
        and np.abs(np.diff(track.values, axis=0)).max() <= 0.51
    )
    # "my name is Poppy": the lips meet in the middle of each closure and part for the vowel of "my" and "Pop".
    for second in (0.15, 0.70, 0.92):
        assert lip_gap(track)[round(second * 50)] < SEALED
    assert lip_gap(track)[round(0.26 * 50)] > 0.1 and lip_gap(track)[round(1.02 * 50)] > 0.1


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("a.csv", "", "unpack|known"),
        ("a.csv", "Timecode,BlendshapeCount,JawOpen\n", "no curves"),
        ("a.csv", "Timecode,BlendshapeCount,JawOpen\n00:00:00:00.000,61\n", "damaged"),
        ("a.csv", "Timecode,BlendshapeCount,JawOpen\n00:00:00:00.000,61,nan\n", "not numbers"),
        ("a.csv", "Timecode,BlendshapeCount,JawOpen\n0:0:0:1,61,0\n0:0:0:1,61,0\n", "time does not go on"),
        ("a.csv", "Timecode,JawOpen,jawopen\n0:0:0:1,61,0\n", "twice"),
        ("a.csv", "name,age\nBob,7\n", "no known layout"),
        ("a.json", "{", "damaged"),
        ("a.json", "[1, 2]", "no known layout"),
        ("a.json", '{"format_version": 2, "values": []}', "format_version"),
        ("a.json", '{"facsNames": ["jawOpen"], "exportFps": 30, "weightMat": [[0.1, 0.2]], "x": [}', "damaged"),
        ("a.tsv", "0.00\tX\n0.10\tK\n", "'K'"),
        ("a.tsv", "0.20\tX\n0.10\tA\n", "go back"),
        ("a.xml", "<rhubarbResult>", "not valid XML"),
        ("a.txt", "hello", "no known layout"),
    ],
)
def test_damage_is_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LipsyncError, match=words) as raised:
        read_curves(tmp_path / name)
    assert name in raised.value.message


def test_convert(capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "take.json"
    assert main(["convert", str(capture), "--to", str(target), "--format", "a2f-json", "--fps", "24"]) == 0
    assert json.loads(target.read_text())["exportFps"] == 24 and "52 channels" in capsys.readouterr().out
    assert main(["convert", str(tmp_path / "none.csv"), "--to", str(target)]) == 2
    assert "none.csv cannot be read" in capsys.readouterr().err
    assert main(["convert", str(capture), "--to", str(tmp_path / "a.blend")]) == 2
    assert "a.blend cannot be made of curves alone" in capsys.readouterr().err


SAMPLES = {  # of Rhubarb's manual, README.adoc
    "a.tsv": "0.00\tX\n0.05\tD\n0.27\tC\n0.31\tB\n0.43\tX\n0.47\tX\n",
    "a.xml": """<?xml version="1.0" encoding="utf-8"?>
<rhubarbResult>
  <metadata>
    <soundFile>hi.wav</soundFile>
    <duration>0.47</duration>
  </metadata>
  <mouthCues>
    <mouthCue start="0.00" end="0.05">X</mouthCue>
    <mouthCue start="0.05" end="0.27">D</mouthCue>
    <mouthCue start="0.27" end="0.31">C</mouthCue>
    <mouthCue start="0.31" end="0.43">B</mouthCue>
    <mouthCue start="0.43" end="0.47">X</mouthCue>
  </mouthCues>
</rhubarbResult>""",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_of_rhubarbs_manual(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SAMPLES[name])
    track = read_curves(tmp_path / name)
    assert track.duration == pytest.approx(0.48, abs=0.02)
    opening = track.channel("jawOpen")
    assert opening[round(0.16 * 50)] == opening.max() > 0.4 and opening[0] < 0.05 and opening[-1] < 0.05
