"""Measured faces beside the curves: clips of filmed talkers, the jaw of captured takes, and the mouth at rest."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.track import AnimationTrack

from ..datasets.corpora import FACEGOOD_AUDIO, tar_sound
from ..datasets.faces import HELD_OUT_TAKE
from ..network import ARKIT_CHANNELS
from ..paths import BENCH, FACES
from . import bench
from .performance import OPEN, SAMPLE_RATE, Program, clip, opening
from .statistics import UNKNOWN, Figure, Measured, closure_auc, pearson, ratio

DEV_TAKE = "1114_2_05"
DEV_CLIP = "fg_05"
"""The bench's name of it."""
TAKES = {DEV_TAKE: "dev take", HELD_OUT_TAKE: "held-out take, another session"}


Scored = list[dict[str, Any]]
"""What the bench's clip_scores makes of each clip of a set."""


def scored(tracks: Mapping[str, AnimationTrack], lag: float | None = None) -> tuple[dict[str, Measured], Scored]:
    """score.py's measures of the openings of some clips, and what each clip adds (after which its lag is taken).

    `lag`: the program's (s), for sets that are too small to find it.
    """
    tools = bench.script("eval_openness")
    clips = [
        tools.clip_scores(name, track.times, opening(track), *tools.read_gt(str(BENCH / "dev" / "gt" / f"{name}.csv")))
        for name, track in tracks.items()
    ]
    values, errors = tools.summary(clips, boot=100, lag=lag)
    return {key: Measured(value, errors.get(key, float("nan"))) for key, value in values.items()}, clips


def minus(ours: Scored, theirs: Scored) -> dict[str, Measured]:
    """r_sp0 and closure AUC of the first less the second, of the same clips."""
    tools = bench.script("eval_openness")
    closures = [Figure("closure AUC", tuple((c["C"], c["O"]) for c in clips), closure_auc) for clips in (ours, theirs)]
    return {"r_sp0": Measured(*tools.paired(ours, theirs, "r_sp0")), "clos_auc": closures[0].minus(closures[1])}


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
    ahead: Measured
    """r of the first program less this one's, over the same blocks."""


def jaw_of_takes(programs: Sequence[Program]) -> dict[str, dict[str, JawCheck | None]]:
    """{take: {program: check}}; the lip opening stands for the jaw where a program has none."""
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
            sound = clip(samples, DEV_CLIP if take == DEV_TAKE else take)
            tracks = {p.label: p.perform(sound, "zh") for p in programs}
            found[take] = _jaw_checks(truth, fps, tracks)
    return found


def _jaw_checks(
    truth: NDArray[np.float32], fps: float, tracks: Mapping[str, AnimationTrack | None]
) -> dict[str, JawCheck | None]:
    """{program: check}; the first is the one that others are compared with."""
    times, block = np.arange(len(truth)) / fps, round(5 * fps)
    parts = [slice(start, start + block) for start in range(0, len(truth), block)]
    checks: dict[str, JawCheck | None] = {}
    first: Figure | None = None
    for label, track in tracks.items():
        if track is None:
            checks[label] = None
            continue
        name = OPEN if OPEN in track.names else "jawOpen"
        at = lambda lag: track.select((name,)).at(times + lag)[:, 0]  # noqa: B023, E731
        figure = Figure("r", tuple((truth[part], at(0.0)[part]) for part in parts), pearson)
        lags = np.arange(-20, 21) / 100
        by_lag = [pearson([(truth, at(lag))]) for lag in lags]
        best = int(np.argmax(by_lag))
        first = first or figure
        checks[label] = JawCheck(figure.measured(), float(lags[best]), by_lag[best], first.minus(figure))
    return checks


@dataclass(frozen=True, slots=True)
class Rest:
    """Motion while nobody speaks, per second."""

    coefficients: Measured
    """Mean |change| of the mouth's coefficients; nan where there are none."""
    aperture: Measured
    """Mean |change| of the lip opening, in distances of the outer eye corners."""
    relative: Measured
    """The same in units of the program's own 95 % level while talker 1 speaks, which a timid mouth does not gain by."""
    seconds: float


def level_of(tracks: Mapping[str, AnimationTrack]) -> float:
    """95 % level of a program's opening, in the middle clip."""
    level = bench.script("eval_openness").level
    return float(np.median([level(opening(track)) for track in tracks.values()]))


def rest_in_pauses(tracks: Mapping[str, AnimationTrack], trim: float = 0.1) -> Rest:
    """Pauses before, between and after the words of the GRID dev clips, without `trim` seconds at both ends."""
    moved, opened, seconds = [], [], []
    for name, track in tracks.items():
        times = track.times[1:]
        paused = np.zeros(len(times), bool)
        for start, end, unit in bench.clip_phones(name):
            paused |= (unit == "sil") & (times > start + trim) & (times <= end - trim)
        changed, lips = _changes(track)
        moved.append(float(changed[paused].sum()))
        opened.append(float(lips[paused].sum()))
        seconds.append(paused.sum() / track.fps)
    aperture, level = ratio(opened, seconds), level_of(tracks)
    relative = Measured(aperture.value / level, aperture.error / level)
    coefficients = UNKNOWN if np.isnan(moved).any() else ratio(moved, seconds)
    return Rest(coefficients, aperture, relative, float(sum(seconds)))


def rest_without_speech(program: Program, own_level: float) -> dict[str, Rest | None]:
    """Ten seconds of digital silence and of room tone (brown noise), as between the lines of a recording.

    `own_level`: level_of what the program does while somebody speaks.
    """
    rng = np.random.default_rng(0)
    brown = np.cumsum(rng.standard_normal(10 * SAMPLE_RATE))
    brown -= np.convolve(brown, np.ones(801) / 801, mode="same")
    brown /= np.sqrt((brown**2).mean())
    sounds = {"digital silence": np.zeros(10 * SAMPLE_RATE)}
    sounds |= {f"room tone at {level} dB": brown * 10 ** (level / 20) for level in (-60, -45)}
    found: dict[str, Rest | None] = {}
    for title, samples in sounds.items():
        track = program.perform(clip(samples.astype(np.float32), title), "en")
        if track is None:
            found[title] = None
            continue
        coefficients, lips = (float(change.sum() / track.duration) for change in _changes(track))
        found[title] = Rest(Measured(coefficients), Measured(lips), Measured(lips / own_level), track.duration)
    return found


def _changes(track: AnimationTrack) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[T - 1] |change| from frame to frame: mean of the coefficients (nan where there are none), and of the opening."""
    lips = np.abs(np.diff(opening(track)))
    if OPEN in track.names:
        return np.full_like(lips, np.nan), lips
    return np.abs(np.diff(track.select(ARKIT_CHANNELS).values, axis=0)).mean(1), lips
