"""Live preview: sound drives a character while it is heard. The operator's timer and tests call step()."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.style import StyleSettings, apply_style
from ..core.track import AnimationTrack
from .live_face import LiveFace
from .live_sound import LiveSound


class LiveNetwork(Protocol):
    """What the preview needs of inference.stream.Stream."""

    @property
    def sample_rate(self) -> int: ...

    def push(self, samples: NDArray[np.float32]) -> AnimationTrack:
        """[n] samples -> the frames that are now known, none or more."""

    def reset(self) -> None:
        """What was heard is forgotten."""


class LivePreview:
    """One run from start to stop()."""

    def __init__(
        self,
        sound: LiveSound,
        network: LiveNetwork,
        face: LiveFace,
        style: StyleSettings = StyleSettings(),
        record_to: Path | None = None,
    ) -> None:
        """`style`: only what needs no other frame acts. `record_to`: a .wav that gets the sound."""
        self._sound, self._network, self._face = sound, network, face
        self._style = style
        self._recording: wave.Wave_write | None = None
        self._record_to = record_to
        self.frames = 0
        """Poses that the network has given."""

    def start(self, now: float) -> None:
        """`now`: seconds, on the clock of step(). Raises LipsyncError if the sound cannot be opened."""
        self._network.reset()
        self._sound.start(now)
        if self._record_to:
            self._recording = wave.open(str(self._record_to), "wb")
            self._recording.setnchannels(1)
            self._recording.setsampwidth(2)
            self._recording.setframerate(self._network.sample_rate)

    def step(self, now: float) -> bool:
        """Takes what has been heard until `now` and shows the newest pose. True while there may be more to hear."""
        samples = self._sound.read(now)
        if samples is None:
            self._network.reset()
            return True
        if self._recording:
            self._recording.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        if len(samples):
            track = self._network.push(samples)
            if len(track.values):
                self.frames += len(track.values)
                newest = track.with_values(track.values[-1:])
                self._face.show(apply_style(newest, self._style))
        return not self._sound.over

    def stop(self) -> Path | None:
        """The character is as it was before, the recording is closed. Returns its file."""
        try:
            self._sound.stop()
        finally:
            self._face.close()
            if self._recording:
                self._recording.close()
                self._recording = None
        return self._record_to
