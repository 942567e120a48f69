"""From a PhonemeTimeline back to what *move* takes: phones frame by frame, fused with what the network heard."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .hearing import EARLY, Hearing
from .large_arrays import let_go
from .phones import BILABIALS, LABIODENTALS, PHONES
from .timeline import Phone, PhonemeTimeline

TEXT = 0.5
"""Share of the text in a frame of one of its phones; the rest is what was heard, which knows how it is spoken."""
LIPS = 0.9
"""The same for p, b, m, f and v, at which the lips do what the text says."""


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What is heard with the phones of a timeline in it, made as far as it is asked for: an hour of it need not be in
    memory beside what was heard."""

    hearing: Hearing
    """What was heard."""
    frames: NDArray[np.intp]
    """[N] frames that the timeline has something to say of, rising; one comes again for each phone in it."""
    units: NDArray[np.intp]
    """[N] index into PHONES"""
    shares: NDArray[np.float32]
    """[N] share of the frame that is this phone's instead of what was heard"""
    by_hand: NDArray[np.bool_]
    """[N] whether a person set it"""

    def __len__(self) -> int:
        """Frames."""
        return len(self.hearing)

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.hearing.fps

    def part(self, first: int, last: int) -> Hearing:
        """These frames. Those that no phone of the timeline touches keep their bits."""
        let_go(self.hearing.phones)
        heard = self.hearing.part(first, last)
        some = slice(*np.searchsorted(self.frames, (first, last)))
        frames, shares = self.frames[some] - first, self.shares[some]
        if not len(frames):
            return heard
        phones, residual = heard.phones.copy(), heard.residual
        share = np.bincount(frames, shares, len(heard)).astype(np.float32)
        phones *= (1 - share)[:, None]
        np.add.at(phones, (frames, self.units[some]), shares)
        phones.flags.writeable = False
        by_hand = np.bincount(frames, shares * self.by_hand[some], len(heard)).astype(np.float32)
        if residual is not None and by_hand.any():
            residual = residual * np.where(by_hand > 0, 1 - by_hand, 1).astype(np.float32)[:, None]
            residual.flags.writeable = False
        return Hearing(phones, heard.fps, residual)


def with_timeline(
    hearing: Hearing, timeline: PhonemeTimeline, near: tuple[float, float] = (-np.inf, np.inf)
) -> Fused:
    """What is heard with the phones of the timeline: those that a person set alone, those of the text mixed in, and
    what was merely heard as it was.

    `near`: seconds between which it matters; phones beyond may be left out.
    """
    played = unmuted(timeline).phones
    first = bisect_left(played, near[0], key=lambda phone: phone.end)
    played = played[first : bisect_right(played, near[1], key=lambda phone: phone.start)]
    certain = [(phone, trust) for phone in played if (trust := _trust(phone))]
    edges = np.array([(phone.start, phone.end) for phone, _ in certain]).reshape(-1, 2) - EARLY / hearing.fps
    index, frames, part = coverages(edges, hearing.fps, len(hearing))
    trust = np.array([trust for _, trust in certain], np.float32)[index]
    units = np.array([PHONES.index(phone.unit) for phone, _ in certain], np.intp)[index]
    return Fused(hearing, frames, units, part * trust, trust == 1)


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
