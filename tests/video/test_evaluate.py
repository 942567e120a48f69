"""Judging films: offsets that are known, sound that is not the film's, and reports that can be read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lipsync_addon.exporters import EXPORTERS, write
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.video.evaluation import Heard, evaluate
from lipsync_addon.video.following import follow_faces
from lipsync_addon.video.media import open_film
from lipsync_addon.video.tracker import MediaPipeTracker
from tests.video.conftest import KnownFilm


@pytest.fixture(scope="module")
def judged(sample: Path, predictor):
    """(mouth, film) of the talker, tracked once."""
    film = open_film(sample)
    with MediaPipeTracker() as tracker:
        followed = follow_faces(film, tracker)
    face = followed.chosen(None, "")
    return face.mouth(followed.times), film


@pytest.mark.parametrize("shift", [-0.2, -0.06, 0.0, 0.04, 0.15])
def test_a_known_offset_is_found_within_20_ms(judged, predictor, tmp_path: Path, shift: float) -> None:
    """The sound is really moved in the file, so that times of sound and picture are read from it, too."""
    mouth, film = judged
    moved = tmp_path / "moved.mkv"
    inputs = ["-i", str(film.path), "-itsoffset", str(shift), "-i", str(film.path)]
    streams = ["-map", "1:v", "-map", "0:a", "-c", "copy", "-copyts"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *streams, str(moved)], check=True)
    film = open_film(moved)
    read = [seconds for seconds, _ in film.frames()]
    late = mouth.moved(read[0] - mouth.times[0])
    found = evaluate(late, Heard.of(film.sound(predictor.spec.sample_rate), predictor)).agreement
    assert abs(found.offset - shift) <= 0.02
    assert found.confidence > 0.5


def test_the_right_sound_scores_and_the_wrong_one_is_told(judged, predictor, shared: Path) -> None:
    mouth, film = judged
    right = evaluate(mouth, Heard.of(film.sound(predictor.spec.sample_rate), predictor))
    assert right.verdict == "together" and right.score > 75 and right.closure_hits == 1.0
    german = next((Path(__file__).parents[2] / "examples" / "lines").glob("*_de.flac"))
    wrong = evaluate(mouth, Heard.of(open_sound(german, predictor.spec.sample_rate), predictor))
    assert wrong.verdict == "apart" and wrong.score < right.score - 40


def test_no_other_sentence_of_the_same_talker_passes(shared: Path, predictor) -> None:
    """All pairs of eight films with the same grammar and rhythm; they were not in the calibration."""
    films = [open_film(path) for path in sorted((shared / "data" / "faces" / "video_samples").glob("*.mpg"))]
    mouths, sounds = [], [Heard.of(film.sound(predictor.spec.sample_rate), predictor) for film in films]
    for film in films:
        with MediaPipeTracker() as tracker:
            followed = follow_faces(film, tracker)
        face = followed.chosen(None, "")
        mouths.append(face.mouth(followed.times))
    for row, mouth in enumerate(mouths):
        for column, sound in enumerate(sounds):
            verdict = evaluate(mouth, sound).verdict
            assert verdict == "together" if row == column else verdict != "together", (films[row], films[column])


def test_the_report_of_a_film_shows_curves_and_pictures(sample: Path, tmp_path: Path, lipsync) -> None:
    page, numbers = tmp_path / "report.html", tmp_path / "report.json"
    ran = lipsync("evaluate", "--video", sample, "--text", "bin blue at f three soon", "--to", page, "--to", numbers)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/png") == 2 and text.count("data:image/jpeg") > 8
    assert "http" not in text
    found = json.loads(numbers.read_text(encoding="utf-8"))
    assert abs(found["offset"]) < 0.03 and found["phone_agreement"] > 0.6 and found["verdict"] == "together"


def test_curves_are_judged_against_a_sound(known_film: KnownFilm, tmp_path: Path, lipsync) -> None:
    curves = tmp_path / "curves.csv"
    write(known_film.track, curves, EXPORTERS[".csv"])
    ran = lipsync("evaluate", "--track", curves, "--sound", known_film.line, "--to", tmp_path / "report.json")
    assert ran.code == 0, ran.err
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["r_opening"] > 0.95 and abs(found["offset"]) <= 0.02
    assert found["score"] > 80
    ran = lipsync("evaluate", "--track", curves, "--sound", known_film.line, "--actor", "nobody.json")
    assert ran.code == 2 and "There is no actor nobody.json" in ran.err
    ran = lipsync("evaluate", "--track", curves)
    assert ran.code == 2 and "has no sound of its own" in ran.err
