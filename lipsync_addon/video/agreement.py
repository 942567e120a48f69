"""How a mouth that is seen agrees with a sound: when it fits best, how well, and whether the two belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.aperture import lip_gap
from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from .face_mesh import LIP_CORNERS, reference_face

RATE = 100.0
"""Hz at which curves are compared."""
FARTHEST = 0.5
"""Seconds of offset that are looked for on either side."""
LIKELY, UNLIKELY = 0.8, 0.2
"""Likelihood from which sound and mouth belong together, and up to which they do not; between them nobody can say."""

UNSURE, SURE = 0.65, 0.85
"""Mean probability of the likeliest phone while somebody speaks, up to which disagreement of sound and mouth says
nothing, and from which all: the clips of the calibration have 0.80 to 0.88, other talkers 0.7, synthetic voices 0.6 to
0.73."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of whether a mouth belongs to a sound."""

    bias: float
    opening: float
    """For r = 1 between the openings, at the best offset"""
    speed: float
    """The same between the speeds of the openings, which slow rhythm alone does not make alike"""
    width: float
    """The same between the widths of the mouth"""

    def likelihood(self, opening: float, speed: float, width: float, sureness: float = 1.0) -> float:
        """0..1, where right and wrong sounds are equally common beforehand. A sound that was heard with little
        `sureness` foretells the mouth badly, so that little agreement says little then."""
        logit = self.bias + self.opening * opening + self.speed * speed + self.width * width
        if logit < 0:
            logit *= np.clip((sureness - UNSURE) / (SURE - UNSURE), 0, 1)
        return float(1 / (1 + np.exp(-logit)))


CALIBRATION = Calibration(-31.85, 11.36, 25.47, 5.38)
"""Of model/calibrate_agreement.py, on 100 right and 1000 wrong pairs of GRID talker 1."""


@dataclass(frozen=True, slots=True)
class SeenMouth:
    """A mouth over time, from a film, from curves, or from a character. Only how lengths change counts, not their
    unit."""

    times: NDArray[np.float64]
    """[T] seconds on the sound's clock"""
    opening: NDArray[np.float64]
    """[T] between the inner lips, in distances of the outer eye corners"""
    width: NDArray[np.float64]
    """[T] between the corners of the mouth, in the same unit"""

    @classmethod
    def of_track(cls, track: AnimationTrack) -> SeenMouth:
        """Of curves, on the reference face. Raises LipsyncError if no channel of theirs moves the lips."""
        if "jawOpen" not in track.names:
            raise LipsyncError("The curves have no channel jawOpen.", "Give ARKit curves, for example Live Link CSV.")
        face, values = reference_face(), track.filled(reference_face().names).values.astype(np.float64)
        right, left = (face.neutral[corner] + values @ face.deltas[:, corner] for corner in LIP_CORNERS)
        width = np.linalg.norm((left - right)[:, :2], axis=1) / face.eye_distance
        return cls(track.times, lip_gap(track).astype(np.float64), width)

    def moved(self, seconds: float) -> SeenMouth:
        """The same, that much later."""
        return replace(self, times=self.times + seconds)

    def at(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(opening, width) at other times."""
        return np.interp(times, self.times, self.opening), np.interp(times, self.times, self.width)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of a seen mouth and an expected one."""

    offset: float
    """Seconds by which the mouth comes after the sound; negative: before it"""
    confidence: float
    """0..1: height of the best match above what other offsets give"""
    r_opening: float
    """Pearson r of seen and expected opening while somebody speaks, at that offset"""
    r_unshifted: float
    """The same without the offset"""
    r_speed: float
    """r of the openings' speeds at that offset"""
    r_width: float
    """r of the mouths' widths at that offset"""
    likelihood: float
    """0..1 that sound and mouth belong together"""
    lags: NDArray[np.float64]
    by_lag: NDArray[np.float64]
    """r of the openings at each of the lags"""

    @property
    def verdict(self) -> str:
        """"together", "apart", or "uncertain"."""
        if self.likelihood >= LIKELY:
            return "together"
        return "apart" if self.likelihood <= UNLIKELY else "uncertain"


def agreement(
    seen: SeenMouth,
    expected: SeenMouth,
    times: NDArray[np.float64],
    spoken: NDArray[np.bool_],
    sureness: float = 1.0,
) -> Agreement:
    """While somebody speaks: `spoken` [T] at `times` [T], which are 1 / RATE apart. `sureness`: of the expected mouth,
    as Calibration.likelihood takes it."""
    wanted, wanted_width = expected.at(times)
    lags = np.arange(-FARTHEST, FARTHEST + 1e-9, 1 / RATE)
    openings, speeds = np.zeros(len(lags)), np.zeros(len(lags))
    for index, lag in enumerate(lags):
        found, _ = seen.at(times + lag)
        openings[index] = pearson(wanted[spoken], found[spoken])
        speeds[index] = _speed(wanted, found, spoken)
    both = openings + speeds
    best = int(both.argmax())
    offset = float(lags[best] + _peak(both, best) / RATE)
    found, found_width = seen.at(times + offset)
    opening, speed = pearson(wanted[spoken], found[spoken]), _speed(wanted, found, spoken)
    width = pearson(wanted_width[spoken], found_width[spoken])
    return Agreement(
        offset,
        float(np.clip(opening - np.median(openings), 0, 1)),
        opening,
        float(np.interp(0, lags, openings)),
        speed,
        width,
        CALIBRATION.likelihood(opening, speed, width, sureness),
        lags,
        openings,
    )


def pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """r, 0 where one of them does not change."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 1e-12 else 0.0


def _speed(wanted: NDArray[np.float64], found: NDArray[np.float64], spoken: NDArray[np.bool_]) -> float:
    return pearson(np.gradient(wanted)[spoken], np.gradient(found)[spoken])


def _peak(values: NDArray[np.float64], best: int) -> float:
    """Of the parabola through the best and its neighbours, in steps from the best."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, at, after = values[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < -1e-9 else 0.0
