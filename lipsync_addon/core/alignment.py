"""Forced alignment: known phones laid over the frames in which the network hears them (Viterbi)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phones import PHONES

SILENCE = PHONES.index("sil")
FLOOR = 1e-4
"""Posteriors below this count alike: one frame that was heard wrong must not outweigh all others."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where each phone lies."""

    phones: tuple[tuple[int, int, str], ...]
    """(first frame, one past the last, unit), without gaps; pauses are "sil"."""
    confidence: float
    """Geometric mean of the posteriors along the path, 0..1; text that does not fit the sound comes out low."""


def align(posteriors: NDArray[np.float32], words: Sequence[Sequence[str]]) -> Alignment | None:
    """The best path through the words, with an optional pause before, between and after them.

    `posteriors` [T, P] over PHONES; `words` are units of each word in order. None where the sound is shorter
    than one frame a phone.
    """
    states, optional = _states(words)
    scores = np.log(np.maximum(posteriors, FLOOR))[:, states]
    frames, count = scores.shape
    if frames < count - optional.sum() or count == 1:
        return None
    best = np.full(count, -np.inf)
    best[0], best[1] = scores[0, 0], scores[0, 1]  # the first pause is optional
    came_from = np.zeros((frames, count), np.int8)
    may_skip = np.concatenate([[False, False], optional[1:-1]])
    for frame in range(1, frames):
        step = np.concatenate([[-np.inf], best[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], best[:-2]]), -np.inf)
        choices = np.stack([best, step, skip])
        came_from[frame] = choices.argmax(0)
        best = choices.max(0) + scores[frame]
    state = count - 1 if best[-1] >= best[-2] else count - 2
    if not np.isfinite(best[state]):
        return None
    path = np.empty(frames, np.intp)
    total = best[state]
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(came_from[frame, state])
    edges = np.flatnonzero(np.diff(path, prepend=-1, append=-1))
    phones = tuple((int(a), int(b), PHONES[states[path[a]]]) for a, b in zip(edges[:-1], edges[1:]))
    return Alignment(phones, float(np.exp(total / frames)))


def _states(words: Sequence[Sequence[str]]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Index into PHONES of every state and whether it may be left out."""
    states, optional = [SILENCE], [True]
    for word in words:
        if word:
            states += [PHONES.index(unit) for unit in word] + [SILENCE]
            optional += [False] * len(word) + [True]
    return np.array(states), np.array(optional)
