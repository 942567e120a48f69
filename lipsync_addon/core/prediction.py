"""Prediction: what the network made of a recording, before any style. A take keeps it, so that sliders act without the
network."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from .adaptation import Adaptation
from .controls import Controls
from .hearing import Hearing
from .kept_bytes import by_bytes, from_by_bytes, head_of, streams_of, with_head
from .large_arrays import by_rows, let_go, room
from .phones import PHONES
from .prosody import Prosody
from .spoken import Heard, sounds_of
from .timeline import SILENCE, Phone, PhonemeTimeline
from .timeline_file import from_json, rounded
from .timeline_retiming import Edits
from .track import AnimationTrack

VERSION = 5
HALVES = 4
"""An earlier version, which is read too: what was heard was in half precision, row by row."""
WITHOUT_CONTROLS = 3
"""The one before that: it knew one style by name, and no actors."""
SURE = 0.15
"""Confidence of a phone below which somebody should look."""
CERTAIN = 0.3
"""The same for core.confidence over the phone's frames; of 1907 phones of clean lines 8 % are below."""
NEAR = 0.15
"""Seconds between two doubtful phones that are one place."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Numbers as whole ones, for the bytes of a take."""

    one: int
    """What stands for 1."""
    zero: int = 0
    """What stands for 0, which stays exactly 0."""

    def steps(self, values: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Cut off at 1 and at 0, or -1 where that has a place."""
        return np.round(np.clip(values, -self.zero / self.one, 1) * self.one + self.zero).astype("<u2")

    def values(self, steps: NDArray[np.uint16]) -> NDArray[np.float32]:
        """The reverse."""
        return (steps.astype(np.float32) - self.zero) / self.one

    def rounded(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """[T, C] as they come back."""
        return by_rows(values.shape, lambda rows: self.values(self.steps(values[rows])), values)


_WEIGHTS, _PHONES, _RESIDUAL = _Scale(65535), _Scale(4095), _Scale(2047, 2047)


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
    """For a custom property of the take: a quarter of a MB for a minute. `level`: of compression, 0 to 9."""
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
    streams = [*_packed_sound(prediction, level), *_pieces(track.values, _WEIGHTS, level)]
    if prediction.sure is not None:
        streams.append(_compressed(_whole(prediction.sure).tobytes(), level))
    return with_head(head, streams)


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


def _pieces(values: NDArray[np.float32], scale: _Scale, level: int) -> Iterator[bytes]:
    """Values [T, C] as streams, column by column: each changes slowly."""
    for first in range(0, len(values), _PIECE):
        yield _compressed(by_bytes(scale.steps(values[first : first + _PIECE]).T), level)
        let_go(values)


def _from_pieces(streams: Iterator[bytes], shape: tuple[int, int], scale: _Scale) -> NDArray[np.float32]:
    """The reverse."""
    values = room(shape)
    for first in range(0, len(values), _PIECE):
        steps = from_by_bytes(next(streams), "<u2").reshape(shape[1], -1).T
        values[first : first + _PIECE] = scale.values(steps)
        let_go(values)
    values.flags.writeable = False
    return values


_packed: list[tuple[object, list[bytes]]] = []  # the last of these: an edit leaves all of it as it was


def _packed_sound(prediction: Prediction, level: int) -> list[bytes]:
    """The actor, the voice and what was heard, compressed."""
    hearing, prosody, actor = prediction.hearing, prediction.prosody, prediction.actor
    if _packed and all(a is b for a, b in zip(_packed[0][0], (hearing, prosody, actor))):
        return _packed[0][1]
    layer = np.vstack((actor.gain, actor.offset, actor.weights)) if actor else np.zeros(0)
    voice = np.stack((prosody.level, prosody.pitch)) if prosody else np.zeros(0)
    streams = [zlib.compress(layer.astype("<f4").tobytes() + voice.astype("<f4").tobytes(), level)]
    if hearing is not None:
        streams += _pieces(hearing.phones, _PHONES, level)
        if hearing.residual is not None:
            streams += _pieces(hearing.residual, _RESIDUAL, level)
    _packed[:] = [((hearing, prosody, actor), streams)]
    return streams


def _whole(sure: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(sure * 255).astype(np.uint8)


def from_bytes(data: bytes) -> Prediction | None:
    """The reverse; None for what a version of the add-on wrote that we do not know."""
    head = head_of(data)
    if head.get("version") not in (VERSION, HALVES, WITHOUT_CONTROLS):
        return None
    frames, columns, names = head["frames"], head["heard"], tuple(head["names"])
    now, streams = head["version"] == VERSION, streams_of(data, head)
    body = BytesIO(next(streams) if now else b"".join(streams))

    def numbers(kind: str, count: int) -> NDArray:
        return np.frombuffer(body.read(count * np.dtype(kind).itemsize), kind)

    actor = _actor(head["actor"], numbers) if head.get("actor") else None
    voice = numbers("<f4", 2 * frames * head["prosody"]).reshape(2, -1)
    heard = (frames, len(PHONES)), (frames, columns - len(PHONES))
    phones, residual = np.zeros((0, len(PHONES))), None
    if now and columns:
        phones = _from_pieces(streams, heard[0], _PHONES)
        residual = _from_pieces(streams, heard[1], _RESIDUAL) if heard[1][1] else None
    elif columns:
        both = numbers("<f2", frames * columns).astype(np.float32).reshape(frames, columns)
        phones, residual = both[:, : len(PHONES)], both[:, len(PHONES) :] if heard[1][1] else None
    if now:
        values = _from_pieces(streams, (frames, len(names)), _WEIGHTS)
        body = BytesIO(b"".join(streams))
    else:
        values = _WEIGHTS.values(numbers("<u2", frames * len(names)).reshape(frames, len(names)))
    track = AnimationTrack(names, values, head["fps"], head["start"])
    timeline = _timeline(head["timeline"])
    prosody = Prosody(*voice) if voice.size else None
    hearing = Hearing(phones, head["fps"], residual) if columns else None
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
    if heard is not None:
        residual = None if heard.residual is None else _RESIDUAL.rounded(heard.residual)
        heard = Hearing(_PHONES.rounded(heard.phones), heard.fps, residual)
    return replace(
        prediction,
        track=track.with_values(_WEIGHTS.rounded(track.values)),
        timeline=prediction.timeline and rounded(prediction.timeline),
        original=prediction.original and rounded(prediction.original),
        prosody=voice and Prosody(voice.level.astype(np.float32), voice.pitch.astype(np.float32)),
        sure=None if prediction.sure is None else _whole(prediction.sure).astype(np.float32) / 255,
        hearing=heard,
    )
