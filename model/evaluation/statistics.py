"""Measures with their bootstrap error: every result of the report is one of these."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its bootstrap standard error over lines; nan where there are too few to tell."""

    value: float
    error: float = float("nan")


UNKNOWN = Measured(float("nan"))


def ratio(counted: Sequence[float], of: Sequence[float], seed: int = 0) -> Measured:
    """Sum of `counted` over sum of `of`, both one number a line; lines are drawn again together."""
    above, below = np.asarray(counted, float), np.asarray(of, float)
    if below.sum() == 0:
        return Measured(float("nan"))
    if len(above) < 3:
        return Measured(float(above.sum() / below.sum()))
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # a draw without any counted thing is 0 / 0
        drawn = stats.bootstrap(
            (above, below),
            lambda a, b, axis: a.sum(axis) / b.sum(axis),
            paired=True,
            n_resamples=ROUNDS,
            method="percentile",
            rng=seed,
        ).bootstrap_distribution
    return Measured(float(above.sum() / below.sum()), float(np.nanstd(drawn)))


Part = Any
"""What one line, or one stretch of a long one, adds to a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure on a set of sounds."""

    title: str
    parts: tuple[Part, ...]
    """One for each sound, in the same order for every network."""
    value: Callable[[Sequence[Part]], float]
    """Of some of the parts, drawn with repetition."""

    def measured(self) -> Measured:
        return Measured(self.value(self.parts), float(np.nanstd([self.value(draw) for draw in _drawn(self.parts)])))

    def minus(self, other: Figure) -> Measured:
        """This less the other, of the same sounds."""
        draws = zip(_drawn(self.parts), _drawn(other.parts))  # one seed: the same sounds of both
        differences = [self.value(mine) - self.value(theirs) for mine, theirs in draws]
        return Measured(self.value(self.parts) - self.value(other.parts), float(np.nanstd(differences)))


def _drawn(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """ROUNDS times as many parts as there are, always the same ones of so many."""
    rng, count = np.random.default_rng(0), len(parts)
    for _ in range(ROUNDS):
        yield [parts[i] for i in rng.integers(0, count, count)]


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def share(counts: Sequence[tuple[float, float]]) -> float:
    """Of (counted, of) a line."""
    counted, of = np.sum(counts, axis=0)
    return float(counted / of) if of else float("nan")


def closure_auc(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Of (opening at closures, at opening peaks) a clip: how often the first is the smaller; a tie is half."""
    closed, open_ = (np.concatenate(side)[:, None] for side in zip(*parts))
    return float(np.mean((closed < open_.T) + 0.5 * (closed == open_.T)))


def pearson(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """r of two curves, each in pieces."""
    first, second = (np.concatenate(side) for side in zip(*parts))
    return float(stats.pearsonr(first, second).statistic) if np.ptp(first) and np.ptp(second) else 0.0
