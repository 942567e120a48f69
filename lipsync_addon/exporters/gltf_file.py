"""Binary glTF 2.0 as JSON and one buffer (Khronos: glTF 2.0, sections 3.6 and 4)."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT = 5126
_JSON, _BINARY = b"JSON", b"BIN\0"


class Buffer:
    """The binary part and what describes it, to which arrays are added."""

    def __init__(self, gltf: dict[str, Any] | None = None, binary: bytes = b"") -> None:
        """Goes on where a file that was read ends."""
        gltf = gltf or {}
        self.data = bytearray(binary)
        self.views: list[dict[str, Any]] = gltf.get("bufferViews", [])
        self.accessors: list[dict[str, Any]] = gltf.get("accessors", [])

    def add(self, values: NDArray[np.floating], kind: str) -> int:
        """Index of the accessor for [K] or [K, n] values."""
        values = values.astype("<f4")
        self.data += b"\0" * (-len(self.data) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": values.nbytes})
        self.data += values.tobytes()
        rows = values.reshape(len(values), -1)
        ends = {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()} if len(rows) else {}
        accessor = {"bufferView": len(self.views) - 1, "componentType": FLOAT, "count": len(values), "type": kind}
        self.accessors.append(accessor | ends)
        return len(self.accessors) - 1

    def parts(self) -> dict[str, Any]:
        """What the JSON must say of it."""
        return {
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.data)}],
        }


def glb(gltf: dict[str, Any], binary: bytes) -> bytes:
    """The file of these two parts."""
    text = json.dumps(gltf, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), _JSON) + text + struct.pack("<I4s", len(binary), _BINARY) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def parse_glb(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The reverse of glb(), for files that Blender wrote a moment ago. Raises ValueError for anything else."""
    if data[:4] != b"glTF":
        raise ValueError("no binary glTF")
    parts, place = {_JSON: b"{}", _BINARY: b""}, 12
    while place < len(data):
        length, kind = struct.unpack_from("<I4s", data, place)
        parts[kind] = data[place + 8 : place + 8 + length]
        place += 8 + length
    gltf = json.loads(parts[_JSON])
    length = gltf.get("buffers", [{"byteLength": 0}])[0]["byteLength"]
    return gltf, parts[_BINARY][:length]
