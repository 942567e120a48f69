"""How a line turned out, measured while it is baked: what the report lists worst first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.aperture import SEALED, lip_gap
from ..core.audio_clip import SILENCE_PEAK, Sound
from ..core.confidence import confidence
from ..core.pipeline import Performance
from ..core.track import AnimationTrack
from .worker import Quality

FULL_SCALE = 0.99
"""Absolute sample value from which on a recording counts as clipped; resampling rounds a plateau at 1 off."""
PREVIEW_FPS = 25
PREVIEW_SECONDS = 60.0
_ROWS = ("gap", "wide", "round", "sure")
"""What a frame of the preview holds, a byte each."""


class Observed:
    """A predictor that remembers what it heard. Given to bake_line() in the place of the predictor."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self.spec = predictor.spec
        self._speaks = np.zeros(0, bool)
        self._certain: AnimationTrack | None = None
        self.samples = self.full = 0
        self.peak = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._predictor, name)

    def predict(self, sound: Sound, **arguments: Any) -> AnimationTrack:
        """As Predictor.predict(); how sure it is stays here."""
        outputs = tuple(arguments.pop("outputs", ("arkit", "visemes")))
        asked = tuple(dict.fromkeys((*outputs, "phones", "log_variance")))
        track = self._predictor.predict(_Measured(sound, self), outputs=asked, **arguments)
        phones, variance = (track.select(self.spec.outputs[name]) for name in ("phones", "log_variance"))
        self._remember(phones, variance.values)
        return track if asked == outputs else track.select(self.spec.channels(outputs))

    def hear(self, sound: Sound, **arguments: Any) -> Any:
        """As the predictor's; how sure it is stays here."""
        hearing = self._predictor.hear(_Measured(sound, self), **arguments)
        phones = AnimationTrack(self.spec.outputs["phones"], hearing.phones, hearing.fps)
        self._remember(phones, self._predictor.move(hearing, outputs=("log_variance",)).values)
        return hearing

    def quality(self, performance: Performance) -> Quality:
        """Of the line that was predicted, as `performance` plays it."""
        track = performance.track
        pressed = track.channel("viseme_PP") if "viseme_PP" in track.names else np.zeros(len(track.values))
        others = track.values[:, [name.startswith("viseme_") for name in track.names]]
        bilabial = (pressed >= others.max(1)) & (pressed > 0.5) if others.size else np.zeros(len(track.values), bool)
        edges = np.flatnonzero(np.diff(bilabial, prepend=False, append=False)).reshape(-1, 2)
        gap = lip_gap(track)
        sure = self._sure()
        return Quality(
            seconds=round(track.duration, 3),
            confidence=round(float(sure.mean()), 4) if sure is not None and len(sure) else None,
            clipped=round(self.full / max(self.samples, 1), 6),
            silent=self.peak < SILENCE_PEAK or (sure is not None and len(sure) == 0),
            closures=len(edges),
            unsealed=sum(bool(gap[max(a - 1, 0) : b + 1].min() > SEALED) for a, b in edges),
            notices=performance.notices,
        )

    def preview(self, track: AnimationTrack) -> bytes:
        """[T, 4] bytes at PREVIEW_FPS: how far the lips are apart, wide and round, and how sure the network is."""
        times = np.arange(int(min(track.duration, PREVIEW_SECONDS) * PREVIEW_FPS) + 1) / PREVIEW_FPS
        now = AnimationTrack(track.names, track.at(times), PREVIEW_FPS)
        smile = ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight")
        rows = np.zeros((len(times), len(_ROWS)))
        rows[:, 0] = lip_gap(now) / 0.35
        rows[:, 1] = now.filled(smile).values.mean(1) * 2
        rows[:, 2] = now.filled(("mouthPucker", "mouthFunnel")).values.max(1)
        rows[:, 3] = 1.0
        if self._certain is not None:
            rows[:, 3] = self._certain.at(times)[:, 0]
        return (np.clip(rows, 0, 1) * 255).round().astype(np.uint8).tobytes()

    def _remember(self, phones: AnimationTrack, log_variance: NDArray[np.float32]) -> None:
        self._speaks = phones.channel("sil") < 0.5
        self._certain = AnimationTrack(("sure",), confidence(phones, log_variance)[:, None], phones.fps)

    def _sure(self) -> NDArray[np.float32] | None:
        """[S] the certainty of each frame in which somebody speaks."""
        return None if self._certain is None else self._certain.values[self._speaks, 0]


class _Measured:
    """Passes the blocks of a sound on and counts the samples at full scale."""

    def __init__(self, sound: Sound, into: Observed) -> None:
        self._sound, self._into = sound, into
        self.sample_rate, self.duration, self.source = sound.sample_rate, sound.duration, sound.source

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The sound's own blocks."""
        self._into.samples = self._into.full = 0
        for block in self._sound.blocks():
            self._into.samples += len(block)
            loud = np.abs(block)
            self._into.full += int(np.count_nonzero(loud >= FULL_SCALE))
            self._into.peak = max(self._into.peak, float(loud.max(initial=0.0)))
            yield block
