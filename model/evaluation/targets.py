"""The targets of shared/QUALITY.md section 2 beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .statistics import Measured

TALKER_1, OTHERS, DUTCH = "GRID talker 1", "GRID, other talkers", "Dutch, dev_nl"
"""Sets of the bench."""


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the summary."""

    what: str
    on: str
    least: float
    most: float
    measured: Measured
    note: str = ""

    @property
    def met(self) -> bool:
        return self.least <= self.measured.value <= self.most

    @property
    def short_by(self) -> float:
        """How far outside; 0 where met."""
        return max(self.least - self.measured.value, self.measured.value - self.most, 0.0)

    @property
    def within_error(self) -> bool:
        """Whether the nearer bound is closer than the bootstrap error: neither clearly met nor missed."""
        distance = min(abs(self.measured.value - bound) for bound in (self.least, self.most) if math.isfinite(bound))
        return math.isfinite(self.measured.error) and distance < self.measured.error


def at_least(what: str, on: str, bound: float, measured: Measured, note: str = "") -> Target:
    return Target(what, on, bound, math.inf, measured, note)


def at_most(what: str, on: str, bound: float, measured: Measured, note: str = "") -> Target:
    return Target(what, on, -math.inf, bound, measured, note)


def of_bench(faces: dict, articulation: dict) -> Iterator[Target]:
    """What score.py and articulation.py decide."""

    def measured(result: dict, title: str, key: str) -> Measured:
        row = result[title]["ours"]
        return Measured(row["value"][key], row["error"].get(key, math.nan))

    few = "5 clips"
    for title, note in ((TALKER_1, ""), (OTHERS, few)):
        yield at_least("r_sp without shift", title, 0.80, measured(faces, title, "r_sp0"), note)
    for title, note in ((TALKER_1, ""), (OTHERS, few)):
        yield at_least("closure AUC", title, 0.97, measured(faces, title, "clos_auc"), note)
    yield Target("lag (s)", TALKER_1, -0.02, 0.02, measured(faces, TALKER_1, "lag"))
    for title, note in ((TALKER_1, ""), (OTHERS, few)):
        yield Target("sd ratio", title, 0.85, 1.10, measured(faces, title, "sd_ratio"), note)
    note = "of the opening, in own level; the face: 0.07"
    yield at_most("silence motion per second", TALKER_1, 0.02, measured(faces, TALKER_1, "sil_move"), note)
    yield at_least("f v", DUTCH, 0.85, measured(articulation, DUTCH, "fv"))
    yield at_least("rounding AUC", DUTCH, 0.85, measured(articulation, DUTCH, "round_auc"))


def of_the_rest(numbers: dict) -> Iterator[Target]:
    """What the other sections decide; those whose lines are not prepared are left out."""
    dutch = numbers["bilabials"]["Dutch, dev"]["ours"]
    yield at_least("p b m hit", DUTCH, 0.95, dutch.hit)
    yield at_least("p b m precision", DUTCH, 0.88, dutch.precision)
    yield at_least("p b m hit", TALKER_1, 0.95, numbers["bilabials"][TALKER_1]["ours"].hit)
    for title, judge in ((TALKER_1, "the corpus' word times"), (DUTCH, "the corpus' phone times, not ours")):
        known = numbers["bilabials"][f"{title}, words known"]["ours"]
        yield at_least("p b m hit, words known", title, 1.0, known.hit, f"judged by {judge}")
    pauses = numbers["rest"]["sounds"]["pauses of the GRID dev clips"]["ours"].coefficients
    yield at_most("silence motion per second", TALKER_1, 0.02, pauses, "mean of the mouth's coefficients")
    for title, kinds in numbers["boundaries"].items():
        yield at_most("boundary error, median (s)", title, 0.02, kinds["all"].median, "the text's phones over the sound")
        yield at_least("boundaries within 50 ms", title, 0.90, kinds["all"].within_50)
    hearing = numbers["hearing"]
    english, spanish = (hearing[title]["programs"]["ours"].visemes for title in ("English, other readers", "Spanish"))
    yield at_least("visemes right", "English never heard", 0.70, english, "2 readers, labels by pocketsphinx")
    yield at_least("visemes right", "Spanish, never trained", 0.60, spanish, "labels by our own aligner: flattering")
    for title in (TALKER_1, OTHERS):
        for what, key in (("closure AUC lost in noise", "clos_auc"), ("p b m hit lost in noise", "hit")):
            clean, noisy = (numbers["degraded"][c]["programs"][title]["ours"][key] for c in ("clean", "noise"))
            lost = Measured(clean.value - noisy.value, math.hypot(clean.error, noisy.error))
            yield at_most(what, title, 0.05, lost, "10 dB; the error takes both as independent")
    for take, rows in numbers["mandarin"].items():
        yield at_least("jawOpen r", f"FACEGOOD {take}", 0.85, rows["programs"]["ours"].r, rows["what"])
    speed = numbers["speed"]["programs"]["ours"]
    note = f"the machine was busy (load {speed.load:.1f}): too low" if speed.load > speed.cores else ""
    yield at_least("times real time", "the network alone", 300, Measured(speed.times_real_time), note)
    yield at_most("MB on disk", "network", 15, Measured(speed.megabytes))
