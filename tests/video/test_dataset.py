"""Films become training data; what does not belong together is refused with the reason, and the rest goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.aperture import LIP_GAP
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.training_frames import MOUTH_UNITS
from lipsync_addon.speech import transcriber
from lipsync_addon.video.marking import marked_copy
from lipsync_addon.video.media import open_film
from lipsync_addon.video.training_lines import LONGEST, SoundTreatment, spans

HOP = 320
DUBBED = {"lbax8n": "bbaf3s", "bbaf3s": "pbav5a", "prav8n": "sban4p"}
"""Whose picture gets whose sound. GRID's sentences are alike in rhythm and grammar."""


def dub(picture: Path, sound: Path, to: Path) -> Path:
    inputs = ["-i", str(picture), "-i", str(sound)]
    streams = ["-map", "0:v", "-map", "1:a", "-c", "copy"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *streams, str(to)], check=True)
    return to


@pytest.fixture(scope="module")
def samples(shared: Path) -> Path:
    return shared / "data" / "faces" / "video_samples"


@pytest.fixture
def films(samples: Path, tmp_path: Path) -> Path:
    """Two clips, the first with its words."""
    folder = tmp_path / "talker"
    folder.mkdir()
    for name in ("bbaf3s", "lbax8n"):
        shutil.copy(samples / f"{name}.mpg", folder)
    (folder / "bbaf3s.txt").write_text("bin blue at f three soon", encoding="utf-8")
    return folder


def test_all_clips_of_a_talker_are_taken(samples: Path, tmp_path: Path, lipsync) -> None:
    out = tmp_path / "data"
    ran = lipsync("dataset", "build", *sorted(samples.glob("*.mpg")), "--out", out)
    assert ran.code == 0, ran.err
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    assert sheet["lines"] == 8 and not sheet["refused"]
    assert 22 < sheet["seconds"] < 25


def test_labels_lie_where_they_are_heard_and_seen(films: Path, tmp_path: Path, lipsync) -> None:
    out = tmp_path / "data"
    ran = lipsync("dataset", "build", films / "bbaf3s.mpg", "--out", out, "--speaker-by-folder", "--language", "en-GB")
    assert ran.code == 0, ran.err
    phones, opening, seal, audio, starts = (
        np.load(out / f"{name}.npy") for name in ("phones", "opening", "seal", "audio", "starts")
    )
    assert starts.tolist() == [0, len(audio)] and len(audio) == HOP * len(phones)
    said = [PHONES[label] for label in phones[phones > 0]]
    assert said[0] == "b" and "f" in said  # bin … f
    assert seal.sum() >= 2  # bin blue
    moving = opening.astype(float)
    closures = np.split(np.flatnonzero(seal), np.flatnonzero(np.diff(np.flatnonzero(seal)) > 1) + 1)
    assert len(closures) == 2
    assert all(moving[frames].min() < 0.1 * np.nanquantile(moving, 0.95) for frames in closures)
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    assert list(sheet["seconds_by_phones"]) == ["transcript"]
    assert list(sheet["seconds_by_speaker"]) == ["talker"] and list(sheet["seconds_by_language"]) == ["en-GB"]


def test_what_does_not_belong_together_is_refused_and_others_go_on(
    films: Path, samples: Path, tmp_path: Path, lipsync
) -> None:
    dubbed = [dub(samples / f"{a}.mpg", samples / f"{b}.mpg", films / f"dub_{a}.mkv") for a, b in DUBBED.items()]
    late, faceless, broken, mute = (films / name for name in ("late.mkv", "faceless.mkv", "broken.mp4", "mute.mkv"))
    run = lambda *words: subprocess.run(["ffmpeg", "-v", "error", *map(str, words)], check=True)  # noqa: E731
    clip = films / "lbax8n.mpg"
    run("-i", clip, "-itsoffset", 0.3, "-i", clip, "-map", "0:v", "-map", "1:a", "-c", "copy", "-copyts", late)
    run("-f", "lavfi", "-i", "testsrc=d=3:s=160x120", "-i", clip, "-map", "0:v", "-map", "1:a", "-t", 3, faceless)
    run("-i", clip, "-an", "-c", "copy", mute)
    broken.write_bytes(clip.read_bytes()[:500])
    missing = films / "missing.mp4"
    out = tmp_path / "data"
    ran = lipsync("dataset", "build", *dubbed, late, faceless, broken, mute, missing, clip, "--out", out)
    assert ran.code == 0, ran.err
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    reasons = {each["film"]: each["reason"] for each in sheet["refused"]}
    for film in dubbed:
        assert "belong together" in reasons[film.name] or "after the sound" in reasons[film.name]
    assert "after the sound" in reasons["late.mkv"]
    assert "No face" in reasons["faceless.mkv"] and "has no sound" in reasons["mute.mkv"]
    assert "missing.mp4 does not exist" in reasons["missing.mp4"] and "broken.mp4" in reasons["broken.mp4"]
    assert len(reasons) == 8 and sheet["lines"] == 1
    assert str(films) not in json.dumps(sheet)
    page = (out / "datasheet.md").read_text(encoding="utf-8")
    assert all(film in page and reason in page for film, reason in reasons.items())


def test_films_that_are_done_are_kept_until_they_or_their_words_change(films: Path, tmp_path: Path, lipsync) -> None:
    out = tmp_path / "data"
    build = lambda *more: lipsync("dataset", "build", *sorted(films.glob("*.mpg")), "--out", out, *more)  # noqa: E731
    records = lambda: {file.name: file.stat().st_mtime_ns for file in (out / "films").iterdir()}  # noqa: E731
    assert build().code == 0
    first, names = records(), (out / "names.json").read_bytes()
    assert len(first) == 2
    (out / "names.json").unlink()  # as when the join was interrupted
    assert build().code == 0
    assert records() == first and (out / "names.json").read_bytes() == names
    (films / "lbax8n.txt").write_text("lay blue at x eight now", encoding="utf-8")
    assert build().code == 0
    again = records()
    assert len(again) == 3 and first.items() < again.items()
    assert len(json.loads((out / "names.json").read_text(encoding="utf-8"))) == 2


def test_films_get_equally_loud_and_less_noisy(films: Path, tmp_path: Path, lipsync) -> None:
    """A quiet film with hiss comes out as loud as the clip itself, with more between speech and pauses."""
    hissing, level = films / "hissing.mkv", {}
    mixed = "[0:a]volume=-20dB[a];anoisesrc=a=0.002:d=3:seed=1[n];[a][n]amix=normalize=0:duration=first[out]"
    command = ["ffmpeg", "-v", "error", "-i", films / "bbaf3s.mpg"]
    command += ["-filter_complex", mixed, "-map", "0:v", "-map", "[out]"]
    subprocess.run([*map(str, command), "-c:v", "copy", "-c:a", "pcm_s16le", str(hissing)], check=True)
    builds = {
        "clip": (films / "bbaf3s.mpg", "--loudness", -23),
        "equal": (hissing, "--loudness", -23),
        "cleaned": (hissing, "--loudness", -23, "--denoise"),
        "hissing": (hissing,),
    }
    for name, (film, *options) in builds.items():
        ran = lipsync("dataset", "build", film, "--out", tmp_path / name, *options)
        assert ran.code == 0, ran.err
        audio = np.load(tmp_path / name / "audio.npy").astype(float) / 32768
        power = np.sort((audio.reshape(-1, HOP) ** 2).mean(1))
        level[name] = 10 * np.log10([power[: len(power) // 10].mean() + 1e-12, power[-len(power) // 4 :].mean()])
    assert level["hissing"][1] < level["clip"][1] - 5
    assert abs(level["equal"][1] - level["clip"][1]) < 1
    assert np.diff(level["cleaned"])[0] > np.diff(level["equal"])[0] + 3


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("target", [None, -23.0])
def test_denoised_sound_lies_where_it_was(samples: Path, rate: int, target: float | None) -> None:
    """Labels are of the sound, the mouth of the pictures."""
    film = open_film(samples / "bbaf3s.mpg")
    filters = SoundTreatment(denoise=True, loudness=target).filters(film.path, rate)
    was, cleaned = (np.concatenate([*film.sound(rate, each).blocks()]) for each in ("", filters))
    assert len(cleaned) == len(was)
    size = 2 * len(was)
    agree = np.fft.irfft(np.fft.rfft(cleaned, size) * np.fft.rfft(was, size).conj(), size)
    lag = (int(agree.argmax()) + len(was)) % size - len(was)
    assert abs(lag) <= rate / 1000


def test_films_that_say_that_they_are_synthetic_are_refused(films: Path, tmp_path: Path, lipsync) -> None:
    made, again = films / "made.mp4", films / "again.mkv"
    copied = films / "copied.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(films / "lbax8n.mpg"), "-c:v", "libx264", str(copied)], check=True
    )
    marked_copy(copied, made)
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(made), "-c", "copy", str(again)], check=True)
    out = tmp_path / "data"
    ran = lipsync("dataset", "build", made, again, copied, "--out", out)
    assert ran.code == 0, ran.err
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    assert [each["film"] for each in sheet["refused"]] == ["made.mp4", "again.mkv"]
    assert all("marked as synthetic" in each["reason"] for each in sheet["refused"]) and sheet["lines"] == 1


def test_subtitles_cut_a_film_into_lines_of_their_own_words(samples: Path, tmp_path: Path, lipsync) -> None:
    """Two sentences and, between them, one without a subtitle."""
    film, out = tmp_path / "talk.mkv", tmp_path / "data"
    inputs = [word for name in ("bbaf3s", "sban4p", "lbax8n") for word in ("-i", str(samples / f"{name}.mpg"))]
    joined = "[0:v][0:a][1:v][1:a][2:v][2:a]concat=n=3:v=1:a=1[v][a]"
    command = ["ffmpeg", "-v", "error", *inputs, "-filter_complex", joined, "-map", "[v]", "-map", "[a]"]
    subprocess.run([*command, "-c:v", "mpeg4", "-q:v", "2", str(film)], check=True)
    cues = "1\n00:00:00,500 --> 00:00:02,600\nBin blue at F <i>three</i> soon.\n\n"
    cues += "2\n00:00:06,500 --> 00:00:08,600\nLay blue at X\neight now.\n"
    (tmp_path / "talk.srt").write_text(cues, encoding="utf-8")
    ran = lipsync("dataset", "build", film, "--out", out, "--language", "en-GB")
    assert ran.code == 0, ran.err
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    assert list(sheet["seconds_by_phones"]) == ["transcript"]
    assert not sheet["refused"]
    starts = [line["start"] for line in sheet["films"][0]["lines"]]
    assert len(starts) == 2 and abs(starts[0] - 0.35) < 0.03 and abs(starts[1] - 6.35) < 0.03
    phones, ends = np.load(out / "phones.npy"), np.load(out / "starts.npy") // HOP
    first, second = ([PHONES[p] for p in phones[a:b] if p > 0] for a, b in zip(ends, ends[1:]))
    assert first[0] == "b" and second[0] == "l" and "f" in first and "f" not in second


def test_words_are_recognised_where_none_are_given(films: Path, tmp_path: Path, lipsync) -> None:
    ran = lipsync("dataset", "build", films / "lbax8n.mpg", "--out", tmp_path / "data", "--transcribe")
    assert ran.code == 0, ran.err
    sheet = json.loads((tmp_path / "data" / "datasheet.json").read_text(encoding="utf-8"))
    assert [each.split("-")[0] for each in sheet["seconds_by_language"]] == ["en"]
    assert sheet["settings"]["transcribe"] is True and sheet["lines"] == 1


def test_coefficients_come_from_the_pictures(films: Path, tmp_path: Path, lipsync) -> None:
    out = tmp_path / "data"
    assert lipsync("dataset", "build", films / "bbaf3s.mpg", "--out", out, "--fps", 12.5).code == 0
    units, opening = np.load(out / "units.npy").astype(float), np.load(out / "opening.npy").astype(float)
    assert units.shape == (len(opening), len(MOUTH_UNITS))
    known = np.isfinite(units[:, MOUTH_UNITS.index("jawOpen")]) & np.isfinite(opening)
    assert known.mean() > 0.9
    assert np.isnan(units[:, MOUTH_UNITS.index("tongueOut")]).all()
    opens = [sum(LIP_GAP.get(unit + side, 0.0) for side in ("", "Left", "Right")) for unit in MOUTH_UNITS]
    gap = np.maximum(np.nan_to_num(units) @ opens, 0)
    assert np.corrcoef(gap[known], opening[known])[0, 1] > 0.9
    assert np.nanmin(units) >= 0 and np.nanmax(units) <= 1


def test_a_killed_build_goes_on_where_it_was(samples: Path, tmp_path: Path, lipsync) -> None:
    """kill -9 as soon as the first film is done."""
    out, films = tmp_path / "data", [samples / f"{name}.mpg" for name in ("bbaf3s", "lbax8n")]
    command = [sys.executable, "-m", "lipsync_addon.cli", "dataset", "build", *map(str, films), "--out", str(out)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(out.glob("films/*.npz")):
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        process.kill()
    done = {file: file.stat().st_mtime_ns for file in out.glob("films/*.npz")}
    assert len(done) == 1 and not (out / "names.json").exists()
    assert lipsync("dataset", "build", *films, "--out", out).code == 0
    assert len(json.loads((out / "names.json").read_text(encoding="utf-8"))) == 2
    assert all(file.stat().st_mtime_ns == when for file, when in done.items())


def test_another_source_is_not_overwritten(films: Path, tmp_path: Path, lipsync) -> None:
    (tmp_path / "names.json").write_text("[]", encoding="utf-8")
    ran = lipsync("dataset", "build", films / "bbaf3s.mpg", "--out", tmp_path)
    assert ran.code == 2 and "was not built from films" in ran.err


def test_films_are_cut_in_pauses_and_at_shots() -> None:
    phones = []
    for second in range(30):  # a pause of 0.4 s at the end of each
        phones += [Phone("a", second, second + 0.6), Phone("sil", second + 0.6, second + 1)]
    found = spans(PhonemeTimeline(tuple(phones)), [20.25], 30.0)
    assert found[0][0] == 0 and found[-1][1] == 30 and (20.25, 30.0) in found
    assert all(a[1] == b[0] for a, b in zip(found, found[1:]))
    assert all(stop - start <= LONGEST for start, stop in found)
    assert found[0][1] % 1 == pytest.approx(0.8)


def test_words_of_a_film_without_a_text_are_recognised(
    films: Path, tmp_path: Path, lipsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def understood(sound, **options) -> transcriber.Transcribed:
        asked.update(options, seconds=sum(map(len, sound.blocks())) / transcriber.SAMPLE_RATE)
        return transcriber.Transcribed("lay blue at x eight now", options["language"] or "en-US")

    monkeypatch.setattr(transcriber, "transcribe", understood)
    out = tmp_path / "data"
    ran = lipsync("dataset", "build", films / "lbax8n.mpg", "--out", out, "--transcribe", "--language", "English")
    assert ran.code == 0, ran.err
    assert 2.9 < asked["seconds"] < 3.1 and asked["language"].startswith("en") and asked["model"] is None
    sheet = json.loads((out / "datasheet.json").read_text(encoding="utf-8"))
    assert list(sheet["seconds_by_phones"]) == ["transcript"]
