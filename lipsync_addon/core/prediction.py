"""Prediction: what the network made of a recording, before any style. A take keeps it, so that sliders act without the
network."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

import numpy as np

from .hearing import Hearing
from .phones import PHONES
from .prosody import Prosody
from .spoken import Heard, sounds_of
from .timeline import SILENCE, PhonemeTimeline
from .timeline_file import from_json, to_json
from .timeline_retiming import Edits
from .track import AnimationTrack

VERSION = 3
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
    timeline: PhonemeTimeline | None = None
    """What is said, as the track plays it; None where nobody asked."""
    silent: bool = False
    """Whether there is nothing to hear, so that the mouth stays still."""
    source: str = ""
    """Name of the recording."""
    prosody: Prosody | None = None
    """Level and pitch at the track's times, if they were asked for: the layers of the face follow them."""
    speech_style: str = ""
    """core.controls.Controls.style that it was moved with."""
    hearing: Hearing | None = None
    """What the network heard, at the track's rate, so that an edit of the timeline can be moved without the sound."""
    original: PhonemeTimeline | None = None
    """The timeline before a person edited it; None where nobody did."""

    @property
    def edits(self) -> Edits | None:
        """What a person changed in the phones; None where nobody did."""
        original, timeline = self.original, self.timeline
        return Edits(original, timeline) if original and timeline and original != timeline else None

    @property
    def sounds(self) -> tuple[Heard, ...]:
        """What is said, sound by sound."""
        if self.silent or self.timeline is None:
            return ()
        return sounds_of(self.timeline)

    @property
    def doubts(self) -> tuple[tuple[float, float], ...]:
        """(start s, end s) where the network is not sure what it heard."""
        return () if self.silent or self.timeline is None else _doubts(self.timeline)


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


def to_bytes(prediction: Prediction, level: int = 1) -> bytes:
    """For a custom property of the take: about half a MB for a minute. What is heard is kept in half precision.
    `level`: of compression, 0 to 9."""
    track, hearing = prediction.track, prediction.hearing
    head = {
        "version": VERSION,
        "names": track.names,
        "fps": track.fps,
        "start": track.start,
        "frames": len(track.values),
        "timeline": to_json(prediction.timeline) if prediction.timeline else None,
        "silent": prediction.silent,
        "source": prediction.source,
        "prosody": prediction.prosody is not None,
        "speech_style": prediction.speech_style,
        "heard": 0,
        "original": to_json(prediction.original) if prediction.original else None,
    }
    voice = np.stack((prediction.prosody.level, prediction.prosody.pitch)) if prediction.prosody else np.zeros(0)
    heard = np.zeros((0, 0))
    if hearing is not None:
        heard = hearing.phones if hearing.residual is None else np.hstack((hearing.phones, hearing.residual))
        head["heard"] = heard.shape[1]
    text = json.dumps(head).encode()
    steps = np.round(np.clip(track.values, 0, 1) * _WHOLE).astype("<u2")
    body = voice.astype("<f4").tobytes() + heard.astype("<f2").tobytes() + steps.tobytes()
    return len(text).to_bytes(4, "little") + text + zlib.compress(body, level)


def from_bytes(data: bytes) -> Prediction | None:
    """The reverse; None for what another version of the add-on wrote."""
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size])
    if head.get("version") != VERSION:
        return None
    body, frames, columns = zlib.decompress(data[4 + size :]), head["frames"], head["heard"]
    count = 2 * frames * head["prosody"]
    voice = np.frombuffer(body, "<f4", count).reshape(2, -1)
    heard = np.frombuffer(body, "<f2", frames * columns, 4 * count).astype(np.float32).reshape(frames, columns)
    steps = np.frombuffer(body, "<u2", offset=4 * count + 2 * frames * columns)
    values = steps.reshape(frames, len(head["names"])).astype(np.float32) / _WHOLE
    track = AnimationTrack(tuple(head["names"]), values, head["fps"], head["start"])
    timeline = from_json(json.loads(head["timeline"])) if head["timeline"] else None
    prosody = Prosody(*voice) if count else None
    phones, residual = heard[:, : len(PHONES)], heard[:, len(PHONES) :]
    hearing = Hearing(phones, head["fps"], residual if residual.size else None) if columns else None
    original = from_json(json.loads(head["original"])) if head.get("original") else None
    return Prediction(track, timeline, head["silent"], head["source"], prosody, head["speech_style"], hearing, original)


def as_kept(prediction: Prediction) -> Prediction:
    """In the precision of to_bytes(): keys that are made of it are those that the take will be played with."""
    kept = from_bytes(to_bytes(prediction, level=0))
    assert kept is not None
    return kept
