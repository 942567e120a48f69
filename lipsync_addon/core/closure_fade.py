"""Lips that stay sealed under a changed motion, without a jump: the change fades out around each closure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap_weights
from .style_steps import with_lips_sealed
from .track import AnimationTrack

REACH = 4
"""Frames before and after a closure over which the change fades: 80 ms at the network's rate, about a closing or
parting."""
PARTS = 0.02
"""Gap at weight 1 (core/aperture.py) from which a channel parts or joins the lips and fades. The others, such as the
pucker, keep the change: drawn back at every p, b, m they would jump."""


def closures_kept(
    values: NDArray[np.float32], before: NDArray[np.float32], names: tuple[str, ...]
) -> NDArray[np.float32]:
    """[..., T, C] `values` within 0..1, sealed wherever the same motion `before` the change is.

    What parts the lips goes back towards `before` as far as it takes, within REACH frames of a closure along a smooth
    window; what the other channels still open is taken up by mouthClose. A frame depends on REACH frames on both sides.
    """
    weights = lip_gap_weights(names)
    parting = np.abs(weights) > PARTS
    back = np.where(parting, before, values)
    gap, gap_back, gap_before = values @ weights, back @ weights, before @ weights
    # Lips a little apart may part as well, the more the wider: as in with_lips_sealed().
    allowed = np.maximum(gap_before, SEALED) + 4 * np.maximum(gap_before - SEALED, 0)
    needed = np.where(gap > allowed, np.clip((gap - allowed) / np.maximum(gap - gap_back, 1e-6), 0, 1), 0)
    share = np.zeros_like(needed)
    count = needed.shape[-1]
    padded = np.pad(needed, [(0, 0)] * (needed.ndim - 1) + [(REACH, REACH)])
    for place, weight in enumerate(np.hanning(2 * REACH + 3)[1:-1]):
        np.maximum(share, weight * padded[..., place : place + count], out=share)
    faded = np.where(parting, values + (before - values) * share[..., None], values)
    if "mouthClose" in names:
        column = names.index("mouthClose")
        excess = np.maximum(faded @ weights - allowed, 0)
        faded[..., column] = np.minimum(faded[..., column] - excess / weights[column], 1)
    flat = [AnimationTrack(names, rows.reshape(-1, len(names)).astype(np.float32), 1.0) for rows in (faded, before)]
    return with_lips_sealed(*flat).values.reshape(values.shape)
