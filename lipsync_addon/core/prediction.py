"""Prediction: what the network made of a recording, before any style. A take keeps it, so that sliders act without the
network."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from .adaptation import Adaptation
from .controls import Controls
from .hearing import Hearing
from .phones import PHONES
from .prosody import Prosody
from .spoken import Heard, sounds_of
from .timeline import SILENCE, Phone, PhonemeTimeline
from .timeline_file import from_json, rounded
from .timeline_retiming import Edits
from .track import AnimationTrack

VERSION = 4
WITHOUT_CONTROLS = 3
"""An earlier version, which is read too: it knew one style by name, and no actors."""
SURE = 0.15
"""Confidence of a phone below which somebody should look."""
CERTAIN = 0.3
"""The same for core.confidence over the phone's frames; of 1907 phones of clean lines 8 % are below."""
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
    controls: Controls = Controls()
    """What the network was told when it moved the mouth."""
    hearing: Hearing | None = None
    """What the network heard, at the track's rate, so that an edit of the timeline can be moved without the sound."""
    original: PhonemeTimeline | None = None
    """The timeline before a person edited it; None where nobody did."""
    sure: NDArray[np.float32] | None = None
    """[T] core.confidence.confidence() of what was heard, at the track's frames; None where nobody asked."""
    actor: Adaptation | None = None
    """To whose face the network was adapted when it moved the mouth."""

    @property
    def edits(self) -> Edits | None:
        """What a person changed in the phones; None where nobody did."""
        original, timeline = self.original, self.timeline
        return Edits(original, timeline) if original and timeline and original != timeline else None

    @property
    def speaker(self) -> str:
        """Who speaks and how, for the user; empty for the network's own way."""
        told = str(self.controls)
        return ", ".join(filter(None, (f"actor {self.actor.name}" if self.actor else "", told)))

    @property
    def sounds(self) -> tuple[Heard, ...]:
        """What is said, sound by sound."""
        if self.silent or self.timeline is None:
            return ()
        return sounds_of(self.timeline)

    @property
    def doubts(self) -> tuple[tuple[float, float], ...]:
        """(start s, end s) where the network is not sure what it heard."""
        return () if self.silent or self.timeline is None else _doubts(self.timeline, self._sureness)

    def _sureness(self, phone: Phone) -> float:
        """Of the frames of a phone."""
        if self.sure is None or len(self.sure) == 0:
            return 1.0
        first = int(np.clip(round(phone.start * self.track.fps), 0, len(self.sure) - 1))
        return float(self.sure[first : max(round(phone.end * self.track.fps), first + 1)].mean())


def _doubts(timeline: PhonemeTimeline, sureness: Callable[[Phone], float]) -> tuple[tuple[float, float], ...]:
    """Phones in a row that are not sure, each row as one place; what a person set is sure."""
    found: list[tuple[float, float]] = []
    for phone in timeline.phones:
        sure = phone.confidence == 1 or (phone.confidence >= SURE and sureness(phone) >= CERTAIN)
        if phone.unit == SILENCE or phone.mute or sure:
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
        "timeline": _row(prediction.timeline),
        "silent": prediction.silent,
        "source": prediction.source,
        "prosody": prediction.prosody is not None,
        "controls": prediction.controls.to_json(),
        "actor": None,
        "heard": 0,
        "sure": prediction.sure is not None,
        "original": _row(prediction.original),
    }
    if hearing is not None:
        head["heard"] = hearing.phones.shape[1] + (0 if hearing.residual is None else hearing.residual.shape[1])
    if actor := prediction.actor:
        head["actor"] = {
            "name": actor.name,
            "network": actor.network,
            "channels": actor.channels,
            "controls": actor.controls.to_json(),
            "rows": 2 + len(actor.weights),
        }
    steps = _steps(track)
    pieces = (steps[first : first + _PIECE].tobytes() for first in range(0, len(steps), _PIECE))
    streams = [_packed_sound(prediction, level), *(_compressed(piece, level) for piece in pieces)]
    if prediction.sure is not None:
        streams.append(_compressed(_whole(prediction.sure).tobytes(), level))
    head["streams"] = [len(stream) for stream in streams]
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "little") + text + b"".join(streams)


def _row(timeline: PhonemeTimeline | None) -> dict[str, object] | None:
    """For the head: a list for each phone, which is read and written ten times as quickly as the file for people."""
    if timeline is None:
        return None
    if found := [row for known, row in _rows if known is timeline]:
        return found[0]
    phones = [
        (p.unit, round(p.start, 6), round(p.end, 6), round(p.confidence, 6), p.word, p.stress, p.mute)
        for p in timeline.phones
    ]
    row = {"words": timeline.words, "language": timeline.language, "source": timeline.source, "phones": phones}
    _rows[:] = [(timeline, row), *_rows[:1]]
    return row


_rows: list[tuple[PhonemeTimeline, dict[str, object]]] = []  # the last two: edits leave a take's original as it is


def _timeline(stored: dict | str | None) -> PhonemeTimeline | None:
    if not stored:
        return None
    if isinstance(stored, str):  # as earlier versions wrote it
        return from_json(json.loads(stored))
    phones = tuple(Phone(*phone) for phone in stored["phones"])
    return PhonemeTimeline(phones, tuple(stored["words"]), stored["language"], stored["source"])


_PIECE = 256  # frames that are compressed together; an edit changes one or two such pieces
_compressed = lru_cache(maxsize=64)(zlib.compress)


_packed: list[tuple[object, bytes]] = []  # the last of these: an edit leaves all of it as it was


def _packed_sound(prediction: Prediction, level: int) -> bytes:
    """The actor, the voice and what was heard, compressed."""
    hearing, prosody, actor = prediction.hearing, prediction.prosody, prediction.actor
    if _packed and all(a is b for a, b in zip(_packed[0][0], (hearing, prosody, actor))):
        return _packed[0][1]
    layer = np.vstack((actor.gain, actor.offset, actor.weights)) if actor else np.zeros(0)
    voice = np.stack((prosody.level, prosody.pitch)) if prosody else np.zeros(0)
    heard = np.zeros((0, 0))
    if hearing is not None:
        heard = hearing.phones if hearing.residual is None else np.hstack((hearing.phones, hearing.residual))
    plain = layer.astype("<f4").tobytes() + voice.astype("<f4").tobytes() + heard.astype("<f2").tobytes()
    packed = zlib.compress(plain, level)
    _packed[:] = [((hearing, prosody, actor), packed)]
    return packed


def _whole(sure: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(sure * 255).astype(np.uint8)


def _steps(track: AnimationTrack) -> NDArray[np.uint16]:
    return np.round(np.clip(track.values, 0, 1) * _WHOLE).astype("<u2")


def _unpacked(data: bytes, sizes: Sequence[int]) -> bytes:
    """Streams of zlib of these sizes, one after another."""
    ends = np.cumsum(sizes).tolist()
    return b"".join(zlib.decompress(data[first:last]) for first, last in zip([0, *ends], ends))


def from_bytes(data: bytes) -> Prediction | None:
    """The reverse; None for what a version of the add-on wrote that we do not know."""
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size])
    if head.get("version") not in (VERSION, WITHOUT_CONTROLS):
        return None
    packed, frames, columns = data[4 + size :], head["frames"], head["heard"]
    body = BytesIO(_unpacked(packed, head.get("streams") or [len(packed)]))

    def numbers(kind: str, count: int) -> NDArray:
        return np.frombuffer(body.read(count * np.dtype(kind).itemsize), kind)

    actor = _actor(head["actor"], numbers) if head.get("actor") else None
    voice = numbers("<f4", 2 * frames * head["prosody"]).reshape(2, -1)
    heard = numbers("<f2", frames * columns).astype(np.float32).reshape(frames, columns)
    values = numbers("<u2", frames * len(head["names"])).reshape(frames, len(head["names"])).astype(np.float32) / _WHOLE
    track = AnimationTrack(tuple(head["names"]), values, head["fps"], head["start"])
    timeline = _timeline(head["timeline"])
    prosody = Prosody(*voice) if voice.size else None
    phones, residual = heard[:, : len(PHONES)], heard[:, len(PHONES) :]
    hearing = Hearing(phones, head["fps"], residual if residual.size else None) if columns else None
    original = _timeline(head.get("original"))
    style = head.get("speech_style")  # of version 3
    controls = Controls.from_json(head.get("controls") or ({"styles": {style: 1.0}} if style else {}))
    silent, source = head["silent"], head["source"]
    sure = numbers("u1", frames).astype(np.float32) / 255 if head.get("sure") else None
    return Prediction(track, timeline, silent, source, prosody, controls, hearing, original, sure, actor)


def _actor(head: dict, numbers: Callable[[str, int], NDArray]) -> Adaptation:
    channels = tuple(head["channels"])
    gain, offset, *weights = numbers("<f4", head["rows"] * len(channels)).reshape(head["rows"], len(channels))
    controls = Controls.from_json(head["controls"])
    return Adaptation(head["network"], channels, gain, offset, np.stack(weights), controls=controls, name=head["name"])


def as_kept(prediction: Prediction) -> Prediction:
    """In the precision of to_bytes(): keys that are made of it are those that the take will be played with."""
    track, heard, voice = prediction.track, prediction.hearing, prediction.prosody
    half = lambda values: values.astype("<f2").astype(np.float32)  # noqa: E731
    return replace(
        prediction,
        track=track.with_values(_steps(track).astype(np.float32) / _WHOLE),
        timeline=prediction.timeline and rounded(prediction.timeline),
        original=prediction.original and rounded(prediction.original),
        prosody=voice and Prosody(voice.level.astype(np.float32), voice.pitch.astype(np.float32)),
        sure=None if prediction.sure is None else _whole(prediction.sure).astype(np.float32) / 255,
        hearing=heard
        and Hearing(half(heard.phones), heard.fps, None if heard.residual is None else half(heard.residual)),
    )
