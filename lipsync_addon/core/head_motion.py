"""Small motion of head and eyes that follows a voice: sway, nods on accents, glances; the eyes stay on the listener."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bumps import bumps, smoothstep, with_channels
from .channels import EYES, HEAD_ANGLES, eye_turns
from .face_accents import accents
from .prosody import Prosody
from .style_steps import smoothed
from .track import AnimationTrack
from .vocal import phrases, speaking, voiced

_SWAY = {"headYaw": 0.045, "headPitch": 0.022, "headRoll": 0.03}  # radians, standard deviation while speaking
_SLOWEST, _FASTEST = 0.08, 0.5  # Hz of the sway
_STILL = 0.35  # share of the sway that is left in pauses
_NOD = 0.06  # radians at an accent of 1
_NOD_CORNERS = (-0.18, 0.02, 0.06, 0.42)  # seconds around an accent
_FOLLOW = 0.012  # radians up for a standard deviation of pitch, slowly (Kuratate et al., Audio-visual synthesis, 1999)
_REST = 0.5  # seconds at each end over which the head leaves and finds its own place, so that takes can be joined

_FIXATION = 1.3  # mean seconds between glances
_SHORTEST_FIXATION = 0.3
_GLANCE = (
    0.07  # mean radians of a glance away (Lee, Badler and Badler, Eyes Alive, 2002: small ones are the most common)
)
_WIDEST = 0.2
_AWAY = 0.35  # share of the glances that leave the listener while speaking; the others come back
_PULL = 0.4  # seconds that a glance may move to meet the start or the end of a phrase
_JUMP = 0.05  # seconds of a saccade, rounded up to frames


def with_head(track: AnimationTrack, prosody: Prosody, strength: float = 1.0, seed: int = 0) -> AnimationTrack:
    """The channels HEAD_ANGLES added: a slow sway that calms in pauses, nods on accents, up a little with the pitch.

    Both ends are at rest. `strength`: 0..2.
    """
    times = track.times
    track = with_channels(track, HEAD_ANGLES)
    if len(times) < 2 or strength <= 0:
        return track
    random = np.random.default_rng([seed, len(times), 1])
    lively = _soft(speaking(times, prosody).astype(np.float64), track.fps, 0.3)
    lively = _STILL + (1 - _STILL) * lively
    angles = {name: size * lively * _wander(random, times) for name, size in _SWAY.items()}
    at, heights = accents(times, prosody)
    angles["headPitch"] += _NOD * bumps(times, at, _NOD_CORNERS, heights)
    angles["headPitch"] -= _FOLLOW * _soft(_height(times, prosody), track.fps, 0.12)
    ends = smoothstep(np.minimum(times - times[0], times[-1] - times) / _REST)
    values = track.values.copy()
    for name, angle in angles.items():
        values[:, track.names.index(name)] += strength * ends * angle
    return track.with_values(values)


def with_gaze(track: AnimationTrack, prosody: Prosody, strength: float = 1.0, seed: int = 0) -> AnimationTrack:
    """The eyeLook channels: glances that jump and hold, most often back to the listener; whatever the head does, the
    eyes stay where they look. `strength`: 0..2, of the glances."""
    times = track.times
    names = [f"eyeLook{way}{side}" for side in EYES for way in ("In", "Out", "Up", "Down")]
    track = with_channels(track, names)
    if len(times) < 2 or strength <= 0:
        return track
    yaw, pitch = _glances(times, prosody, strength, seed)
    if set(HEAD_ANGLES) <= set(track.names):
        yaw, pitch = yaw - track.channel("headYaw"), pitch - track.channel("headPitch")
    values = track.values.copy()
    for side in EYES:
        for angle, turns in zip((yaw, pitch), eye_turns(side), strict=True):
            for name, radians in turns.items():
                values[:, track.names.index(name)] = np.clip(angle / radians, 0, 1)
    return track.with_values(values)


def _glances(
    times: NDArray[np.float64], prosody: Prosody, strength: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[T] yaw and [T] pitch of where the eyes look: steps of _JUMP seconds between places that are held."""
    random = np.random.default_rng([seed, len(times), 2])
    borders = np.array([moment for phrase in phrases(times, prosody) for moment in phrase])
    at, places, due = [times[0]], [(0.0, 0.0)], times[0]
    while True:
        due = at[-1] + max(random.gamma(2, _FIXATION / 2), _SHORTEST_FIXATION)
        near = borders[np.argmin(np.abs(borders - due))] if len(borders) else due
        moment = near if abs(near - due) <= _PULL and near - at[-1] >= _SHORTEST_FIXATION else due
        away, size, angle = random.random() < _AWAY, random.exponential(_GLANCE), random.uniform(0, 2 * np.pi)
        if moment > times[-1] - _REST:
            break
        size = min(size + 0.02, _WIDEST) * strength if away else 0.01 * strength * random.random()
        at.append(moment)
        places.append((size * np.cos(angle), 0.6 * size * np.sin(angle)))
    at.append(max(times[-1] - _REST, at[-1] + _JUMP))
    places.append((0.0, 0.0))
    corners = np.repeat(at, 2)
    corners[1::2] += _JUMP
    held = np.repeat(np.array(places), 2, axis=0)
    held[::2] = np.vstack([held[:1], held[1:-1:2]])
    return np.interp(times, corners, held[:, 0]), np.interp(times, corners, held[:, 1])


def _wander(random: np.random.Generator, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T] smooth noise of standard deviation 1 between _SLOWEST and _FASTEST Hz: a sum of waves of random phase."""
    speeds = random.uniform(_SLOWEST, _FASTEST, 12)
    phases = random.uniform(0, 2 * np.pi, 12)
    sizes = (_SLOWEST / speeds) ** 0.5
    wave = sum(size * np.sin(2 * np.pi * v * times + p) for size, v, p in zip(sizes, speeds, phases, strict=True))
    return wave / np.sqrt((sizes**2).sum() / 2)


def _height(times: NDArray[np.float64], prosody: Prosody) -> NDArray[np.float64]:
    """[T] pitch in standard deviations of the line, -2..2, 0 without voice."""
    voice = voiced(times, prosody)
    if voice.sum() < 3:
        return np.zeros(len(times))
    tone = 12 * np.log2(np.where(voice, prosody.pitch, 1.0))
    return np.where(voice, np.clip((tone - tone[voice].mean()) / max(tone[voice].std(), 1.0), -2, 2), 0.0)


def _soft(values: NDArray[np.float64], fps: float, seconds: float) -> NDArray[np.float64]:
    return smoothed(AnimationTrack(("x",), values[:, None], fps), seconds).values[:, 0].astype(np.float64)
