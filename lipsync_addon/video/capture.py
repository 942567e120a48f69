"""From a film of a face to curves: track, solve, smooth, at an even rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.channels import HEAD_ANGLES
from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress
from ..core.track import AnimationTrack
from .following import FollowedFace, follow_faces
from .media import Film, open_film
from .smoothing import smoothed
from .solve import SolvedFace, solve_film
from .tracker import FaceTracker

TO_HEAD_ANGLES = np.array([-1.0, 1.0, -1.0])
"""HEAD_ANGLES count to the person's right."""
QUALITY = "quality"
POOR = 0.25
"""Quality below which a stretch is named to the user."""


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """One face of a film as motion."""

    track: AnimationTrack
    """ARKit coefficients, HEAD_ANGLES, and QUALITY (0 where the face was not seen), on the sound's clock"""
    opening: NDArray[np.float64]
    """[T] lip opening as tracked, in distances of the outer eye corners, at the track's frames"""
    place: str
    """Where in the picture the face is, for messages"""

    @property
    def poor(self) -> list[tuple[float, float]]:
        """[(start s, end s)] where the quality is low."""
        low = self.track.channel(QUALITY) < POOR
        edges = np.flatnonzero(np.diff(low.astype(np.int8), prepend=0, append=0))
        times = self.track.times
        return [(float(times[a]), float(times[b - 1])) for a, b in zip(edges[::2], edges[1::2])]


def capture_film(
    path: Path,
    tracker: FaceTracker,
    *,
    smoothing: float = 1.0,
    neutral: tuple[float, float] | None = None,
    progress: Progress = no_progress,
) -> list[Capture]:
    """All faces of a film, from left to right. `neutral`: seconds from and to in which the face is at rest.

    Raises LipsyncError for a film that cannot be read or has no face.
    """
    film = open_film(path)
    followed = follow_faces(film, tracker, progress=progress)
    return [captured(film, followed.times, face, smoothing, neutral) for face in followed.faces]


def captured(
    film: Film,
    times: NDArray[np.float64],
    face: FollowedFace,
    smoothing: float = 1.0,
    neutral: tuple[float, float] | None = None,
) -> Capture:
    """One followed face as motion; `times` [F] of the film's frames."""
    seen_at = times[face.frames]
    resting = None
    if neutral:
        resting = (seen_at >= neutral[0]) & (seen_at <= neutral[1])
        if not resting.any():
            raise LipsyncError(
                f"{film.path}: the face is not seen between {neutral[0]:g} and {neutral[1]:g} s.",
                "Give other seconds after --neutral.",
            )
    tracked = face.mouth(times)
    solved = solve_film(face.points, tracked.opening, resting)
    motion = np.concatenate([solved.values, solved.poses.angles() * TO_HEAD_ANGLES], axis=1)
    motion = smoothed(motion, seen_at, smoothing)
    motion[:, : solved.values.shape[1]] = np.clip(motion[:, : solved.values.shape[1]], 0, 1)
    jaw, close = solved.names.index("jawOpen"), solved.names.index("mouthClose")
    motion[:, close] = np.minimum(motion[:, close], motion[:, jaw])  # each was smoothed at its own pace
    fps = even_rate(times)
    even = np.arange(max(round(times[0] * fps), 0), round(times[-1] * fps) + 1) / fps
    unseen = ~np.isin(np.arange(len(times)), face.frames)
    quality = np.zeros(len(times))
    quality[~unseen] = solved.quality
    columns = [np.interp(even, seen_at, column) for column in motion.T]
    columns.append(np.interp(even, times, quality))
    track = AnimationTrack(
        (*solved.names, *HEAD_ANGLES, QUALITY), np.stack(columns, axis=1).astype(np.float32), fps, float(even[0])
    )
    return Capture(track, np.interp(even, seen_at, tracked.opening), _place(film, solved))


def even_rate(times: Sequence[float] | NDArray[np.float64]) -> float:
    """Frames per second of a film whose frames are at these seconds: by the median step, a whole number if it is
    near."""
    if len(times) < 2:
        return 25.0
    fps = 1 / max(float(np.median(np.diff(times))), 1e-3)
    return float(round(fps)) if abs(fps - round(fps)) < 0.06 else fps


def _place(film: Film, solved: SolvedFace) -> str:
    across = float(np.median(solved.poses.shift[:, 0])) / film.width
    return "left" if across < 0.4 else "right" if across > 0.6 else "middle"
