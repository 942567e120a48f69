"""Measures with their bootstrap error: every result of the report is one of these."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its bootstrap standard error over lines; nan where there are too few to tell."""

    value: float
    error: float = float("nan")


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


def pearson_in_blocks(first: np.ndarray, second: np.ndarray, block: int, seed: int = 0) -> Measured:
    """Pearson r of two long curves [T]; the error comes from drawing whole blocks of `block` frames again."""
    blocks = [np.arange(start, min(start + block, len(first))) for start in range(0, len(first), block)]
    r: Callable[[np.ndarray], float] = lambda frames: float(stats.pearsonr(first[frames], second[frames]).statistic)  # noqa: E731
    rng = np.random.default_rng(seed)
    draws = [r(np.concatenate([blocks[i] for i in rng.integers(0, len(blocks), len(blocks))])) for _ in range(ROUNDS)]
    return Measured(r(np.arange(len(first))), float(np.std(draws)))
