"""How sure the network is of what it heard, and where an animator should look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .style_steps import smoothed
from .track import AnimationTrack

_WINDOW = 0.1  # seconds over which certainty is averaged: about one phone


def confidence(phones: AnimationTrack) -> NDArray[np.float32]:
    """[T] 0..1: probability of the likeliest phone among those that are not silence, 1 where silence is likeliest.

    `phones` holds posteriors named as core/phones.py names them.
    """
    if len(phones.values) == 0:
        return np.zeros(0, np.float32)
    speech = phones.values[:, [name != "sil" for name in phones.names]]
    top, total = speech.max(axis=1), speech.sum(axis=1)
    sure = np.where(top > 0, top / np.maximum(total, 1e-6), 1.0)
    if "sil" in phones.names:
        sure = np.where(phones.channel("sil") >= top, 1.0, sure)
    curve = AnimationTrack(("sure",), sure[:, None], phones.fps)
    deviation = _WINDOW / np.sqrt(12)  # of a window of that width
    return np.clip(smoothed(curve, deviation).values[:, 0], 0, 1)


def doubtful_spans(sure: NDArray[np.float32], fps: float, below: float = 0.5) -> list[tuple[float, float]]:
    """(start s, end s) from the first frame of each run below the limit to the one after it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sure < below, [False]]).astype(np.int8)))
    return [(float(start / fps), float(end / fps)) for start, end in edges.reshape(-1, 2)]
