"""What a shape key does to a mouth, in numbers that are the same for every head: motion of places on and around the
lips, in mouth widths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lip_geometry import BINS, Mouth
from .mesh_shapes import KeyOffsets, MeshShapes

AROUND: tuple[tuple[str, float, float], ...] = (
    *(("upper lip", x, z) for x in (-0.33, 0.0, 0.33) for z in (0.1, 0.2)),
    *(("lower lip", x, z) for x in (-0.33, 0.0, 0.33) for z in (-0.1, -0.2)),
    *(("under the lip", x, -0.4) for x in (-0.3, 0.0, 0.3)),
    *(("chin", x, -0.75) for x in (-0.35, 0.0, 0.35)),
    *(("cheek", x, z) for x in (-0.85, 0.85) for z in (-0.4, 0.0, 0.35)),
)
"""Places on the skin beside the inner rims: what they belong to, mouth widths to the left and up from the centre."""
_NEAR = 0.09
"""Mouth widths around such a place that count as it."""
_SHALLOW = 0.15
"""Mouth widths behind the foremost vertex there that still are skin."""
_POINTS = 2 * BINS + len(AROUND)
FEATURES = 3 * _POINTS + 3 * BINS + 3
"""Length of a measure: left, front, up of each place; then gap, and lips' mean protrusion and height, at each place
across the mouth; width, and corners' height and depth."""

_POINT_WEIGHT, _GAP_WEIGHT, _LIP_WEIGHT, _CORNER_WEIGHT = 0.35, 1.5, 0.6, 1.0
"""How much it matters that each is right: an opening is seen first."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of one mesh, as means over vertices."""

    mouth: Mouth
    vertices: NDArray[np.int32]
    """[N] of the mesh, those that some place needs."""
    shares: NDArray[np.float32]
    """[P, N] the part of each in each place; rows: upper rim, lower rim from right to left, AROUND."""

    def motion(self, key: KeyOffsets) -> NDArray[np.float64]:
        """[P, 3] left, front, up in mouth widths."""
        return self.mouth.turned(self.shares @ key.at(self.vertices))


def find_places(mesh: MeshShapes, mouth: Mouth) -> Places:
    """The places around a mouth that was found on this mesh. Where a mesh has no skin the nearest skin counts."""
    local = mouth.local(mesh.points)
    island = mesh.islands()
    (skin,) = np.nonzero((island == island[mouth.upper[BINS // 2][0]]) & (np.abs(local) < 2.0).all(1))
    groups = [*mouth.upper, *mouth.lower]
    for _, x, z in AROUND:
        distance = np.hypot(local[skin, 0] - x, local[skin, 2] - z)
        near = skin[distance < max(_NEAR, float(distance.min()) * 1.5)]
        groups.append(near[local[near, 1] > local[near, 1].max() - _SHALLOW])
    vertices = np.unique(np.concatenate(groups)).astype(np.int32)
    shares = np.zeros((len(groups), len(vertices)), np.float32)
    for row, group in enumerate(groups):
        shares[row, np.searchsorted(vertices, group)] = 1.0 / len(group)
    return Places(mouth, vertices, shares)


def measure(motion: NDArray[np.floating]) -> NDArray[np.float64]:
    """[..., FEATURES] from the motion of all places [..., P, 3]; linear, so measures add up as keys do."""
    upper, lower = motion[..., :BINS, :], motion[..., BINS : 2 * BINS, :]
    gap = upper[..., 2] - lower[..., 2]
    middle = (upper + lower) / 2
    right, left = middle[..., 0, :], middle[..., -1, :]
    corners = np.stack(
        [left[..., 0] - right[..., 0], (left[..., 2] + right[..., 2]) / 2, (left[..., 1] + right[..., 1]) / 2], -1
    )
    flat = motion.reshape(*motion.shape[:-2], -1)
    return np.concatenate(
        [
            _POINT_WEIGHT * flat,
            _GAP_WEIGHT * gap,
            _LIP_WEIGHT * middle[..., 1],
            _LIP_WEIGHT * middle[..., 2],
            _CORNER_WEIGHT * corners,
        ],
        -1,
    )
