"""Pictures that speak: the mouth that is seen is the mouth that was asked for, and the film says that it is made."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_addon.core.actors import save_actor
from lipsync_addon.core.adaptation import Adaptation
from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.pipeline import animate
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.video.face_warp import FaceInPicture
from lipsync_addon.video.following import follow_faces
from lipsync_addon.video.media import open_film
from lipsync_addon.video.solve import solve_face
from lipsync_addon.video.talking import check_size, one_face, read_picture
from lipsync_addon.video.tracker import MediaPipeTracker
from scripts.paint_head import Camera, Head
from tests.video.conftest import KnownFilm


def tracked_opening(film: Path) -> tuple[np.ndarray, np.ndarray]:
    """(seconds, opening) of the one face in a film."""
    with MediaPipeTracker() as tracker:
        followed = follow_faces(open_film(film), tracker)
    face = followed.chosen(None, "")
    mouth = face.mouth(followed.times)
    return mouth.times, mouth.opening


def asked_opening(line: Path, predictor, times: np.ndarray) -> np.ndarray:
    """What the network asks for."""
    track = animate(open_sound(line, predictor.spec.sample_rate), predictor).track
    return np.interp(times, track.times, lip_gap(track))


@pytest.fixture(scope="module")
def photo(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of a film, enlarged."""
    _, picture = next(open_film(sample).frames())
    path = tmp_path_factory.mktemp("photo") / "face.png"
    larger = cv2.resize(picture, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), larger[:, :, ::-1])
    return path


def test_a_picture_moves_its_mouth_as_it_was_asked(
    photo: Path, known_film: KnownFilm, predictor, tmp_path, lipsync
) -> None:
    film = tmp_path / "spoken.mp4"
    ran = lipsync("video", "--image", photo, "--audio", known_film.line, "--output", film, "--fps", 25)
    assert ran.code == 0, ran.err
    times, opening = tracked_opening(film)
    assert np.corrcoef(opening, asked_opening(known_film.line, predictor, times))[0, 1] >= 0.9
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,height:format_tags",
        "-of",
        "json",
        str(film),
    ]
    found = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)
    assert {stream["codec_name"] for stream in found["streams"]} == {"h264", "aac"}
    assert found["streams"][0]["height"] == cv2.imread(str(photo)).shape[0]
    assert found["format"]["tags"]["synthetic"] == "true"
    assert "trainedAlgorithmicMedia" in found["format"]["tags"]["digital_source_type"]


def test_a_smile_does_not_stay_as_the_mouth_opens(photo: Path) -> None:
    """The talker smiles in this frame; with corners that stay up every vowel would be a grin."""
    picture = read_picture(photo)
    with MediaPipeTracker(still=True) as tracker:
        points = one_face(picture, tracker, None, photo)
        lifts = []
        for wanted in ({}, {"jawOpen": 0.45}, {"mouthPucker": 0.6, "mouthFunnel": 0.3}):
            solved = solve_face(points[None])
            face = FaceInPicture.at(picture, points, solved.poses, 0, solved.values[0], solved.neutral)
            spoken = face.render(picture, np.array([wanted.get(name, 0.0) for name in solved.names]))
            seen = one_face(spoken, tracker, None, photo)
            eyes = np.linalg.norm(seen[33, :2] - seen[263, :2])
            lifts.append((seen[13, 1] - seen[[78, 308], 1].mean()) / eyes)  # corners above the upper lip's rim
    assert lifts[0] > 0.02  # it smiles
    assert lifts[1] < 0 and lifts[2] < lifts[0] - 0.02


def test_what_is_far_from_the_face_stays_as_it_is(photo: Path, known_film: KnownFilm, tmp_path: Path, lipsync) -> None:
    film = tmp_path / "spoken.mp4"
    assert lipsync("video", "--image", photo, "--audio", known_film.line, "--output", film, "--no-mark").code == 0
    before = cv2.imread(str(photo)).astype(int)
    for number, (_, picture) in enumerate(open_film(film).frames()):
        if number % 15 == 0:
            corner = np.abs(picture[:80, -80:, ::-1].astype(int) - before[:80, -80:])
            assert corner.mean() < 4
    probe = ["ffprobe", "-v", "error", "-show_entries", "format_tags", "-of", "json", str(film)]
    assert b"synthetic" not in subprocess.run(probe, capture_output=True, check=True).stdout


def test_a_picture_speaks_in_an_actors_way(
    photo: Path, known_film: KnownFilm, predictor, tmp_path: Path, lipsync
) -> None:
    spec = predictor.spec
    names = spec.outputs["arkit"]
    gain = np.array([0.3 if name == "jawOpen" else 1.0 for name in names], np.float32)
    weights = np.zeros((len(spec.outputs["features"]), len(names)), np.float32)
    save_actor(tmp_path / "anna.json", Adaptation(spec.fingerprint, names, gain, np.zeros_like(gain), weights))
    widest = {}
    for name, options in (("plain", ()), ("anna", ("--actor", tmp_path / "anna.json"))):
        film = tmp_path / f"{name}.mp4"
        said = (
            "--image",
            photo,
            "--audio",
            known_film.line,
            "--output",
            film,
            "--quality",
            "low",
            "--head",
            0,
            "--blinks",
            0,
        )
        ran = lipsync("video", *said, *options)
        assert ran.code == 0, ran.err
        widest[name] = np.percentile(tracked_opening(film)[1], 95)
    assert widest["anna"] < 0.8 * widest["plain"]
    ran = lipsync(
        "video", "--image", photo, "--audio", known_film.line, "--output", tmp_path / "x.mp4", "--emotion", "rage=1"
    )
    assert ran.code == 2 and "rage=1 is not an emotion" in ran.err


@pytest.mark.parametrize("upscale", [1.0, 1.5])
def test_a_small_face_is_told_how_much_larger_it_must_be(upscale: float) -> None:
    """Three times the picture as it is, whatever it was enlarged by already."""
    with pytest.raises(LipsyncError, match="100 pixels") as told:
        check_size(100.0, Path("face.jpg"), upscale)
    assert "--upscale 3." in told.value.hint
    check_size(100.0, Path("face.jpg"), 3.0)
    with pytest.raises(LipsyncError) as told:
        check_size(20.0, Path("face.jpg"), upscale)
    assert "--upscale" not in told.value.hint


def test_a_film_says_another_line(sample: Path, known_film: KnownFilm, predictor, tmp_path: Path, lipsync) -> None:
    film = tmp_path / "dubbed.mp4"
    ran = lipsync("video", "--video", sample, "--audio", known_film.line, "--upscale", 2, "--output", film)
    assert ran.code == 0, ran.err
    times, opening = tracked_opening(film)
    asked = asked_opening(known_film.line, predictor, times)
    was_times, was = tracked_opening(sample)
    assert np.corrcoef(opening, asked)[0, 1] >= 0.9
    assert np.corrcoef(opening, asked)[0, 1] > np.corrcoef(np.interp(times, was_times, was), asked)[0, 1] + 0.2


def test_one_of_two_faces_in_a_film_says_the_line(sample: Path, known_film: KnownFilm, tmp_path: Path, lipsync) -> None:
    """Chosen by its position; the other half of the picture stays as it was."""
    two, film = tmp_path / "two.mkv", tmp_path / "dubbed.mp4"
    beside = ["-filter_complex", "[0:v]scale=800:-2,split[a][b];[a][b]hstack", "-t", "1", "-q:v", "2", "-c:v", "mpeg4"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(sample), *beside, str(two)], check=True)
    arguments = ["video", "--video", two, "--audio", known_film.line, "--output", film]
    ran = lipsync(*arguments)
    assert ran.code == 2 and "shows 2 faces" in ran.err and not film.exists()
    assert lipsync(*arguments, "--face", 2).code == 0
    changes = []
    for (_, before), (_, after) in zip(open_film(two).frames(), open_film(film).frames()):
        change = np.abs(before.astype(int) - after).mean((0, 2))
        changes.append((change[:800].max(), change[800:].max()))
    left, right = np.array(changes).T
    assert right.max() > 2 * left.max()


def test_a_text_is_spoken_by_an_indian_english_voice(tmp_path: Path, lipsync) -> None:
    """The example with the painted face."""
    film, face = tmp_path / "reminder.mp4", Path(__file__).parents[2] / "examples" / "face.jpg"
    text = "Your payment is due on Friday."
    ran = lipsync("video", "--image", face, "--text", text, "--voice", "en-IN", "--quality", "low", "--output", film)
    assert ran.code == 0, ran.err
    assert open_film(film).height <= 480 and 1.2 < open_film(film).duration < 5


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("none", "No face was found"),
        ("small", "pixels high; under 256"),
        ("two", "shows 2 faces"),
        ("broken", "is no picture that can be read"),
        ("missing", "does not exist"),
    ],
)
def test_pictures_that_cannot_speak_are_told(
    head: Head, known_film: KnownFilm, tmp_path: Path, lipsync, kind: str, said: str
) -> None:
    path, film = tmp_path / "picture.png", tmp_path / "film.mp4"
    if kind == "none":
        cv2.imwrite(str(path), np.full((400, 400, 3), 128, np.uint8))
    elif kind == "small":
        cv2.imwrite(str(path), head.paint({}, Camera(200, 200))[:, :, ::-1])
    elif kind == "two":
        cv2.imwrite(str(path), np.hstack([head.paint({}, Camera(480, 480))[:, :, ::-1]] * 2))
    elif kind == "broken":
        path.write_text("no picture", encoding="utf-8")
    ran = lipsync("video", "--image", path, "--audio", known_film.line, "--output", film)
    assert ran.code == 2 and said in ran.err and str(path) in ran.err
    assert not film.exists()
