"""Stream: sound that is still being heard, in pieces of any size, to motion that hardly trails it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import AudioClip
from ..core.track import AnimationTrack
from .predictor import Predictor

LOOK_AHEAD = 0.1
"""Seconds that are heard of what follows a frame before it is given: the lips close for p, b, m before these sound."""


class Stream:
    """A network that takes the rest of what it wants to look ahead for silence, so its motion is rougher than Predictor's.

    Frames that become known by one piece come from one run of the network: where several do, the earlier of them have
    looked further ahead.
    """

    def __init__(self, predictor: Predictor) -> None:
        spec = predictor.spec
        self._predictor = predictor
        self._hop, self._fps = spec.hop, spec.fps
        graphs = (spec.hear, spec.move) if hasattr(spec, "hear") else (spec,)
        self._left = sum(graph.left_context for graph in graphs)
        self._ahead = min(round(LOOK_AHEAD * spec.fps), sum(graph.right_context for graph in graphs))
        self.sample_rate: int = spec.sample_rate
        self.channels = tuple(name for output in ("arkit", "visemes") for name in spec.outputs[output])
        """Names of the channels."""
        self.reset()

    @property
    def look_ahead(self) -> float:
        """Seconds by which the newest sound is ahead of the newest frame."""
        return self._ahead / self._fps

    def reset(self) -> None:
        """What was heard is forgotten; the next sample is second 0."""
        self._held = np.zeros(0, np.float32)
        self._first = 0  # frame at which the held sound begins
        self._given = 0  # frames

    def push(self, samples: NDArray[np.float32]) -> AnimationTrack:
        """[n] samples -> the frames that are now known, none or more, on the sound's clock."""
        self._held = np.concatenate([self._held, samples])
        known = self._first + len(self._held) // self._hop - self._ahead + 1
        start, count = self._given, max(known - self._given, 0)
        values = np.zeros((0, len(self.channels)), np.float32)
        if count:
            window = self._held[: (known - 1 + self._ahead - self._first) * self._hop]
            track = self._predictor.predict(AudioClip(window, self.sample_rate))
            values = track.values[start - self._first : known - self._first]
        self._given += count
        keep = max(self._given - self._left, 0)
        self._held, self._first = self._held[(keep - self._first) * self._hop :], keep
        return AnimationTrack(self.channels, values, self._fps, start / self._fps)
