"""From a PhonemeTimeline back to what *move* takes: phones frame by frame, fused with what the network heard."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .hearing import Hearing
from .phones import BILABIALS, LABIODENTALS, PHONES
from .timeline import Phone, PhonemeTimeline

TEXT = 0.5
"""Share of the text in a frame of one of its phones; the rest is what was heard, which knows how it is spoken."""
LIPS = 0.9
"""The same for p, b, m, f and v, at which the lips do what the text says."""


def with_timeline(
    hearing: Hearing, timeline: PhonemeTimeline, near: tuple[float, float] = (-np.inf, np.inf)
) -> Hearing:
    """What is heard with the phones of the timeline: those that a person set alone, those of the text mixed in, and
    what was merely heard as it was. Frames that no such phone touches keep their bits.

    `near`: seconds between which it matters; phones beyond may be left out.
    """
    played = unmuted(timeline).phones
    first = bisect_left(played, near[0], key=lambda phone: phone.end)
    played = played[first : bisect_right(played, near[1], key=lambda phone: phone.start)]
    trust = np.array([_trust(phone) for phone in played], np.float32)
    if not trust.any():
        return hearing
    certain = np.flatnonzero(trust)
    edges = np.array([(played[index].start, played[index].end) for index in certain])
    phone, frames, part = coverages(edges, hearing.fps, len(hearing))
    if not len(frames):
        return hearing
    begin, end = int(frames[0]), int(frames[-1]) + 1
    weight = trust[certain][phone]
    part *= weight
    unit = np.array([PHONES.index(played[index].unit) for index in certain])[phone]
    share = np.bincount(frames - begin, part, end - begin).astype(np.float32)
    by_hand = np.bincount(frames - begin, part * (weight == 1), end - begin).astype(np.float32)
    phones, residual = hearing.phones.copy(), hearing.residual
    phones[begin:end] *= (1 - share)[:, None]
    np.add.at(phones, (frames, unit), part)
    phones.flags.writeable = False
    if residual is not None and by_hand.any():
        residual = residual.copy()
        residual[begin:end] *= np.where(by_hand > 0, 1 - by_hand, 1).astype(np.float32)[:, None]
        residual.flags.writeable = False
    return Hearing(phones, hearing.fps, residual)


def coverages(
    edges: NDArray[np.float64], fps: float, count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """(index, frame, share of the frame) of everything that stretches with these `edges` [N, 2] in seconds
    cover of `count` frames; frame k stands for the time half way to its neighbours."""
    start, end = (edges * fps + 0.5).T
    first, last = np.maximum(np.floor(start), 0).astype(np.intp), np.minimum(np.ceil(end), count).astype(np.intp)
    lengths = np.maximum(last - first, 0)
    index = np.repeat(np.arange(len(edges)), lengths)
    frame = first[index] + np.arange(len(index)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    part = np.minimum(frame + 1, end[index]) - np.maximum(frame, start[index])
    return index, frame, np.clip(part, 0, 1).astype(np.float32)


def unmuted(timeline: PhonemeTimeline) -> PhonemeTimeline:
    """The timeline with the time of muted phones given to the phones around them, half each, as set by a person."""
    phones = timeline.phones
    if not any(phone.mute for phone in phones) or all(phone.mute for phone in phones):
        return timeline
    kept = [phone for phone in phones if not phone.mute]
    ends = [*((a.end + b.start) / 2 for a, b in zip(kept, kept[1:])), phones[-1].end]
    starts = [phones[0].start, *ends[:-1]]
    moved = [
        phone if (phone.start, phone.end) == (start, end) else replace(phone, start=start, end=end, confidence=1.0)
        for phone, start, end in zip(kept, starts, ends)
    ]
    return replace(timeline, phones=tuple(moved))


def _trust(phone: Phone) -> float:
    if phone.confidence == 1:
        return 1.0
    if phone.word is None:
        return 0.0
    return LIPS if phone.unit in BILABIALS | LABIODENTALS else TEXT
