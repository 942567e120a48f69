"""Whatever is wrong: exit code 2, one line that names the file and the remedy, and nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.video import check_installed


def refused(ran, *words: str) -> None:
    assert ran.code == 2 and ran.out == ""
    assert ran.err.startswith("lipsync: ") and ran.err.count("\n") == 1
    for word in words:
        assert word in ran.err


def make_missing(_: Path, __: Path) -> None: ...


def make_empty(file: Path, _: Path) -> None:
    file.touch()


def make_zero_samples(file: Path, _: Path) -> None:
    soundfile.write(file, np.zeros(0), 16000)


def make_truncated(file: Path, speech: Path) -> None:
    file.write_bytes(speech.read_bytes()[:30000])


def make_text(file: Path, _: Path) -> None:
    file.write_text("To be, or not to be, that is the question.\n" * 50)


def make_not_numbers(file: Path, speech: Path) -> None:
    samples, rate = soundfile.read(speech)
    samples[len(samples) // 2] = np.nan
    soundfile.write(file, samples, rate, subtype="FLOAT")


def make_folder(file: Path, _: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    "make, remedy",
    [
        (make_missing, "Check the path"),
        (make_empty, "Export or copy the sound again"),
        (make_zero_samples, "Choose a file that holds recorded speech"),
        (make_truncated, "Export or copy the sound again"),
        (make_text, "Choose a WAV"),
        (make_not_numbers, "Export the sound again"),
        (make_folder, "Choose a sound file in it"),
    ],
)
def test_sound(lipsync, speech: Path, tmp_path: Path, make, remedy: str) -> None:
    make(tmp_path / "bad.wav", speech)
    results = tmp_path / "results"
    results.mkdir()
    refused(
        lipsync("bake", tmp_path / "bad.wav", "--to", results / "a.csv", "--to", results / "b.json"), "bad.wav", remedy
    )
    assert not list(results.iterdir())


def test_picture(lipsync, tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(500))
    refused(lipsync("bake", tmp_path / "face.png", "--to", tmp_path / "a.csv"), "face.png", "Choose a WAV")


def test_names_that_are_too_long(lipsync, speech: Path, tmp_path: Path) -> None:
    long = "a" * 300
    refused(lipsync("bake", speech, "--to", tmp_path / f"{long}.csv"), "cannot be written", "Use a shorter name")
    refused(lipsync("bake", tmp_path / f"{long}.wav", "--to", tmp_path / "a.csv"), "cannot be read")
    character = ("--character", tmp_path / f"{long}.blend", "--to", tmp_path / "a.fbx")
    refused(lipsync("bake", speech, *character), "does not exist" if find_spec("bpy") else "needs Blender")


def test_unknown_ending(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--to", tmp_path / "a.xyz"), "a.xyz", ".csv, .json")


@pytest.mark.parametrize(
    "name, remedy",
    [("whisper", "--preset whisper"), ("filmed", "--speech-style filmed"), ("nobody", "Make one with lipsync adapt")],
)
def test_what_is_no_actor(lipsync, speech: Path, tmp_path: Path, monkeypatch, name: str, remedy: str) -> None:
    for variable in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    refused(lipsync("bake", speech, "--to", tmp_path / "a.csv", "--style", name), f"{name}.json", remedy)


def test_missing_folder(lipsync, speech: Path, tmp_path: Path) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--to", tmp_path / "none" / "b.json")
    refused(ran, "b.json", "Create its folder first")
    assert not (tmp_path / "a.csv").exists()  # seen before any work


def test_read_only_folder(lipsync, speech: Path, read_only: Path) -> None:
    refused(lipsync("bake", speech, "--to", read_only / "a.csv"), "a.csv", "Permission denied", "Choose another folder")


FULL = """
import resource, sys
from lipsync_addon.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of files")
def test_no_room_for_the_file(speech: Path, tmp_path: Path, tiny_network: Path, root: Path) -> None:
    """The system refuses to write on after 20 kB, in the middle of the file."""
    results = tmp_path / "results"
    results.mkdir()
    (results / "a.csv").write_text("old")
    ran = subprocess.run(
        [sys.executable, "-c", FULL, "bake", speech, "--to", results / "a.csv", "--overwrite",
         "--network", tiny_network],
        check=False, cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "a.csv cannot be written" in ran.stderr and ran.stderr.count("\n") == 1
    assert [(file.name, file.read_text()) for file in results.iterdir()] == [("a.csv", "old")]


def test_network_that_was_changed(lipsync, speech: Path, tmp_path: Path, tiny_network: Path) -> None:
    spec = ModelSpec.load(tiny_network)
    for graph in (spec.hear, spec.move):
        (tmp_path / graph.file).write_bytes((tiny_network.parent / graph.file).read_bytes() + b"\0")
    spec.save(tmp_path / "changed.json")
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", "--network", tmp_path / "changed.json")
    refused(ran, "tiny.hear.onnx", "damaged", "Install the add-on again")
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("change", [{"format_version": 99}, {"surprise": 1}])
def test_network_description_of_another_kind(lipsync, speech: Path, tmp_path: Path, tiny_network: Path, change) -> None:
    network = tmp_path / "new.json"
    described = json.loads(tiny_network.read_text(encoding="utf-8"))
    network.write_text(json.dumps({**described, **change}), encoding="utf-8")
    refused(lipsync("bake", speech, "--to", tmp_path / "a.csv", "--network", network), "new.json")


def test_the_sound_is_never_overwritten(lipsync, speech: Path, tmp_path: Path) -> None:
    line = speech.rename(tmp_path / "line.csv")
    before = line.read_bytes()
    refused(lipsync("bake", line, "--to", tmp_path / "." / "line.csv"), "line.csv", "Choose another name")
    assert line.read_bytes() == before


def test_the_character_is_never_overwritten(lipsync, speech: Path, tmp_path: Path) -> None:
    (tmp_path / "hero.blend").write_bytes(b"BLENDER")
    ran = lipsync("bake", speech, "--character", tmp_path / "hero.blend", "--to", tmp_path / "hero.blend")
    refused(ran, "hero.blend", "Choose another name")


def test_same_file_twice(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--to", tmp_path / "a.csv", "--to", tmp_path / "a.csv"), "Name each file once")


def test_a_missing_package_is_named_once() -> None:
    with pytest.raises(LipsyncError, match=r"^Python packages are missing: absent_one, absent_two\."):
        check_installed("absent_one", "absent_two", "absent_one")


def test_character_file_without_a_character(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--to", tmp_path / "a.fbx"), "a.fbx", "--character")


def test_character_without_use(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--character", "hero.blend", "--to", tmp_path / "a.csv"), "hero.blend", ".fbx")


def test_without_blender(lipsync, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran = lipsync("bake", speech, "--character", "hero.blend", "--to", tmp_path / "a.fbx")
    refused(ran, "a.fbx", "pip install bpy")


@pytest.mark.parametrize("option", [["--intensity", "3"], ["--smoothing", "-1"], ["--fps", "0"], ["--fps", "nan"]])
def test_numbers_out_of_range(lipsync, speech: Path, tmp_path: Path, option: list[str]) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.csv", *option)
    assert ran.code == 2 and "is not within" in ran.err


@pytest.mark.parametrize("angle", ["nan", "inf", "-inf"])
def test_angles_that_are_not_numbers(lipsync, speech: Path, tmp_path: Path, angle: str) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "a.anim", "--jaw", f"Rig/Jaw:0,0,0:{angle},0,0")
    assert ran.code == 2 and "angles that are not numbers" in ran.err and not (tmp_path / "a.anim").exists()


def test_unknown_provider(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(
        lipsync("bake", speech, "--to", tmp_path / "a.csv", "--provider", "tpu"), "tpu", "CUDA, DirectML, CoreML, CPU"
    )


def test_character_that_cannot_be_baked(lipsync, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters come first, so that no other file is written beside the error; Blender itself: tests/blender."""

    def no_shape_keys(*_: object) -> None:
        raise LipsyncError("hero.blend: 'Face' has no shape keys.", "Add them.")

    (tmp_path / "hero.blend").touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("lipsync_addon.cli.bake.write_characters", no_shape_keys)
    csv, fbx = tmp_path / "a.csv", tmp_path / "a.fbx"
    ran = lipsync("bake", speech, "--to", csv, "--to", fbx, "--character", tmp_path / "hero.blend")
    refused(ran, "hero.blend", "no shape keys")
    assert not csv.exists() and not fbx.exists()


def test_files_that_hold_one_line(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--also", tmp_path / "b.wav", "--to", tmp_path / "a.csv"), "a.csv", "one line only")


def test_lines_of_one_name(lipsync, speech: Path, tmp_path: Path) -> None:
    (tmp_path / "hero.blend").touch()
    twice = ("--also", tmp_path / "other" / speech.name, "--character", tmp_path / "hero.blend")
    refused(lipsync("bake", speech, *twice, "--to", tmp_path / "a.glb"), "same name", "Rename")


def test_an_engine_without_use(lipsync, speech: Path, tmp_path: Path) -> None:
    refused(lipsync("bake", speech, "--for", "unity", "--to", tmp_path / "a.csv"), "--for unity", "*.fbx")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.skipif(sys.platform == "win32", reason="a pipe there ends with another error")
def test_a_reader_that_has_seen_enough(unbuffered: str) -> None:
    """As `lipsync formats | head -1`: no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "lipsync_addon.cli", "formats"]
    ran = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": unbuffered}
    )
    os.close(writer)
    assert ran.stderr == "" and ran.returncode == 141
