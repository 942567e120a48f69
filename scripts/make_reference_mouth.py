"""Measures the mouth of the reference head, for fitting other characters to it.

    .venvs/core-3.13/bin/python scripts/make_reference_mouth.py ../shared/data/characters

Reads ict_face.npz and ict_to_arkit.tsv (ICT-FaceKit, MIT, see lipsync_addon/data/reference) and the example lines,
which the network that comes along hears: how much it uses each channel. Writes lipsync_addon/data/reference/mouth.json.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.lip_geometry import find_mouth
from lipsync_addon.core.mesh_shapes import KeyOffsets, MeshShapes
from lipsync_addon.core.mouth_measure import find_places
from lipsync_addon.core.writing import whole_file
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound

TARGET = ROOT / "lipsync_addon" / "data" / "reference" / "mouth.json"

BOTH = ("Smile", "Stretch", "LowerDown", "UpperUp", "Press")
POSES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {"Press": 0.3, "mouthRollLower": 0.2, "mouthRollUpper": 0.2},
    "FF": {"jawOpen": 0.04, "mouthRollLower": 0.5, "UpperUp": 0.2},
    "TH": {"jawOpen": 0.15, "LowerDown": 0.12, "UpperUp": 0.08},
    "DD": {"jawOpen": 0.1, "LowerDown": 0.2, "UpperUp": 0.12, "Stretch": 0.1},
    "kk": {"jawOpen": 0.18, "LowerDown": 0.1, "UpperUp": 0.1},
    "CH": {"jawOpen": 0.1, "mouthFunnel": 0.5, "mouthPucker": 0.2},
    "SS": {"jawOpen": 0.06, "Stretch": 0.25, "LowerDown": 0.2, "UpperUp": 0.12},
    "nn": {"jawOpen": 0.16, "LowerDown": 0.12, "UpperUp": 0.05},
    "RR": {"jawOpen": 0.12, "mouthFunnel": 0.35, "mouthPucker": 0.15},
    "aa": {"jawOpen": 0.5, "LowerDown": 0.12, "UpperUp": 0.1},
    "E": {"jawOpen": 0.25, "Stretch": 0.2, "LowerDown": 0.15, "UpperUp": 0.1},
    "ih": {"jawOpen": 0.12, "Smile": 0.3, "Stretch": 0.15, "LowerDown": 0.2, "UpperUp": 0.1},
    "oh": {"jawOpen": 0.25, "mouthFunnel": 0.45, "mouthPucker": 0.2},
    "ou": {"jawOpen": 0.08, "mouthFunnel": 0.25, "mouthPucker": 0.7},
}
"""A full viseme as coefficients, set by eye on this head; those in BOTH stand for left and right."""


def read_head(folder: Path) -> MeshShapes:
    """The head without eyes' overlays and other loose parts: z up, looking along -y, centimetres."""
    with np.load(folder / "ict_face.npz", allow_pickle=False) as data:
        faces, points, names = data["faces"], data["neutral"], [str(name) for name in data["expression_names"]]
        deltas = data["deltas"].astype(np.float32)
        first = data["part_ranges"][list(data["part_names"]).index("Eye socket left")][2]
    faces = faces[:first]  # face, head and neck, mouth socket
    sides = np.concatenate([np.stack([faces[:, i], np.roll(faces, -1, 1)[:, i]], 1) for i in range(4)])
    edges = np.unique(np.sort(sides[(sides >= 0).all(1)], axis=1), axis=0)
    count = int(edges.max()) + 1
    with open(folder / "ict_to_arkit.tsv", encoding="utf-8", newline="") as file:
        arkit = {row["ict"]: row["arkit"] for row in csv.DictReader(file, delimiter="\t")}
    shapes = dict.fromkeys(arkit.values(), 0.0)
    for name, delta in zip(names, deltas, strict=True):
        shapes[arkit[name]] = shapes[arkit[name]] + turned(delta[:count])
    keys = {name: KeyOffsets.between(np.zeros_like(shape), shape, 1e-3) for name, shape in shapes.items()}
    return MeshShapes("ICT-FaceKit", turned(points[:count]), edges.astype(np.int32), keys)


def turned(points: np.ndarray) -> np.ndarray:
    """From y up to z up."""
    return (points[:, [0, 2, 1]] * np.float32((1, -1, 1))).astype(np.float32)


def heard_frames() -> tuple[tuple[str, ...], np.ndarray]:
    """Channels, and their values [T, C] in every example line."""
    predictor = Predictor.load(providers=("CPU",))
    tracks = []
    for line in sorted((ROOT / "examples" / "lines").glob("*.flac")):
        tracks.append(predictor.predict(open_sound(line, predictor.spec.sample_rate)))
    return tracks[0].names, np.concatenate([track.values for track in tracks])


def pose(units: dict[str, float]) -> dict[str, float]:
    """Channel -> value, both sides written out."""
    sides = {name: ("Left", "Right") if name in BOTH else ("",) for name in units}
    return {
        ("mouth" if name in BOTH else "") + name + side: value for name, value in units.items() for side in sides[name]
    }


def main() -> None:
    """The command."""
    head = read_head(Path(sys.argv[1]))
    mouth = find_mouth([head])
    places = find_places(head, mouth)
    channels = [name for name in ARKIT_52 if name in head.keys and name.startswith(("jaw", "mouth"))]
    motions = {name: places.motion(head.keys[name]) for name in channels}
    names, values = heard_frames()
    heard = [name for name in motions if name in names]
    coefficients = values[:, [names.index(name) for name in heard]].astype(np.float64)
    contents = {
        "format_version": 1,
        "source": "ICT-FaceKit generic head (Li et al., CVPR 2020; MIT, Copyright (c) 2020 USC Institute for Creative "
        "Technologies); usage: the network that comes along on the example lines; visemes: set by eye. Made by "
        "scripts/make_reference_mouth.py",
        "motions": {name: np.round(motion, 4).tolist() for name, motion in motions.items()},
        "heard": heard,
        "usage": np.round(coefficients.T @ coefficients / len(coefficients), 5).tolist(),
        "visemes": {f"viseme_{name}": pose(POSES[name]) for name in POSES},
    }
    with whole_file(TARGET) as temporary:
        temporary.write_text(json.dumps(contents, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(motions)} channels, {len(heard)} of them heard; {TARGET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
