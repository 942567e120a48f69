"""The reference face: the tracker's landmarks on the ICT-FaceKit head, and what each ARKit shape does to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).resolve().parents[1] / "data" / "reference" / "face.npz"

OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""Rings from the right corner (of the person) over the upper lip to the left one and back over the lower."""
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The rim of the face, from the top round the person's left."""
GAP_PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""Upper and lower rim of the inner lips, where the opening is measured."""
EYE_CORNERS = (33, 263)
"""Outer corners, right and left: the unit of length of every opening."""
STEADY = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 127, 356, 162, 389, 234, 454, 10, 151, 9)
"""What expressions hardly move: eye corners, nose, temples, forehead."""
LIP_CORNERS = (61, 291)
"""Outer corners of the mouth, right and left."""
IRISES = tuple(range(468, 478))


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFace:
    """cm; x to the person's left, y up, z forward."""

    names: tuple[str, ...]
    """C ARKit channels"""
    neutral: NDArray[np.float64]
    """[478, 3]"""
    deltas: NDArray[np.float64]
    """[C, 478, 3] what each channel does at 1"""
    triangles: NDArray[np.int64]
    """[T, 3] of the mesh, irises left out"""

    @property
    def eye_distance(self) -> float:
        """cm between the outer eye corners."""
        right, left = EYE_CORNERS
        return float(np.linalg.norm(self.neutral[left] - self.neutral[right]))


@cache
def reference_face() -> ReferenceFace:
    """From data/reference/face.npz (scripts/make_reference_face.py)."""
    with np.load(FILE, allow_pickle=False) as data:
        return ReferenceFace(
            tuple(str(name) for name in data["names"]),
            data["neutral"].astype(np.float64),
            data["deltas"].astype(np.float64),
            data["triangles"].astype(np.int64),
        )


def lip_opening(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """[...] inner-lip opening of [..., 478, 2 or 3] points in distances of the outer eye corners; crossed lips are 0.

    Measured down the face in the picture plane, as in the recordings that trained the network.
    """
    flat = points[..., :2].astype(np.float64)
    down = flat[..., 152, :] - flat[..., 168, :]
    down /= np.maximum(np.linalg.norm(down, axis=-1, keepdims=True), 1e-9)
    gaps = [np.maximum(((flat[..., low, :] - flat[..., up, :]) * down).sum(-1), 0) for up, low in GAP_PAIRS]
    eyes = np.linalg.norm(flat[..., EYE_CORNERS[1], :] - flat[..., EYE_CORNERS[0], :], axis=-1)
    return np.mean(gaps, axis=0) / np.maximum(eyes, 1e-9)


def lip_width(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """[...] between the corners of the mouth of [..., 478, 2 or 3] points, in distances of the outer eye corners."""
    flat = points[..., :2].astype(np.float64)
    mouth, eyes = (np.linalg.norm(flat[..., b, :] - flat[..., a, :], axis=-1) for a, b in (LIP_CORNERS, EYE_CORNERS))
    return mouth / np.maximum(eyes, 1e-9)
