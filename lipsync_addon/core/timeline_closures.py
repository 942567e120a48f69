"""Closures that a text makes certain: lips that meet in every p, b and m of a timeline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap_weights
from .large_arrays import let_go, room
from .phones import BILABIALS
from .timeline import PhonemeTimeline
from .track import AnimationTrack

GOAL = 0.4 * SEALED
"""Gap of the lips within a closure; well below what reads as closed, for the sake of rigs that differ."""
RAMP = 0.06
"""Seconds in which the lips meet before a closure and part after it."""
HELD = 0.3
"""Share of the phone, in its middle, for which they stay together; at least one frame."""
BLOCK = 4000
"""Frames that are closed at a time."""


def with_closures(track: AnimationTrack, timeline: PhonemeTimeline) -> AnimationTrack:
    """The track with lips that meet in every p, b and m of a word, or set by hand; where they meet it is as it was.

    Half of what is missing comes from mouthClose, the rest from less of what parts the lips. The viseme follows.
    """
    share = closing(timeline, track)
    if not share.any():
        return track
    values = room(track.values.shape)
    for begin in range(0, len(values), BLOCK):
        block, here = slice(begin, begin + BLOCK), share[begin : begin + BLOCK]
        values[block], touched = track.values[block], np.flatnonzero(here)
        values[begin + touched] = _closed(track.values[begin + touched], here[touched, None], track.names)
        let_go(values)
        let_go(track.values)
    values.flags.writeable = False
    return track.with_values(values)


def _closed(some: NDArray[np.float32], share: NDArray[np.float32], names: tuple[str, ...]) -> NDArray[np.float32]:
    """Frames [N, C] with lips so far closed as `share` [N, 1] says."""
    weights = lip_gap_weights(names)
    gap = some @ weights
    excess = np.maximum(gap - GOAL, 0)
    closed = some.copy()
    if "mouthClose" in names:
        column = names.index("mouthClose")
        more = np.minimum(0.5 * excess / -weights[column], 1 - closed[:, column])
        closed[:, column] += more
    opening = closed * np.maximum(weights, 0)
    rest = np.maximum(closed @ weights - GOAL, 0)
    factor = 1 - np.clip(rest / np.maximum(opening.sum(1), 1e-6), 0, 1)
    closed = np.where(weights > 0, closed * factor[:, None], closed)
    visemes = [i for i, name in enumerate(names) if name.startswith("viseme_")]
    if visemes and "viseme_PP" in names:
        weaker = some[:, names.index("viseme_PP")] < 0.5
        lips = np.zeros(len(names), np.float32)
        lips[names.index("viseme_PP")] = 1
        closed[np.ix_(weaker, visemes)] = lips[visemes]
    return np.where((gap > GOAL)[:, None], some * (1 - share) + closed * share, some).astype(np.float32)


def closing(timeline: PhonemeTimeline, track: AnimationTrack) -> NDArray[np.float32]:
    """[T] 0..1: how far each frame of the track belongs to a closure."""
    times, share = track.times, np.zeros(len(track.values), np.float32)
    phones = timeline.phones
    certain = (phones.words >= 0) | (phones.confidences == 1)  # of the text, or set by a person
    for phone in phones.chosen(phones.of_units(BILABIALS) & ~phones.mutes & certain) if len(times) else ():
        middle, half = (phone.start + phone.end) / 2, HELD * phone.length / 2
        centre = min(max(round((middle - track.start) * track.fps), 0), len(times) - 1)
        half = max(half, abs(times[centre] - middle))
        reach = half + RAMP
        near = slice(*np.searchsorted(times, (middle - reach, middle + reach)))
        distance = np.abs(times[near] - middle) - half
        share[near] = np.maximum(share[near], np.clip(1 - distance / RAMP, 0, 1))
    return share
