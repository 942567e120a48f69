"""ARKit coefficients from landmarks: the reference face is bent until its landmarks lie where the tracker saw them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.bounded_fit import bounded_fit
from .face_mesh import GAP_PAIRS, INNER_LIPS, IRISES, OUTER_LIPS, reference_face
from .head_pose import Poses, fit_poses, steady_weights, upright
from .landmarks import Landmarks

ROUNDS = 3
"""Of head pose and expression in turn."""
CLOSED = 0.012
"""Opening, in distances of the outer eye corners, below which lips are taken for closed."""
SAMPLE = 1000
"""Frames in which the neutral face is looked for."""
LOOK_AT_REST = 0.25
"""Share of the calmest frames whose median is the neutral face."""
DEPTH_WEIGHT, LIP_WEIGHT, IRIS_WEIGHT, GAP_WEIGHT = 0.15, 2.0, 1.5, 6.0
"""How much a landmark's depth, the lips, the irises and the opening of the lips count beside other landmarks."""
TRUST = 100.0
"""cm^2: what a difference of 1 from the likely coefficient costs, so that what the landmarks do not show is as
likely."""
LIKELY = Path(__file__).resolve().parents[1] / "data" / "reference" / "solve.npz"
GOOD_FIT = 0.12
"""cm between landmarks and the bent face (rms) at which quality is 1/2."""


@dataclass(frozen=True, slots=True, eq=False)
class SolvedFace:
    """Of T frames."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    """[T, C] ARKit coefficients, 0..1"""
    poses: Poses
    neutral: NDArray[np.float64]
    """[478, 3] this person's face at rest, cm in the head's space"""
    quality: NDArray[np.float64]
    """[T] 0..1: how well the bent face explains the landmarks, less where the head is turned away"""


def solve_film(landmarks: Landmarks, opening: NDArray[np.float64], neutral_at: NDArray[np.bool_] | None) -> SolvedFace:
    """All frames of one face, a stretch of them in memory at a time.

    `opening` [T] of the lips; `neutral_at` [T]: frames in which the face is at rest, if known. Without that the calmest
    frames with closed lips are taken for the neutral face.
    """
    neutral = film_neutral(landmarks, opening, neutral_at)
    parts = [solve_face(points, neutral) for _, points in landmarks.chunks()]
    joined = lambda get: np.concatenate([get(part) for part in parts])  # noqa: E731
    poses = Poses(
        *(joined(lambda part, name=name: getattr(part.poses, name)) for name in ("rotation", "scale", "shift"))
    )
    return SolvedFace(
        parts[0].names, joined(lambda part: part.values), poses, neutral, joined(lambda part: part.quality)
    )


def solve_face(
    points: NDArray[np.floating], neutral: NDArray[np.float64] | None = None, beforehand: Likely | None = None
) -> SolvedFace:
    """`points` [T, 478, 3] as a tracker gives them; `neutral` [478, 3] this person's face at rest, cm in the head's
    space. Without that the first frame is taken for it. `beforehand`: as coefficients() takes it."""
    face = reference_face()
    seen = upright(points)
    weights = steady_weights(seen.shape[1])
    if neutral is None:
        neutral = fit_poses(seen[:1], face.neutral, weights).to_head(seen[:1])[0]
    poses = fit_poses(seen, neutral, weights)
    values = np.zeros((len(seen), len(face.names)))
    for _ in range(ROUNDS):
        straight = poses.to_head(seen)
        values = coefficients(straight - neutral, beforehand)
        bent = neutral + np.tensordot(values, face.deltas, 1)
        poses = fit_poses(seen, bent, steady_weights(seen.shape[1]) + 0.2)
    rest = poses.to_head(seen) - bent
    error = np.sqrt((rest[..., :2] ** 2).sum(-1).mean(1))
    frontal = np.clip(poses.rotation[:, 2, 2], 0, 1)
    return SolvedFace(face.names, values, poses, neutral, frontal / (1 + (error / GOOD_FIT) ** 2))


def film_neutral(
    landmarks: Landmarks, opening: NDArray[np.float64], neutral_at: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """[478, 3] the median of the frames at rest; where lips never close, closed as far as the reference face says.

    Of a long film so many frames are looked at, evenly, as fit into memory.
    """
    face = reference_face()
    known = neutral_at is not None and neutral_at.any()
    rows = np.flatnonzero(neutral_at) if known else np.arange(len(landmarks))
    rows = rows[:: -(-len(rows) // SAMPLE)]
    seen = upright(landmarks.rows(rows))
    straight = fit_poses(seen, face.neutral, steady_weights(seen.shape[1])).to_head(seen)
    if known:
        return np.median(straight, axis=0)
    opening = opening[rows]
    closed = opening <= max(CLOSED, float(np.quantile(opening, 0.1)))
    usual = np.median(straight, axis=0)
    away = np.linalg.norm(straight - usual, axis=2).mean(1)
    calm = closed & (away <= np.quantile(away[closed], max(LOOK_AT_REST, min(1.0, 5 / max(closed.sum(), 1)))))
    neutral = np.median(straight[calm], axis=0)
    least = float(np.median(opening[calm]))
    if least > CLOSED:
        jaw = face.deltas[face.names.index("jawOpen")]
        gap = np.mean([jaw[up, 1] - jaw[low, 1] for up, low in GAP_PAIRS]) / face.eye_distance
        neutral = neutral - least / gap * jaw
    return neutral


@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """What landmarks say about each coefficient before the reference face is bent; learned on heads whose coefficients
    are known (scripts/learn_face_solve.py)."""

    weights: NDArray[np.float64]
    """[478 * 2, C] of motion to the left and upwards, 1/cm"""
    least: NDArray[np.float64]
    """[C] what a channel trembles by at rest, which is taken off"""
    gain: NDArray[np.float64]
    """[C] what the rest is multiplied with"""

    def of(self, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        """[T, C] 0..1"""
        found = moved[:, :, :2].reshape(len(moved), -1) @ self.weights
        return np.clip((found - self.least) * self.gain, 0, 1)


@cache
def likely() -> Likely:
    """From data/reference/solve.npz."""
    with np.load(LIKELY, allow_pickle=False) as data:
        return Likely(*(data[name].astype(np.float64) for name in ("weights", "least", "gain")))


def coefficients(moved: NDArray[np.float64], beforehand: Likely | None = None) -> NDArray[np.float64]:
    """[T, C] of landmarks that moved by [T, 478, 3] cm from the neutral face.

    A bounded least-squares problem: near what is likely `beforehand` (None: likely()), the bent reference face has to
    explain the landmarks, above all how far the lips are apart. mouthClose never exceeds jawOpen, as in ARKit: the
    unknown beside it is how far jawOpen exceeds mouthClose, and mouthClose moves both.
    """
    face = reference_face()
    matrix = _features(face.deltas)
    jaw, close = face.names.index("jawOpen"), face.names.index("mouthClose")
    matrix[close] += matrix[jaw]
    guess = (beforehand or likely()).of(moved)
    guess[:, jaw] = np.maximum(guess[:, jaw] - guess[:, close], 0)
    rows = np.concatenate([matrix, np.sqrt(TRUST) * np.eye(len(face.names))], axis=1)
    wanted = np.concatenate([_features(moved), np.sqrt(TRUST) * guess], axis=1)
    found = bounded_fit(rows, wanted, 0.0, 1.0, sweeps=150, tolerance=1e-4)
    found[:, jaw] = np.minimum(found[:, jaw] + found[:, close], 1.0)
    return found


def _features(moved: NDArray[np.floating]) -> NDArray[np.float64]:
    """[N, F] of the motion [N, 478, 3]: weighted landmarks, then the openings between the lips."""
    weights = np.ones(moved.shape[1])
    weights[[*OUTER_LIPS, *INNER_LIPS]] = LIP_WEIGHT
    weights[list(IRISES)] = IRIS_WEIGHT
    flat = (moved * weights[:, None] * [1, 1, DEPTH_WEIGHT]).reshape(len(moved), -1)
    gaps = np.stack([moved[:, up, 1] - moved[:, low, 1] for up, low in GAP_PAIRS], axis=1)
    return np.concatenate([flat, GAP_WEIGHT * gaps], axis=1)
