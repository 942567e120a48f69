"""The mouth while nobody speaks: at rest in pauses, calm through noises and laughter, open for a breath before a
phrase.

None of it touches a frame in which something is said or the lips close for a sound: it fades out before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bumps import bumps, raised, smoothstep, with_channels
from .prosody import Prosody
from .style_steps import smoothed
from .track import AnimationTrack
from .vocal import laughing, phrases, seconds_from, speaking

REST: dict[str, float] = {"jawOpen": 0.12, "mouthClose": 0.055}
"""A jaw that hangs and lips that just touch."""
BREATH: dict[str, float] = {
    **{"jawOpen": 0.12, "mouthLowerDownLeft": 0.12, "mouthLowerDownRight": 0.12, "mouthUpperUpLeft": 0.06},
    **{"mouthUpperUpRight": 0.06, "noseSneerLeft": 0.06, "noseSneerRight": 0.06},
}
"""Lips that part to take breath."""
LAUGH: dict[str, float] = {
    **{"mouthSmileLeft": 0.55, "mouthSmileRight": 0.55, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    **{"eyeSquintLeft": 0.3, "eyeSquintRight": 0.3, "jawOpen": 0.2},
}
"""A smile that reaches the eyes, held while the laughter lasts."""

_NEAR, _FADE = 0.15, 0.3  # seconds from what is said that stay as they are, and in which the rest comes in
_INHALE = 0.45  # seconds of a breath
_ROOM = 0.25  # seconds of pause before a phrase that leave time for one
_BEFORE = 0.1  # seconds before the phrase at which the lips are its own again
_LIPS_BUSY = 0.25  # probability of p, b, m from which the lips close for a sound


def with_calm(track: AnimationTrack, prosody: Prosody, strength: float = 1.0) -> AnimationTrack:
    """The mouth held still through breaths, coughs and other noises without a voice, and softly open with a smile
    through laughter, instead of following them. `strength`: 0..1."""
    if len(track.values) < 2:
        return track
    track = _towards(track, {}, min(strength, 1.0) * _unspoken(track, prosody))
    laughs = laughing(track.times, prosody)
    if not laughs.any():
        return track
    share = min(strength, 1.0) * smoothstep(1 - seconds_from(track.times, laughs) / _FADE)
    track = with_channels(track, LAUGH)
    soft = smoothed(track, 0.12).values
    columns, mouth = _mouth(track), share[:, None].astype(np.float32)
    values = track.values.copy()
    values[:, columns] += mouth * (0.6 * soft[:, columns] - values[:, columns])
    return raised(track.with_values(values), LAUGH, share)


def with_rest(track: AnimationTrack, prosody: Prosody, strength: float = 1.0) -> AnimationTrack:
    """The mouth goes to REST in pauses. `strength`: 0..1 the lips touch .. 2 they part a little."""
    if len(track.values) < 2:
        return track
    pose = {name: weight * strength for name, weight in REST.items()}
    return _towards(with_channels(track, pose), pose, min(strength, 1.0) * _unspoken(track, prosody))


def with_breath(track: AnimationTrack, prosody: Prosody, strength: float = 1.0) -> AnimationTrack:
    """The lips part before each phrase that a long enough pause goes before. `strength`: 0..2."""
    times, at = track.times, []
    ended = times[0] if len(times) else 0.0
    for start, end in phrases(times, prosody):
        if start - ended >= _ROOM:
            at.append(start - _BEFORE)
        ended = end
    curve = bumps(times, np.array(at), (-_INHALE, -0.3 * _INHALE, -0.25 * _INHALE, 0.0), np.full(len(at), strength))
    free = smoothstep((seconds_from(times, _said(track, prosody)) - 0.06) / 0.1)
    return raised(track, BREATH, curve * free)


def _said(track: AnimationTrack, prosody: Prosody) -> NDArray[np.bool_]:
    """[T] where something is said, or the lips close for a sound before or after it is heard."""
    said = speaking(track.times, prosody)
    if "viseme_sil" in track.names and _is_noise(track, said):
        said = said & (smoothed(track, 0.1).channel("viseme_sil") < 0.5)
    if "viseme_PP" in track.names:
        near = seconds_from(track.times, said) < 0.35
        said = said | (near & (track.channel("viseme_PP") > _LIPS_BUSY))
    return said


def _is_noise(track: AnimationTrack, said: NDArray[np.bool_]) -> bool:
    """Whether the network heard no speech in most of what is loud: a line without a voice is noise, not a whisper."""
    return bool(said.any()) and float(track.channel("viseme_sil")[said].mean()) > 0.5


def _unspoken(track: AnimationTrack, prosody: Prosody) -> NDArray[np.float64]:
    """[T] 0 where something is said .. 1 where nothing is, from _NEAR + _FADE away."""
    return smoothstep((seconds_from(track.times, _said(track, prosody)) - _NEAR) / _FADE)


def _towards(track: AnimationTrack, pose: dict[str, float], share: NDArray[np.float64]) -> AnimationTrack:
    """The mouth's channels as far towards `pose` (0 for what it does not name) as `share` [T] says; visemes to
    silence."""
    goal = np.array([pose.get(name, float(name == "viseme_sil")) for name in track.names], np.float32)
    columns, share = _mouth(track), share[:, None].astype(np.float32)
    values = track.values.copy()
    values[:, columns] += share * (goal[columns] - values[:, columns])
    return track.with_values(values)


def _mouth(track: AnimationTrack) -> NDArray[np.intp]:
    """Columns of the mouth, jaw, tongue and visemes."""
    return np.flatnonzero([not name.startswith(("eye", "brow", "head")) for name in track.names])
