"""What the face does beside speaking, in layers that can each be off."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from .bumps import with_channels
from .closure_fade import closures_kept
from .face_accents import blink_times, with_blinks, with_brows
from .head_motion import with_gaze, with_head
from .mouth_rest import with_breath, with_calm, with_rest
from .prosody import Prosody
from .track import AnimationTrack

EMOTIONS_FILE = Path(__file__).resolve().parents[1] / "data" / "emotions.json"


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """The layers; all are off unless asked for. Strengths: 0 off .. 1 as people do .. 2 twice as much."""

    blinks: float = 0.0
    """1: as at rest, 16 a minute."""
    brows: float = 0.0
    """Height of the brows' accents."""
    head: float = 0.0
    """Sway and nods, in radians on the channels headYaw, headPitch, headRoll."""
    gaze: float = 0.0
    """Glances on the eyeLook channels; the eyes stay on their goal while the head moves."""
    breath: float = 0.0
    """The lips part before phrases."""
    rest: float = 0.0
    """In pauses: 1 a hanging jaw with lips that touch .. 2 lips a little apart."""
    calm: float = 0.0
    """0..1: the mouth does not follow breaths, coughs and laughter."""
    emotions: Mapping[str, float] = field(default_factory=dict)
    """Emotion of emotion_table() -> 0..1."""
    seed: int = 0
    """Another number gives other blinks and glances; the same line with the same number gives the same."""

    @property
    def layers(self) -> bool:
        """Whether any of them is on."""
        return any(getattr(self, name) for name in LAYERS) or any(self.emotions.values())


LAYERS: dict[str, float] = {name: 2.0 for name in ("blinks", "brows", "head", "gaze", "breath", "rest")} | {"calm": 1.0}
"""Layer -> its greatest strength."""


@cache
def emotion_table() -> Mapping[str, Mapping[str, float]]:
    """Emotion -> ARKit channel -> weight at full strength, from data/emotions.json, where the source stands."""
    data = json.loads(EMOTIONS_FILE.read_text(encoding="utf-8"))
    units = data["units"]
    return {
        emotion: {name: weight for unit, weight in parts.items() for name in units[unit]}
        for emotion, parts in data["emotions"].items()
    }


def with_face(
    track: AnimationTrack, prosody: Prosody, face: FaceSettings, *, spoken: Container[str] = ()
) -> AnimationTrack:
    """All layers that are on; channels that the track lacks are added. Lips stay sealed wherever speech seals them.

    `prosody`: one value for each frame of the track. `spoken`: emotions that the track's mouth shows already. Raises
    KeyError for an unknown emotion.
    """
    if face.calm:
        track = with_calm(track, prosody, face.calm)
    if face.rest:
        track = with_rest(track, prosody, face.rest)
    if face.emotions:
        track = with_emotions(track, face.emotions, spoken)
    if face.breath:
        track = with_breath(track, prosody, face.breath)
    if face.brows:
        track = with_brows(track, prosody, face.brows)
    if face.blinks:
        track = with_blinks(track, blink_times(track.times, prosody, face.blinks, face.seed))
    if face.head:
        track = with_head(track, prosody, face.head, face.seed)
    if face.gaze:
        track = with_gaze(track, prosody, face.gaze, face.seed)
    return track


def with_emotions(
    track: AnimationTrack, emotions: Mapping[str, float], spoken: Container[str] = ()
) -> AnimationTrack:
    """Offsets on top of the speech; not of mouth and jaw for those of the emotions that are `spoken` already. Raises
    KeyError for an unknown emotion."""
    offsets: dict[str, float] = {}
    for emotion, strength in emotions.items():
        for name, weight in emotion_table()[emotion].items():
            if emotion not in spoken or not name.startswith(("mouth", "jaw")):
                offsets[name] = offsets.get(name, 0.0) + strength * weight
    track = with_channels(track, offsets)
    mouth = np.array([not name.startswith(("eye", "brow")) for name in track.names])
    more = np.array([offsets.get(name, 0.0) for name in track.names], np.float32)
    # Sealing draws whole frames back: eyes and brows, which part no lips, come after it and do not twitch at every p.
    most = np.maximum(track.values, 1)  # what a style lets go beyond 1 stays there
    spoken = track.with_values(np.clip(track.values + more * mouth, 0, most))
    kept = np.clip(closures_kept(spoken.values, track.values, track.names), 0, most)
    return track.with_values(np.clip(kept + more * ~mouth, 0, most))
