"""Measured faces beside the curves: clips of filmed talkers, the jaw of captured takes, and the mouth at rest."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.track import AnimationTrack

from ..datasets.corpora import FACEGOOD_AUDIO, tar_sound
from ..datasets.faces import HELD_OUT_TAKE
from ..network import ARKIT_CHANNELS
from ..paths import BENCH, FACES
from . import bench
from .peers import STORED
from .performance import CURVE_FPS, LOUDNESS, SAMPLE_RATE, Program, clip, loudness
from .statistics import Measured, pearson_in_blocks, ratio

DEV_TAKE = "1114_2_05"
TAKES = {DEV_TAKE: "dev take", HELD_OUT_TAKE: "held-out take, another session"}


def unshifted_r(clip_name: str, curves: Path) -> float:
    """r_sp0 of one clip, as the bench computes it."""
    tools = bench.script("eval_openness")
    truth = tools.read_gt(str(BENCH / "dev" / "gt" / f"{clip_name}.csv"))
    result = tools.clip_scores(clip_name, *tools.read_pred(str(curves), CURVE_FPS), *truth)
    tools.at_lag([result], 0.0)
    return float(result["r_sp0"])


def best_median_worst(scores: Mapping[str, float]) -> list[tuple[str, str]]:
    """[("best", clip), ("median", clip), ("worst", clip)]; fewer where there are fewer clips."""
    order = sorted(scores, key=scores.get, reverse=True)
    picks = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return [(word, name) for i, (word, name) in enumerate(picks.items()) if name not in list(picks.values())[:i]]


@dataclass(frozen=True, slots=True)
class JawCheck:
    """jawOpen against a captured Mandarin take of one voice."""

    r: Measured
    """Unshifted, whole take; error over blocks of 5 s."""
    best_lag: float
    """Seconds within +-0.2 at which r is largest; late is positive."""
    r_at_best: float


def jaw_of_takes(programs: Sequence[Program]) -> dict[str, dict[str, JawCheck]]:
    """{take: {program: check}}, loudness as the last program: on isolated syllables it does as well as lip-sync.

    The lip opening of the peers whose curves the bench has stands for their jaw.
    """
    with np.load(FACES / "facegood" / "facegood_curves.npz") as data:
        fps, names = float(data["fps"]), [str(name) for name in data["names"]]
        captured = {take: data[f"bs_{take}"].astype(np.float32) for take in TAKES}
    with open(FACES / "facegood" / "facegood_to_arkit.tsv", encoding="utf-8") as file:
        jaw = [row["facegood_channel"] for row in csv.DictReader(file, delimiter="\t") if row["arkit"] == "jawOpen"]
    columns = [names.index(name) for name in jaw]
    found = {}
    for take, samples in tar_sound(FACEGOOD_AUDIO):
        if take in TAKES:
            truth = captured[take][:, columns].max(1)
            tracks = {p.label: p.perform(clip(samples, take)).select(("jawOpen",)) for p in programs}
            if take == DEV_TAKE:
                tracks |= {name: bench.stored_opening(name, "fg_05") for name in STORED}
            tracks[LOUDNESS] = loudness(samples)
            found[take] = {label: _jaw_check(truth, fps, track) for label, track in tracks.items()}
    return found


def _jaw_check(truth: NDArray[np.float32], fps: float, track: AnimationTrack) -> JawCheck:
    times = np.arange(len(truth)) / fps
    at = lambda lag: track.at(times + lag)[:, 0]  # noqa: E731
    lags = np.arange(-20, 21) / 100
    by_lag = [float(np.corrcoef(truth, at(lag))[0, 1]) for lag in lags]
    best = int(np.argmax(by_lag))
    return JawCheck(pearson_in_blocks(truth, at(0.0), round(5 * fps)), float(lags[best]), by_lag[best])


@dataclass(frozen=True, slots=True)
class Rest:
    """Motion while nobody speaks, per second."""

    coefficients: Measured
    """Mean |change| of the mouth's coefficients."""
    aperture: Measured
    """Mean |change| of the lip opening, in distances of the outer eye corners."""
    seconds: float


def rest_in_pauses(tracks: Mapping[str, AnimationTrack], trim: float = 0.1) -> Rest:
    """Pauses before, between and after the words of the GRID dev clips, without `trim` seconds at both ends."""
    moved, opened, seconds = [], [], []
    for name, track in tracks.items():
        times = track.times[1:]
        paused = np.zeros(len(times), bool)
        for start, end, unit in bench.clip_phones(name):
            paused |= (unit == "sil") & (times > start + trim) & (times <= end - trim)
        change = np.abs(np.diff(track.select(ARKIT_CHANNELS).values, axis=0)).mean(1)
        moved.append(float(change[paused].sum()))
        opened.append(float(np.abs(np.diff(lip_gap(track)))[paused].sum()))
        seconds.append(paused.sum() / track.fps)
    return Rest(ratio(moved, seconds), ratio(opened, seconds), float(sum(seconds)))


def rest_without_speech(program: Program) -> dict[str, Rest]:
    """Ten seconds of digital silence and of room tone (brown noise), as between the lines of a recording."""
    rng = np.random.default_rng(0)
    brown = np.cumsum(rng.standard_normal(10 * SAMPLE_RATE))
    brown -= np.convolve(brown, np.ones(801) / 801, mode="same")
    brown /= np.sqrt((brown**2).mean())
    sounds = {"digital silence": np.zeros(10 * SAMPLE_RATE)}
    sounds |= {f"room tone at {level} dB": brown * 10 ** (level / 20) for level in (-60, -45)}
    found = {}
    for title, samples in sounds.items():
        track = program.perform(clip(samples.astype(np.float32), title))
        change = np.abs(np.diff(track.select(ARKIT_CHANNELS).values, axis=0)).mean(1)
        per_second = lambda values: Measured(float(values.sum() / track.duration))  # noqa: B023, E731
        found[title] = Rest(per_second(change), per_second(np.abs(np.diff(lip_gap(track)))), track.duration)
    return found
