"""From a film to lines that train: cut, follow the faces, check that sound and mouth belong together, label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import AudioClip, CheckedSound
from ..core.errors import LipsyncError
from ..core.phones import PHONES
from ..core.pipeline import Known, LineWords
from ..core.progress import Progress, no_progress, part
from ..core.timeline import SILENCE, PhonemeTimeline
from ..core.track import AnimationTrack
from ..core.training_frames import FRAME_RATE, bilabial_core, frame_phones
from ..inference.predictor import Predictor
from .agreement import Agreement, SeenMouth
from .evaluation import Heard, evaluate
from .following import Followed, FollowedFace, follow_faces
from .media import Film, loudness, open_film
from .tracker import FaceTracker
from .training_source import FilmLines, Refusal, TrainingLine

LONGEST, SHORTEST = 12.0, 1.5
"""Seconds of a line; films are cut in pauses, and wherever the picture cuts."""
PAUSE = 0.3
"""Seconds of silence in which a film may be cut."""
SEEN = 0.9
"""Share of a line's pictures in which its face must be seen."""
UNSEEN = 0.12
"""Seconds between two pictures with the face from which the opening is unknown."""
LEAST_LIKELIHOOD, FARTHEST_OFFSET = 0.9, 0.12
"""That sound and mouth belong together, and seconds: stricter than the verdict of `lipsync evaluate`, for a wrong film
harms a network."""
SURE_OFFSET = 0.04
"""Seconds from which a measured offset is taken out; a smaller one may be the measurement's own error."""
SURE_PHONE = 0.5
"""Confidence below which a phone that was only heard is left unknown."""
CUT = 30.0
"""Mean difference of two pictures' thumbnails, 0..255, from which it is another shot."""


@dataclass(frozen=True, slots=True)
class SoundTreatment:
    """What is done to the sound before all else."""

    denoise: bool = False
    """Steady noise is taken out by spectral subtraction."""
    loudness: float | None = None
    """LUFS that the whole film gets by one gain, peaks limited; None: as it is"""

    def filters(self, path: Path) -> str:
        """ffmpeg's, for this film."""
        denoise = "afftdn" if self.denoise else ""
        if self.loudness is None:
            return denoise
        gain = self.loudness - loudness(path, denoise)
        limited = f"volume={gain:.2f}dB,alimiter=limit=0.95:level=false:latency=true"
        return ",".join(each for each in ("aformat=channel_layouts=mono", denoise, limited) if each)


class Shots:
    """Where the picture cuts; to be given to follow_faces as `watch`."""

    def __init__(self) -> None:
        self.first: list[int] = []
        """Numbers of the frames with which another shot begins"""
        self._last: NDArray[np.float32] | None = None

    def __call__(self, number: int, picture: NDArray[np.uint8]) -> None:
        small = cv2.resize(picture, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._last is not None and np.abs(small - self._last).mean() > CUT:
            self.first.append(number)
        self._last = small


def film_lines(
    path: Path,
    tracker: FaceTracker,
    predictor: Predictor,
    words: LineWords | None = None,
    *,
    treatment: SoundTreatment = SoundTreatment(),
    progress: Progress = no_progress,
) -> FilmLines:
    """All lines of a film. Raises LipsyncError for a film that cannot be read, has no sound or no face."""
    film = open_film(path)
    if not film.has_sound:
        raise LipsyncError(f"{path} has no sound.", "Choose a film with sound.")
    sound = CheckedSound(film.sound(predictor.spec.sample_rate, treatment.filters(path)))
    clip = AudioClip(np.concatenate(list(sound.blocks())), sound.sample_rate, path.name)
    if sound.is_silent:
        raise LipsyncError(f"{path} is silent.", "Choose a film with speech.")
    shots = Shots()
    followed = follow_faces(film, tracker, progress=part(progress, 0.0, 0.9), watch=shots)
    hearing = predictor.hear(clip)
    heard = AnimationTrack(PHONES, hearing.phones, hearing.fps)
    timeline, notices = (words or Known()).timeline(heard, path.name)
    found = FilmLines(transcribed=bool(timeline.words), language=timeline.language, notices=notices)
    end = min(clip.duration, float(followed.times[-1]) + 1 / film.fps)
    for start, stop in spans(timeline, followed.times[shots.first].tolist(), end):
        try:
            found.lines.append(_line(film, followed, clip, timeline, predictor, start, stop))
        except LipsyncError as error:
            found.refused.append(Refusal(start, stop, error.message))
    progress(1.0)
    return found


def spans(timeline: PhonemeTimeline, shots: Sequence[float], end: float) -> list[tuple[float, float]]:
    """[(start s, end s)] of lines up to LONGEST, cut at the shots' beginnings and else in the last pause that fits."""
    pauses = [(p.start + p.end) / 2 for p in timeline.phones if p.unit == SILENCE and p.length >= PAUSE]
    found = []
    for start, stop in pairwise([0.0, *(shot for shot in shots if 0 < shot < end), end]):
        while stop - start > LONGEST:
            fitting = [pause for pause in pauses if start + SHORTEST <= pause <= start + LONGEST]
            cut = fitting[-1] if fitting else start + LONGEST
            found.append((start, cut))
            start = cut
        if stop > start:
            found.append((start, stop))
    return found


def _line(
    film: Film, followed: Followed, clip: AudioClip, timeline: PhonemeTimeline, predictor: Predictor,
    start: float, stop: float,
) -> TrainingLine:  # fmt: skip
    """Raises LipsyncError with the reason why this stretch does not train."""
    hop = predictor.spec.hop
    first, count = int(np.ceil(start * FRAME_RATE)), int((stop - start) * FRAME_RATE)
    samples = clip.samples[first * hop : (first + count) * hop]
    frames = len(samples) // hop
    start = first / FRAME_RATE
    if frames < SHORTEST * FRAME_RATE:
        raise LipsyncError(f"The shot is shorter than {SHORTEST:g} s.")
    samples = samples[: frames * hop]
    piece = AudioClip(samples, clip.sample_rate, clip.source)
    mouths = list(_mouths(followed, start, start + frames / FRAME_RATE))
    if not mouths:
        raise LipsyncError("No face is seen throughout: whoever speaks is off-screen or turned away.")
    heard = Heard.of(piece, predictor)
    judged = [(evaluate(m.moved(-start), heard).agreement, m) for m in mouths]
    best, mouth = max(judged, key=lambda pair: pair[0].likelihood)
    if reason := _mismatch(best):
        raise LipsyncError(reason)
    late = best.offset if abs(best.offset) > SURE_OFFSET else 0.0
    at = start + np.arange(frames) / FRAME_RATE + late
    timed = [
        (phone.start - start, phone.end - start, phone.unit)
        for phone in timeline.phones
        if phone.end > start
        and phone.start < start + frames / FRAME_RATE
        and (timeline.words or phone.unit == SILENCE or phone.confidence >= SURE_PHONE)
    ]
    timed = [(max(begin, 0.0), end, unit) for begin, end, unit in timed]
    return TrainingLine(
        start,
        (np.clip(samples, -1, 1) * 32767).astype(np.int16),
        frame_phones(timed, frames),
        _opening_at(mouth, at).astype(np.float16),
        bilabial_core(timed, frames),
        best.offset,
        best.likelihood,
        best.r_opening,
    )


def _mouths(followed: Followed, start: float, stop: float):
    """A SeenMouth for every face that is seen nearly all the time."""
    wanted = np.flatnonzero((followed.times >= start) & (followed.times < stop))
    for face in followed.faces:
        if len(wanted) and np.isin(wanted, face.frames).mean() >= SEEN:
            yield _mouth(followed, face, wanted)


def _mouth(followed: Followed, face: FollowedFace, wanted: NDArray[np.int64]) -> SeenMouth:
    seen = [index for index, frame in enumerate(face.frames) if wanted[0] <= frame <= wanted[-1]]
    points = np.stack([face.points[index] for index in seen])
    return SeenMouth.of_points(followed.times[[face.frames[index] for index in seen]], points)


def _mismatch(found: Agreement) -> str:
    """Why sound and mouth do not belong together; empty where they do."""
    if found.likelihood < LEAST_LIKELIHOOD:
        return (
            f"Sound and mouth do not belong together, or not surely (likelihood {found.likelihood:.2f}, needed "
            f"{LEAST_LIKELIHOOD:g}; r {found.r_opening:.2f}): dubbed, or somebody else speaks off-screen."
        )
    if abs(found.offset) > FARTHEST_OFFSET:
        return f"The mouth comes {found.offset * 1000:+.0f} ms after the sound, more than {FARTHEST_OFFSET * 1000:.0f}."
    return ""


def _opening_at(mouth: SeenMouth, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T] by the pictures' presentation times, so that any frame rate will do; nan where the face was not seen."""
    after = np.searchsorted(mouth.times, at).clip(1, len(mouth.times) - 1)
    gap = mouth.times[after] - mouth.times[after - 1]
    outside = np.maximum(mouth.times[0] - at, at - mouth.times[-1])
    known = (outside <= UNSEEN) & ((gap <= UNSEEN) | (outside > 0))
    return np.where(known, np.maximum(np.interp(at, mouth.times, mouth.opening), 0), np.nan)
