"""The viewing test: a page that gives nothing away, and mean opinions from what it saves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lipsync_addon.video.marking import marked_copy


@pytest.fixture(scope="module")
def made(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of the sample as an MP4 that bears the mark."""
    plain, made = (tmp_path_factory.mktemp("clip") / name for name in ("plain.mp4", "made.mp4"))
    short = ["-t", "0.5", "-c:v", "libx264", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(sample), *short, str(plain)], check=True)
    marked_copy(plain, made)
    return made


def answered(path: Path, key: dict[str, str], score, rater: str) -> Path:
    """Answers of one rater: score(source) of every clip."""
    scores = {clip: {"sync": score(source)} for clip, source in key.items()}
    path.write_text(json.dumps({"rater": rater, "scores": scores}), encoding="utf-8")
    return path


def test_the_page_is_blind_and_its_answers_are_counted(made: Path, tmp_path: Path, lipsync) -> None:
    clips = []
    for system in ("ours", "theirs"):
        for number in range(2):
            clips.append(tmp_path / system / f"{system}_{number}.mp4")
            clips[-1].parent.mkdir(exist_ok=True)
            shutil.copy(made, clips[-1])
    ran = lipsync("rate", *clips, "--out", tmp_path / "test")
    assert ran.code == 0, ran.err
    page = (tmp_path / "test" / "index.html").read_text(encoding="utf-8")
    assert "ours" not in page and "theirs" not in page and page.count(".mp4") == 4
    key = json.loads((tmp_path / "test.key.json").read_text(encoding="utf-8"))
    assert sorted(key.values()) == sorted(map(str, clips))
    files = []
    for rater, (good, bad) in enumerate([(5, 2), (4, 2), (5, 3), (4, 1)]):
        score = lambda source, good=good, bad=bad: good if "ours_" in source else bad  # noqa: E731
        files.append(answered(tmp_path / f"{rater}.json", key, score, str(rater)))
    ran = lipsync("rate", "--results", *files, "--key", tmp_path / "test.key.json")
    assert ran.code == 0, ran.err
    ours, theirs = [line.split() for line in ran.out.splitlines()[1:]]
    assert ours[:3] == ["sync", "ours", "4.50"] and theirs[:3] == ["sync", "theirs", "2.00"]
    assert 4 <= float(ours[3]) <= 4.5 <= float(ours[5]) <= 5 and ours[-1] == "4"
    files[0].write_text('{"scores": {"clip001.mp4": {"sync": 9}}}', encoding="utf-8")
    ran = lipsync("rate", "--results", files[0], "--key", tmp_path / "test.key.json")
    assert ran.code == 2 and str(files[0]) in ran.err


def test_no_file_of_the_page_tells_the_original_apart(made: Path, sample: Path, tmp_path: Path, lipsync) -> None:
    ran = lipsync("rate", made, sample, "--out", tmp_path / "test")
    assert ran.code == 0, ran.err
    asked = "stream=codec_name,pix_fmt,width,height,sample_aspect_ratio:format=format_name:format_tags"
    probe = ["ffprobe", "-v", "error", "-show_entries", asked, "-of", "json"]
    films = sorted((tmp_path / "test").glob("clip*"))
    assert [film.suffix for film in films] == [".mp4", ".mp4"]
    first, second = (json.loads(subprocess.run([*probe, str(film)], capture_output=True).stdout) for film in films)
    assert first == second and [stream["codec_name"] for stream in first["streams"]] == ["h264", "aac"]


def test_what_is_no_film_and_a_key_that_exists_are_refused(made: Path, tmp_path: Path, lipsync) -> None:
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no film" * 100)
    ran = lipsync("rate", made, junk, "--out", tmp_path / "test")
    assert ran.code == 2 and f"{junk} cannot be read as a film." in ran.err
    assert list(tmp_path.iterdir()) == [junk]
    key = tmp_path / "test.key.json"
    key.write_text("{}", encoding="utf-8")
    ran = lipsync("rate", made, "--out", tmp_path / "test")
    assert ran.code == 2 and f"{key} exists" in ran.err
    assert key.read_text(encoding="utf-8") == "{}" and not (tmp_path / "test").exists()


def test_systems_are_told_apart_whatever_their_folders_are_called(tmp_path: Path, lipsync) -> None:
    key = {
        "clip001.mp4": "/a/ours/films/x.mp4",
        "clip002.mp4": "/a/theirs/films/x.mp4",
        "clip003.mp4": "/a/original/x.mp4",
    }
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    counted = lambda *files: lipsync("rate", "--results", *files, "--key", tmp_path / "key.json")  # noqa: E731
    score = lambda source: 5 if "ours" in source else 1 if "theirs" in source else 3  # noqa: E731
    anna = answered(tmp_path / "anna.json", key, score, "a-1")
    ran = counted(anna)
    assert ran.code == 0, ran.err
    rows = [line.split(maxsplit=3) for line in ran.out.splitlines()[1:]]
    assert [row[1:3] for row in rows] == [
        [str(Path("ours/films")), "5.00"],
        ["original", "3.00"],
        [str(Path("theirs/films")), "1.00"],
    ]
    assert all("one rater: no interval" in row[3] for row in rows)
    twice = shutil.copy(anna, tmp_path / "again.json")
    ran = counted(anna, twice)
    assert ran.code == 2 and f"{twice} holds the same rater's answers as {anna}" in ran.err
    ben = answered(tmp_path / "ben.json", key, score, "b-2")
    ran = counted(anna, ben)
    assert ran.code == 0 and "no interval" not in ran.out
