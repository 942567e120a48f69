"""Measured mouths: lip opening of the filmed GRID talker, captured rig curves of FACEGOOD."""

from __future__ import annotations

import csv

import numpy as np
from numpy.typing import NDArray

from ..network import UNITS
from ..paths import FACES

GRID_FPS = 25.0
GRID_OFFSET_S = -0.012
"""Added to frame / 25: by the sound's energy the tracked clips are that much later than the bench's time stamps."""
HELD_OUT_TAKE = "1114_3_16"
"""FACEGOOD take of another session, kept for evaluation beside the bench's 1114_2_05."""

Curve = tuple[NDArray[np.float64], NDArray[np.float32]]


def grid_opening() -> dict[str, Curve]:
    """{clip: (times s, inner-lip opening in distances of the outer eye corners)}; frames without a face left out."""
    curves = {}
    for path in sorted((FACES / "grid_s1").glob("tracked_*.npz")):
        with np.load(path) as data:
            seen, opening, offsets = data["ok"].astype(bool), data["open"].astype(np.float32), data["offsets"]
            for index, clip in enumerate(data["clips"]):
                part = slice(offsets[index], offsets[index + 1])
                found = np.flatnonzero(seen[part])
                if len(found) > 50:
                    curves[str(clip)] = (found / GRID_FPS + GRID_OFFSET_S, opening[part][found])
    return curves


def facegood_units() -> dict[str, Curve]:
    """{take: (times s, [K, U] mouth units)} by the repository's own sheet, without the dev and held-out takes.

    mouth_oh_c and mouth_oo_c are not in the sheet, but without them rounded vowels come out too closed
    (shared/data/README.md): they are added as funnel and pucker with the opening that goes with them.
    """
    with open(FACES / "facegood" / "facegood_to_arkit.tsv", encoding="utf-8") as file:
        sheet = [r for r in csv.DictReader(file, delimiter="\t") if r["sheet_status"] == "valid"]
    with np.load(FACES / "facegood" / "facegood_curves.npz") as data:
        fps, names = float(data["fps"]), [str(n) for n in data["names"]]
        takes = {k.removeprefix("bs_"): data[k].astype(np.float32) for k in data.files if k.startswith("bs_")}
    extra = {
        "mouth_oh_c": {"mouthFunnel": 0.6, "jawOpen": 0.25, "mouthPucker": 0.2},
        "mouth_oo_c": {"mouthPucker": 0.6, "mouthFunnel": 0.3, "jawOpen": 0.05},
    }
    curves = {}
    for take, captured in takes.items():
        if take in ("1114_2_05", HELD_OUT_TAKE):
            continue
        units = np.zeros((len(captured), len(UNITS)), np.float32)
        for row in sheet:
            unit = row["arkit"].removesuffix("Left").removesuffix("Right")
            if unit in UNITS:
                units[:, UNITS.index(unit)] = np.maximum(units[:, UNITS.index(unit)], captured[:, int(row["column"])])
        for name, shares in extra.items():
            for unit, share in shares.items():
                units[:, UNITS.index(unit)] += share * captured[:, names.index(name)]
        curves[take] = (np.arange(len(captured)) / fps, np.clip(units, 0, 1))
    return curves
