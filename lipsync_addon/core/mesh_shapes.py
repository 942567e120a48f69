"""MeshShapes: one mesh and what its shape keys move, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STILL = 1e-4
"""Share of a mesh's size below which a vertex counts as not moved by a key: rounding, and traces of sculpting."""


@dataclass(frozen=True, slots=True, eq=False)
class KeyOffsets:
    """What one shape key moves, at value 1."""

    vertices: NDArray[np.int32]
    """[M] rising."""
    offsets: NDArray[np.float32]
    """[M, 3]"""

    @classmethod
    def between(cls, basis: NDArray[np.floating], shape: NDArray[np.floating], least: float) -> KeyOffsets:
        """From a shape's own points [V, 3]; vertices that move by less than `least` along every axis are left out."""
        offsets = shape - basis
        (moved,) = np.nonzero((np.abs(offsets) > least).any(1))
        return cls(moved.astype(np.int32), offsets[moved].astype(np.float32))

    def at(self, vertices: NDArray[np.integer]) -> NDArray[np.float32]:
        """[N, 3] offsets of these vertices, 0 where the key moves nothing."""
        found = np.zeros((len(vertices), 3), np.float32)
        if len(self.vertices):
            places = np.minimum(np.searchsorted(self.vertices, vertices), len(self.vertices) - 1)
            moves = self.vertices[places] == vertices
            found[moves] = self.offsets[places[moves]]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class MeshShapes:
    """A mesh in a right-handed space of any unit and any turn; the meshes of one character share the space."""

    owner: str
    """Object in the scene."""
    points: NDArray[np.float32]
    """[V, 3] without any key."""
    edges: NDArray[np.int32]
    """[E, 2]"""
    keys: Mapping[str, KeyOffsets]

    def reach(self, key: str) -> float:
        """How far the vertex goes that a key moves most; 0 without such a key."""
        moved = self.keys.get(key)
        return float(np.linalg.norm(moved.offsets, axis=1).max(initial=0.0)) if moved else 0.0

    def islands(self) -> NDArray[np.int32]:
        """[V] the same number for vertices that edges join."""
        return islands(len(self.points), self.edges)


def islands(count: int, edges: NDArray[np.integer]) -> NDArray[np.int32]:
    """[count] the least vertex that can be reached from each along edges: labels pass along them and are shortened
    by jumps, as parallel connected components are found (Shiloach and Vishkin, 1982)."""
    label = np.arange(count, dtype=np.int32)
    if len(edges) == 0:
        return label
    one, other = np.asarray(edges).T
    while True:
        least = np.minimum(label[one], label[other])
        before = label.copy()
        # The labels themselves are hooked too, so that whole islands move at once.
        for vertices in (one, other, before[one], before[other]):
            np.minimum.at(label, vertices, least)
        while True:
            shorter = label[label]
            if np.array_equal(shorter, label):
                break
            label = shorter
        if np.array_equal(label, before):
            return label


def near_pairs(points: NDArray[np.floating], radius: float) -> NDArray[np.int32]:
    """[P, 2] pairs of points [N, 3] nearer than `radius` to each other, each pair once.

    Points are sorted into cells of that size; each cell meets itself and the half of its neighbours after it.
    """
    cells = np.floor((points - points.min(0)) / radius).astype(np.int64) + 1
    size = cells.max(0) + 2
    code = (cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2]
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    found = []
    for shift in _HALF:
        wanted = ordered + (shift[0] * size[1] + shift[1]) * size[2] + shift[2]
        first = np.searchsorted(ordered, wanted, "left")
        last = np.searchsorted(ordered, wanted, "right")
        if shift == (0, 0, 0):
            first = np.arange(len(ordered)) + 1
        counts = np.maximum(last - first, 0)
        one = np.repeat(np.arange(len(ordered)), counts)
        other = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
        near = ((points[order[one]] - points[order[other]]) ** 2).sum(1) < radius * radius
        found.append(np.stack([order[one[near]], order[other[near]]], 1))
    return np.concatenate(found).astype(np.int32)


_HALF: Sequence[tuple[int, int, int]] = [
    (x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) >= (0, 0, 0)
]
