"""Sound to curves by the path that users take, for a network and for the simplest thing that moves a mouth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from lipsync_addon.core.audio_clip import AudioClip, Sound
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.progress import Progress, no_progress
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, ExportOptions, write
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.transcript import Transcript

SAMPLE_RATE = 16000
CURVE_FPS = 60.0
"""Of the files: what Live Link Face has, and what the bench wants for its smoothness."""


class Program(Protocol):
    """Whatever turns sound into coefficients, visemes and phones."""

    label: str
    """Its row's name in every table: a key of bench.PROGRAMS."""

    def perform(self, sound: Sound) -> AnimationTrack: ...


@dataclass(frozen=True)
class Network:
    """A network under test. As a pipeline.TrackPredictor it gives all its outputs, so that one pass serves all."""

    label: str
    """"ours" or "previous": the row's name in every table."""
    predictor: Predictor

    @classmethod
    def load(cls, label: str, path: Path) -> Network:
        return cls(label, Predictor.load(path))

    def predict(
        self, sound: Sound, *, controls: Controls = Controls(), progress: Progress = no_progress
    ) -> AnimationTrack:
        outputs = ("arkit", "visemes", "phones")
        return self.predictor.predict(sound, outputs=outputs, controls=controls, progress=progress)

    def perform(self, sound: Sound) -> AnimationTrack:
        """Coefficients, visemes and phones as a bake with default settings gets them."""
        return animate(sound, self).track

    def perform_words(self, sound: Sound, text: str, language: str) -> AnimationTrack:
        """Coefficients and visemes as a bake gets them that knows the words."""
        return animate(sound, self.predictor, words=Transcript.of(text, language)).track


def clip(samples: NDArray[np.float32], name: str = "") -> AudioClip:
    """[N] samples at 16 kHz as sound."""
    return AudioClip(samples, SAMPLE_RATE, name)


def write_curves(track: AnimationTrack, path: Path) -> None:
    """The file that `lipsync bake LINE --to path` writes."""
    write(track, path, EXPORTERS[path.suffix], ExportOptions(CURVE_FPS))


LOUDNESS = "rms_band_db"
"""The bench's name of a mouth that opens with the loudness."""
QUIETEST_DB = -30.0
"""Below the loud parts: the level at which the mouth of loudness() is shut."""


def loudness(samples: NDArray[np.float32]) -> AnimationTrack:
    """A mouth that opens with the level of 300 to 1200 Hz in dB (one channel, "open"): what any network must beat.

    The bench's own curves of this kind (r 0.97) exist for the dev sounds alone, and are 0.03 s late.
    """
    band = signal.sosfiltfilt(signal.butter(2, [300, 1200], "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    hop, window = SAMPLE_RATE // 100, round(0.08 * SAMPLE_RATE)
    power = signal.fftconvolve(band**2, np.ones(window) / window, mode="same")[::hop]
    level = 10 * np.log10(np.maximum(power, 1e-12))
    level = np.clip(level - np.quantile(level, 0.95), QUIETEST_DB, 0) / -QUIETEST_DB + 1
    return AnimationTrack(("open",), level[:, None].astype(np.float32), 100.0)


def write_all(tracks: Mapping[str, AnimationTrack], folder: Path) -> None:
    """A file per line that the bench reads: tracks of coefficients as users get them, or of the one channel "open"."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, track in tracks.items():
        if track.names == ("open",):
            table = np.column_stack([track.times, track.values])
            np.savetxt(folder / f"{name}.csv", table, "%.4f", ",", header="time,open", comments="")
        else:
            write_curves(track, folder / f"{name}.csv")
