"""Follows every face of a film apart from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress
from .agreement import SeenMouth
from .face_mesh import lip_opening, lip_width
from .landmarks import Landmarks
from .media import Film
from .tracker import FaceTracker

LOST = 1.0
"""Seconds after which a face that comes back is another one, unless it is where it was."""
REACH = 0.8
"""Face widths that a face may have moved since it was last seen."""
STEPS, AHEAD = 4, 0.6
"""Frames over which a face's way is measured, and seconds for which it is believed to go on."""
SHORTEST = 5
"""Frames; what is seen more rarely is no face."""


@dataclass(slots=True)
class FollowedFace:
    """One face over the film's frames."""

    frames: list[int] = field(default_factory=list)
    """Numbers of the frames in which it was seen, ascending"""
    points: Landmarks = field(default_factory=Landmarks)
    """[478, 3] in each of them, pixels"""
    places: list[tuple[float, float, float, float]] = field(default_factory=list)
    """x and y of the middle, width and height in each of them, pixels"""
    mouths: list[tuple[float, float]] = field(default_factory=list)
    """Lip opening and width of the mouth in each of them, in distances of the outer eye corners"""

    def see(self, frame: int, points: NDArray[np.float32]) -> None:
        """Adds a frame."""
        self.frames.append(frame)
        self.points.append(points)
        self.places.append((*points[:, :2].mean(0).tolist(), *np.ptp(points[:, :2], axis=0).tolist()))
        self.mouths.append((float(lip_opening(points)), float(lip_width(points))))

    def away(self, points: NDArray[np.float32], frame: int, fps: float) -> float:
        """Face widths between [478, 3] landmarks and where this face should be by now, and by how much they differ in
        size. Going straight on for a moment keeps faces apart that pass each other."""
        x, y, width, height = self.places[-1]
        gone = frame - self.frames[-1]
        way = np.zeros(2)
        if len(self.frames) > STEPS and self.frames[-1] - self.frames[-1 - STEPS] < 2 * STEPS:
            before = self.places[-1 - STEPS]
            way = np.array([x - before[0], y - before[1]]) / (self.frames[-1] - self.frames[-1 - STEPS])
        expected = np.array([x, y]) + way * min(gone, AHEAD * fps)
        apart = float(np.linalg.norm(points[:, :2].mean(0) - expected)) / max(width, 1.0)
        apart += abs(float(np.log(max(np.ptp(points[:, 1]), 1.0) / max(height, 1.0))))
        return apart * (2 if gone > LOST * fps else 1)  # it may have come back; near by only

    def mouth(self, times: NDArray[np.float64], first: int = 0, last: int | None = None) -> SeenMouth:
        """Its mouth in the rows from first to before last; `times` [F] of the film's frames."""
        rows = slice(first, last)
        opening, width = np.array(self.mouths[rows]).T
        return SeenMouth(times[self.frames[rows]], opening, width)


@dataclass(frozen=True, slots=True)
class Followed:
    """All faces of a film, from left to right."""

    times: NDArray[np.float64]
    """[F] seconds of the film's frames on its sound's clock"""
    faces: list[FollowedFace]

    def chosen(self, number: int | None, source: str) -> FollowedFace:
        """The face of that number, counted from 1 at the left; without a number the one that is seen largest and
        longest."""
        if number is None:
            return max(self.faces, key=lambda face: sum(width for _, _, width, _ in face.places))
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
        _assign(faces, number, [seen.points for seen in tracker.faces(picture, seconds - film.lead)], film.fps)
        if watch:
            watch(number, picture)
        progress(min((seconds - film.lead) / max(film.duration, 1e-3), 1.0))
    lasting = [face for face in faces if len(face.frames) >= min(SHORTEST, len(times))]
    if not lasting:
        raise LipsyncError(
            f"No face was found in {film.path}.", "Choose a film in which a face looks at the camera, well lit."
        )
    lasting.sort(key=lambda face: float(np.median([across for across, *_ in face.places])))
    return Followed(np.array(times), lasting)


def _assign(faces: list[FollowedFace], frame: int, seen: list[NDArray[np.float32]], fps: float) -> None:
    """To the faces that were seen lately, the nearest pairs first, or to new ones."""
    pairs = [(face.away(points, frame, fps), i, j) for i, face in enumerate(faces) for j, points in enumerate(seen)]
    taken: dict[int, int] = {}
    for away, i, j in sorted(pairs):
        if away < REACH and i not in taken.values() and j not in taken:
            taken[j] = i
    for j, points in enumerate(seen):
        if j not in taken:
            faces.append(FollowedFace())
        faces[taken[j] if j in taken else -1].see(frame, points)
