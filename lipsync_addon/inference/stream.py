"""Stream: sound that is still being heard, in pieces of any size, to motion that hardly trails it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.controls import Controls
from ..core.hearing import silence
from ..core.track import AnimationTrack
from .network import LIVE_NETWORK, Network
from .predictor import OUTPUTS, Predictor
from .windows import Window, Windows

MOST_FRAMES = 400
"""That one run of a graph gives, where a piece holds more."""


class Stream:
    """The network for live sound, which hardly looks ahead. Frames are the same for pieces of whatever size, and the
    same as Predictor's with this network and these controls.

    An intensity or an emotion fades around closures, for which a frame waits 80 ms longer: see look_ahead.
    """

    def __init__(self, network: Network, *, controls: Controls = Controls()) -> None:
        self._network, self._controls = network, controls
        self._mover = Predictor(network)
        self._fade = self._mover.fade(controls)
        spec = network.spec
        self.sample_rate: int = spec.sample_rate
        self.channels = spec.channels(OUTPUTS)
        """Names of the channels."""
        self.look_ahead: float = spec.latency + self._fade / spec.fps
        """Seconds by which the newest sound is ahead of the newest frame."""
        self.reset()

    @classmethod
    def load(
        cls, description: Path = LIVE_NETWORK, *, providers: Sequence[str] | None = None, threads: int = 0
    ) -> Stream:
        """As Network.load(), of the network for live sound that comes with the add-on."""
        return cls(Network.load(description, providers=providers, threads=threads))

    def reset(self) -> None:
        """What was heard is forgotten; the next sample is second 0."""
        hear, move, hop = self._network.spec.hear, self._network.spec.move, self._network.spec.hop
        beyond = np.concatenate([silence(), np.zeros(len(hear.outputs["residual"]), np.float32)])
        self._sound = Windows(
            left=hear.left_context, right=hear.right_context, frames=MOST_FRAMES, hop=hop, after=1, at_once=True
        )
        self._heard = Windows(
            left=move.left_context + self._fade,
            right=move.right_context + self._fade,
            frames=MOST_FRAMES,
            beyond=beyond,
            at_once=True,
        )
        self._given = 0  # frames

    def push(self, samples: NDArray[np.float32]) -> AnimationTrack:
        """[n] samples -> the frames that are now known, none or more, on the sound's clock."""
        rows = [self._hear(window) for window in self._sound.push(samples)]
        return self._track(window for heard in rows for window in self._heard.push(heard))

    def finish(self) -> AnimationTrack:
        """The frames that are left once the sound is over, with silence after it."""
        rows = [self._hear(window) for window in self._sound.finish()]
        windows = [window for heard in rows for window in self._heard.push(heard)]
        return self._track([*windows, *self._heard.finish()])

    def _hear(self, window: Window) -> NDArray[np.float32]:
        left = self._network.spec.hear.left_context
        return self._network.hear(window.rows[None])[0, left : left + window.count]

    def _track(self, windows: Iterable[Window]) -> AnimationTrack:
        spec, start = self._network.spec, self._given
        left = spec.move.left_context + self._fade
        parts = [np.zeros((0, len(self.channels)), np.float32)]
        for window in windows:
            moved = self._mover.outputs_of(window.rows[None], window.first - left, self._controls, OUTPUTS)
            new = slice(left, left + window.count)
            parts.append(np.concatenate([moved[name][0, new] for name in OUTPUTS], axis=1))
            self._given += window.count
        return AnimationTrack(self.channels, np.concatenate(parts), spec.fps, start / spec.fps)
