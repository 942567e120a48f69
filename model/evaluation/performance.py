"""Programs that turn sound into what a mouth does: our networks by the path that users take, and whatever stands beside
them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from lipsync_addon.core.alignment import align
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.audio_clip import AudioClip, Sound
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.progress import Progress, no_progress
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, ExportOptions, write
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.transcript import Transcript

SAMPLE_RATE = 16000
CURVE_FPS = 60.0
"""Of the files: what Live Link Face has, and what the bench wants for its smoothness."""


OPEN = "open"
"""The lip opening in distances of the outer eye corners, where a program gives no coefficients."""
Phones = list[tuple[float, float, str]]
"""[(start s, end s, unit of PHONES)]"""


class Program(ABC):
    """Whatever turns sound into what a mouth does."""

    label: str
    """Its row's name in every table: a key of bench.PROGRAMS."""

    @abstractmethod
    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack | None:
        """A track of the channels that it can give: ARKit's, or OPEN alone; visemes; phones.

        `language` is a BCP-47 tag where it is known, `text` what is said, for those that can use it. None: it has
        nothing for this sound, because it is not installed here or does not know the language.
        """

    def lay(self, sound: Sound, words: Sequence[tuple[str, ...]], language: str, text: str) -> Phones | None:
        """The phones of a text where they are said; `words` has their units. None: it cannot."""
        return None


def opening(track: AnimationTrack) -> NDArray[np.float32]:
    """[T] lip opening of a track in distances of the outer eye corners."""
    return track.channel(OPEN) if OPEN in track.names else lip_gap(track)


@dataclass(frozen=True)
class Network(Program):
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

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack:
        """Coefficients, visemes and phones as a bake with default settings gets them; coefficients and visemes with a
        text."""
        if text:
            return animate(sound, self.predictor, words=Transcript.of(text, language)).track
        return animate(sound, self).track

    def lay(self, sound: Sound, words: Sequence[tuple[str, ...]], language: str, text: str) -> Phones | None:
        heard = self.perform(sound)
        result = align(heard.select(PHONES).values, words)
        return result.timed(heard.fps) if result else None


def clip(samples: NDArray[np.float32], name: str = "") -> AudioClip:
    """[N] samples at 16 kHz as sound."""
    return AudioClip(samples, SAMPLE_RATE, name)


def write_curves(track: AnimationTrack, path: Path) -> None:
    """The file that `lipsync bake LINE --to path` writes."""
    write(track, path, EXPORTERS[path.suffix], ExportOptions(CURVE_FPS))


LOUDNESS = "rms_band_db"
"""The bench's name of a mouth that opens with the loudness."""
QUIETEST_DB = -30.0
"""Below the loud parts: the level at which the mouth of Loudness is shut."""
LOUD_OPENING = SEALED / 0.25
"""How far it opens in the loud parts, so that the bench's limit of a closure, a quarter of the own level, is SEALED."""


class Loudness(Program):
    """A mouth that opens with the level of 300 to 1200 Hz in dB: what any network must beat.

    The bench's own curves of this kind (r 0.97) exist for the dev sounds alone, and are 0.03 s late.
    """

    label = LOUDNESS

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack:
        """One channel, OPEN."""
        band = signal.butter(2, [300, 1200], "bandpass", fs=SAMPLE_RATE, output="sos")
        filtered = signal.sosfiltfilt(band, samples_of(sound))
        hop, window = SAMPLE_RATE // 100, round(0.08 * SAMPLE_RATE)
        power = signal.fftconvolve(filtered**2, np.ones(window) / window, mode="same")[::hop]
        level = 10 * np.log10(np.maximum(power, 1e-12))
        level = np.clip(level - np.quantile(level, 0.95), QUIETEST_DB, 0) / -QUIETEST_DB + 1
        return AnimationTrack((OPEN,), (LOUD_OPENING * level[:, None]).astype(np.float32), 100.0)


def samples_of(sound: Sound) -> NDArray[np.float32]:
    """[N]"""
    return np.concatenate([np.zeros(0, np.float32), *sound.blocks()])


def write_all(tracks: Mapping[str, AnimationTrack], folder: Path) -> None:
    """A file per line that the bench reads: tracks of coefficients as users get them, or of an opening alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, track in tracks.items():
        if OPEN in track.names:
            table = np.column_stack([track.times, track.channel(OPEN)])
            np.savetxt(folder / f"{name}.csv", table, "%.4f", ",", header="time,open", comments="")
        else:
            write_curves(track, folder / f"{name}.csv")
