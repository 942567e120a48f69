# SPDX-License-Identifier: GPL-3.0-or-later
"""Quad layout of the skin: a grid around the head with concentric loops in the mouth and eye openings.

Vertices are named by tuples: ("g", row, column) on the grid, ("c", a, b) on the crown,
("m" | "eL" | "eR", loop, q) on the loops of an opening (loop 1 is the outermost; q runs counter-clockwise
seen from the front, q = 0 at the corner towards +x) and ("b", row, column) at the end of the mouth bag.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

COLUMNS = 80
CROWN = COLUMNS // 4


@dataclass(frozen=True)
class Hole:
    """A block of grid cells (row and column of its corners) replaced by `loops` loops."""

    name: str
    top: int
    bottom: int
    left: int
    right: int
    loops: int

    def border(self) -> list[tuple]:
        """Grid vertices around the hole, counter-clockwise from the middle of the +x side."""
        middle = (self.top + self.bottom) // 2
        path = [(i, self.right) for i in range(middle, self.top, -1)]
        path += [(self.top, j) for j in range(self.right, self.left, -1)]
        path += [(i, self.left) for i in range(self.top, self.bottom)]
        path += [(self.bottom, j) for j in range(self.left, self.right)]
        path += [(i, self.right) for i in range(self.bottom, middle, -1)]
        return [("g", i, j) for i, j in path]


@dataclass
class Layout:
    """Faces and names of the skin's vertices, and for each vertex its mirror partner."""

    holes: dict[str, Hole]
    keys: list[tuple] = field(default_factory=list)
    index: dict[tuple, int] = field(default_factory=dict)
    faces: list[tuple] = field(default_factory=list)
    mirror: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    def ring(self, hole: str, loop: int) -> np.ndarray:
        """Vertex indices of one loop, by q (loop 0 is the border on the grid)."""
        h = self.holes[hole]
        names = h.border() if loop == 0 else [(hole, loop, q) for q in range(len(h.border()))]
        return np.array([self.index[k] for k in names])

    def edges(self) -> np.ndarray:
        """Unique edges [E, 2]."""
        f = np.array(self.faces)
        e = np.concatenate([f[:, [k, (k + 1) % 4]] for k in range(4)])
        return np.unique(np.sort(e, 1), axis=0)


def wrap(j: int) -> int:
    """Column index in -COLUMNS/2 + 1 .. COLUMNS/2."""
    half = COLUMNS // 2
    return (j + half - 1) % COLUMNS - half + 1


def crown_border(column: int) -> tuple[int, int]:
    """Crown patch position of a column: column 0 is the middle of the front side."""
    n = CROWN
    s = (column + n // 2) % COLUMNS
    if s <= n:
        return s, 0
    if s <= 2 * n:
        return n, s - n
    if s <= 3 * n:
        return 3 * n - s, n
    return 0, 4 * n - s


def _mirrored(key: tuple, sizes: dict[str, int]) -> tuple:
    kind, a, b = key
    if kind in ("g", "b"):
        return (kind, a, wrap(-b) if kind == "g" else -b)
    if kind == "c":
        return (kind, CROWN - a, b)
    other = {"eL": "eR", "eR": "eL", "m": "m"}[kind]
    return (other, a, (sizes[kind] // 2 - b) % sizes[kind])


def build(rows: int, holes: list[Hole]) -> Layout:
    """Lay out a grid of `rows` rows of vertices with the given holes."""
    lay = Layout({h.name: h for h in holes})

    def add(*names: tuple) -> None:
        corners = []
        for name in names:
            if name not in lay.index:
                lay.index[name] = len(lay.keys)
                lay.keys.append(name)
            corners.append(lay.index[name])
        lay.faces.append(tuple(corners))

    def in_hole(i: int, j: int) -> bool:
        return any(h.top <= i < h.bottom and h.left <= j < h.right for h in holes)

    for i in range(rows - 1):
        for c in range(COLUMNS):
            j, k = wrap(c), wrap(c + 1)
            if not in_hole(i, j):
                add(("g", i, j), ("g", i + 1, j), ("g", i + 1, k), ("g", i, k))
    _add_crown(add)
    for h in holes:
        loops = [h.border()] + [[(h.name, n, q) for q in range(len(h.border()))] for n in range(1, h.loops + 1)]
        for outer, inner in zip(loops, loops[1:]):
            for q in range(len(outer)):
                r = (q + 1) % len(outer)
                add(outer[q], outer[r], inner[r], inner[q])
        if h.name == "m":
            _add_bag_end(add, h, loops[-1])
    sizes = {h.name: len(h.border()) for h in holes}
    lay.mirror = np.array([lay.index[_mirrored(k, sizes)] for k in lay.keys])
    return lay


def _add_crown(add: Callable[..., None]) -> None:
    border = {crown_border(c): ("g", 0, wrap(c)) for c in range(COLUMNS)}

    def name(a: int, b: int) -> tuple:
        return border.get((a, b), ("c", a, b))

    for a in range(CROWN):
        for b in range(CROWN):
            add(name(a, b), name(a + 1, b), name(a + 1, b + 1), name(a, b + 1))


def _add_bag_end(add: Callable[..., None], hole: Hole, last: list[tuple]) -> None:
    border = {(k[1], k[2]): last[q] for q, k in enumerate(hole.border())}

    def name(i: int, j: int) -> tuple:
        return border.get((i, j), ("b", i, j))

    for i in range(hole.top, hole.bottom):
        for j in range(hole.left, hole.right):
            add(name(i, j), name(i + 1, j), name(i + 1, j + 1), name(i, j + 1))
