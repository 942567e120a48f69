"""`lipsync bake` on real speech: what it writes and what it says."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.cli import main


def jaw(file: Path) -> np.ndarray:
    with file.open(newline="") as lines:
        return np.array([float(row["JawOpen"]) for row in csv.DictReader(lines)])


def test_several_files_at_once(lipsync, speech: Path, tmp_path: Path) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--to", tmp_path / "b.json")
    assert (ran.code, ran.err) == (0, "")
    data = json.loads((tmp_path / "b.json").read_text())
    seconds = soundfile.info(speech).duration
    assert len(data["values"]) == int(seconds * 50) + 1
    assert len(jaw(tmp_path / "a.csv")) == pytest.approx(seconds * 60, abs=2)
    for told in ("line.wav", f"{len(data['values'])} frames", "67 channels", "CPU", "a.csv", "b.json"):
        assert told in ran.out


def test_the_real_network_is_the_default(speech: Path, tmp_path: Path) -> None:
    assert main(["bake", str(speech), "--to", str(tmp_path / "a.json")]) == 0
    assert "viseme_sil" in json.loads((tmp_path / "a.json").read_text())["names"]


@pytest.mark.parametrize("fps, exact", [("23.976", 24 / 1.001), ("29.97", 30 / 1.001), ("25", 25.0)])
def test_frame_rate(lipsync, speech: Path, tmp_path: Path, fps: str, exact: float) -> None:
    assert lipsync("bake", speech, "--to", tmp_path / "a.json", "--fps", fps).code == 0
    assert json.loads((tmp_path / "a.json").read_text())["fps"] == exact


def test_intensity_and_smoothing(lipsync, speech: Path, tmp_path: Path) -> None:
    for name, style in {"as_is": [], "half": ["--intensity", 0.5], "soft": ["--smoothing", 0.1]}.items():
        assert lipsync("bake", speech, "--to", tmp_path / f"{name}.csv", *style).code == 0
    as_is, half, soft = (jaw(tmp_path / f"{name}.csv") for name in ("as_is", "half", "soft"))
    assert as_is.max() > 0.1
    assert half.max() == pytest.approx(as_is.max() / 2, rel=0.05)
    assert np.abs(np.diff(soft)).max() < np.abs(np.diff(as_is)).max()


def test_a_preset_and_a_slider_that_overrides_it(lipsync, speech: Path, tmp_path: Path) -> None:
    styles = {"as_is": [], "soft": ["--preset", "whisper"], "more": ["--preset", "Whisper", "--jaw-gain", 0.8]}
    for name, style in styles.items():
        assert lipsync("bake", speech, "--to", tmp_path / f"{name}.csv", *style).code == 0
    as_is, soft, more = (jaw(tmp_path / f"{name}.csv").max() for name in ("as_is", "soft", "more"))
    assert soft < more < as_is


def test_unknown_preset(lipsync, speech: Path, tmp_path: Path) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--preset", "opera")
    assert ran.code == 2 and "opera" in ran.err and "Mumble" in ran.err


def test_quiet(lipsync, speech: Path, tmp_path: Path) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_silence_gives_a_still_mouth_and_a_notice(lipsync, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(32000), 16000)
    ran = lipsync("bake", tmp_path / "silent.wav", "--to", tmp_path / "a.csv")
    assert ran.code == 0 and not jaw(tmp_path / "a.csv").any()
    assert ran.err == "lipsync: silent.wav: silent, so the mouth stays still.\n"


def test_an_older_result_is_kept_unless_told(lipsync, speech: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    for command, source in (("bake", speech), ("convert", tmp_path / "absent.csv")):
        ran = lipsync(command, source, "--to", tmp_path / "b.json", "--to", tmp_path / "a.csv")
        assert ran.code == 2 and "a.csv exists already and is kept" in ran.err and "--overwrite" in ran.err
    assert (tmp_path / "a.csv").read_text() == "old" and not (tmp_path / "b.json").exists()
    assert lipsync("bake", speech, "--to", tmp_path / "a.csv", "--overwrite").code == 0  # our own from here on
    assert lipsync("bake", speech, "--to", tmp_path / "a.csv").code == 0
    assert len(jaw(tmp_path / "a.csv")) > 100


def test_a_result_that_was_edited_by_hand_is_kept(lipsync, speech: Path, tmp_path: Path) -> None:
    assert lipsync("bake", speech, "--to", tmp_path / "a.csv").code == 0
    edited = (tmp_path / "a.csv").read_text().replace("0.0000000000", "0.1000000000", 1)
    (tmp_path / "a.csv").write_text(edited)
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv")
    assert ran.code == 2 and "is kept" in ran.err and (tmp_path / "a.csv").read_text() == edited


def test_without_a_folder_to_remember_in(lipsync, speech: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    assert lipsync("bake", speech, "--to", tmp_path / "a.csv").code == 0
    assert lipsync("bake", speech, "--to", tmp_path / "a.csv").code == 2


def test_names_that_are_not_ascii(lipsync, speech: Path, tmp_path: Path) -> None:
    line = speech.rename(tmp_path / "größe 口.wav")
    assert lipsync("bake", line, "--to", tmp_path / "口 é.csv").code == 0
    assert len(jaw(tmp_path / "口 é.csv")) > 100


def test_ctrl_c_leaves_nothing(lipsync, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lipsync_addon.cli.bake.animate", interrupted)
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv")
    assert ran.code == 130 and "stopped" in ran.err and not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize(
    "arguments, example", [([], "lipsync bake"), (["bake"], "--to line.csv"), (["info"], "lipsync info")]
)
def test_help_has_an_example(arguments: list[str], example: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    assert example in capsys.readouterr().out.split("Example")[1]


def test_info_says_what_runs_and_what_can_be_written(lipsync) -> None:
    ran = lipsync("info")
    assert ran.code == 0
    for told in ("tiny 1", "16000 Hz", "50 frames", "runs on   CPU", ".csv", ".fbx", "Blender"):
        assert told in ran.out


def test_as_a_program(speech: Path, tmp_path: Path, tiny_network: Path, root: Path) -> None:
    """From a shell: exit code 0 and the file; a second with a wrong name: exit code 2 and no traceback."""
    command = [sys.executable, "-m", "lipsync_addon.cli", "bake", "--network", str(tiny_network)]
    run = {"cwd": root, "check": False, "capture_output": True, "text": True, "env": {**os.environ, "PYTHONUTF8": "1"}}
    good = subprocess.run([*command, str(speech), "--to", str(tmp_path / "a.csv")], **run)
    assert (good.returncode, good.stderr) == (0, "") and "a.csv" in good.stdout
    bad = subprocess.run([*command, "none.wav", "--to", str(tmp_path / "b.csv")], **run)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == "lipsync: none.wav does not exist. Check the path and its spelling.\n"


def test_layers_of_the_face(lipsync, speech: Path, tmp_path: Path) -> None:
    layers = ("--face", "--blinks", "2", "--emotion", "joy=0.4")
    for name, asked in {"without": (), "with": layers, "again": layers}.items():
        assert lipsync("bake", speech, "--to", tmp_path / f"{name}.csv", *asked).code == 0
    with (tmp_path / "with.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert max(float(row["MouthSmileLeft"]) for row in rows) > 0.2
    assert all(max(float(row[name]) for row in rows) > 0.001 for name in ("HeadYaw", "EyeLookInLeft", "LeftEyeYaw"))
    assert (tmp_path / "with.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert (tmp_path / "with.csv").read_bytes() != (tmp_path / "without.csv").read_bytes()


@pytest.mark.parametrize("wrong", ["joy", "joy=2", "bliss=0.5", "joy=nan"])
def test_an_emotion_that_is_none(lipsync, speech: Path, tmp_path: Path, wrong: str) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--emotion", wrong)
    assert ran.code == 2
    assert wrong in ran.err and "sadness" in ran.err
