"""From a PhonemeTimeline back to what *move* takes: phones frame by frame, fused with what the network heard."""

from __future__ import annotations

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


def with_timeline(hearing: Hearing, timeline: PhonemeTimeline) -> Hearing:
    """What is heard with the phones of the timeline: those that a person set alone, those of the text mixed in, and
    what was merely heard as it was. Frames that no such phone touches keep their bits."""
    played = unmuted(timeline)
    trust = np.array([_trust(phone) for phone in played.phones])
    if not trust.any():
        return hearing
    count = len(hearing)
    share, by_hand = np.zeros(count, np.float32), np.zeros(count, np.float32)
    certain = [
        (phone, weight, *coverage(phone, hearing.fps, count)) for phone, weight in zip(played.phones, trust) if weight
    ]
    for _, weight, frames, part in certain:
        share[frames] += weight * part
        by_hand[frames] += (weight == 1) * part
    phones = hearing.phones * (1 - share)[:, None]
    for phone, weight, frames, part in certain:
        phones[frames, PHONES.index(phone.unit)] += weight * part
    phones.flags.writeable = False
    residual = hearing.residual
    if residual is not None and by_hand.any():
        residual = residual * np.where(by_hand > 0, 1 - by_hand, 1).astype(np.float32)[:, None]
        residual.flags.writeable = False
    return Hearing(phones, hearing.fps, residual)


def coverage(phone: Phone, fps: float, count: int) -> tuple[slice, NDArray[np.float32]]:
    """(frames, share of each) that a phone covers; frame k stands for the time half way to its neighbours."""
    start, end = phone.start * fps + 0.5, phone.end * fps + 0.5
    first, last = max(int(np.floor(start)), 0), min(int(np.ceil(end)), count)
    edges = np.arange(first, max(last, first) + 1, dtype=np.float64)
    part = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
    return slice(first, max(last, first)), np.clip(part, 0, 1).astype(np.float32)


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
