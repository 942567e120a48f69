"""Follows every face of a film apart from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress
from .media import Film
from .tracker import FaceTracker

LOST = 1.0
"""Seconds after which a face that comes back is another one, unless it is where it was."""
REACH = 0.8
"""Face widths that a face may have moved since it was last seen."""
SHORTEST = 5
"""Frames; what is seen more rarely is no face."""


@dataclass(slots=True)
class FollowedFace:
    """One face over the film's frames."""

    frames: list[int] = field(default_factory=list)
    """Numbers of the frames in which it was seen, ascending"""
    points: list[NDArray[np.float32]] = field(default_factory=list)
    """[478, 3] in each of them, pixels"""

    @property
    def centre(self) -> NDArray[np.float32]:
        """[2] pixels, where it was seen last."""
        return self.points[-1][:, :2].mean(0)

    @property
    def width(self) -> float:
        """Pixels, where it was seen last."""
        return float(np.ptp(self.points[-1][:, 0]))


@dataclass(frozen=True, slots=True)
class Followed:
    """All faces of a film, from left to right."""

    times: NDArray[np.float64]
    """[F] seconds of the film's frames on its sound's clock"""
    faces: list[FollowedFace]

    def chosen(self, number: int | None, source: str) -> FollowedFace:
        """The face of that number, counted from 1 at the left; without a number the one that is seen largest and longest."""
        if number is None:
            return max(self.faces, key=lambda face: sum(np.ptp(points[:, 0]) for points in face.points))
        if not 1 <= number <= len(self.faces):
            raise LipsyncError(
                f"{source} has no face {number}.", f"Faces are counted from the left, here from 1 to {len(self.faces)}."
            )
        return self.faces[number - 1]


def follow_faces(
    film: Film,
    tracker: FaceTracker,
    *,
    progress: Progress = no_progress,
    watch: Callable[[int, NDArray[np.uint8]], None] | None = None,
) -> Followed:
    """Tracks the whole film; `watch` sees every frame. Raises LipsyncError if there is no face in it."""
    times: list[float] = []
    faces: list[FollowedFace] = []
    for number, (seconds, picture) in enumerate(film.frames()):
        times.append(seconds)
        for seen in tracker.faces(picture, seconds - film.lead):
            _assign(faces, number, seen.points, film.fps)
        if watch:
            watch(number, picture)
        progress(min((seconds - film.lead) / max(film.duration, 1e-3), 1.0))
    lasting = [face for face in faces if len(face.frames) >= min(SHORTEST, len(times))]
    if not lasting:
        raise LipsyncError(
            f"No face was found in {film.path}.", "Choose a film in which a face looks at the camera, well lit."
        )
    lasting.sort(key=lambda face: float(np.median([points[:, 0].mean() for points in face.points])))
    return Followed(np.array(times), lasting)


def _assign(faces: list[FollowedFace], frame: int, points: NDArray[np.float32], fps: float) -> None:
    """To the nearest face that was seen lately and not yet in this frame, or to a new one."""
    centre = points[:, :2].mean(0)
    best, nearest = None, REACH
    for face in faces:
        if face.frames[-1] == frame:
            continue
        away = float(np.linalg.norm(centre - face.centre)) / max(face.width, 1.0)
        if frame - face.frames[-1] > LOST * fps:
            away *= 2  # it may have come back; near by only
        if away < nearest:
            best, nearest = face, away
    if best is None:
        best = FollowedFace()
        faces.append(best)
    best.frames.append(frame)
    best.points.append(points)
