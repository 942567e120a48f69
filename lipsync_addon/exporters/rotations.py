"""Rotations of many frames at once: quaternions (w, x, y, z) and Euler angles in degrees, X first, then Y, then Z."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float64]


def product(a: ArrayLike, b: ArrayLike) -> Rows:
    """[..., 4] first b, then a."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, np.float64), -1, 0)
    parts = (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def inverse(rotation: ArrayLike) -> Rows:
    """[..., 4] of unit quaternions."""
    return np.asarray(rotation, np.float64) * (1, -1, -1, -1)


def rotated(rotation: ArrayLike, places: ArrayLike) -> Rows:
    """[F, 3] places turned by one rotation [4]."""
    places = np.asarray(places, np.float64)
    pure = np.concatenate((np.zeros((*places.shape[:-1], 1)), places), axis=-1)
    return product(product(rotation, pure), inverse(rotation))[..., 1:]


def continuous(rotations: Rows) -> Rows:
    """[F, 4] the same rotations, each on the side of the one before: q and -q are one rotation, but not half-way."""
    signs = np.sign(np.sum(rotations[1:] * rotations[:-1], axis=1))
    return rotations * np.cumprod(np.concatenate(([1.0], np.where(signs == 0, 1.0, signs))))[:, None]


def from_degrees(angles: ArrayLike) -> Rows:
    """[..., 4] of Euler angles [..., 3]."""
    half = np.radians(np.asarray(angles, np.float64)) / 2
    turns = np.zeros((3, *half.shape[:-1], 4))
    for axis in range(3):
        turns[axis, ..., 0] = np.cos(half[..., axis])
        turns[axis, ..., axis + 1] = np.sin(half[..., axis])
    return product(turns[2], product(turns[1], turns[0]))


def to_degrees(rotations: Rows, near: ArrayLike) -> Rows:
    """[F, 3] Euler angles of [F, 4], those that come closest to the frame before; the first ones to `near`."""
    w, x, y, z = (rotations / np.linalg.norm(rotations, axis=1, keepdims=True)).T
    angles = np.degrees(
        np.stack(
            (
                np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
                np.arcsin(np.clip(2 * (w * y - z * x), -1, 1)),
                np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
            ),
            axis=1,
        )
    )
    others = angles * (1, -1, 1) + 180.0
    last = np.asarray(near, np.float64)
    for frame, choices in enumerate(np.stack((angles, others), axis=1)):
        choices = choices - 360.0 * np.round((choices - last) / 360.0)
        last = choices[np.argmin(np.abs(choices - last).sum(axis=1))]
        angles[frame] = last
    return angles
