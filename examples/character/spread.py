# SPDX-License-Identifier: GPL-3.0-or-later
"""Spreads prescribed movements of some vertices smoothly over their surroundings."""
from __future__ import annotations

import numpy as np

Array = np.ndarray


class Spreader:
    """Fills the `free` vertices of a mesh so that a field bends as little as possible (squared Laplacian)."""

    def __init__(self, edges: Array, count: int, free: Array) -> None:
        laplacian = np.zeros((count, count), np.float32)
        laplacian[edges[:, 0], edges[:, 1]] = -1.0
        laplacian[edges[:, 1], edges[:, 0]] = -1.0
        laplacian /= -laplacian.sum(1, keepdims=True)
        np.fill_diagonal(laplacian, 1.0)
        self.free = np.flatnonzero(free)
        columns = laplacian[:, self.free]
        rows = np.flatnonzero(np.abs(columns).sum(1) > 0)
        self._rows = laplacian[rows]
        self._inside = columns[rows].astype(np.float64)
        normal = self._inside.T @ self._inside
        self._inverse = np.linalg.inv(normal + 1e-9 * np.eye(len(normal)))

    def fill(self, field: Array) -> Array:
        """Copy of `field` [N, K] with the free vertices filled in from the others."""
        out = np.array(field, dtype=np.float64)
        out[self.free] = 0.0
        rest = self._rows @ out
        out[self.free] = -self._inverse @ (self._inside.T @ rest)
        return out
