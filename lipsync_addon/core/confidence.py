"""How sure the network is of a line, frame by frame: of the phones that it hears, and of the motion that it makes of
them.

    confidence = exp(-(H + MOTION * sd) / 2)

H: entropy of the phones in nats. sd: root of the mean variance that *move* expects of its coefficients. Chosen by how
it ranks beside the actual error on lines that did not train the network: docs/batch.md has the figures. A score, no
probability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .large_arrays import pieces
from .style_steps import smoothed
from .track import AnimationTrack

MOTION = 20.0
"""Nats for a standard deviation of 1."""
_WINDOW = 0.1  # seconds over which doubt is averaged: about one phone


def confidence(phones: AnimationTrack, log_variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """[T] 0..1, 1 where silence is likeliest; clear speech has 0.4 to 0.6.

    `phones` holds posteriors named as core/phones.py names them; `log_variance` [T, C] as *move* gives it.
    """
    if len(phones.values) == 0:
        return np.zeros(0, np.float32)
    speech, silence = [name != "sil" for name in phones.names], "sil" in phones.names
    doubt = []
    for values, variance in zip(pieces(phones.values), pieces(log_variance), strict=True):
        entropy = -(values * np.log(np.maximum(values, 1e-9))).sum(axis=1)
        doubts = entropy + MOTION * np.sqrt(np.exp(variance).mean(axis=1))
        if silence:
            doubts = np.where(values[:, phones.names.index("sil")] >= values[:, speech].max(axis=1), 0, doubts)
        doubt.append(doubts)
    curve = AnimationTrack(("doubt",), np.concatenate(doubt)[:, None], phones.fps)
    deviation = _WINDOW / np.sqrt(12)  # of a window of that width
    return np.clip(np.exp(-smoothed(curve, deviation).values[:, 0] / 2), 0, 1)
