"""Motion from films: against known coefficients, against what was tracked before, and with films that cannot work."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.importers import read_curves
from lipsync_addon.video.capture import capture_film
from lipsync_addon.video.following import follow_faces
from lipsync_addon.video.media import open_film


def test_a_painted_head_gives_back_the_motion_that_it_was_painted_with(known_film, tracker) -> None:
    (capture,) = capture_film(known_film.path, tracker)
    times = capture.track.times
    truth = known_film.track
    asked = np.interp(times, truth.times, lip_gap(truth))
    found = lip_gap(capture.track)
    assert np.corrcoef(asked, found)[0, 1] > 0.95
    assert np.abs(asked - found).mean() < 0.02
    for name, least in {"jawOpen": 0.8, "eyeBlinkLeft": 0.7}.items():
        there = np.interp(times, truth.times, truth.channel(name))
        assert np.corrcoef(there, capture.track.channel(name))[0, 1] > least, name
    assert (capture.track.channel("mouthClose") <= capture.track.channel("jawOpen") + 1e-6).all()
    yaw = capture.track.channel("headYaw")
    assert np.corrcoef(-np.sin(times * 2), yaw)[0, 1] > 0.9  # it turns to its left first


def test_a_filmed_talker_opens_the_lips_when_the_tracked_recording_says(shared: Path, sample: Path, tracker) -> None:
    (capture,) = capture_film(sample, tracker)
    for path in sorted((shared / "data" / "faces" / "grid_s1").glob("tracked_*.npz")):
        with np.load(path) as data:
            if sample.stem in data["clips"]:
                clip = list(data["clips"]).index(sample.stem)
                tracked = data["open"][data["offsets"][clip] : data["offsets"][clip + 1]].astype(float)
                break
    found = lip_gap(capture.track)[: len(tracked)]
    assert np.corrcoef(found, tracked[: len(found)])[0, 1] > 0.93
    assert capture.track.channel("quality").mean() > 0.5


def test_two_faces_are_followed_apart(sample: Path, known_film, tmp_path: Path, lipsync) -> None:
    both = tmp_path / "both.mp4"
    beside = "[0:v]scale=-2:288,fps=25[a];[1:v]scale=-2:288,fps=25[b];[a][b]hstack=shortest=1"
    command = ["ffmpeg", "-v", "error", "-i", str(sample), "-i", str(known_film.path), "-filter_complex", beside]
    subprocess.run([*command, "-t", "2", str(both)], check=True)
    ran = lipsync("capture", both, "--face", 2, "--to", tmp_path / "right.csv")
    assert ran.code == 0, ran.err
    alone = lipsync("capture", known_film.path, "--to", tmp_path / "alone.csv")
    assert alone.code == 0
    right, alone = read_curves(tmp_path / "right.csv"), read_curves(tmp_path / "alone.csv")
    frames = min(len(right.values), len(alone.values), 110)
    assert np.corrcoef(lip_gap(right)[:frames], lip_gap(alone)[:frames])[0, 1] > 0.9
    ran = lipsync("capture", both, "--face", 3, "--to", tmp_path / "x.csv")
    assert ran.code == 2 and "no face 3" in ran.err


def test_faces_that_pass_each_other_stay_themselves(shared: Path, tmp_path: Path, tracker) -> None:
    """Two clips of one talker, so that looks do not help: one goes right above, the other left below."""
    clips = [shared / "data" / "faces" / "video_samples" / f"{name}.mpg" for name in ("bbaf3s", "lbax8n")]
    film = tmp_path / "passing.mp4"
    placed = (
        "color=gray:s=720x576:r=25[c];[c][0:v]overlay=x='130*t':y=0[a];[a][1:v]overlay=x='360-130*t':y=288:shortest=1"
    )
    inputs = [word for clip in clips for word in ("-i", str(clip))]
    command = ["ffmpeg", "-v", "error", *inputs, "-filter_complex", placed, "-an", "-t", "2.8", str(film)]
    subprocess.run(command, check=True)
    followed = follow_faces(open_film(film), tracker)
    assert len(followed.faces) == 2
    for face in followed.faces:
        assert len(face.frames) > 0.95 * len(followed.times)
        height = np.array(face.places)[:, 1]
        assert np.ptp(height) < 60  # never the other one
        across = np.array(face.places)[:, 0]
        assert abs(across[-1] - across[0]) > 250


@pytest.mark.parametrize("size", ["320x240", "640x480", "1920x1080"])
def test_webcams_of_any_size_give_the_same_mouth(known_film, tmp_path: Path, tracker, size: str) -> None:
    film = tmp_path / "webcam.mp4"
    width, height = size.split("x")
    fitted = f"scale={height}:{height},pad={width}:{height}:(ow-iw)/2:0:gray"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(known_film.path), "-vf", fitted, "-t", "2", str(film)], check=True
    )
    (capture,) = capture_film(film, tracker)
    asked = np.interp(capture.track.times, known_film.track.times, lip_gap(known_film.track))
    assert np.corrcoef(asked, lip_gap(capture.track))[0, 1] > 0.93


def test_head_turns_stand_in_live_links_columns(known_film, tmp_path: Path, lipsync) -> None:
    assert lipsync("capture", known_film.path, "--to", tmp_path / "take.csv").code == 0
    rows = list(csv.DictReader((tmp_path / "take.csv").open()))
    yaw = np.array([float(row["HeadYaw"]) for row in rows])
    assert 0.1 < np.ptp(yaw) < 0.6
    assert max(abs(float(row["HeadRoll"])) for row in rows) < 0.1


def test_frames_that_come_unevenly_keep_their_times(known_film, tmp_path: Path, tracker) -> None:
    """As a webcam does it: every third frame is missing from the middle on."""
    uneven = tmp_path / "uneven.mkv"
    chosen = "select='lt(t,1.5)+mod(n,3)'"
    command = ["ffmpeg", "-v", "error", "-i", str(known_film.path), "-vf", chosen, "-fps_mode", "vfr", str(uneven)]
    subprocess.run(command, check=True)
    (whole,), (thinned,) = capture_film(known_film.path, tracker), capture_film(uneven, tracker)
    assert abs(whole.track.duration - thinned.track.duration) < 0.09
    there = np.interp(thinned.track.times, whole.track.times, whole.opening)
    assert np.corrcoef(there, thinned.opening)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("color=gray:s=320x240:d=0.4", "No face was found in"),
        ("anullsrc=d=1", "has no pictures, only sound"),
        ("", "cannot be read as a film"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(tmp_path: Path, lipsync, make: str, said: str) -> None:
    film = tmp_path / "film.mkv"
    if make:
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", make, str(film)], check=True)
    else:
        film.write_text("no film", encoding="utf-8")
    ran = lipsync("capture", film, "--to", tmp_path / "take.csv")
    assert ran.code == 2 and said in ran.err and str(film) in ran.err
    assert not (tmp_path / "take.csv").exists()
