"""The whole path from sound to curves. Read this first: each step is a file of the same name.

sound ──Predictor──▶ AnimationTrack ──apply_style, with_face──▶ AnimationTrack ──▶ exporters, or map_track ──▶ F-curves
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .audio_clip import CheckedSound, Sound
from .face_layers import FaceSettings, with_face
from .progress import Progress, no_progress
from .prosody import prosody_of
from .style import StyleSettings, apply_style, still
from .track import AnimationTrack


class TrackPredictor(Protocol):
    """What the pipeline needs of inference.Predictor, so that core does not import ONNX Runtime."""

    def predict(self, sound: Sound, *, progress: Progress = no_progress) -> AnimationTrack: ...


@dataclass(frozen=True, slots=True)
class Performance:
    """A voice line as mouth motion, with what the user should know about it."""

    track: AnimationTrack
    notices: tuple[str, ...] = ()


def animate(
    sound: Sound,
    predictor: TrackPredictor,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    *,
    progress: Progress = no_progress,
) -> Performance:
    """Speech to ARKit coefficients and visemes, with the layers of the face that are on. Raises LipsyncError for sound
    that cannot be used."""
    sound = CheckedSound(sound)
    track, notices = apply_style(predictor.predict(sound, progress=progress), style), ()
    if sound.is_silent:
        track, notices = still(track), (f"{sound.source}: silent, so the mouth stays still.",)
    if face.layers:
        track = with_face(track, prosody_of(sound, track.times), face)
    return Performance(track, notices)
