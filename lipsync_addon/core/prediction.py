"""Prediction: what the network made of a recording, before any style. A take keeps it, so that sliders act without the
network."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

import numpy as np

from .prosody import Prosody
from .spoken import SILENCE, Heard
from .timeline import PhonemeTimeline
from .track import AnimationTrack

VERSION = 1
SURE = 0.15
"""Confidence of a phone below which somebody should look."""
NEAR = 0.15
"""Seconds between two doubtful phones that are one place."""
_WHOLE = 65535
"""Stored weights are whole numbers up to this one, for 1: they are exact to a hundred-thousandth."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A voice line as the network hears it."""

    track: AnimationTrack
    """ARKit coefficients and visemes, 0..1, from second 0."""
    sounds: tuple[Heard, ...] = ()
    """What is said, sound by sound."""
    doubts: tuple[tuple[float, float], ...] = ()
    """(start s, end s) where the network is not sure what it heard."""
    silent: bool = False
    """Whether there is nothing to hear, so that the mouth stays still."""
    source: str = ""
    """Name of the recording."""
    prosody: Prosody | None = None
    """Level and pitch at the track's times, if they were asked for: the layers of the face follow them."""

    @classmethod
    def of(cls, track: AnimationTrack, timeline: PhonemeTimeline | None, source: str, silent: bool) -> Prediction:
        """With what is said, where that is known."""
        if silent or timeline is None:
            return cls(track, (), (), silent, source)
        sounds = tuple(Heard(phone.start, phone.end, phone.unit) for phone in timeline.phones)
        return cls(track, sounds, _doubts(timeline), silent, source)


def _doubts(timeline: PhonemeTimeline) -> tuple[tuple[float, float], ...]:
    """Phones in a row that are not sure, each row as one place."""
    found: list[tuple[float, float]] = []
    for phone in timeline.phones:
        if phone.unit == SILENCE or phone.mute or phone.confidence >= SURE:
            continue
        if found and phone.start - found[-1][1] < NEAR:
            found[-1] = (found[-1][0], phone.end)
        else:
            found.append((phone.start, phone.end))
    return tuple(found)


def to_bytes(prediction: Prediction) -> bytes:
    """For a custom property of the take: about 150 kB for a minute."""
    track = prediction.track
    head = {
        "version": VERSION,
        "names": track.names,
        "fps": track.fps,
        "start": track.start,
        "frames": len(track.values),
        "sounds": [(sound.start, sound.end, sound.unit) for sound in prediction.sounds],
        "doubts": prediction.doubts,
        "silent": prediction.silent,
        "source": prediction.source,
        "prosody": prediction.prosody is not None,
    }
    text = json.dumps(head).encode()
    steps = np.round(np.clip(track.values, 0, 1) * _WHOLE).astype("<u2")
    voice = np.stack((prediction.prosody.level, prediction.prosody.pitch)) if prediction.prosody else np.zeros(0)
    body = voice.astype("<f4").tobytes() + steps.tobytes()
    return len(text).to_bytes(4, "little") + text + zlib.compress(body, 1)


def from_bytes(data: bytes) -> Prediction | None:
    """The reverse; None for what another version of the add-on wrote."""
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size])
    if head.get("version") != VERSION:
        return None
    body = zlib.decompress(data[4 + size :])
    count = 2 * head["frames"] * head["prosody"]
    voice = np.frombuffer(body, "<f4", count).reshape(2, -1)
    steps = np.frombuffer(body, "<u2", offset=4 * count)
    values = steps.reshape(head["frames"], len(head["names"])).astype(np.float32) / _WHOLE
    track = AnimationTrack(tuple(head["names"]), values, head["fps"], head["start"])
    sounds = tuple(Heard(*sound) for sound in head["sounds"])
    doubts = tuple((start, end) for start, end in head["doubts"])
    prosody = Prosody(*voice) if count else None
    return Prediction(track, sounds, doubts, head["silent"], head["source"], prosody)
