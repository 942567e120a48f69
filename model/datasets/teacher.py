"""Lip openings that another network (DH_live, MIT) heard in speech without a face: soft targets, never a test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..paths import FACES


def teacher_opening(corpus: str) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float32]]]:
    """{utterance: (times s, inner-lip opening in distances of the outer eye corners, 0 and up)}; {} without curves."""
    path = FACES / "teacher" / f"{corpus}.npz"
    if not path.exists():
        return {}
    with np.load(path) as data:
        opening = np.maximum(data["open"].astype(np.float32), 0)
        offsets, names = data["offsets"], [str(n).rsplit("/", 1)[-1] for n in data["names"]]
        first, fps = float(data["t0"]), float(data["fps"])
    curves = {}
    for name, start, end in zip(names, offsets, offsets[1:]):
        if end - start > 4:
            curves[name] = (first + np.arange(end - start) / fps, opening[start:end])
    return curves
