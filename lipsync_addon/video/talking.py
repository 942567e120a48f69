"""Pictures that speak, and films whose mouths say something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.channels import HEAD_ANGLES
from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress
from ..core.track import AnimationTrack
from .face_mesh import reference_face
from .face_warp import FaceInPicture, turn_of
from .following import follow_faces
from .media import Film, FilmWriter
from .smoothing import smoothed
from .landmarks import CHUNK, Landmarks
from .solve import solve_face, solve_film
from .tracker import LANDMARKS, FaceTracker

SMALLEST = 256
"""Pixels of a face's height from which its mouth looks right."""
LARGEST_SCALE = 8
"""Times that a picture may be enlarged first."""
SLOWER = 10
"""How much slower than a mouth a face may move in a film before its landmarks are smoothed."""
SETTLED = 100
"""Frames beside a stretch after which its smoothing no longer depends on where it begins."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a film is written."""

    height: int
    """Pixels at most; a picture is never made larger than it is"""
    rate_factor: int
    """x264's constant rate factor"""


QUALITIES = {"low": Quality(480, 27), "medium": Quality(720, 23), "high": Quality(2160, 18)}


def read_picture(path: Path) -> NDArray[np.uint8]:
    """[H, W, 3] RGB. Raises LipsyncError if the file is missing or no picture."""
    path = Path(path)
    if not path.is_file():
        raise LipsyncError(f"{path} does not exist.", "Check the path and its spelling.")
    picture = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise LipsyncError(f"{path} is no picture that can be read.", "Choose a JPEG, PNG or WebP file.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def fitted(picture: NDArray[np.uint8], height: int, upscale: float = 1.0) -> NDArray[np.uint8]:
    """The picture enlarged `upscale` times, then at most `height` pixels high; even sides, as H.264 wants them."""
    scale = upscale * min(1.0, height / (picture.shape[0] * upscale))
    size = [max(2, 2 * round(side * scale / 2)) for side in picture.shape[1::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    return picture if size == [*picture.shape[1::-1]] else cv2.resize(picture, size, interpolation=how)


def one_face(
    picture: NDArray[np.uint8], tracker: FaceTracker, number: int | None, source: Path, upscale: float = 1.0
) -> NDArray[np.float32]:
    """[478, 3] landmarks of the face that is to speak, in a picture that was enlarged `upscale` times. Raises
    LipsyncError for none, a small one, or several."""
    faces = sorted((face.points for face in tracker.faces(picture, 0.0)), key=lambda points: points[:, 0].mean())
    if not faces:
        raise LipsyncError(f"No face was found in {source}.", "Choose a picture of a face that looks at the camera.")
    if len(faces) > 1 and number is None:
        raise LipsyncError(
            f"{source} shows {len(faces)} faces.", "Say with --face which is to speak, 1 is at the left."
        )
    if not 1 <= (number or 1) <= len(faces):
        raise LipsyncError(f"{source} has no face {number}.", f"There are {len(faces)}, counted from the left.")
    chosen = faces[(number or 1) - 1]
    check_size(float(np.ptp(chosen[:, 1])) / upscale, source, upscale)
    return chosen


def check_size(height: float, source: Path, upscale: float = 1.0) -> None:
    """Raises LipsyncError for a face of fewer pixels from chin to forehead than SMALLEST, after it is enlarged."""
    if height * upscale < SMALLEST:
        times = int(np.ceil(SMALLEST / max(height, 1)))
        larger = f", or enlarge this one with --upscale {times}" if times <= LARGEST_SCALE else ""
        enlarged = f" ({height * upscale:.0f} with --upscale {upscale:g})" if upscale != 1 else ""
        raise LipsyncError(
            f"The face in {source} is {height:.0f} pixels high{enlarged}; under {SMALLEST} a mouth looks blurred.",
            f"Choose a larger picture{larger}.",
        )


class Steady:
    """A face's landmarks without the tracker's tremble, a stretch of them in memory at a time."""

    def __init__(self, landmarks: Landmarks, times: NDArray[np.float64]) -> None:
        """`times` [T] s of the landmarks."""
        self._landmarks, self._times = landmarks, times
        self._first, self._stretch = 0, np.empty((0, LANDMARKS, 3))

    def at(self, row: int) -> NDArray[np.float64]:
        """[478, 3] of that row; rows are asked for in ascending order."""
        if not self._first <= row < self._first + len(self._stretch):
            begin, end = max(row - SETTLED, 0), row + CHUNK
            points = self._landmarks.read(begin, end + SETTLED).astype(np.float64)
            times = self._times[begin : begin + len(points)] * SLOWER
            flat = smoothed(points.reshape(len(points), -1), times)
            self._first, self._stretch = row, flat.reshape(points.shape)[row - begin : end - begin]
        return self._stretch[row - self._first]


def speaking_picture(
    picture: NDArray[np.uint8], points: NDArray[np.floating], track: AnimationTrack
) -> Iterator[NDArray[np.uint8]]:
    """A picture [H, W, 3] for every frame of the track: mouth, lids and brows, and the head where it has
    HEAD_ANGLES."""
    solved = solve_face(points[None])
    face = FaceInPicture.at(picture, points, solved.poses, 0, np.zeros(len(solved.names)), solved.neutral)
    wanted = track.filled(solved.names).values.astype(np.float64)
    turns = track.filled(HEAD_ANGLES).values
    for values, turn in zip(wanted, turns):
        yield face.render(picture, values, turn_of(*turn) if turn.any() else None)


def resynced(
    film: Film,
    tracker: FaceTracker,
    track: AnimationTrack,
    number: int | None,
    *,
    height: int,
    upscale: float = 1.0,
    progress: Progress = no_progress,
) -> Iterator[NDArray[np.uint8]]:
    """The film's pictures with another mouth, as long as both last; head, eyes and light stay as they are."""
    followed = follow_faces(film, tracker, progress=progress)
    face = followed.chosen(number, str(film.path))
    if number is None and len(followed.faces) > 1:
        raise LipsyncError(
            f"{film.path} shows {len(followed.faces)} faces.", "Say with --face which is to speak, 1 is at the left."
        )
    times, frames = followed.times, {frame: row for row, frame in enumerate(face.frames)}
    scale = fitted(np.zeros((film.height, film.width, 3), np.uint8), height, upscale).shape[0] / film.height
    check_size(float(np.median([high for *_, high in face.places])), film.path, upscale)
    solved = solve_film(face.points, face.mouth(times).opening, None)
    steady = Steady(face.points, times[face.frames])
    mouth = np.array([name.startswith(("jaw", "mouth")) for name in reference_face().names])
    wanted = track.filled(solved.names).at(times)
    last = track.start + track.duration
    for frame, (seconds, picture) in enumerate(film.frames()):
        if seconds > last:
            return
        picture = fitted(picture, height, upscale)
        if frame not in frames:
            yield picture
            continue
        row = frames[frame]
        own = solved.values[row]
        poses = solved.poses
        here = FaceInPicture.at(picture, steady.at(row) * scale, poses, row, own, solved.neutral)
        here = replace(here, scale=here.scale * scale, shift=here.shift * scale)
        yield here.render(picture, np.where(mouth, wanted[frame], own))


def write_film(
    pictures: Iterator[NDArray[np.uint8]],
    path: Path,
    fps: float,
    sound: Path,
    quality: Quality,
    *,
    count: int,
    mark: bool = True,
    progress: Progress = no_progress,
) -> int:
    """Returns the number of pictures written."""
    first = next(pictures)
    done = 1
    with FilmWriter(path, first.shape[1::-1], fps, sound, quality=quality.rate_factor, mark=mark) as writer:
        writer.write(first)
        for picture in pictures:
            writer.write(picture)
            done += 1
            progress(min(done / count, 1.0))
    return done
