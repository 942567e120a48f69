"""The whole path from sound to curves. Read this first: each step is a file of the same name.

sound ──Predictor──▶ Prediction ──apply_style, with_face──▶ Performance ──▶ exporters, or map_track ──▶ F-curves
words, if known ──LineWords──▶ PhonemeTimeline ──played──┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .audio_clip import CheckedSound, Sound
from .controls import Controls
from .face_layers import FaceSettings, with_face
from .hearing import Hearing
from .phones import PHONES
from .prediction import Prediction, as_kept
from .progress import Progress, no_progress
from .prosody import prosody_of
from .style import StyleSettings, apply_style, still
from .timeline import PhonemeTimeline
from .timeline_align import recognised
from .timeline_moves import moved, played
from .timeline_retiming import Edits, told
from .track import AnimationTrack


class TrackPredictor(Protocol):
    """What the pipeline needs of inference.Predictor, so that core does not import ONNX Runtime."""

    def predict(
        self,
        sound: Sound,
        *,
        outputs: Sequence[str] = ...,
        controls: Controls = ...,
        progress: Progress = no_progress,
    ) -> AnimationTrack: ...

    def hear(self, sound: Sound, *, progress: Progress = no_progress) -> Hearing: ...

    def move(self, hearing: Hearing, *, controls: Controls = ...) -> AnimationTrack: ...


class LineWords(Protocol):
    """What is known to be said in a line: speech.transcript.Transcript, or Known."""

    def timeline(self, phones: AnimationTrack, source: str) -> tuple[PhonemeTimeline, tuple[str, ...]]:
        """Its phones and what the user should know. `phones` [T, P]: what the network hears."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A line whose phones are known, or what is heard where nothing is."""

    phones: PhonemeTimeline | None = None
    notices: tuple[str, ...] = ()
    """What the user should know, without the name of the line."""

    def timeline(self, phones: AnimationTrack, source: str) -> tuple[PhonemeTimeline, tuple[str, ...]]:
        """Follows LineWords."""
        return self.phones or recognised(phones, source=source), tuple(f"{source}: {each}" for each in self.notices)


@dataclass(frozen=True, slots=True)
class Performance:
    """A voice line as mouth motion, with what the user should know about it."""

    track: AnimationTrack
    notices: tuple[str, ...] = ()
    timeline: PhonemeTimeline | None = None
    """What is said, where it was asked for."""
    prediction: Prediction | None = None
    """What it was made from; None for motion from elsewhere, such as a captured face."""


def animate(
    sound: Sound,
    predictor: TrackPredictor,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    words: LineWords | None = None,
    *,
    edits: Edits | None = None,
    speech_style: str = "",
    keep: bool = False,
    progress: Progress = no_progress,
) -> Performance:
    """Speech to ARKit coefficients and visemes, with the layers of the face that are on; with `words`, also what is
    said when, and lips that meet in every p, b and m. `edits`: of the phones of an earlier take of these words, which
    move along. `keep`: for a take, which can then be played with other
    layers of the face and edited phones. `speech_style`: whose way of speaking, of those that
    the network knows. Raises LipsyncError for one that it does not know, and for sound that cannot be used."""
    sound = CheckedSound(sound)
    prediction, notices = _spoken(sound, predictor, words or (Known() if edits else None), edits, speech_style, progress)
    if face.layers or keep:
        prediction = replace(prediction, prosody=prosody_of(sound, prediction.track.times))
    if keep:
        prediction = as_kept(prediction)
    performance = perform(prediction, style, face)
    return replace(performance, notices=performance.notices or notices, timeline=prediction.timeline)


def perform(
    prediction: Prediction, style: StyleSettings = StyleSettings(), face: FaceSettings = FaceSettings()
) -> Performance:
    """The line in another style, without its sound; the layers of the face where the voice's prosody is known."""
    track, notices = apply_style(prediction.track, style), ()
    if prediction.silent:
        track, notices = still(track), (f"{prediction.source}: silent, so the mouth stays still.",)
    if face.layers and prediction.prosody:
        track = with_face(track, prediction.prosody, face)
    return Performance(track, notices, prediction=prediction)


def _spoken(
    sound: CheckedSound,
    predictor: TrackPredictor,
    words: LineWords | None,
    edits: Edits | None,
    speech_style: str,
    progress: Progress,
) -> tuple[Prediction, tuple[str, ...]]:
    controls = Controls(speech_style)
    if words is None:
        track = predictor.predict(sound, controls=controls, progress=progress)
        return Prediction(track, None, sound.is_silent, sound.source), ()
    hearing = predictor.hear(sound, progress=progress)
    timeline, notices = words.timeline(AnimationTrack(PHONES, hearing.phones, hearing.fps), sound.source)
    original = None
    if edits:
        original, (timeline, dropped) = timeline, edits.on(timeline)
        notices += told(dropped, sound.source)
    track = played(moved(predictor, hearing, timeline, controls), timeline)
    return Prediction(track, timeline, sound.is_silent, sound.source, None, speech_style, hearing, original), notices
