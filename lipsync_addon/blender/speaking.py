"""A text as sound and motion, before anybody is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import aud

from ..core.audio_clip import AudioClip
from ..core.controls import Controls
from ..core.face_layers import FaceSettings
from ..core.pipeline import Known, Performance, animate
from ..core.progress import Progress, no_progress, part
from ..core.style import StyleSettings
from ..inference.predictor import Predictor
from .sound_import import ImportedSound, save_wave


@dataclass(frozen=True, slots=True)
class Speech:
    """What is to be spoken, and where the sound goes."""

    text: str
    path: Path
    """A .wav; the take is named after it."""
    voice: str = ""
    """As in speech.synthesis.speak(), like the next two."""
    rate: int = 170
    pitch: int = 50


@dataclass(frozen=True, slots=True, eq=False)
class SpokenLine:
    """Sound and motion of a text; no file is written yet."""

    speech: Speech
    clip: AudioClip
    performance: Performance

    def save(self) -> None:
        """Writes the sound. Raises LipsyncError where that is impossible."""
        save_wave(self.clip, self.speech.path)


def spoken_line(
    speech: Speech,
    predictor: Predictor,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    controls: Controls = Controls(),
    progress: Progress = no_progress,
) -> SpokenLine:
    """Speaks the text and animates it with the synthesiser's exact phones; those of a voice that does not tell them are
    aligned with its sound. Touches no bpy. Raises LipsyncError for text without words or an unknown voice."""
    from ..speech.synthesis import language_of, speak  # opens espeak-ng
    from ..speech.transcript import Transcript

    clip, timeline = speak(speech.text, speech.voice, rate=speech.rate, pitch=speech.pitch)
    progress(0.3)
    name = speech.path.name
    sound = ImportedSound(
        aud.Sound.buffer(clip.samples[:, None].copy(), clip.sample_rate), name, predictor.spec.sample_rate
    )
    exact = Known(replace(timeline, source=name)) if timeline else None
    words, rest = exact or Transcript.of(speech.text, language_of(speech.voice)), part(progress, 0.3, 1.0)
    performance = animate(sound, predictor, style, face, words, controls=controls, keep=True, progress=rest)
    return SpokenLine(speech, clip, performance)
