"""Least squares within bounds, in NumPy alone: Blender brings no SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bounded_fit(
    matrix: NDArray[np.floating],
    wanted: NDArray[np.floating],
    low: NDArray[np.floating] | float,
    high: NDArray[np.floating] | float,
    ridge: NDArray[np.floating] | float = 0.0,
    *,
    sweeps: int = 400,
    tolerance: float = 1e-7,
) -> NDArray[np.float64]:
    """[S, K] the x that makes |x @ matrix - wanted|^2 + ridge * x^2 least, with low <= x <= high.

    `matrix` [K, F], `wanted` [S, F], `ridge`, `low` and `high` [K] or one number. One unknown after the other is set to
    its best value within the bounds, all S rows at once; for a convex problem with bounds that ends at the least
    (Hildreth, 1957; Luo and Tseng, 1992). It starts where the solution without bounds is cut off at them.
    """
    matrix = np.asarray(matrix, np.float64)
    count = len(matrix)
    low, high, ridge = (np.broadcast_to(np.asarray(value, np.float64), (count,)) for value in (low, high, ridge))
    squares = matrix @ matrix.T + np.diag(ridge)
    aim = np.asarray(wanted, np.float64) @ matrix.T
    x = _clamped(squares, aim, low, high)
    moving = [k for k in range(count) if squares[k, k] > 1e-18]
    for _ in range(sweeps):
        most = 0.0
        for k in moving:
            step = (aim[:, k] - x @ squares[:, k]) / squares[k, k]
            new = np.clip(x[:, k] + step, low[k], high[k])
            most = max(most, float(np.abs(new - x[:, k]).max(initial=0.0)))
            x[:, k] = new
        if most < tolerance:
            break
    return x


def _clamped(
    squares: NDArray[np.float64], aim: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[S, K] near the solution: what runs over a bound is held there, and the rest solved again, a few times."""
    x = np.zeros((len(aim), len(squares)))
    for row, goal in enumerate(aim):
        free = np.ones(len(squares), bool)
        for _ in range(4):
            rest = goal[free] - squares[np.ix_(free, ~free)] @ x[row, ~free]
            x[row, free] = np.linalg.lstsq(squares[np.ix_(free, free)], rest, rcond=1e-12)[0]
            over = free & ((x[row] < low) | (x[row] > high))
            x[row] = np.clip(x[row], low, high)
            if not over.any():
                break
            free &= ~over
    return x
