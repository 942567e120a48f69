"""The whole path from sound to curves. Read this first: each step is a file of the same name.

sound ──Predictor──▶ Prediction ──apply_style, with_face──▶ Performance ──▶ exporters, or map_track ──▶ F-curves
words, if known ──LineWords──▶ PhonemeTimeline ──played──┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .adaptation import Adaptation
from .audio_clip import CheckedSound, Sound
from .confidence import confidence
from .controls import Controls
from .errors import LipsyncError
from .face_layers import FaceSettings, with_face
from .hearing import Hearing
from .model_spec import ModelSpec
from .phones import PHONES
from .prediction import Prediction, as_kept
from .progress import Progress, no_progress
from .prosody import prosody_of
from .style import StyleSettings, apply_style, still
from .timeline import PhonemeTimeline
from .timeline_align import recognised
from .timeline_moves import moved, played
from .timeline_posteriors import Fused
from .timeline_retiming import Edits, told
from .track import AnimationTrack


SAME_END = 0.1
"""Seconds between the ends of a sound and of phonemes that are known, from which they may be of another line."""


class TrackPredictor(Protocol):
    """What the pipeline needs of inference.Predictor, so that core does not import ONNX Runtime."""

    spec: ModelSpec
    adaptation: Adaptation | None

    def predict(
        self,
        sound: Sound,
        *,
        outputs: Sequence[str] = ...,
        controls: Controls = ...,
        progress: Progress = no_progress,
    ) -> AnimationTrack: ...

    def hear(self, sound: Sound, *, progress: Progress = no_progress) -> Hearing: ...

    def move(
        self, hearing: Hearing | Fused, *, outputs: Sequence[str] = ..., controls: Controls = ...
    ) -> AnimationTrack: ...

    def can_move(self, hearing: Hearing) -> bool: ...


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
        notices, end = self.notices, phones.start + len(phones.values) / phones.fps
        if self.phones and abs(self.phones.end - end) > SAME_END:
            ends = f"the phonemes end at {self.phones.end:.2f} s and the sound at {end:.2f} s"
            notices += (f"{ends}, so they may be of another line.",)
        return self.phones or recognised(phones, source=source), tuple(f"{source}: {each}" for each in notices)


@dataclass(frozen=True, slots=True)
class Performance:
    """A voice line as mouth motion, with what the user should know about it."""

    track: AnimationTrack
    notices: tuple[str, ...] = ()
    timeline: PhonemeTimeline | None = None
    """What is said, where it was asked for."""
    prediction: Prediction | None = None
    """What it was made from; None for motion from elsewhere, such as a captured face."""
    style: StyleSettings = StyleSettings()
    face: FaceSettings = FaceSettings()
    """How the prediction was played."""


def animate(
    sound: Sound,
    predictor: TrackPredictor,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    words: LineWords | None = None,
    *,
    edits: Edits | None = None,
    controls: Controls = Controls(),
    keep: bool = False,
    progress: Progress = no_progress,
) -> Performance:
    """Speech to ARKit coefficients and visemes, with the layers of the face that are on; with `words`, also what is
    said when, and lips that meet in every p, b and m. `edits`: of the phones of an earlier take of these words, which
    move along. `keep`: for a take, which can then be played with other
    layers of the face and edited phones. `controls`: what the network is told beside the sound; the emotions of the
    face join them where the network knows them. Raises LipsyncError for controls that it does not know, and for sound
    that cannot be used."""
    sound = CheckedSound(sound)
    if face.emotions:
        controls = controls.with_emotions(face.emotions, predictor.spec.controls)
    prediction, notices = _spoken(sound, predictor, words or (Known() if edits else None), edits, controls, progress)
    if face.layers or keep:
        prediction = replace(prediction, prosody=prosody_of(sound, prediction.track.times))
    if keep:
        prediction = as_kept(replace(prediction, sure=_sureness(predictor, prediction.hearing)))
    performance = perform(prediction, style, face)
    return replace(performance, notices=performance.notices or notices, timeline=prediction.timeline)


def perform(
    prediction: Prediction, style: StyleSettings = StyleSettings(), face: FaceSettings = FaceSettings()
) -> Performance:
    """The line in another style, without its sound; the layers of the face where the voice's prosody is known."""
    track, notices = apply_style(prediction.track, style), ()
    if prediction.silent:
        track, notices = still(track), (f"{prediction.source}: silent, so the mouth stays still.",)
    if unknown := [f"'{name}'" for name in style.channels if name and name not in track.names]:
        notices += (f"Nothing is named {', '.join(unknown)}: the gain of that channel does nothing.",)
    if face.layers and prediction.prosody:
        track = with_face(track, prediction.prosody, face, spoken=prediction.controls.emotions)
    return Performance(track, notices, prediction=prediction, style=style, face=face)


def of_prediction(performance: Performance, prediction: Prediction) -> Performance:
    """Another prediction, played as this one was."""
    return replace(
        performance, track=perform(prediction, performance.style, performance.face).track, prediction=prediction
    )


def respoken(
    prediction: Prediction, predictor: TrackPredictor, controls: Controls, face: FaceSettings = FaceSettings()
) -> Prediction:
    """The line moved again under other controls, or by a predictor that is adapted to another actor, from what the take
    keeps of what was heard. Raises LipsyncError where it does not keep that, or another network heard it."""
    hearing, timeline = prediction.hearing, prediction.timeline
    if hearing is None or timeline is None or not predictor.can_move(hearing):
        raise LipsyncError("The take does not know what this network hears in its line.", "Bake the line once more.")
    controls = controls.with_emotions(face.emotions, predictor.spec.controls)
    track = played(moved(predictor, hearing, timeline, controls), timeline)
    return as_kept(replace(prediction, track=track, controls=controls, actor=predictor.adaptation))


def _sureness(predictor: TrackPredictor, hearing: Hearing | None) -> NDArray[np.float32] | None:
    """[T] how sure the network is of what it heard."""
    if hearing is None:
        return None
    variance = predictor.move(hearing, outputs=("log_variance",))
    return confidence(AnimationTrack(PHONES, hearing.phones, hearing.fps), variance.values)


def _spoken(
    sound: CheckedSound,
    predictor: TrackPredictor,
    words: LineWords | None,
    edits: Edits | None,
    controls: Controls,
    progress: Progress,
) -> tuple[Prediction, tuple[str, ...]]:
    if words is None:
        track = predictor.predict(sound, controls=controls, progress=progress)
        return Prediction(track, None, sound.is_silent, sound.source, controls=controls), ()
    hearing = predictor.hear(sound, progress=progress)
    timeline, notices = words.timeline(AnimationTrack(PHONES, hearing.phones, hearing.fps), sound.source)
    original = None
    if edits:
        original, (timeline, dropped) = timeline, edits.on(timeline)
        notices += told(dropped, sound.source)
    track = played(moved(predictor, hearing, timeline, controls), timeline)
    prediction = Prediction(track, timeline, sound.is_silent, sound.source, None, controls, hearing, original)
    return replace(prediction, actor=predictor.adaptation), notices
