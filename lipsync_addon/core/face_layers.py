"""What the face does beside speaking, in layers that can each be off: blinks, brow accents, emotions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .prosody import Prosody
from .style_steps import with_lips_sealed
from .track import AnimationTrack

EMOTIONS_FILE = Path(__file__).resolve().parents[1] / "data" / "emotions.json"

BLINK_INTERVAL = 3.8
"""Mean seconds between blinks: 16 a minute."""
PAUSE_DROP = 25.0
"""A frame so many dB below the loud ones (95th percentile) is a pause."""
ACCENT = 1.2
"""Standard deviations above the line's mean from which a peak of pitch and level is an accent."""

_CLOSING, _CLOSED, _OPENING = 0.08, 0.045, 0.16  # seconds; closed for more than a frame at 24 a second
_PULL = 0.8  # seconds that a blink may move to meet a pause
_RISE, _FALL, _APART = 0.14, 0.32, 1.2  # seconds: of a brow accent, and from one to the next
_BROWS = {"browInnerUp": 0.45, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3}


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """The layers; all are off unless asked for."""

    blinks: float = 0.0
    """0 off .. 1 as at rest, 16 a minute .. 2 twice as often."""
    brows: float = 0.0
    """0 off .. 1 .. 2: height of the brows' accents."""
    emotions: Mapping[str, float] = field(default_factory=dict)
    """Emotion of emotion_table() -> 0..1."""
    seed: int = 0
    """Another number gives other blinks; the same line with the same number gives the same."""


@cache
def emotion_table() -> Mapping[str, Mapping[str, float]]:
    """Emotion -> ARKit channel -> weight at full strength, from data/emotions.json, where the source stands."""
    data = json.loads(EMOTIONS_FILE.read_text(encoding="utf-8"))
    units = data["units"]
    return {
        emotion: {name: weight for unit, weight in parts.items() for name in units[unit]}
        for emotion, parts in data["emotions"].items()
    }


def with_face(track: AnimationTrack, prosody: Prosody, face: FaceSettings) -> AnimationTrack:
    """All layers that are on; channels that the track lacks are added. Lips stay sealed wherever they were.

    `prosody`: one value for each frame of the track. Raises KeyError for an unknown emotion.
    """
    if face.emotions:
        track = with_emotions(track, face.emotions)
    if face.brows:
        track = with_brows(track, prosody, face.brows)
    if face.blinks:
        track = with_blinks(track, blink_times(track.times, prosody, face.blinks, face.seed))
    return track


def with_emotions(track: AnimationTrack, emotions: Mapping[str, float]) -> AnimationTrack:
    """Offsets on top of the speech. Raises KeyError for an unknown emotion."""
    offsets: dict[str, float] = {}
    for emotion, strength in emotions.items():
        for name, weight in emotion_table()[emotion].items():
            offsets[name] = offsets.get(name, 0.0) + strength * weight
    track = _with_channels(track, offsets)
    mouth = np.array([not name.startswith(("eye", "brow")) for name in track.names])
    more = np.array([offsets.get(name, 0.0) for name in track.names], np.float32)
    # Sealing draws whole frames back: eyes and brows, which part no lips, come after it and do not twitch at every p.
    spoken = track.with_values(np.clip(track.values + more * mouth, 0, 1))
    return track.with_values(np.clip(with_lips_sealed(spoken, track).values + more * ~mouth, 0, 1))


def blink_times(times: NDArray[np.float64], prosody: Prosody, rate: float = 1.0, seed: int = 0) -> NDArray[np.float64]:
    """[n] seconds at which the lids are down: irregular, and in the nearest pause of the voice where one is close."""
    if len(times) == 0 or rate <= 0:
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
    corners = np.array([-_CLOSING - _CLOSED / 2, -_CLOSED / 2, _CLOSED / 2, _CLOSED / 2 + _OPENING])
    return _raised(track, dict.fromkeys(("eyeBlinkLeft", "eyeBlinkRight"), 1.0), blinks, corners, np.ones(len(blinks)))


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
    return _raised(track, _BROWS, at, np.array([-_RISE, 0.0, 0.04, 0.04 + _FALL]), heights * strength)


def _raised(
    track: AnimationTrack,
    channels: Mapping[str, float],
    at: NDArray[np.float64],
    corners: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> AnimationTrack:
    """Channels at least as high as a soft bump around each time: from corners[0] up to [1], down from [2] to [3]."""
    times, curve = track.times, np.zeros(len(track.values))
    for time, height in zip(at, heights, strict=True):
        line = np.interp(times, time + corners, [0, 1, 1, 0])
        curve = np.maximum(curve, height * line * line * (3 - 2 * line))
    track = _with_channels(track, channels)
    values = track.values.copy()
    for name, gain in channels.items():
        column = track.names.index(name)
        values[:, column] = np.clip(np.maximum(values[:, column], gain * curve), 0, 1)
    return track.with_values(values)


def _with_channels(track: AnimationTrack, names: Mapping[str, float]) -> AnimationTrack:
    return track.filled([*track.names, *(name for name in names if name not in track.names)])


def _standard(values: NDArray, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from the mean of the chosen values, in their standard deviations (at least 1 dB or semitone)."""
    return (values - values[where].mean()) / max(values[where].std(), 1.0)
