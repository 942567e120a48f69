"""Where the head is and how it is turned: the reference face laid on the tracker's landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .face_mesh import STEADY

DEPTH_TRUST = 0.5
"""Weight of a landmark's depth beside its place in the picture: a tracker guesses it."""


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Of T frames; a landmark in the picture is scale * (rotation @ point) + shift."""

    rotation: NDArray[np.float64]
    """[T, 3, 3] from the head's space (x its left, y up, z forward) to the camera's"""
    scale: NDArray[np.float64]
    """[T] pixels per cm"""
    shift: NDArray[np.float64]
    """[T, 3] pixels, y up"""

    def to_head(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """[T, P, 3] in pixels (y up, z forward) -> cm in the head's space."""
        return np.einsum("tij,tpi->tpj", self.rotation, points - self.shift[:, None]) / self.scale[:, None, None]

    def to_picture(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """[T, P, 3] or [P, 3] cm in the head's space -> pixels (y up, z forward)."""
        turned = np.einsum("tij,...pj->tpi" if points.ndim == 2 else "tij,tpj->tpi", self.rotation, points)
        return turned * self.scale[:, None, None] + self.shift[:, None]

    def angles(self) -> NDArray[np.float64]:
        """[T, 3] yaw (towards its left), pitch (downwards), roll (towards its left shoulder) in radians."""
        r = self.rotation
        yaw = np.arctan2(r[:, 0, 2], r[:, 2, 2])
        pitch = np.arctan2(-r[:, 1, 2], np.hypot(r[:, 0, 2], r[:, 2, 2]))
        roll = np.arctan2(-r[:, 1, 0], r[:, 1, 1])
        return np.stack([yaw, pitch, roll], axis=1)


def upright(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """[..., 3] landmarks as a tracker gives them (y down, z away) with y up and z forward."""
    return points * np.array([1.0, -1.0, -1.0])


def fit_poses(points: NDArray[np.floating], model: NDArray[np.floating], weights: NDArray[np.floating]) -> Poses:
    """The poses that lay `model` ([P, 3] or [T, P, 3], cm) on `points` [T, P, 3] best, by weights [P].

    Least squares over rotation, scale and shift (Umeyama, 1991). In a picture without perspective a landmark's depth
    is as long as its width, which is how MediaPipe gives it.
    """
    model = np.broadcast_to(model, points.shape)
    share = (weights / weights.sum())[None, :, None]
    middle, origin = (points * share).sum(1), (model * share).sum(1)
    there, here = points - middle[:, None], model - origin[:, None]
    trust = np.array([1.0, 1.0, DEPTH_TRUST])
    u, _, v = np.linalg.svd(np.einsum("tpi,tpj->tij", there * share * trust, here))
    mirror = np.ones((len(points), 3))
    mirror[:, 2] = np.sign(np.linalg.det(u @ v))
    rotation = (u * mirror[:, None]) @ v
    turned = np.einsum("tij,tpj->tpi", rotation, here)
    scale = (there * turned * share * trust).sum((1, 2)) / (turned**2 * share * trust).sum((1, 2))
    shift = middle - scale[:, None] * np.einsum("tij,tj->ti", rotation, origin)
    return Poses(rotation, scale, shift)


def steady_weights(count: int) -> NDArray[np.float64]:
    """[count] 1 for the landmarks that expressions hardly move, a little for the others."""
    weights = np.full(count, 0.02)
    weights[list(STEADY)] = 1.0
    return weights
