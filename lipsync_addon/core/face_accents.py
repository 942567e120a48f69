"""Single events of the face that a voice asks for: blinks in its pauses, brows up on its accents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bumps import bumps, raised
from .prosody import Prosody
from .track import AnimationTrack
from .vocal import PAUSE_DROP

BLINK_INTERVAL = 3.8
"""Mean seconds between blinks: 16 a minute."""
ACCENT = 1.2
"""Standard deviations above the line's mean from which a peak of pitch and level is an accent."""

_CLOSING, _CLOSED, _OPENING = 0.08, 0.045, 0.16  # seconds; closed for more than a frame at 24 a second
_PULL = 0.8  # seconds that a blink may move to meet a pause
_RISE, _FALL, _APART = 0.14, 0.32, 1.2  # seconds: of a brow accent, and from one to the next
_LIDS = dict.fromkeys(("eyeBlinkLeft", "eyeBlinkRight"), 1.0)
_BROWS = {"browInnerUp": 0.45, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3}


def blink_times(times: NDArray[np.float64], prosody: Prosody, rate: float = 1.0, seed: int = 0) -> NDArray[np.float64]:
    """[n] seconds at which the lids are down: irregular, and in the nearest pause of the voice where one is close."""
    if len(times) == 0 or rate < 0.01:
        return np.zeros(0)
    random = np.random.default_rng([seed, len(times)])
    pauses = times[prosody.level < np.percentile(prosody.level, 95) - PAUSE_DROP]
    interval = BLINK_INTERVAL / rate
    last, end, found = times[0] - random.uniform(0, interval), times[-1] - _OPENING, []
    due = last
    while True:
        due = max(due + interval * np.clip(random.gamma(8, 1 / 8), 0.35, 2.2), last + 0.35 * interval)
        if due > end:
            return np.array(found)
        near = pauses[np.argmin(np.abs(pauses - due))] if len(pauses) else due
        at = near if abs(near - due) <= _PULL and near - last >= 0.35 * interval else due
        if times[0] + _CLOSING <= at <= end:
            found.append(at)
            last = at


def with_blinks(track: AnimationTrack, blinks: NDArray[np.float64]) -> AnimationTrack:
    """Both lids down at each of `blinks` (seconds), fast to close and slower to open."""
    corners = (-_CLOSING - _CLOSED / 2, -_CLOSED / 2, _CLOSED / 2, _CLOSED / 2 + _OPENING)
    return raised(track, _LIDS, bumps(track.times, blinks, corners, np.ones(len(blinks))))


def accents(times: NDArray[np.float64], prosody: Prosody) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """([n] seconds, [n] strength 0..1) of the syllables that stand out by pitch and level."""
    voiced = prosody.pitch > 0
    if voiced.sum() < 3:
        return np.zeros(0), np.zeros(0)
    height = _standard(12 * np.log2(np.where(voiced, prosody.pitch, 1.0)), voiced)
    score = np.where(voiced, np.clip(height, -3, 3) + np.clip(_standard(prosody.level, voiced), -3, 3), 0.0)
    step = times[1] - times[0]
    reach = np.arange(-int(0.15 / step), int(0.15 / step) + 1) * step
    window = np.exp(-0.5 * (reach / 0.06) ** 2)
    score = np.convolve(score, window / window.sum(), "full")[len(reach) // 2 :][: len(times)]
    peaks = 1 + np.flatnonzero((score[1:-1] >= score[:-2]) & (score[1:-1] > score[2:]) & (score[1:-1] > ACCENT))
    chosen: list[int] = []
    for peak in peaks[np.argsort(-score[peaks], kind="stable")]:
        if all(abs(times[peak] - times[other]) >= _APART for other in chosen):
            chosen.append(int(peak))
    chosen.sort()
    return times[chosen], np.clip(score[chosen] / (2 * ACCENT), 0, 1)


def with_brows(track: AnimationTrack, prosody: Prosody, strength: float = 1.0) -> AnimationTrack:
    """Brows up on accents, highest on the accented syllable."""
    at, heights = accents(track.times, prosody)
    return raised(track, _BROWS, bumps(track.times, at, (-_RISE, 0.0, 0.04, 0.04 + _FALL), heights * strength))


def _standard(values: NDArray, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from the mean of the chosen values, in their standard deviations (at least 1 dB or semitone)."""
    return (values - values[where].mean()) / max(values[where].std(), 1.0)
