"""Every format of curves, read back by a strict reader: values, times, and each option of ExportOptions."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions, Format, JawCurve, write
from lipsync_addon.exporters.channel_set import set_ids, with_set
from tests.exporters.readers import READERS, Curves
from tests.exporters.said import MY_NAME_IS_POPPY

USUAL_SET = {"mmd": "mmd", "unreal-csv": "unreal", "unreal-json": "unreal", "rigmapper": "unreal", "a2f-csv": "unreal"}
FIXED_NAMES = ("livelink", "azure-blend-shapes", "oculus")
FIXED_RATE = ("mmd",)
USUAL = ExportOptions()
WITH_KEYS = ("unreal-json", "rigmapper", "godot", "mmd", "fbx-animation")


def read(format_id: str, track: AnimationTrack, options: ExportOptions = USUAL) -> Curves:
    return READERS[format_id](b"".join(FORMATS[format_id].render(track, options)))


def assert_follows(curves: Curves, track: AnimationTrack, offset: float = 0.0, error: float = 2e-5) -> None:
    """Every curve of the track is there, and is the track at its own times; all other curves are 0."""
    assert set(track.names) <= set(curves)
    for name, (times, values) in curves.items():
        if name in track.names:
            expected = track.select([name]).at(times - offset)[:, 0]
            np.testing.assert_allclose(values, expected, atol=error, err_msg=name)
        else:
            assert not values.any()


def expected_channels(format_id: str, track: AnimationTrack) -> AnimationTrack:
    if format_id == "oculus":
        return track.select([name for name in track.names if name.startswith("viseme")])
    if format_id in ("json", "csv", "numpy"):
        return track
    return with_set(track, USUAL_SET.get(format_id, "arkit"))


@pytest.mark.parametrize("format_id", READERS)
def test_values_and_times_are_those_of_the_track(spoken: AnimationTrack, format_id: str) -> None:
    curves = read(format_id, spoken)
    # Frames of another rate than the track's lie between two of its frames: at() is linear there.
    assert_follows(curves, expected_channels(format_id, spoken), error=1e-3 if format_id == "livelink" else 2e-5)
    for times, _ in curves.values():
        assert times[0] == 0 and times[-1] == pytest.approx(spoken.duration, abs=1 / 30)


@pytest.mark.parametrize(
    "format_id", [f for f in READERS if f not in ("livelink", "rigmapper", "azure-blend-shapes", *FIXED_RATE)]
)
@pytest.mark.parametrize("fps", [24 / 1.001, 25.0, 120.0])
def test_any_frame_rate(spoken: AnimationTrack, format_id: str, fps: float) -> None:
    curves = read(format_id, spoken, ExportOptions(fps=fps))
    assert_follows(curves, expected_channels(format_id, spoken), error=5e-5)
    times = next(iter(curves.values()))[0]
    np.testing.assert_allclose(times, np.arange(len(times)) / fps, atol=2e-6)


@pytest.mark.parametrize("format_id", READERS)
@pytest.mark.parametrize("offset", [0.5, -0.2])
def test_offset_moves_everything(spoken: AnimationTrack, format_id: str, offset: float) -> None:
    curves = read(format_id, spoken, ExportOptions(offset=offset))
    assert_follows(curves, expected_channels(format_id, spoken), offset, 1e-3 if format_id == "livelink" else 2e-5)
    for times, _ in curves.values():
        assert times[-1] == pytest.approx(spoken.duration + offset, abs=1 / 30)


@pytest.mark.parametrize("format_id", WITH_KEYS)
def test_key_reduction(spoken: AnimationTrack, format_id: str) -> None:
    every, few = read(format_id, spoken), read(format_id, spoken, ExportOptions(max_error=0.02))
    assert sum(len(times) for times, _ in few.values()) < 0.7 * sum(len(times) for times, _ in every.values())
    for name, (times, values) in every.items():
        np.testing.assert_allclose(np.interp(times, *few[name]), values, atol=0.0201)


@pytest.mark.parametrize("format_id", [f for f in READERS if f not in (*FIXED_NAMES, "mmd")])
def test_names_and_prefix(spoken: AnimationTrack, format_id: str) -> None:
    curves = read(format_id, spoken, ExportOptions(names="vrm", prefix="Head."))
    vrm = with_set(spoken, "vrm")
    named = AnimationTrack(tuple(f"Head.{name}" for name in vrm.names), vrm.values, vrm.fps)
    assert set(curves) == {"Head.aa", "Head.ih", "Head.ou", "Head.ee", "Head.oh"}
    assert_follows(curves, named)


def test_every_set_can_be_filled_from_speech(spoken: AnimationTrack) -> None:
    for set_id in set_ids():
        track = with_set(spoken, set_id)
        assert track.values.max() > 0.05 and 0 <= track.values.min() and track.values.max() <= 1


@pytest.mark.parametrize(
    "set_id, names",
    [
        ("arkit", "jawOpen mouthClose mouthSmileLeft tongueOut"),
        ("unreal", "JawOpen MouthClose MouthSmileLeft TongueOut"),
        ("metahuman", "CTRL_expressions_jawOpen CTRL_expressions_mouthFunnelUL CTRL_expressions_mouthCornerPullR"),
        ("vrm", "aa ih ou ee oh"),
        ("vrm0", "A I U E O"),
        ("mmd", "あ い う え お ん"),
        ("oculus", " ".join(f"viseme_{name}" for name in "sil PP FF TH DD kk CH SS nn RR aa E I O U".split(" "))),
        ("vrchat", " ".join(f"vrc.v_{name}" for name in "sil pp ff th dd kk ch ss nn rr aa e ih oh ou".split(" "))),
    ],
)
def test_sets_have_the_names_of_their_programs(spoken: AnimationTrack, set_id: str, names: str) -> None:
    written = with_set(spoken, set_id).names
    assert set(names.split(" ")) <= set(written)
    if set_id not in ("arkit", "unreal", "metahuman"):
        assert set(names.split(" ")) == set(written)


@pytest.mark.parametrize(
    "text, told",
    [
        (None, "cannot be read"),
        ("{", "not valid JSON"),
        ("{}", "lacks the key"),
        ('{"profile": ["arkit"]}', "there is no profile"),
        ('{"profile": "../rigs/arkit"}', "there is no profile"),
        ('{"profile": "arkit", "names": {"jawopen": "auf"}}', "has no jawopen"),
        ('{"profile": "arkit", "names": {"jawOpen": 1}}', "texts"),
        ('{"profile": "arkit", "names": {"jawOpen": "tongueOut"}}', "'tongueOut' for two curves"),
    ],
)
def test_a_wrong_file_of_names_is_told(spoken: AnimationTrack, tmp_path: Path, text: str | None, told: str) -> None:
    names = tmp_path / "hero.json"
    if text is not None:
        names.write_text(text)
    with pytest.raises(LipsyncError, match=told):
        with_set(spoken, str(names))


def test_lips_close_in_the_vowel_sets(spoken: AnimationTrack) -> None:
    """No vowel where the network is sure of p, b or m, and ん in MMD."""
    closed = spoken.channel("viseme_PP") > 0.8
    assert closed.any()
    assert with_set(spoken, "vrm").values[closed].max() < 0.1
    assert with_set(spoken, "mmd").channel("ん")[closed].min() > 0.4


@pytest.mark.parametrize("format_id", FORMATS)
def test_nothing_and_not_a_number_are_refused(tmp_path: Path, spoken: AnimationTrack, format_id: str) -> None:
    target = tmp_path / f"line{FORMATS[format_id].extension}"
    nan = spoken.values.copy()
    nan[3, 2] = np.nan
    for values, words in ((spoken.values[:0], "empty"), (nan, "not numbers")):
        with pytest.raises(LipsyncError, match=words):
            write(spoken.with_values(values), target, FORMATS[format_id])
    with pytest.raises(LipsyncError, match="offset"):
        write(spoken, target, FORMATS[format_id], ExportOptions(offset=-2.0))
    assert not target.exists()


@pytest.mark.parametrize("format_id", [each for each in FORMATS if each not in ("textgrid", "srt", "vtt")])
def test_one_frame_is_enough(tmp_path: Path, spoken: AnimationTrack, format_id: str) -> None:
    target = tmp_path / f"line{FORMATS[format_id].extension}"
    write(spoken.with_values(spoken.values[:1]), target, FORMATS[format_id], ExportOptions(max_error=0.02))
    assert target.stat().st_size > 12


@pytest.mark.parametrize(
    "format_id, options, word",
    [
        ("unity", ExportOptions(names="nonsense"), "nonsense"),
        ("json", ExportOptions(names="../rigs/arkit"), "no set of names"),
        ("godot", ExportOptions(prefix="a:b"), "a:b"),
        ("rigmapper", ExportOptions(prefix="a, b"), "a, b"),
        ("mmd", ExportOptions(prefix="🙂"), "🙂"),
        ("mmd", ExportOptions(prefix="much too long "), "too long"),
    ],
)
def test_names_that_a_format_cannot_hold(
    spoken: AnimationTrack, format_id: str, options: ExportOptions, word: str
) -> None:
    with pytest.raises(LipsyncError, match=word):
        list(FORMATS[format_id].render(spoken, options))


@pytest.mark.parametrize("format_id", ["json", "csv", "numpy", "gltf-animation", "fbx-animation", "a2f-json", "godot"])
@pytest.mark.parametrize("names", ["all", "arkit"])
@pytest.mark.parametrize("clamp", [False, True])
def test_weights_beyond_one_are_kept_or_cut_off(tmp_path: Path, format_id: str, names: str, clamp: bool) -> None:
    strong = AnimationTrack(("jawOpen",), np.array([[0.2], [1.5], [-0.25], [0.4]]), 60.0)
    target = tmp_path / f"a{FORMATS[format_id].extension}"
    write(strong, target, FORMATS[format_id], ExportOptions(fps=60.0, names=names, clamp=clamp))
    _, values = READERS[format_id](target.read_bytes())["jawOpen"]
    expected = np.clip(strong.values[:, 0], 0, 1) if clamp else strong.values[:, 0]
    np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("format_id", ["csv", "json", "rigmapper", "unity", "fbx-animation"])
@pytest.mark.parametrize("name", ["jaw\nOpen", "jaw\0\1Open", "jaw\x7f"])
def test_line_breaks_in_names_are_refused(spoken: AnimationTrack, format_id: str, name: str) -> None:
    with pytest.raises(LipsyncError, match="no letter"):
        list(FORMATS[format_id].render(spoken, ExportOptions(prefix=name)))


COMMA = """
import locale, sys
locale.setlocale(locale.LC_ALL, sys.argv[1])
assert locale.localeconv()["decimal_point"] == ",", locale.localeconv()
from pathlib import Path
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.importers import read_curves
track = read_curves(Path("tests/data/spoken.json"))
for each in FORMATS.values():
    if each.id not in ("srt", "vtt"):
        write(track, Path(sys.argv[2]) / f"{each.id}{each.extension}", each, ExportOptions(max_error=0.01))
for each in ("csv", "livelink", "rhubarb-tsv", "textgrid"):
    read_curves(Path(sys.argv[2]) / f"{each}{FORMATS[each].extension}")
"""


def comma_locale(folder: Path) -> tuple[str, dict[str, str]]:
    """A locale with a decimal comma, and the environment that makes it known. On Linux made from C's: images of systems
    have no other one."""
    if sys.platform != "linux":
        return "de-DE" if sys.platform == "win32" else "de_DE.UTF-8", {}
    (plain,) = (path for path in map(Path, ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")) if path.is_dir())
    made = Path(shutil.copytree(plain, folder / "comma.utf8"))
    numeric = (made / "LC_NUMERIC").read_bytes()
    (made / "LC_NUMERIC").write_bytes(numeric.replace(b".\0", b",\0", 1).replace(b".\0\0\0", b",\0\0\0"))
    return "comma.utf8", {"LOCPATH": str(folder)}


def test_a_locale_with_decimal_commas_changes_nothing(root: Path, spoken: AnimationTrack, tmp_path: Path) -> None:
    name, environment = comma_locale(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    subprocess.run(
        [sys.executable, "-c", COMMA, name, str(files)], cwd=root, check=True, env={**os.environ, **environment}
    )
    for each in FORMATS.values():
        if each.id not in ("srt", "vtt", "numpy"):  # a zip of NumPy's tells the time
            expected = b"".join(each.render(spoken, ExportOptions(max_error=0.01)))
            assert (files / f"{each.id}{each.extension}").read_bytes() == expected, each.id


@pytest.mark.parametrize("format_id", ["mmd", "vrma", "oculus", "azure", "rhubarb-tsv", "papagayo"])
def test_formats_of_visemes_say_so_where_there_are_none(spoken: AnimationTrack, format_id: str) -> None:
    with pytest.raises(LipsyncError, match="viseme"):
        list(FORMATS[format_id].render(spoken.select(["jawOpen"]), ExportOptions()))


@pytest.mark.parametrize("format_id", ["csv", "unreal-csv", "unreal-json", "json", "numpy"])
def test_names_with_commas_and_quotes(spoken: AnimationTrack, format_id: str) -> None:
    name = 'Mund, "offen" é 口'
    track = AnimationTrack((name,), spoken.channel("jawOpen")[:, None], spoken.fps)
    assert_follows(read(format_id, track, ExportOptions(names="all")), track)


OPTIONS = {
    "prefix": "v_",
    "max_error": 0.1,
    "path": "Rig/Face",
    "jaw": JawCurve("Rig/Jaw", (0, 0, 0), (18, 0, 0)),
    "offset": 0.5,
    "names": "vrm",
}


@pytest.mark.parametrize("each", FORMATS.values(), ids=lambda each: each.id)
@pytest.mark.parametrize("option", OPTIONS)
def test_formats_use_what_they_say_and_nothing_else(spoken: AnimationTrack, each: Format, option: str) -> None:
    plain = ExportOptions(said=MY_NAME_IS_POPPY)
    chosen = replace(plain, **{option: "arkit" if (each.id, option) == ("vrma", "names") else OPTIONS[option]})
    changes = b"".join(each.render(spoken, chosen)) != b"".join(each.render(spoken, plain))
    assert changes == (option in ("offset", *each.uses))


def test_audio2face_names_with_commas_and_quotes(spoken: AnimationTrack) -> None:
    track = AnimationTrack(('a,"b"', "jawOpen"), np.full((3, 2), 0.5), 30.0)
    written = b"".join(FORMATS["a2f-csv"].render(track, ExportOptions(names="all"))).decode()
    head, *rows = csv.reader(written.splitlines())
    assert head == ["", "timeCode", 'blendShapes.a,"b"', "blendShapes.jawOpen"] and {len(row) for row in rows} == {4}


@pytest.mark.parametrize("each", [each for each in FORMATS.values() if "names" in each.uses], ids=lambda each: each.id)
def test_a_curve_without_a_name(each: Format) -> None:
    track = AnimationTrack(("", "jawOpen"), np.full((3, 2), 0.5), 30.0)
    with pytest.raises(LipsyncError, match="A curve has no name"):
        list(each.render(track, ExportOptions(names="all")))


def test_a_path_that_godot_cannot_hold(spoken: AnimationTrack) -> None:
    with pytest.raises(LipsyncError, match="cannot address the mesh 'a:b'"):
        list(FORMATS["godot"].render(spoken, ExportOptions(path="a:b")))
