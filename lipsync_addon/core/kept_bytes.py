"""The bytes of a custom property: a head of JSON, then streams of zlib, the sizes of which it knows."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_DIGEST = b'{"digest": "'
_SIZE = 16  # bytes of it


def with_head(head: dict[str, object], streams: Sequence[bytes]) -> bytes:
    """All in one; `head` may not hold "streams" or "digest"."""
    text = json.dumps({**head, "streams": [len(stream) for stream in streams]}).encode()
    digest = hashlib.blake2b(text, digest_size=_SIZE)
    for stream in streams:
        digest.update(stream)
    text = _DIGEST + digest.hexdigest().encode() + b'", ' + text[1:]
    return b"".join((len(text).to_bytes(4, "little"), text, *streams))


def head_of(data: bytes) -> dict:
    """The reverse."""
    return json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])


def streams_of(data: bytes, head: dict) -> Iterator[bytes]:
    """The streams, each unpacked when it is asked for. Earlier versions knew no sizes of a single one."""
    place = 4 + int.from_bytes(data[:4], "little")
    for size in head.get("streams", [len(data) - place]):
        yield zlib.decompress(memoryview(data)[place : place + size])
        place += size


def key_of(data: bytes) -> bytes:
    """What tells these bytes from others, short where their head holds a digest."""
    start, end = 4 + len(_DIGEST), 4 + len(_DIGEST) + 2 * _SIZE
    return data[start:end] if data[4:start] == _DIGEST else data


def by_bytes(numbers: NDArray) -> bytes:
    """First bytes of all numbers first, then the second ones: what changes slowly packs better so."""
    return np.ascontiguousarray(numbers).reshape(-1).view(np.uint8).reshape(-1, numbers.itemsize).T.tobytes()


def from_by_bytes(data: bytes, kind: str) -> NDArray:
    """[N] numbers, the reverse."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(size, -1).T).view(kind).reshape(-1)
