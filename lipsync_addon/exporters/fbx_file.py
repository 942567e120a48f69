"""Binary FBX 7.x as a tree of nodes, read and written (layout: Blender's `io_scene_fbx/encode_bin.py`, and ufbx).

Arrays stay as the bytes that they are in the file, so that what is only passed through stays what it was.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MAGIC = b"Kaydara FBX Binary\x20\x20\x00\x1a\x00"
WIDE = 7500
"""From this version on places are 64-bit numbers."""
FILE_ID = b"\x28\xb3\x2a\xeb\xb6\x24\xcc\xc2\xbf\xc8\xb0\x2a\xa9\x2b\xfc\xf1"
CREATION_TIME = "1970-01-01 10:00:00:000"
"""FILE_ID and the foot are computed from the time: these three belong together."""
_FOOT_ID = b"\xfa\xbc\xab\x09\xd0\xc8\xd4\x66\xb1\x76\xfb\x83\x1c\xf7\x26\x7e"
_FOOT_END = b"\xf8\x5a\x8c\x6a\xde\xf5\xd9\x7e\xec\xe9\x0c\xe3\x75\x8f\x29\x0b"
_ENDED = ("AnimationStack", "AnimationLayer")
"""Readers want the end of a list after these, even where there is none."""
_SCALARS = {"Y": "<h", "C": "<?", "I": "<i", "F": "<f", "D": "<d", "L": "<q"}
_ARRAYS = {"<i4": "i", "<i8": "l", "<f4": "f", "<f8": "d"}

Property = tuple[str, bytes]
"""A letter for the kind, and the bytes after it."""


@dataclass(slots=True)
class Node:
    """A record of the file."""

    name: str
    properties: list[Property] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def value(self, index: int) -> int | float | str | bytes:
        """A property that is no array."""
        kind, data = self.properties[index]
        if kind in _SCALARS:
            return struct.unpack(_SCALARS[kind], data)[0]
        return data[4:].decode("utf-8", "replace") if kind == "S" else data[4:]

    def child(self, name: str) -> Node:
        """The first of that name. Raises KeyError if there is none."""
        for node in self.children:
            if node.name == name:
                return node
        raise KeyError(name)

    def settings(self) -> Iterator[Node]:
        """The entries of its Properties70."""
        for node in self.children:
            if node.name == "Properties70":
                yield from node.children


def node(name: str, *values: object, children: list[Node] | None = None) -> Node:
    """With properties of these values: int as 32 bits, Long as 64, float as double, str, bytes, arrays as they are."""
    return Node(name, [_property(value) for value in values], children or [])


class Long(int):
    """A 64-bit number."""


def named(name: str, kind: str) -> bytes:
    """The name of an object as FBX stores it."""
    return name.encode() + b"\0\1" + kind.encode()


def plain_name(value: int | float | str | bytes) -> str:
    """The reverse."""
    return str(value).partition("\0\1")[0]


class Text(bytes):
    """Bytes that are stored as a string."""


def _property(value: object) -> Property:
    if isinstance(value, Long):
        return "L", struct.pack("<q", value)
    if isinstance(value, int):
        return "I", struct.pack("<i", value)
    if isinstance(value, float):
        return "D", struct.pack("<d", value)
    if isinstance(value, str):
        value = Text(value.encode())
    if isinstance(value, bytes):
        return "S" if isinstance(value, Text) else "R", struct.pack("<I", len(value)) + value
    if isinstance(value, np.ndarray):
        return array(value)
    raise TypeError(type(value))


def array(values: NDArray[np.generic]) -> Property:
    """Compressed where that helps."""
    kind, raw = _ARRAYS[values.dtype.newbyteorder("<").str], values.tobytes()
    packed = zlib.compress(raw, 1) if len(raw) > 128 else raw
    if len(packed) >= len(raw):
        return kind, struct.pack("<III", values.size, 0, len(raw)) + raw
    return kind, struct.pack("<III", values.size, 1, len(packed)) + packed


def numbers(stored: Node) -> NDArray[np.generic]:
    """The array that is a node's only property, the reverse of array()."""
    ((kind, data),) = stored.properties
    count, packed, _ = struct.unpack_from("<III", data)
    raw = zlib.decompress(data[12:]) if packed else data[12:]
    return np.frombuffer(raw, {letter: dtype for dtype, letter in _ARRAYS.items()}[kind], count)


def to_bytes(nodes: list[Node], version: int) -> bytes:
    """The file with these nodes at its top."""
    head, end = ("<QQQB", b"\0" * 25) if version >= WIDE else ("<IIIB", b"\0" * 13)
    out = bytearray(MAGIC + struct.pack("<I", version))

    def put(each: Node, last: bool) -> None:
        start, name = len(out), each.name.encode()
        data = b"".join(kind.encode() + value for kind, value in each.properties)
        out.extend(bytes(struct.calcsize(head)) + name + data)
        for index, child in enumerate(each.children, 1):
            put(child, index == len(each.children))
        if each.children or (not each.properties and not last) or each.name in _ENDED:
            out.extend(end)
        struct.pack_into(head, out, start, len(out), len(each.properties), len(data), len(name))

    for each in nodes:
        put(each, False)
    out.extend(end + _FOOT_ID + b"\0" * 4)
    out.extend(b"\0" * (16 - len(out) % 16) + struct.pack("<I", version) + b"\0" * 120 + _FOOT_END)
    return bytes(out)


def parse(data: bytes) -> tuple[list[Node], int]:
    """The nodes at the top, and the version; of files that Blender wrote a moment ago. Raises ValueError for others."""
    if not data.startswith(MAGIC):
        raise ValueError("no binary FBX")
    (version,) = struct.unpack_from("<I", data, len(MAGIC))
    head = struct.Struct("<QQQB" if version >= WIDE else "<IIIB")

    def nodes_from(place: int, limit: int) -> list[Node]:
        found = []
        while place < limit:
            end, count, length, name_length = head.unpack_from(data, place)
            if end == 0:
                break
            place += head.size
            name, place = data[place : place + name_length].decode(), place + name_length
            properties = _properties(data, place, count)
            found.append(Node(name, properties, nodes_from(place + length, end)))
            place = end
        return found

    return nodes_from(len(MAGIC) + 4, len(data)), version


def _properties(data: bytes, place: int, count: int) -> list[Property]:
    found = []
    for _ in range(count):
        kind = chr(data[place])
        place += 1
        if kind in _SCALARS:
            size = struct.calcsize(_SCALARS[kind])
        elif kind in "SR":
            size = 4 + struct.unpack_from("<I", data, place)[0]
        elif kind in "fdlibc":
            size = 12 + struct.unpack_from("<III", data, place)[2]
        else:
            raise ValueError(f"an unknown kind of value {kind!r}")
        found.append((kind, data[place : place + size]))
        place += size
    return found
