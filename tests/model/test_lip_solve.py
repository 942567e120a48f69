"""The filmed talker's mouth, solved on the ICT head: known mouths come back, real ones open and widen as filmed."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from model.datasets import faces, lip_solve
from model.datasets.lip_solve import CONTACT, MIDDLE, PAIRS, SOLVABLE, Recording, feasible, lip_basis, solve
from model.network import UNITS
from model.targets import fused, gap_weights

JAW, CLOSE, PUCKER = (UNITS.index(unit) for unit in ("jawOpen", "mouthClose", "mouthPucker"))
CLIP_S = 3.0


@pytest.fixture(scope="module")
def shard(shared, tmp_path_factory):
    """The first 94 tracked clips alone, as if they were the whole corpus."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "grid_s1").mkdir()
    for name in ("tracked_000.npz", "alignments.tsv"):
        shutil.copy(shared / "data" / "faces" / "grid_s1" / name, folder / "grid_s1" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "FACES", folder)
        patch.setattr(lip_solve, "FACES", folder)
        yield folder


@pytest.fixture(scope="module")
def recording(shard) -> Recording:
    return lip_solve.grid_recording()


@pytest.fixture(scope="module")
def basis(recording):
    return lip_basis(np.median(recording.points[lip_solve.closed_in_silence(recording)], axis=0))


@pytest.fixture(scope="module")
def solved(recording):
    """Units, landmarks to explain, landmarks explained; solved without any phones."""
    return lip_solve.solved(recording, {})


def column(point: int, axis: str) -> int:
    """Where a landmark's x or y stands in `symmetric`."""
    if point in MIDDLE:
        return 2 * len(PAIRS) + MIDDLE.index(point)
    return 2 * list(PAIRS).index(point) + "xy".index(axis)


def mouths(basis, frames: int = 500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units that stray smoothly from the table's motion as far as is expected of them; noisy landmarks; the table's."""
    rng = np.random.default_rng(3)
    phones = [(0.0, 1.0, "sil"), (1.0, 1.2, "b"), (1.2, 3.0, "ɑ"), (3.0, 3.3, "w"), (3.3, 6.0, "i"), (6.0, 10.0, "u")]
    likely = fused(phones, np.full(frames, 0.04, np.float32))[:, : len(SOLVABLE)].astype(float)
    slow = np.stack([np.convolve(x, np.hanning(15), "same") for x in rng.standard_normal((len(SOLVABLE), frames))], 1)
    straying = np.array([lip_solve.STRAYING[unit] for unit in SOLVABLE])
    truth = feasible(likely + slow / slow.std(0) * straying)
    pixels = 0.2 / 64  # as coarse as the tracker on this film, whose eye corners are 64 pixels apart
    return truth, truth @ basis + rng.normal(scale=pixels, size=(frames, basis.shape[1])), likely


def test_known_mouths_are_found_again(basis):
    truth, shapes, likely = mouths(basis)
    opening = np.maximum(truth @ gap_weights()[:-1], 0)
    found = solve(shapes, opening, likely, np.arange(len(truth)) > 0, basis)
    error = lambda units, name: np.sqrt(np.square((units - truth)[:, SOLVABLE.index(name)]).mean())
    assert error(found, "jawOpen") < 0.75 * error(likely, "jawOpen")
    assert error(found, "mouthUpperUp") < 0.6 * error(likely, "mouthUpperUp")
    assert error(found, "mouthPucker") < 0.8 * error(likely, "mouthPucker")
    for name in SOLVABLE:
        assert error(found, name) < 1.05 * error(likely, name), name
    np.testing.assert_allclose(np.maximum(found @ gap_weights()[:-1], 0), opening, atol=0.006)


def test_the_head_moves_as_its_units_say(basis):
    moves = dict(zip(SOLVABLE, basis))
    corner, lower, upper = column(61, "x"), column(17, "y"), column(0, "y")
    assert moves["mouthPucker"][corner] < -0.03 < 0.03 < moves["mouthSmile"][corner]
    assert moves["jawOpen"][lower] < -0.2 and abs(moves["jawOpen"][upper]) < 0.05
    assert moves["mouthUpperUp"][upper] > 0.05 > abs(moves["mouthUpperUp"][lower])
    pairs = ((13, 14), (82, 87), (81, 178))
    gap = np.mean([basis[:, column(a, "y")] - basis[:, column(b, "y")] for a, b in pairs], axis=0)
    np.testing.assert_allclose(gap, gap_weights()[:-1], atol=0.03)


def test_turning_the_head_changes_nothing(recording):
    points = recording.points[:200]
    angle, scale = np.linspace(-0.2, 0.2, 200), np.linspace(50, 80, 200)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    nodding = points @ (turn * scale[:, None, None]) + np.array([160.0, -140.0])
    shown = lip_solve.symmetric(lip_solve.normalised(nodding))
    np.testing.assert_allclose(shown, lip_solve.symmetric(lip_solve.normalised(points)), atol=1e-3)


def test_the_lips_open_as_tracked(recording, solved):
    units = solved[0]
    assert units.min() >= 0 and units.max() <= 1
    assert (units[:, CLOSE] <= units[:, JAW] + 1e-9).all()
    gap = np.maximum(units @ gap_weights(), 0)
    touching = recording.opening < CONTACT
    assert touching.sum() > 500
    assert gap[touching].max() < 0.008
    np.testing.assert_allclose(gap[~touching], recording.opening[~touching], atol=0.008)


def test_the_solved_mouth_has_the_filmed_outline(recording, solved):
    _, shapes, explained = solved
    speaking = recording.opening > 0.02
    before, after = (np.square(x[speaking]).mean() ** 0.5 for x in (shapes, shapes - explained))
    assert after < 0.35 * before
    assert after < 0.012  # 1.1 mm on a face whose eye corners are 90 mm apart


def test_the_mouth_is_as_wide_and_the_jaw_as_low_as_tracked(shard, recording, solved):
    with np.load(shard / "grid_s1" / "tracked_000.npz") as data:
        seen = data["ok"].astype(bool)
        width, jaw = (data[name][seen].astype(float) for name in ("width", "jaw"))
    units, _, explained = solved
    speaking = recording.opening > 0.02
    assert np.corrcoef(explained[speaking, column(61, "x")], width[speaking])[0, 1] > 0.75
    assert np.corrcoef(units[speaking, JAW], jaw[speaking])[0, 1] > 0.65


def test_words_with_rounded_vowels_are_rounded(shard, recording, solved):
    """Without any phones: "blue" and "two" against "three" and the letters e and b, by the corpus' word times."""
    pucker = {"round": [], "spread": []}
    kind = {"blue": "round", "two": "round", "u": "round", "three": "spread", "e": "spread", "b": "spread"}
    with open(shard / "grid_s1" / "alignments.tsv", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["word"] in kind and row["clip"] in recording.clips:
                own = recording.clip == recording.clips.index(row["clip"])
                vowel = float(row["start_s"]) * 0.4 + float(row["end_s"]) * 0.6
                frame = np.argmin(np.abs(recording.times[own] - vowel))
                pucker[kind[row["word"]]].append(solved[0][own][frame, PUCKER])
    rounded, spread = (np.array(pucker[kind]) for kind in ("round", "spread"))
    assert min(len(rounded), len(spread)) > 12
    assert (rounded[:, None] > spread).mean() > 0.8


def test_phones_settle_what_lips_in_a_plane_do_not_show(recording):
    own = recording.clip == 0
    one = replace(recording, clips=recording.clips[:1], **{
        name: getattr(recording, name)[own] for name in ("clip", "times", "opening", "points")
    })  # fmt: skip
    clip = one.clips[0]
    as_u, as_i = (lip_solve.solved(one, {clip: [(0.0, CLIP_S, phone)]})[0].mean(0) for phone in "ui")
    assert as_u[PUCKER] > as_i[PUCKER] + 0.05
    assert as_u[UNITS.index("mouthFunnel")] > as_i[UNITS.index("mouthFunnel")] + 0.05


def test_solved_clips_are_kept_and_go_with_the_opening(shard, tmp_path, monkeypatch):
    phones = tmp_path / "grid_s1.json"
    phones.write_text(
        json.dumps({"bbaf3s": [(0.0, 0.7, "sil"), (0.7, 0.8, "b"), (0.8, CLIP_S, "i")]}), encoding="utf-8"
    )
    os.utime(phones, (1e9, 1e9))
    monkeypatch.setattr(lip_solve, "alignment_files", lambda corpus: [phones])
    monkeypatch.setattr(lip_solve, "aligned_phones", lambda corpus: json.loads(phones.read_text(encoding="utf-8")))
    monkeypatch.setattr(lip_solve, "SOURCES", ())
    monkeypatch.setattr(lip_solve, "SOLVED", tmp_path / "lips" / "grid_units.npz")
    curves, openings = lip_solve.grid_units(), faces.grid_opening()
    assert curves.keys() == openings.keys()
    for clip, (times, units) in curves.items():
        np.testing.assert_array_equal(times, openings[clip][0])
        assert units.shape == (len(times), len(UNITS))
    written = lip_solve.SOLVED.stat().st_mtime_ns
    assert lip_solve.grid_units().keys() == curves.keys()
    assert lip_solve.SOLVED.stat().st_mtime_ns == written
    phones.write_text("{}", encoding="utf-8")
    os.utime(phones, (4e9, 4e9))
    assert not np.allclose(lip_solve.grid_units()["bbaf3s"][1], curves["bbaf3s"][1])
