"""What is seen between the lips: teeth, gums and tongue of the reference head, painted into the opening."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_mesh import reference_face

FILE = Path(__file__).resolve().parents[1] / "data" / "reference" / "inside_mouth.npz"
CAVITY = np.array([46.0, 17.0, 16.0])
"""RGB of the depth of a mouth in daylight."""
DEPTH = 2.4
"""cm behind the front teeth after which half of the light is gone."""
ROUNDED_DARK = 0.65
"""Share of the light that rounded lips, which stand forward, keep from the teeth."""
LOWER_DROP, LOWER_DARK = 0.12, 0.3
"""cm by which the lower teeth lie below the reference head's, whose lips are thin; share of the light that they
miss."""
MIDDLE = (13, 14)
CORNERS = (78, 308)
FINER = 2
"""Pixels painted for one that is kept, along each side."""


@cache
def _parts() -> dict[str, NDArray]:
    with np.load(FILE, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def mouth_fit(neutral: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """(shift [3] cm, scale) that lay the reference head's mouth on that of a person's `neutral` [478, 3]."""
    reference = reference_face().neutral
    width = lambda points: np.linalg.norm(points[CORNERS[1]] - points[CORNERS[0]])  # noqa: E731
    scale = float(np.clip(width(neutral) / width(reference), 0.75, 1.3))
    there, here = neutral[list(MIDDLE)].mean(0), reference[list(MIDDLE)].mean(0)
    return there - scale * here, scale


def paint_inside(
    picture: NDArray[np.uint8],
    ring: NDArray[np.float64],
    coefficients: Mapping[str, float],
    to_picture: tuple[NDArray[np.float64], NDArray[np.float64]],
    fit: tuple[NDArray[np.float64], float],
    light: NDArray[np.float64],
) -> None:
    """Paints into `picture` [H, W, 3] RGB what is seen within `ring` [N, 2], the inner rims of the lips in pixels.

    `to_picture`: ([3, 3], [3]) from cm in the head's space to pixels (y up); `fit`: as mouth_fit gives it; `light` [3]:
    how bright the face is, 1 in daylight.
    """
    margin = 3
    low, high = np.floor(ring.min(0)).astype(int) - margin, np.ceil(ring.max(0)).astype(int) + margin
    height, width = picture.shape[:2]
    low, high = np.maximum(low, 0), np.minimum(high, [width, height])
    if (high - low < 2).any():
        return
    size = (high - low) * FINER
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((ring - low) * FINER * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if not mask.any():
        return
    inside = np.full((size[1], size[0], 3), CAVITY * light, np.float64).clip(0, 255).astype(np.uint8)
    rounded = min(coefficients.get("mouthPucker", 0.0) + coefficients.get("mouthFunnel", 0.0), 1.0)
    _paint_parts(inside, low, coefficients, to_picture, fit, light * (1 - ROUNDED_DARK * rounded))
    across = float(np.ptp(ring[:, 0])) * FINER
    soft = max(across * 0.02, 1.0)
    high_open = cv2.distanceTransform(mask, cv2.DIST_L2, 3).max()
    shade = cv2.GaussianBlur(mask, (0, 0), max(min(across * 0.05, high_open * 0.5), 1.0)).astype(np.float32) / 255
    inside = inside * np.clip(0.3 + 0.9 * shade, 0, 1)[:, :, None]  # lips shade what is close behind them
    inside = cv2.GaussianBlur(inside, (0, 0), max(soft * 0.6, 0.8))
    share = cv2.GaussianBlur(mask, (0, 0), max(soft * 0.7, 0.8)).astype(np.float32)[:, :, None] / 255
    size = tuple(int(n) for n in high - low)
    shrink = lambda image: cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # noqa: E731
    inside, share = shrink(inside), np.atleast_3d(shrink(share))
    part = picture[low[1] : high[1], low[0] : high[0]]
    part[:] = np.clip(part * (1 - share) + inside * share, 0, 255).astype(np.uint8)


def _paint_parts(
    canvas: NDArray[np.uint8],
    low: NDArray[np.intp],
    coefficients: Mapping[str, float],
    to_picture: tuple[NDArray[np.float64], NDArray[np.float64]],
    fit: tuple[NDArray[np.float64], float],
    light: NDArray[np.float64],
) -> None:
    parts = _parts()
    points = parts["points"].astype(np.float64)
    for name, delta in zip(parts["names"], parts["deltas"], strict=True):
        points += coefficients.get(str(name), 0.0) * delta.astype(np.float64)
    lower = np.abs(parts["deltas"][list(parts["names"]).index("jawOpen")]).max(1) > 0.5
    points[lower, 1] -= LOWER_DROP
    placed = fit[1] * points + fit[0]
    seen = placed @ to_picture[0].T + to_picture[1]
    flat = (seen[:, :2] * [1, -1] - low) * FINER
    corners = flat[parts["faces"].astype(np.intp)]
    box = np.array(canvas.shape[1::-1])
    within = ((corners.max(1) > 0) & (corners.min(1) < box)).all(1)
    chosen = np.flatnonzero(within)
    near = seen[:, 2][parts["faces"].astype(np.intp)[chosen]].mean(1)
    scale = np.linalg.norm(to_picture[0][0])
    back = (seen[:, 2].max() - near) / scale
    unlit = 1 - LOWER_DARK * lower[parts["faces"].astype(np.intp)[chosen]].mean(1)
    dark = 0.82 * unlit * 0.5 ** (np.maximum(back - 0.5, 0) / DEPTH)
    colours = parts["colours"][chosen] * dark[:, None] * light
    colours = np.clip(colours + (1 - dark[:, None]) * CAVITY * light * 0.5, 0, 255).astype(int).tolist()
    outlines = np.round(corners[chosen] * 16).astype(np.int32)
    for index in np.argsort(near):
        cv2.fillConvexPoly(canvas, outlines[index], colours[index], cv2.LINE_8, 4)
