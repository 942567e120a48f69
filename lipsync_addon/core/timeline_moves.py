"""The mouth's motion for a PhonemeTimeline: by the network where it can start from phones, then what is certain."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .controls import Controls
from .hearing import Hearing
from .style_steps import with_lips_sealed
from .timeline import PhonemeTimeline
from .timeline_closures import RAMP, with_closures
from .timeline_edits import KEPT, changed_span
from .timeline_posteriors import coverage, unmuted, with_timeline
from .track import AnimationTrack


class Mover(Protocol):
    """The half of a network that moves the mouth from phones."""

    def move(
        self, hearing: Hearing, *, controls: Controls = ..., frames: slice | None = ...
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
    """`track`, which is played(moved(mover, hearing, old, controls), old), for an edited timeline: only what the edit reaches is
    made again, everything else keeps its bits."""
    heard = (unmuted(old), unmuted(new))  # a muted phone changes its neighbours
    spans = [span for pair in ((old, new), heard) if (span := changed_span(*pair, within=KEPT))]
    if not spans:
        return track
    first = int((min(start for start, _ in spans) - RAMP) * hearing.fps) - 1
    last = int((max(end for _, end in spans) + RAMP) * hearing.fps) + 3
    part = mover.move(with_timeline(hearing, new), controls=controls, frames=slice(max(first, 0), last))
    place = round((part.start - track.start) * track.fps)
    touched = slice(place, place + len(part.values))
    values = track.values.copy()
    values[touched] = played(track.pasted(part), new).values[touched]
    return track.with_values(values)


def played(track: AnimationTrack, timeline: PhonemeTimeline) -> AnimationTrack:
    """The motion with the stress of each phone, and lips that meet in every certain p, b and m."""
    return with_closures(with_stresses(track, timeline), timeline)


def with_stresses(track: AnimationTrack, timeline: PhonemeTimeline) -> AnimationTrack:
    """Larger motion at stressed phones, smaller at slurred ones; sealed lips stay sealed, visemes as they are."""
    gain = np.ones(len(track.values), np.float32)
    for phone in timeline.phones:
        if phone.stress != 1:
            frames, part = coverage(phone, track.fps, len(gain))
            gain[frames] += (phone.stress - 1) * part
    if (gain == 1).all():
        return track
    gain = np.convolve(np.pad(gain, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid").astype(np.float32)
    kept = np.array([name.startswith("viseme_") for name in track.names])
    stronger = np.where(kept, track.values, np.clip(track.values * gain[:, None], 0, 1))
    return with_lips_sealed(track.with_values(stronger), track)
