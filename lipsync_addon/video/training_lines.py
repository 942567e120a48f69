"""From a film to lines that train: cut, follow the faces, check that sound and mouth belong together, label."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import BLOCK, AudioClip, CheckedSound
from ..core.errors import LipsyncError
from ..core.phones import PHONES
from ..core.pipeline import Known, LineWords
from ..core.progress import Progress, no_progress, part
from ..core.timeline import SILENCE, PhonemeTimeline
from ..core.track import AnimationTrack
from ..core.training_frames import FRAME_RATE, MOUTH_UNITS, bilabial_core, frame_phones
from ..inference.predictor import Predictor
from ..speech.text_file import Cue
from ..speech.transcript import Transcript
from .agreement import Agreement, SeenMouth
from .evaluation import Heard, evaluate
from .following import Followed, follow_faces
from .media import Film, denoising, loudness, open_film
from .smoothing import smoothed
from .solve import film_neutral, solve_face
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
FARTHEST_OFFSET = 0.12
"""Seconds"""
SURE_OFFSET = 0.04
"""Seconds from which a measured offset is taken out; a smaller one may be the measurement's own error."""
SURE_PHONE = 0.5
"""Confidence below which a phone that was only heard is left unknown."""
AROUND = 0.15
"""Seconds around a subtitle that belong to its line, for its times are seldom exact."""
UNSEEN_UNITS = frozenset("jawForward mouthDimple mouthShrugLower mouthShrugUpper tongueOut".split())
"""What a camera in front hardly tells (docs/video.md): unknown to training."""
CUT = 30.0
"""Mean difference of two pictures' thumbnails, 0..255, from which it is another shot."""


@dataclass(frozen=True, slots=True)
class SoundTreatment:
    """What is done to the sound before all else."""

    denoise: bool = False
    """Steady noise is taken out by spectral subtraction."""
    loudness: float | None = None
    """LUFS that the whole film gets by one gain, peaks limited; None: as it is"""

    def filters(self, path: Path, sample_rate: int) -> str:
        """ffmpeg's, for this film, whose sound is wanted at that rate. None of them moves the sound."""
        denoise = denoising(sample_rate) if self.denoise else ""
        if self.loudness is None:
            return denoise
        gain = self.loudness - loudness(path, denoise)
        limited = f"volume={gain:.2f}dB,alimiter=limit=0.95:level=false:latency=true"
        return ",".join(each for each in ("aformat=channel_layouts=mono", denoise, limited) if each)


class SpooledSound:
    """A sound on disk, of which any stretch can be read again. Follows the Sound protocol."""

    def __init__(self, sound: CheckedSound) -> None:
        """Reads it to its end."""
        self.sample_rate, self.source = sound.sample_rate, sound.source
        self._file = tempfile.TemporaryFile(prefix="lipsync-", suffix=".sound")  # noqa: SIM115
        for block in sound.blocks():
            self._file.write(np.ascontiguousarray(block, np.float32).tobytes())
        self._count = self._file.tell() // 4

    @property
    def duration(self) -> float:
        """Seconds."""
        return self._count / self.sample_rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """From first to last."""
        for start in range(0, self._count, BLOCK):
            yield self.read(start, BLOCK)

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        """[up to count] samples from `start` on."""
        self._file.seek(4 * start)
        return np.frombuffer(self._file.read(4 * max(min(count, self._count - start), 0)), np.float32)


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
    words: LineWords | Sequence[Cue] | None = None,
    *,
    language: str = "",
    treatment: SoundTreatment = SoundTreatment(),
    fps: float | None = None,
    progress: Progress = no_progress,
) -> FilmLines:
    """All lines of a film. Raises LipsyncError for a film that cannot be read, has no sound or no face.

    `words`: of the whole film, or subtitles: then lines are cut by their times, and what has none is left out.
    `language`: of the subtitles, guessed where empty. `fps`: the pictures are brought to that rate first.
    """
    film = open_film(path, fps)
    if not film.has_sound:
        raise LipsyncError(f"{path} has no sound.", "Choose a film with sound.")
    if film.synthetic:
        raise LipsyncError(
            f"{path} is marked as synthetic: its mouth was animated, and teaches nothing.", "Choose films of people."
        )
    rate = predictor.spec.sample_rate
    sound = CheckedSound(film.sound(rate, treatment.filters(path, rate)))
    spool = SpooledSound(sound)
    if sound.is_silent:
        raise LipsyncError(f"{path} is silent.", "Choose a film with speech.")
    shots = Shots()
    followed = follow_faces(film, tracker, progress=part(progress, 0.0, 0.9), watch=shots)
    cuts = followed.times[shots.first].tolist()
    end = min(spool.duration, float(followed.times[-1]) + 1 / film.fps)
    if isinstance(words, Sequence):
        found = FilmLines()
        pieces = [(start, stop, Transcript.of(text, language)) for start, stop, text in cue_spans(words, cuts, end)]
    else:
        hearing = predictor.hear(spool)
        heard = AnimationTrack(PHONES, hearing.phones, hearing.fps)
        timeline, notices = (words or Known()).timeline(heard, path.name)
        found = FilmLines(language=timeline.language, notices=notices)
        pieces = [(start, stop, Known(timeline)) for start, stop in spans(timeline, cuts, end)]
    builder = _Builder(film, followed, spool, predictor)
    for start, stop, said in pieces:
        try:
            line, timeline = builder.line(start, stop, said)
        except LipsyncError as error:
            found.refused.append(Refusal(start, stop, error.message))
            continue
        found.lines.append(line)
        found.transcribed |= any(phone.word is not None for phone in timeline.phones)
        found.language = found.language or timeline.language
    progress(1.0)
    return found


def cue_spans(cues: Sequence[Cue], shots: Sequence[float], end: float) -> list[tuple[float, float, str]]:
    """[(start s, end s, text)] of lines up to LONGEST: subtitles that follow each other at once are one line, and a
    little sound around them belongs to them. One across a cut of the picture stays whole, for its words cannot be
    cut."""
    groups: list[list[Cue]] = []
    for cue in cues:
        before = groups[-1][-1] if groups else None
        near = before and cue.start - before.end < PAUSE and not any(before.end <= shot <= cue.start for shot in shots)
        if near and cue.end - groups[-1][0].start <= LONGEST:
            groups[-1].append(cue)
        else:
            groups.append([cue])
    found, reached = [], 0.0
    for group, after in zip(groups, [*groups[1:], None]):
        start = max(group[0].start - AROUND, reached)
        reached = min(group[-1].end + AROUND, (group[-1].end + after[0].start) / 2 if after else end, end)
        if reached > start:
            found.append((start, reached, "\n".join(cue.text for cue in group)))
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


class _Builder:
    """Makes lines of one film."""

    def __init__(self, film: Film, followed: Followed, sound: SpooledSound, predictor: Predictor) -> None:
        self._film, self._followed, self._sound, self._predictor = film, followed, sound, predictor
        self._neutrals: dict[int, NDArray[np.float64]] = {}

    def line(self, start: float, stop: float, words: LineWords) -> tuple[TrainingLine, PhonemeTimeline]:
        """Raises LipsyncError with the reason why this stretch does not train."""
        hop = self._predictor.spec.hop
        first, count = int(np.ceil(start * FRAME_RATE)), int((stop - start) * FRAME_RATE)
        samples = self._sound.read(first * hop, count * hop)
        frames = len(samples) // hop
        start, stop = first / FRAME_RATE, (first + frames) / FRAME_RATE
        if frames < SHORTEST * FRAME_RATE:
            raise LipsyncError(f"The shot or subtitle is shorter than {SHORTEST:g} s.")
        samples = samples[: frames * hop]
        mouths = list(_mouths(self._followed, start, stop))
        if not mouths:
            raise LipsyncError("No face is seen throughout: whoever speaks is off-screen or turned away.")
        if isinstance(words, Known):
            words = Known(cut(words.phones, start, stop))
        heard = Heard.of(AudioClip(samples, self._sound.sample_rate, self._film.path.name), self._predictor, words)
        judged = [(evaluate(mouth.moved(-start), heard).agreement, mouth, rows) for mouth, rows in mouths]
        best, mouth, (number, *rows) = max(judged, key=lambda each: each[0].likelihood)
        if reason := _mismatch(best):
            raise LipsyncError(reason)
        late = best.offset if abs(best.offset) > SURE_OFFSET else 0.0
        at = start + np.arange(frames) / FRAME_RATE + late
        timed = [
            (phone.start, phone.end, phone.unit)
            for phone in heard.timeline.phones
            if phone.word is not None or phone.unit == SILENCE or phone.confidence >= SURE_PHONE
        ]
        line = TrainingLine(
            start,
            (np.clip(samples, -1, 1) * 32767).astype(np.int16),
            frame_phones(timed, frames),
            _at(mouth.times, np.maximum(mouth.opening, 0), at).astype(np.float16),
            bilabial_core(timed, frames),
            _at(mouth.times, self._units(number, *rows), at).astype(np.float16),
            best.offset,
            best.likelihood,
            best.r_opening,
        )
        return line, heard.timeline

    def _units(self, number: int, first: int, last: int) -> NDArray[np.float64]:
        """[rows, U] MOUTH_UNITS of a face in those rows; nan where pictures do not tell."""
        face = self._followed.faces[number]
        if number not in self._neutrals:
            opening = face.mouth(self._followed.times).opening
            self._neutrals[number] = film_neutral(face.points, opening, None)
        solved = solve_face(face.points.read(first, last), self._neutrals[number])
        values = np.full((last - first, len(MOUTH_UNITS)), np.nan)
        for column, unit in enumerate(MOUTH_UNITS):
            sides = [solved.names.index(name) for name in (unit, f"{unit}Left", f"{unit}Right") if name in solved.names]
            if unit not in UNSEEN_UNITS:
                values[:, column] = solved.values[:, sides].mean(1)
        return smoothed(values, self._followed.times[face.frames[first:last]])


def cut(timeline: PhonemeTimeline, start: float, stop: float) -> PhonemeTimeline:
    """The part from start to stop, its start at second 0."""
    inside = [phone for phone in timeline.phones if phone.end > start and phone.start < stop]
    moved = [replace(phone, start=max(phone.start - start, 0.0), end=min(phone.end, stop) - start) for phone in inside]
    return replace(timeline, phones=tuple(phone for phone in moved if phone.end > phone.start))


def _mouths(followed: Followed, start: float, stop: float) -> Iterator[tuple[SeenMouth, tuple[int, int, int]]]:
    """(mouth, (number, first row, last row)) of every face that is seen nearly all the time."""
    first, last = np.searchsorted(followed.times, (start, stop))
    for number, face in enumerate(followed.faces):
        rows = np.searchsorted(face.frames, (first, last)).tolist()
        if last > first and (rows[1] - rows[0]) / (last - first) >= SEEN:
            yield face.mouth(followed.times, *rows), (number, *rows)


def _mismatch(found: Agreement) -> str:
    """Why sound and mouth do not belong together; empty where they do."""
    if found.verdict != "together":
        how = "do not belong together" if found.verdict == "apart" else "do not surely belong together"
        return (
            f"Sound and mouth {how} (likelihood {found.likelihood:.2f}, r {found.r_opening:.2f}): dubbed, or somebody "
            "else speaks off-screen."
        )
    if abs(found.offset) > FARTHEST_OFFSET:
        return f"The mouth comes {found.offset * 1000:+.0f} ms after the sound, more than {FARTHEST_OFFSET * 1000:.0f}."
    return ""


def _at(times: NDArray[np.float64], values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T] or [T, C] of values at the pictures' presentation times, so that any frame rate will do; nan where the face
    was not seen."""
    after = np.searchsorted(times, at).clip(1, len(times) - 1)
    gap = times[after] - times[after - 1]
    outside = np.maximum(times[0] - at, at - times[-1])
    known = (outside <= UNSEEN) & ((gap <= UNSEEN) | (outside > 0))
    columns = [np.where(known, np.interp(at, times, column), np.nan) for column in np.atleast_2d(values.T)]
    return np.stack(columns, axis=1) if values.ndim == 2 else columns[0]
