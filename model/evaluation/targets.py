"""The targets of shared/QUALITY.md section 2 beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from . import dhlive
from .statistics import UNKNOWN, Measured

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
    beside: dict[str, Measured] = field(default_factory=dict)
    """The same of other programs, by their names in bench.PROGRAMS; nan where they give nothing to measure."""

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


PEERS = ("previous", dhlive.LABEL, "rhubarb_ps", "rhubarb_phonetic", "rms_band_db")
"""That stand beside ours."""


def of(numbers: dict[str, Any], *, quick: bool = False) -> list[Target]:
    """Every target that `numbers` can decide, with what the peers reach."""
    columns = {name: list(_of(numbers, name, quick)) for name in ("ours", *PEERS)}
    beside = [{name: columns[name][i].measured for name in PEERS} for i in range(len(columns["ours"]))]
    return [replace(target, beside=others) for target, others in zip(columns["ours"], beside, strict=True)]


def _of(numbers: dict[str, Any], program: str, quick: bool) -> Iterator[Target]:
    yield from of_bench(numbers["faces"], numbers["articulation"], program)
    if not quick:
        yield from of_the_rest(numbers, program)


def of_bench(faces: dict, articulation: dict, program: str) -> Iterator[Target]:
    """What score.py and articulation.py decide."""

    def measured(result: dict, title: str, key: str) -> Measured:
        row = result[title].get(program)
        return Measured(row["value"].get(key, math.nan), row["error"].get(key, math.nan)) if row else UNKNOWN

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


def of_the_rest(numbers: dict, program: str) -> Iterator[Target]:
    """What the other sections decide; those whose lines are not prepared are left out."""

    def found(rows: dict[str, Any], get: Callable[[Any], Measured]) -> Measured:
        return get(rows[program]) if rows.get(program) else UNKNOWN

    bilabials, hearing, rest = numbers["bilabials"], numbers["hearing"], numbers["rest"]["sounds"]
    yield at_least("p b m hit", DUTCH, 0.95, found(bilabials["Dutch, dev"], lambda row: row.hit))
    yield at_least("p b m precision", DUTCH, 0.88, found(bilabials["Dutch, dev"], lambda row: row.precision))
    yield at_least("p b m hit", TALKER_1, 0.95, found(bilabials[TALKER_1], lambda row: row.hit))
    for title, judge in ((TALKER_1, "the corpus' word times"), (DUTCH, "the corpus' phone times, not ours")):
        known = found(bilabials[f"{title}, words known"], lambda row: row.hit)
        yield at_least("p b m hit, words known", title, 1.0, known, f"judged by {judge}")
    pauses = found(rest["pauses of the GRID dev clips"], lambda row: row.coefficients)
    yield at_most("silence motion per second", TALKER_1, 0.02, pauses, "mean of the mouth's coefficients")
    for title, programs in numbers["boundaries"].items():
        median, within = (
            found(programs, lambda kinds, key=key: getattr(kinds["all"], key)) for key in ("median", "within_50")
        )
        yield at_most("boundary error, median (s)", title, 0.02, median, "the text's phones over the sound")
        yield at_least("boundaries within 50 ms", title, 0.90, within)
    english, spanish = (
        found(hearing[title]["programs"], lambda row: row.visemes) for title in ("English, other readers", "Spanish")
    )
    yield at_least("visemes right", "English never heard", 0.70, english, "2 readers, labels by pocketsphinx")
    yield at_least("visemes right", "Spanish, never trained", 0.60, spanish, "labels by our own aligner: flattering")
    for title in (TALKER_1, OTHERS):
        for what, key in (("closure AUC lost in noise", "clos_auc"), ("p b m hit lost in noise", "hit")):
            clean, noisy = (
                found(numbers["degraded"][c]["programs"][title], lambda row, key=key: row[key])
                for c in ("clean", "noise")
            )
            lost = Measured(clean.value - noisy.value, math.hypot(clean.error, noisy.error))
            yield at_most(what, title, 0.05, lost, "10 dB; the error takes both as independent")
    for take, rows in numbers["mandarin"].items():
        yield at_least("jawOpen r", f"FACEGOOD {take}", 0.85, found(rows["programs"], lambda row: row.r), rows["what"])
    speeds = numbers["speed"]["programs"]
    ours = speeds["ours"]
    note = f"the machine was busy (load {ours.load:.1f}): too low" if ours.load > ours.cores else ""
    times = found(speeds, lambda row: Measured(row.times_real_time))
    yield at_least("times real time", "the network alone", 300, times, note)
    yield at_most("MB on disk", "network", 15, found(speeds, lambda row: Measured(row.megabytes)))
