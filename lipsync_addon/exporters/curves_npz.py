"""Curves for NumPy: `numpy.load("line.npz")` gives format_version 1, names [C], values [T, C] float32, fps, start
(s)."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from ..core.track import AnimationTrack
from .base import ExportOptions, named

FORMAT_VERSION = 1


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Every channel, at the track's own rate unless another is asked for. No pickled objects."""
    track = named(track, options, "all").resampled(options.fps or track.fps)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        format_version=np.int64(FORMAT_VERSION),
        names=np.array(track.names),
        values=track.values,
        fps=np.float64(track.fps),
        start=np.float64(track.start + options.offset),
    )
    yield file.getvalue()
