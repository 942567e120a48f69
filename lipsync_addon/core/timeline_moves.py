"""The mouth's motion for a PhonemeTimeline: by the network where it can start from phones, then what is certain."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .controls import Controls
from .hearing import Hearing
from .style_steps import with_lips_sealed
from .timeline import PhonemeTimeline
from .timeline_closures import RAMP, with_closures
from .timeline_edits import KEPT, changed_span
from .timeline_posteriors import Fused, coverages, unmuted, with_timeline
from .track import AnimationTrack

FAR = 10.0
"""Seconds; no network looks so far."""
EDGE = 2
"""Frames beyond a stretch at which its own frames may look."""


class Mover(Protocol):
    """The half of a network that moves the mouth from phones."""

    def move(
        self, hearing: Hearing | Fused, *, controls: Controls = ..., frames: slice | None = ...
    ) -> AnimationTrack: ...


def moved(
    mover: Mover, hearing: Hearing, timeline: PhonemeTimeline, controls: Controls = Controls()
) -> AnimationTrack:
    """The network's motion for the phones of the timeline over what was heard."""
    return mover.move(with_timeline(hearing, timeline), controls=controls)


def remade(
    mover: Mover,
    hearing: Hearing,
    track: AnimationTrack,
    old: PhonemeTimeline,
    new: PhonemeTimeline,
    controls: Controls = Controls(),
) -> AnimationTrack:
    """`track`, which is played(moved(mover, hearing, old, controls), old), for an edited timeline: only what
    the edit reaches is made again, everything else keeps its bits."""
    pairs = [(old, new)]
    if old.phones.mutes.any() or new.phones.mutes.any():
        pairs.append((unmuted(old), unmuted(new)))  # a muted phone changes its neighbours
    spans = [span for pair in pairs if (span := changed_span(*pair, within=KEPT))]
    if not spans:
        return track
    first = int((min(start for start, _ in spans) - RAMP) * hearing.fps) - 1
    last = int((max(end for _, end in spans) + RAMP) * hearing.fps) + 3
    near = (first / hearing.fps - FAR, last / hearing.fps + FAR)
    part = mover.move(with_timeline(hearing, new, near), controls=controls, frames=slice(max(first, 0), last))
    place = round((part.start - track.start) * track.fps)
    values = track.values.copy()
    values[place : place + len(part.values)] = _played_there(track, part, new)
    values.flags.writeable = False
    return track.with_values(values)


def played(track: AnimationTrack, timeline: PhonemeTimeline) -> AnimationTrack:
    """The motion with the stress of each phone, and lips that meet in every certain p, b and m."""
    return with_closures(with_stresses(track, timeline), timeline)


def _played_there(track: AnimationTrack, part: AnimationTrack, timeline: PhonemeTimeline) -> NDArray[np.float32]:
    """What played() makes of the frames of `part`, pasted into the track, by the phones alone that reach them."""
    place, phones = round((part.start - track.start) * track.fps), timeline.phones
    begin, end = part.start, part.start + len(part.values) / track.fps
    reach = RAMP + EDGE / track.fps
    phones = phones[phones.near(begin - reach, end + reach)]
    if not phones:
        return part.values
    begin, end = min(begin, phones[0].start), max(end, phones[-1].end)
    low = max(int((begin - track.start) * track.fps) - EDGE, 0)
    high = min(int((end - track.start) * track.fps) + EDGE + 1, len(track.values))
    values = track.values[low:high].copy()
    values[place - low : place - low + len(part.values)] = part.values
    stretch = AnimationTrack(track.names, values, track.fps, track.start + low / track.fps)
    made = played(stretch, replace(timeline, phones=phones)).values
    return made[place - low : place - low + len(part.values)]


def with_stresses(track: AnimationTrack, timeline: PhonemeTimeline) -> AnimationTrack:
    """Larger motion at stressed phones, smaller at slurred ones; sealed lips stay sealed, visemes as they are."""
    stressed = timeline.phones.chosen(timeline.phones.stresses != 1)
    if not stressed:
        return track
    gain, first = np.ones(len(track.values), np.float32), round(track.start * track.fps)
    edges = np.stack([stressed.starts, stressed.ends], axis=1)
    index, frame, part = coverages(edges, track.fps, first + len(gain))
    here = frame >= first
    more = (stressed.stresses - 1).astype(np.float32)[index] * part
    np.add.at(gain, frame[here] - first, more[here])
    gain = np.convolve(np.pad(gain, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid").astype(np.float32)
    kept = np.array([name.startswith("viseme_") for name in track.names])
    stronger = np.where(kept, track.values, np.clip(track.values * gain[:, None], 0, 1))
    return with_lips_sealed(track.with_values(stronger), track)
