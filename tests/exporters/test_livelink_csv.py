"""Live Link CSV: the layout of real captures, right times at any rate, and readers that read it back."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, ExportOptions, write
from lipsync_addon.exporters.livelink_csv import timecode


def render(track: AnimationTrack, fps: float | None = None) -> str:
    return b"".join(EXPORTERS[".csv"].render(track, ExportOptions(fps))).decode()


def rows(track: AnimationTrack, fps: float | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(track, fps))))


def motion(seconds: float = 2.5, fps: float = 50.0) -> AnimationTrack:
    """Every channel moves in its own way."""
    times, channels = np.arange(round(seconds * fps) + 1)[:, None] / fps, np.arange(len(ARKIT_52))
    return AnimationTrack(ARKIT_52, 0.5 + 0.5 * np.sin(2 * np.pi * times * (0.3 + 0.02 * channels) + channels), fps)


def test_header_is_that_of_a_capture(shared: Path) -> None:
    with gzip.open(shared / "data" / "faces" / "livelink" / "alex_rom_3.csv.gz", "rt") as file:
        captured = file.readline()
    assert render(motion()).splitlines()[0].lower() == captured.strip().lower()


def test_columns_hold_the_channel_of_their_name() -> None:
    track = motion()
    table = rows(track, 50.0)
    for name in ARKIT_52:
        column = [float(row[name[0].upper() + name[1:]]) for row in table]
        np.testing.assert_allclose(column, track.channel(name), atol=1e-6)
    assert {row["BlendshapeCount"] for row in table} == {"61"}
    assert {row["HeadYaw"] for row in table} == {"0.0000000000"}


def test_eyes_turn_in_the_columns_as_in_a_capture(shared: Path) -> None:
    with gzip.open(shared / "data" / "faces" / "livelink" / "alex_rom_3.csv.gz", "rt") as file:
        captured = list(csv.DictReader(file))[::20]
    looks = [name for name in ARKIT_52 if name.startswith("eyeLook")]
    values = [[float(row[name[0].upper() + name[1:]]) for name in looks] for row in captured]
    table = rows(AnimationTrack(tuple(looks), np.array(values), 60.0), 60.0)
    for column in ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch"):
        ours, theirs = (np.array([float(row[column]) for row in each]) for each in (table, captured))
        assert (
            np.abs(ours - ours.mean() - (theirs - theirs.mean())).max() < 0.06
        )  # a phone's eyes rest a little inwards


def test_the_head_has_its_columns() -> None:
    track = AnimationTrack(("headYaw", "headPitch", "headRoll"), np.array([[0.1, -0.2, 0.05]] * 2), 60.0)
    row = rows(track)[0]
    assert [row[f"Head{axis}"][:6] for axis in ("Yaw", "Pitch", "Roll")] == ["0.1000", "-0.200", "0.0500"]


def test_missing_channels_are_zero() -> None:
    table = rows(AnimationTrack(("jawOpen", "viseme_aa"), np.full((2, 2), 0.5), 50.0))
    assert table[0]["JawOpen"] == "0.5000000000" and table[0]["MouthClose"] == "0.0000000000"


@pytest.mark.parametrize(
    "frame, fps, expected",
    [
        (0, 60, "00:00:00:00.000"),
        (59, 60, "00:00:00:59.000"),
        (60, 60, "00:00:01:00.000"),
        (60 * 3661 + 7, 60, "01:01:01:07.000"),
        (29, 30 / 1.001, "00:00:00:29.000"),
        (30, 30 / 1.001, "00:00:01:00.030"),
        (24, 24 / 1.001, "00:00:01:00.024"),
    ],
)
def test_timecode(frame: int, fps: float, expected: str) -> None:
    assert timecode(frame, fps) == expected


@given(st.integers(0, 400_000), st.sampled_from([23.976, 24.0, 25.0, 29.97, 30 / 1.001, 30.0, 48.0, 50.0, 60.0, 120.0]))
def test_timecode_means_the_time_of_the_frame(frame: int, fps: float) -> None:
    hours, minutes, seconds, frames = timecode(frame, fps).split(":")
    assert float(frames) < fps
    time = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(frames) / fps
    assert time == pytest.approx(frame / fps, abs=0.0006 / fps)


def test_first_row_is_the_sounds_first_moment() -> None:
    late = AnimationTrack(("jawOpen",), np.array([[0.2], [0.4]]), 50.0, start=1.0)
    table = rows(late)
    assert table[0]["Timecode"] == "00:00:00:00.000" and table[-1]["Timecode"] == "00:00:01:02.000"
    assert table[0]["JawOpen"] == "0.2000000030" and table[-1]["JawOpen"] == "0.4000000060"


def test_no_frames_still_makes_a_header() -> None:
    assert rows(AnimationTrack(("jawOpen",), np.zeros((0, 1)), 50.0)) == []


@pytest.mark.parametrize("fps", [60.0, 30.0, 24.0])
def test_the_bench_reads_times_and_opening_back(shared: Path, tmp_path: Path, fps: float, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", [str(shared / "bench"), *sys.path])
    import eval_openness

    track = motion(10).resampled(fps)
    write(track, tmp_path / "line.csv", EXPORTERS[".csv"], ExportOptions(fps))
    times, opening = eval_openness.read_pred(str(tmp_path / "line.csv"))
    np.testing.assert_allclose(times, np.arange(len(times)) / fps, atol=1e-4)
    np.testing.assert_allclose(opening, lip_gap(track), atol=0.01)


def test_an_hour_needs_little_memory() -> None:
    track = AnimationTrack(("jawOpen",), np.zeros((3600 * 50, 1), np.float32), 50.0)
    tracemalloc.start()
    for _ in EXPORTERS[".csv"].render(track, ExportOptions(4.0)):
        pass
    small = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    for _ in EXPORTERS[".csv"].render(track, ExportOptions(12.0)):
        pass
    large = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert large < 1.2 * small
