"""Strict readers of the text and binary layouts, written from the consumers' rules and not from our writers.

Each gives name -> (times in seconds [K], values [K]). Unity, Godot and VRM files are read by libraries in
tests/engines.
"""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import zlib
from collections.abc import Callable

import numpy as np

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.exporters import fbx_file

Curves = dict[str, tuple[np.ndarray, np.ndarray]]


def table(names: list[str], times: list[float], rows: list[list[float]]) -> Curves:
    values = np.array(rows, float).reshape(len(times), len(names))
    return {name: (np.array(times), column) for name, column in zip(names, values.T, strict=True)}


def rows_of(data: bytes) -> tuple[list[str], list[list[str]]]:
    assert b"\r" not in data and data.endswith(b"\n")
    head, *rows = csv.reader(io.StringIO(data.decode()))
    assert all(len(row) == len(head) for row in rows)
    return head, rows


def livelink(data: bytes) -> Curves:
    head, rows = rows_of(data)
    assert head[:2] == ["Timecode", "BlendshapeCount"] and len(head) == 63
    frames = [row[0].split(":") for row in rows]
    assert {row[1] for row in rows} == {"61"}
    # The rate of a file is what its reader is told; 60 where nobody says otherwise.
    times = [int(h) * 3600 + int(m) * 60 + int(s) + float(f) / 60 for h, m, s, f in frames]
    return table([n[0].lower() + n[1:] for n in head[2:]], times, [row[2:] for row in rows])


def curves_json(data: bytes) -> Curves:
    d = json.loads(data)
    assert d["format_version"] == 1
    return table(d["names"], [d["start"] + k / d["fps"] for k in range(len(d["values"]))], d["values"])


def curves_csv(data: bytes) -> Curves:
    head, rows = rows_of(data)
    assert head[0] == "time"
    return table(head[1:], [float(row[0]) for row in rows], [row[1:] for row in rows])


def npz(data: bytes) -> Curves:
    d = np.load(io.BytesIO(data), allow_pickle=False)
    assert d["format_version"] == 1 and d["values"].dtype == np.float32
    return table(d["names"].tolist(), d["start"] + np.arange(len(d["values"])) / d["fps"], d["values"])


def unreal_csv(data: bytes) -> Curves:
    """UCurveTable::CreateTableFromCSVString: times in the first row, names unique, every row as long."""
    head, rows = rows_of(data)
    times = np.array(head[1:], np.float32)
    assert len(rows) >= 1 and (np.diff(times) > 1e-4).all()
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    return {row[0]: (times, np.array(row[1:], float)) for row in rows}


def unreal_json(data: bytes) -> Curves:
    """UCurveTable::CreateTableFromJSONString: "Name", every other key a time."""
    curves = {}
    for row in json.loads(data):
        name = row.pop("Name")
        assert name not in curves
        times = np.array(list(row), np.float32)
        assert (np.diff(times) > 1e-4).all() and all(isinstance(value, (int, float)) for value in row.values())
        curves[name] = (times, np.array(list(row.values()), float))
    return curves


def rigmapper(data: bytes) -> Curves:
    """URigMapperEditorSubsystem::LoadCurveValuesFromCsv: spaces dropped, three parts, at 30 here."""
    head, *lines = data.decode().splitlines()
    assert head == "curve_name, frame_number, value"
    curves: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        name, frame, value = line.replace(" ", "").split(",")
        curves.setdefault(name, []).append((int(frame), float(value)))
    return {name: (np.array(keys)[:, 0] / 30, np.array(keys)[:, 1]) for name, keys in curves.items()}


def a2f_json(data: bytes) -> Curves:
    d = json.loads(data)
    assert (d["numPoses"], d["numFrames"]) == (len(d["facsNames"]), len(d["weightMat"]))
    return table(d["facsNames"], [k / d["exportFps"] for k in range(d["numFrames"])], d["weightMat"])


def a2f_csv(data: bytes) -> Curves:
    head, rows = rows_of(data)
    assert head[:2] == ["", "timeCode"] and [row[0] for row in rows] == [str(k) for k in range(len(rows))]
    names = [name.removeprefix("blendShapes.") for name in head[2:]]
    return table(names, [float(row[1]) for row in rows], [row[2:] for row in rows])


def azure_blend_shapes(data: bytes) -> Curves:
    d = json.loads(data)
    assert d["FrameIndex"] == 0 and {len(row) for row in d["BlendShapes"]} == {55}
    assert not np.array(d["BlendShapes"])[:, 52:].any()
    names = [*ARKIT_52, "headRoll", "leftEyeRoll", "rightEyeRoll"]
    return table(names, [k / 60 for k in range(len(d["BlendShapes"]))], d["BlendShapes"])


def oculus(data: bytes) -> Curves:
    """OVRLipSyncSequence.GetFrameAtTime spreads the entries evenly over the length."""
    d = json.loads(data)
    assert [entry["frameNumber"] for entry in d["entries"]] == list(range(len(d["entries"])))
    step = d["length"] / len(d["entries"])
    names = list(VISEMES_15)
    return table(names, [k * step for k in range(len(d["entries"]))], [entry["Visemes"] for entry in d["entries"]])


def godot(data: bytes) -> Curves:
    """Godot's text resource, line by line; the program itself plays one in tests/engines."""
    head, *lines = data.decode().splitlines()
    assert head == '[gd_resource type="Animation" format=3]' and lines[:2] == ["", "[resource]"]
    values = dict(line.split(" = ", 1) for line in lines[2:])
    assert len(values) == len(lines) - 2
    curves, index = {}, 0
    while f"tracks/{index}/path" in values:
        track = {
            key: values.pop(f"tracks/{index}/{key}")
            for key in ("type", "imported", "enabled", "path", "interp", "loop_wrap", "keys")
        }
        assert track["type"] == '"blend_shape"' and track["interp"] == "1" and track["enabled"] == "true"
        node, name = re.fullmatch(r'NodePath\("(.*):(.*)"\)', track["path"]).groups()
        assert node == "Face"
        numbers = re.fullmatch(r"PackedFloat32Array\((.*)\)", track["keys"]).group(1).split(", ")
        keys = np.array(numbers, float).reshape(-1, 3)
        assert (keys[:, 1] == 1).all() and (np.diff(keys[:, 0]) > 0).all()
        curves[name], index = (keys[:, 0], keys[:, 2]), index + 1
    assert set(values) == {"resource_name", "length", "step"}
    assert float(values["length"]) >= max(times[-1] for times, _ in curves.values()) - 1e-6
    return curves


def vmd(data: bytes) -> Curves:
    """MikuMikuDance: fixed sizes, Shift-JIS, four more counts after the morphs."""
    assert data[:30].rstrip(b"\0") == b"Vocaloid Motion Data 0002"
    bones, morphs = struct.unpack_from("<II", data, 50)
    assert bones == 0 and len(data) == 58 + morphs * 23 + 16 and not any(data[58 + morphs * 23 :])
    curves: dict[str, list[tuple[int, float]]] = {}
    for name, frame, weight in struct.iter_unpack("<15sIf", data[58 : 58 + morphs * 23]):
        curves.setdefault(name.rstrip(b"\0").decode("shift_jis"), []).append((frame, weight))
    return {name: (np.array(keys)[:, 0] / 30, np.array(keys)[:, 1]) for name, keys in curves.items()}


def gltf_animation(data: bytes) -> Curves:
    """glTF 2.0: the weights of the only mesh, frame by frame, named by targetNames."""
    json_length, kind = struct.unpack_from("<I4s", data, 12)
    assert data[:8] == b"glTF\2\0\0\0" and struct.unpack_from("<I", data, 8)[0] == len(data) and kind == b"JSON"
    gltf, blob = json.loads(data[20 : 20 + json_length]), data[28 + json_length :]

    def numbers(index: int) -> np.ndarray:
        accessor = gltf["accessors"][index]
        view = gltf["bufferViews"][accessor["bufferView"]]
        assert view["byteOffset"] % 4 == 0 and accessor["componentType"] == 5126
        values = np.frombuffer(blob, "<f4", view["byteLength"] // 4, view["byteOffset"])
        assert len(values) == accessor["count"] * {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        return values

    (animation,), (mesh,) = gltf["animations"], gltf["meshes"]
    (channel,) = [each for each in animation["channels"] if each["target"]["path"] == "weights"]
    assert gltf["nodes"][channel["target"]["node"]]["mesh"] == 0
    sampler = animation["samplers"][channel["sampler"]]
    times, names = numbers(sampler["input"]).astype(float), mesh["extras"]["targetNames"]
    assert len(mesh["weights"]) == len(mesh["primitives"][0]["targets"]) == len(names)
    return table(names, times.tolist(), numbers(sampler["output"]).reshape(len(times), len(names)).tolist())


def fbx_animation(data: bytes) -> Curves:
    """FBX 7.4: curve -> curve node -> channel, by the connections; ticks and per cent."""
    top = {each.name: each for each in fbx_file.parse(data)[0]}
    objects = {each.value(0): each for each in top["Objects"].children}
    targets = {each.value(1): each.value(2) for each in top["Connections"].children if each.value(0) == "OP"}
    curves = {}
    for number, each in objects.items():
        if each.name == "AnimationCurve":
            channel = objects[targets[targets[number]]]
            ticks, percent = (fbx_array(each.child(name)) for name in ("KeyTime", "KeyValueFloat"))
            assert len(ticks) == fbx_array(each.child("KeyAttrRefCount"))[0] and (np.diff(ticks) > 0).all()
            if channel.value(2) == "BlendShapeChannel":
                curves[fbx_file.plain_name(channel.value(1))] = (ticks / 46186158000, percent / 100)
    return curves


def fbx_array(node: fbx_file.Node) -> np.ndarray:
    """The only property of a node."""
    ((kind, stored),) = node.properties
    count, packed, length = struct.unpack_from("<III", stored)
    raw = zlib.decompress(stored[12:]) if packed else stored[12:]
    assert len(stored) == 12 + length
    values = np.frombuffer(raw, {"i": "<i4", "l": "<i8", "f": "<f4", "d": "<f8"}[kind])
    assert len(values) == count
    return values


READERS: dict[str, Callable[[bytes], Curves]] = {
    "livelink": livelink,
    "json": curves_json,
    "csv": curves_csv,
    "numpy": npz,
    "unreal-csv": unreal_csv,
    "unreal-json": unreal_json,
    "rigmapper": rigmapper,
    "a2f-json": a2f_json,
    "a2f-csv": a2f_csv,
    "azure-blend-shapes": azure_blend_shapes,
    "oculus": oculus,
    "godot": godot,
    "mmd": vmd,
    "gltf-animation": gltf_animation,
    "fbx-animation": fbx_animation,
}
"""By the format's id."""
