"""What the add-on remembers of a take beside its curves, to tell the animator's work from its own at the next bake."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .kept_bytes import by_bytes, from_by_bytes, head_of, streams_of, with_head
from .key_curve import KeyCurve
from .large_arrays import let_go, room
from .spoken import Heard
from .take_edits import Carried, Retiming, Timing, carried

CurveId = tuple[int, str, int]
"""Handle of the action's slot, data path, index."""
VERSION = 2
PLAIN = 1
"""An earlier version, which is read too: its keys were not packed, and each curve had its own frames."""
LONG = 1_000_000
"""Keys from which they are packed: a slider writes shorter takes again and again."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """An animator's edits as he made them; every bake starts from these again, so that nothing adds up, and what has no
    place in one recording is there again in the next that has it."""

    written: KeyCurve
    """The curve below his hands."""
    current: KeyCurve
    """What he made of it."""
    timing: Timing


@dataclass(frozen=True, slots=True, eq=False)
class CurveRecord:
    """One curve of ours."""

    written: KeyCurve
    """Without edits."""
    result: KeyCurve | None = None
    """With them, as it was last written; None without edits, while they are hidden, or have no place."""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TakeRecord:
    """All curves of ours in an action."""

    timing: Timing
    curves: Mapping[CurveId, CurveRecord] = field(default_factory=dict)
    deleted: Mapping[CurveId, CurveRecord] = field(default_factory=dict)
    """Curves that the animator removed. They stay away."""
    hidden: bool = False
    """Whether the curves are shown without edits."""


def edits_of(old: CurveRecord, current: KeyCurve, timing: Timing) -> Origin | None:
    """What the animator made of a curve since he began, `timing` being that of the last bake; None if nothing."""
    shown = old.result or old.written
    if current.is_like(shown):
        return old.origin
    if old.origin is not None and old.result is None:  # his hidden edits, and new ones made meanwhile
        hidden = carried(
            old.origin.written, old.origin.current, current, 1.0, 0.02, Retiming.between(old.origin.timing, timing)
        )
        return Origin(old.written, hidden.curve, timing)
    return Origin(old.written, current, timing)


def shifted(record: TakeRecord, frames: float) -> TakeRecord:
    """The record of the take with all its keys so many frames later."""

    def curve(value: KeyCurve | None) -> KeyCurve | None:
        return value and value.later(frames)

    def timing(value: Timing) -> Timing:
        return replace(value, start_frame=value.start_frame + frames)

    def made(value: Origin | None) -> Origin | None:
        return value and Origin(curve(value.written), curve(value.current), timing(value.timing))

    def entries(curves: Mapping[CurveId, CurveRecord]) -> dict[CurveId, CurveRecord]:
        each = curves.items()
        return {key: CurveRecord(curve(old.written), curve(old.result), made(old.origin)) for key, old in each}

    moved = timing(record.timing), entries(record.curves), entries(record.deleted)
    return TakeRecord(*moved, record.hidden)


def renewed(
    origin: Origin | None, new: KeyCurve, reach: float, max_error: float, moved: Retiming | None, hidden: bool
) -> tuple[KeyCurve, CurveRecord, Carried | None]:
    """(the keys to write, what to remember, what became of the edits) of a curve whose motion is `new`.

    `moved` leads from the origin's timing to the new one.
    """
    if origin is None:
        return new, CurveRecord(new), None
    result = carried(origin.written, origin.current, new, reach, max_error, moved)
    if hidden or not result.kept:
        return new, CurveRecord(new, None, origin), result
    return result.curve, CurveRecord(result.base, result.curve, origin), result


def to_bytes(record: TakeRecord) -> bytes:
    """For a custom property of the action: a few bytes for each key."""
    streams: list[bytes] = []
    places: dict[bytes, int] = {}  # of those that are there: curves share their frames, meshes of a face their values
    timings: list[Timing] = [record.timing]
    level = int(sum(len(each.written) for each in record.curves.values()) >= LONG)

    def timing(value: Timing) -> int:
        if value not in timings:
            timings.append(value)
        return timings.index(value)

    def stream(numbers: NDArray[np.floating]) -> int:
        numbers = np.asarray(numbers, "<f4")
        known = hashlib.blake2b(np.ascontiguousarray(numbers), digest_size=16).digest()
        if known not in places:
            places[known] = len(streams)
            streams.append(zlib.compress(by_bytes(numbers) if level else numbers.tobytes(), level))
        return places[known]

    def curve(value: KeyCurve | None) -> object:
        if value is None:
            return None
        if value.is_plain:
            numbers = [stream(value.frames), stream(value.values)]
            value.let_go()
            return {"n": len(value), "kind": int(value.kinds[0]), "numbers": numbers}
        numbers = [stream(column) for column in value.points.reshape(-1, 6).T]
        return {"n": len(value), "kinds": _brief(value.kinds), "handles": _brief(value.handles), "numbers": numbers}

    def entry(key: CurveId, value: CurveRecord) -> dict[str, object]:
        made = value.origin and [
            curve(value.origin.written),
            curve(value.origin.current),
            timing(value.origin.timing),
        ]
        return {"id": key, "written": curve(value.written), "result": curve(value.result), "origin": made}

    head = {
        "version": VERSION,
        "packed": level,
        "curves": [entry(key, value) for key, value in record.curves.items()],
        "deleted": [entry(key, value) for key, value in record.deleted.items()],
        "hidden": record.hidden,
    }
    head["timings"] = [
        {
            "start": t.start_frame,
            "rate": t.rate,
            "sounds": [(s.start, s.end, s.unit, s.word) for s in t.sounds],
            "words": t.words,
        }
        for t in timings
    ]
    return with_head(head, streams)


def from_bytes(data: bytes) -> TakeRecord | None:
    """The reverse; None for what another version of the add-on wrote."""
    head = head_of(data)
    if head.get("version") not in (VERSION, PLAIN):
        return None
    columns = _columns(data, head) if head["version"] == VERSION else _plain_columns(data)
    timings = [
        Timing(each["start"], each["rate"], tuple(Heard(*s) for s in each["sounds"]), tuple(each.get("words", ())))
        for each in head["timings"]
    ]

    def curve(value: dict | None) -> KeyCurve | None:
        if value is None:
            return None
        count = value["n"]
        if "kind" in value:
            return KeyCurve.plain(*columns(value), value["kind"])
        kinds, handles = _full(value["kinds"], count), _full(value["handles"], 2 * count).reshape(count, 2)
        return KeyCurve(np.stack(columns(value), 1).astype(np.float64).reshape(count, 3, 2), kinds, handles)

    def entry(value: dict) -> tuple[CurveId, CurveRecord]:
        made = value["origin"]  # in the order in which they were written
        origin = made and Origin(curve(made[0]), curve(made[1]), timings[made[2]])
        written = curve(value["written"])
        return tuple(value["id"]), CurveRecord(written, curve(value["result"]), origin)

    curves, deleted = dict(map(entry, head["curves"])), dict(map(entry, head["deleted"]))
    return TakeRecord(timings[0], curves, deleted, head["hidden"])


def _columns(data: bytes, head: dict) -> Callable[[dict], Sequence[NDArray[np.float32]]]:
    """What tells the arrays of a curve: frames and values, or all six numbers of each key."""
    counts = {place: each["n"] for each in _curves(head) for place in each["numbers"]}
    numbers, parts, end = room((sum(counts.values()),)), [], 0
    for place, stream in enumerate(streams_of(data, head)):
        start, end = end, end + counts[place]
        numbers[start:end] = from_by_bytes(stream, "<f4") if head["packed"] else np.frombuffer(stream, "<f4")
        parts.append(numbers[start:end])
        let_go(numbers)
    return lambda curve: [parts[place] for place in curve["numbers"]]


def _plain_columns(data: bytes) -> Callable[[dict], Sequence[NDArray[np.float32]]]:
    """_columns() of an earlier version: the curves one after another."""
    place = 4 + int.from_bytes(data[:4], "little")

    def columns(curve: dict) -> Sequence[NDArray[np.float32]]:
        nonlocal place
        width, start = 2 if "kind" in curve else 6, place
        place += 4 * width * curve["n"]
        return np.frombuffer(data, "<f4", width * curve["n"], start).reshape(-1, width).T

    return columns


def _curves(head: dict) -> Iterator[dict]:
    """All of the head."""
    for each in (*head["curves"], *head["deleted"]):
        yield from filter(None, (each["written"], each["result"], *(each["origin"] or ())[:2]))


def _brief(numbers: NDArray[np.int32]) -> int | list[int]:
    """One number where all are the same."""
    flat = numbers.ravel().tolist()
    return flat[0] if len(set(flat)) == 1 else flat


def _full(numbers: int | list[int], count: int) -> NDArray[np.int32]:
    return np.full(count, numbers, np.int32) if isinstance(numbers, int) else np.array(numbers, np.int32)
