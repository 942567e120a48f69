"""Lip openings that another network (DH_live, MIT) heard in speech without a face: soft targets, never a test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..paths import FACES
from ..targets import Phones
from .faces import Curve

OPENING = np.array([1.220e-4, 8.236e-6, -6.775e-5, -5.197e-5, -7.059e-5, 1.469e-5, 0.07329])
"""[7] Six factors and a constant: its coefficients as an inner-lip opening in distances of the outer eye corners.

By model/fit_teacher.py, which says why it is not the map that stands beside the coefficients.
"""
ONSET_S = 0.6
"""How long before speech its opening is taken as it is: as people do, it parts the lips before the first sound."""
RELEASE_S = 0.2
"""In which it fades out after speech, and further ahead of it: its lips have no rest and stay ajar in silence."""


def opening_of(coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
    """[T, 6] -> [T] opening, 0 and up."""
    return np.maximum(coefficients.astype(float) @ OPENING[:6] + OPENING[6], 0).astype(np.float32)


def teacher_opening(corpus: str) -> dict[str, Curve]:
    """{utterance: (times s, inner-lip opening in distances of the outer eye corners, 0 and up)}; {} without curves."""
    path = FACES / "teacher" / f"{corpus}.npz"
    if not path.exists():
        return {}
    with np.load(path) as data:
        opening = opening_of(data["coef"])
        offsets, names = data["offsets"], [str(n).rsplit("/", 1)[-1] for n in data["names"]]
        first, fps = float(data["t0"]), float(data["fps"])
    curves = {}
    for name, start, end in zip(names, offsets, offsets[1:]):
        if end - start > 4:
            curves[name] = (first + np.arange(end - start) / fps, opening[start:end])
    return curves


def with_rest(curve: Curve, phones: Phones) -> Curve:
    """The opening, shut in the silence of `phones` but for ONSET_S before speech, faded in and out over RELEASE_S."""
    spoken = [(start, end) for start, end, unit in phones if unit != "sil"]
    if not spoken:
        return curve
    times, opening = curve
    starts, ends = np.array(sorted(spoken), float).T
    ends = np.maximum.accumulate(ends)
    since = times - np.insert(ends, 0, -np.inf)[np.searchsorted(starts, times, "right")]
    until = np.append(starts, np.inf)[np.searchsorted(starts, times)] - times
    away = np.minimum(np.maximum(since, 0), np.maximum(until - ONSET_S, 0))
    return times, opening * np.clip(1 - away / RELEASE_S, 0, 1).astype(np.float32)
