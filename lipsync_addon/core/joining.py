"""Several lines on one clock as one motion: a take for all that a character says in a scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .channels import HEAD_ANGLES
from .track import AnimationTrack

SILENT = "viseme_sil"
SETTLE = 0.06
"""Seconds at each end of a line in which the mouth leaves and finds its rest."""


def settled(track: AnimationTrack) -> AnimationTrack:
    """The line with its first and last frames drawn to rest: where a strip is cut in the middle of a word, the
    mouth must not stay open before and after it. Sealed lips stay sealed on the way."""
    if len(track.values) < 2:
        return track
    share = np.minimum(np.arange(len(track.values)), np.arange(len(track.values))[::-1]) / (SETTLE * track.fps)
    rest = np.array([float(name == SILENT) for name in track.names], np.float32)
    share = np.clip(share, 0, 1).astype(np.float32)[:, None]
    return track.with_values(rest + share * (track.values - rest))


def joined(lines: Sequence[tuple[float, AnimationTrack]]) -> AnimationTrack:
    """Each line begins at its seconds; the result begins with the first. Between lines the face is at rest.

    Where lines overlap, each weight is the greater one; the head goes with the later line. Frames are moved to the
    nearest of the result's rather than mixed, so that closures stay closed. Raises ValueError without lines.
    """
    if not lines:
        raise ValueError("there are no lines")
    fps = lines[0][1].fps
    begin = min(start + track.start for start, track in lines)
    names = tuple(dict.fromkeys(name for _, track in lines for name in track.names))
    places = [round((start + track.start - begin) * fps) for start, track in lines]
    tracks = [track.resampled(fps).filled(names) for _, track in lines]
    values = np.zeros(
        (max(at + len(track.values) for at, track in zip(places, tracks, strict=True)), len(names)), np.float32
    )
    heads = [names.index(name) for name in HEAD_ANGLES if name in names]
    heard = np.zeros(len(values), bool)
    for at, track in sorted(zip(places, tracks, strict=True), key=lambda pair: pair[0]):
        part = slice(at, at + len(track.values))
        head = track.values[:, heads]
        values[part] = np.maximum(values[part], track.values)
        values[part, heads] = head
        heard[part] = True
    if SILENT in names:
        values[~heard, names.index(SILENT)] = 1.0
    return AnimationTrack(names, values, fps, begin)
