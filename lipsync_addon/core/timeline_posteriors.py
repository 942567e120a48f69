"""From a PhonemeTimeline back to what *move* takes: phones frame by frame, fused with what the network heard."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .hearing import EARLY, Hearing
from .large_arrays import let_go
from .phones import BILABIALS, LABIODENTALS
from .timeline import SILENCE, Phone, PhonemeTimeline, PhoneRow

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
    edges: NDArray[np.float64]
    """[N, 2] seconds of the phones that the timeline has something to say of, in order, on the clock of what is
    heard"""
    units: NDArray[np.uint8]
    """[N] index into PHONES"""
    trust: NDArray[np.float32]
    """[N] share of a frame of this phone that is its own instead of what was heard; 1 where a person set it"""

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
        starts, ends = self.edges.T * self.fps + 0.5
        some = slice(np.searchsorted(ends, first, "right"), np.searchsorted(starts, last))
        index, frames, shares = coverages(self.edges[some], self.fps, last)
        here = frames >= first
        index, frames = index[here], frames[here] - first
        shares = shares[here] * self.trust[some][index]
        if not len(frames):
            return heard
        phones, residual = heard.phones.copy(), heard.residual
        share = np.bincount(frames, shares, len(heard)).astype(np.float32)
        phones *= (1 - share)[:, None]
        np.add.at(phones, (frames, self.units[some][index]), shares)
        phones.flags.writeable = False
        by_hand = np.bincount(frames, shares * (self.trust[some][index] == 1), len(heard)).astype(np.float32)
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
    played = played[played.near(*near)]
    lips = played.of_units(BILABIALS | LABIODENTALS)
    trust = np.where(played.confidences == 1, 1.0, np.where(played.words < 0, 0.0, np.where(lips, LIPS, TEXT)))
    certain = played.chosen(trust > 0)
    edges = np.stack([certain.starts, certain.ends], axis=1) - EARLY / hearing.fps
    return Fused(hearing, edges, certain.units.copy(), trust[trust > 0].astype(np.float32))


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
    """The timeline with the time of muted phones given to the phones around them, half each, as set by a person;
    a pause where all are muted."""
    mutes = timeline.phones.mutes
    if not mutes.any():
        return timeline
    if mutes.all():
        return replace(timeline, phones=PhoneRow([Phone(SILENCE, timeline.start, timeline.end)]))
    kept = timeline.phones.chosen(~mutes)
    ends = np.append((kept.ends[:-1] + kept.starts[1:]) / 2, timeline.end)
    return replace(timeline, phones=kept.with_times(np.append(timeline.start, ends[:-1]), ends))
