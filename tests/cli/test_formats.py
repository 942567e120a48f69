"""Which format a file gets, and its options, on real speech with the network that ships."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lipsync_addon.cli import main
from lipsync_addon.exporters import FORMATS


@pytest.fixture
def line(root: Path) -> Path:
    """A spoken English sentence."""
    return root / "examples" / "lines" / "hello_en.flac"


def bake(line: Path, *arguments: object) -> int:
    return main(["bake", str(line), "--quiet", *map(str, arguments)])


def test_every_format_takes_a_real_prediction(line: Path, tmp_path: Path) -> None:
    for each in FORMATS.values():
        if each.id in ("srt", "vtt"):  # of words, which nobody has given here
            continue
        target = tmp_path / f"{each.id}{each.extension}"
        fewer = ("--max-error", "0.01") if "max_error" in each.uses else ()
        assert bake(line, "--to", target, "--format", each.id, *fewer) == 0
        assert target.stat().st_size > 100


def test_an_ending_means_its_usual_format_unless_told(line: Path, tmp_path: Path) -> None:
    csv, data = tmp_path / "a.csv", tmp_path / "a.json"
    assert bake(line, "--to", csv, "--to", data) == 0
    assert csv.read_text().startswith("Timecode,") and "values" in json.loads(data.read_text())
    assert bake(line, "--to", csv, "--to", data, "--format", "rigmapper", "--format", "rhubarb-json") == 0
    assert csv.read_text().startswith("curve_name, frame_number, value\n")
    assert json.loads(data.read_text())["metadata"]["soundFile"] == "hello_en.flac"


def test_options_reach_the_file(line: Path, tmp_path: Path) -> None:
    target = tmp_path / "Guten Tag.tres"
    options = ("--names", "vrm", "--prefix", "v_", "--path", "Rig/Face", "--offset", "2", "--fps", "25")
    assert bake(line, "--to", target, *options) == 0
    text = target.read_text(encoding="utf-8")
    assert 'resource_name = "Guten Tag"' in text and 'NodePath("Rig/Face:v_aa")' in text and "step = 0.04" in text
    assert float(re.search(r"length = (.*)", text).group(1)) == pytest.approx(4.94 + 2, abs=0.06)


def test_a_clip_under_the_names_of_a_character(
    line: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = root / "lipsync_addon" / "data" / "rigs" / "preston_blair.json"
    target = tmp_path / "line.glb"
    assert bake(line, "--to", target, "--format", "gltf-animation", "--names", profile) == 0
    assert b'"targetNames":' in target.read_bytes() and b"jawOpen" not in target.read_bytes()
    with pytest.raises(SystemExit):
        bake(line, "--to", tmp_path / "b.glb", "--format", "gltf-animation", "--names", tmp_path / "none.json")
    assert "none.json cannot be read" in capsys.readouterr().err and not (tmp_path / "b.glb").exists()


@pytest.mark.parametrize("name", ["../escaped", "a/../../escaped", "/escaped", "C:\\escaped", "..\\escaped"])
def test_no_name_makes_a_file_elsewhere(line: Path, tmp_path: Path, name: str) -> None:
    """Names of curves, nodes and sets are text in the file, never places on the disk."""
    folder, names = tmp_path / "in" / "out", tmp_path / "hero.json"
    folder.mkdir(parents=True)
    names.write_text(json.dumps({"profile": "arkit", "prefix": name, "names": {"jawOpen": name}}))
    before = {path for path in tmp_path.rglob("*")}
    for form in ("unity", "gltf-animation", "fbx-animation", "csv"):
        target = folder / f"line{FORMATS[form].extension}"
        placed = ("--path", name) if "path" in FORMATS[form].uses else ()
        assert bake(line, "--to", target, "--format", form, "--names", names, *placed) == 0
        before.add(target)
    assert {path for path in tmp_path.rglob("*")} == before


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FORMATS)
    assert any(line.endswith("--format rigmapper") for line in lines)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--to", "a.csv", "--format", "nonsense"], "nonsense"),
        (["--to", "a.csv", "--format", "unity"], ".anim"),
        (["--to", "a.csv", "--names", "nonsense"], "nonsense"),
        (["--to", "a.csv", "--offset", "nan"], "not within"),
        (["--to", "a.csv", "--max-error", "2"], "not within"),
        (["--to", "a.anim", "--jaw", "Jaw:1,2"], "Armature/Jaw:0,0,90:18,0,90"),
        (["--to", "a.csv", "--offset", "-60"], "offset"),
    ],
)
def test_wrong_choices(line: Path, tmp_path: Path, capsys, monkeypatch, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = bake(line, *arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


OF_FORMATS = {
    "offset": ("1",),
    "names": ("vrm",),
    "prefix": ("v_",),
    "max_error": ("0.1",),
    "path": ("Rig/Face",),
    "jaw": ("Rig/Jaw:0,0,0:18,0,0",),
}


@pytest.mark.parametrize("option", OF_FORMATS)
def test_an_option_without_use_for_a_character(line: Path, root: Path, tmp_path: Path, capsys, option: str) -> None:
    flag = "--" + option.replace("_", "-")
    assert bake(line, "--character", root / "no.blend", "--to", tmp_path / "a.fbx", flag, *OF_FORMATS[option]) == 2
    said = capsys.readouterr().err
    assert f"{flag} is not used. Leave it out, or write" in said and said.count("\n") == 1


def test_an_option_without_use_for_curves(line: Path, tmp_path: Path, capsys) -> None:
    assert bake(line, "--to", tmp_path / "a.csv", "--names", "vrm") == 2
    assert "--names is not used. Leave it out, or write json, unity" in capsys.readouterr().err
    assert bake(line, "--to", tmp_path / "a.csv", "--to", tmp_path / "a.json", "--names", "vrm") == 0


def test_subtitles_of_curves_without_words(root: Path, tmp_path: Path, capsys) -> None:
    spoken = root / "tests" / "data" / "spoken.json"
    assert main(["convert", str(spoken), "--to", str(tmp_path / "a.csv"), "--to", str(tmp_path / "a.srt")]) == 2
    said = capsys.readouterr().err
    assert "a.srt shows words, and" in said and "spoken.json has none. Convert a TextGrid" in said
    assert list(tmp_path.iterdir()) == []


def test_words_of_a_line_as_textgrid_and_subtitles(line: Path, tmp_path: Path) -> None:
    grid, captions, phones = tmp_path / "a.TextGrid", tmp_path / "a.srt", tmp_path / "a.json"
    text = "Hello! My name is Poppy. Feed me a voice, and watch my mouth move."
    files = ("--to", grid, "--to", captions, "--timeline", phones)
    for _ in range(2):  # a second time without --overwrite: they are our own
        assert bake(line, *files, "--text", text, "--language", "en") == 0
    assert '"Poppy."' in grid.read_text(encoding="utf-8") or '"Poppy"' in grid.read_text(encoding="utf-8")
    assert "watch my mouth" in captions.read_text(encoding="utf-8")


def test_phones_without_a_text(line: Path, tmp_path: Path) -> None:
    assert bake(line, "--to", tmp_path / "a.TextGrid") == 0
    written = (tmp_path / "a.TextGrid").read_text(encoding="utf-8")
    assert 'name = "phones"' in written and 'name = "words"' not in written and '"m"' in written


def test_subtitles_without_words_are_refused_before_any_work(line: Path, tmp_path: Path, capsys) -> None:
    assert bake(line, "--to", tmp_path / "a.vtt") == 2
    assert "a.vtt shows words, and none are given" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_several_lines_as_clips_without_a_character(root: Path, line: Path, tmp_path: Path, ending: str) -> None:
    target, other = tmp_path / f"both{ending}", root / "examples" / "lines" / "boat_en.flac"
    kind = {".glb": "gltf-animation", ".fbx": "fbx-animation"}[ending]
    assert bake(line, "--also", other, "--to", target, "--format", kind) == 0
    data = target.read_bytes()
    for name in (b"hello_en", b"boat_en"):
        assert (b'"name":"' + name + b'"' if ending == ".glb" else name + b"\0\x01AnimStack") in data


def test_formats_of_one_take_refuse_another(root: Path, line: Path, tmp_path: Path, capsys) -> None:
    other = root / "examples" / "lines" / "boat_en.flac"
    assert bake(line, "--also", other, "--to", tmp_path / "a.anim") == 2
    assert "a.anim holds one line only" in capsys.readouterr().err and not list(tmp_path.iterdir())
