"""What the mouth should do at each phone: a dominance model over timed phones, fused with a measured lip opening.

Coarticulation after Cohen & Massaro, Modeling Coarticulation in Synthetic Visual Speech (1993): every phone pulls
with a weight that fades around it, and lips and jaw settle between the pulls.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.aperture import LIP_GAP
from lipsync_addon.core.phones import BILABIALS, PHONES

from .network import HOP, SAMPLE_RATE, UNITS

FPS = SAMPLE_RATE / HOP
Phones = list[tuple[float, float, str]]
"""[(start s, end s, unit)]"""

_GROUP = {  # which dominance holds a unit; the jaw and everything not named here goes with "open"
    "mouthFunnel": "round", "mouthPucker": "round", "mouthSmile": "spread", "mouthStretch": "spread",
    "mouthDimple": "spread",
}  # fmt: skip


def gap_weights() -> NDArray[np.float32]:
    """[U] lip gap per unit in distances of the outer eye corners; both sides of a pair added up."""
    sides = ("", "Left", "Right")
    return np.array([sum(LIP_GAP.get(unit + side, 0.0) for side in sides) for unit in UNITS], np.float32)


@cache
def articulation() -> dict[str, dict[str, float]]:
    """{phone: {column: value}} of articulation.csv."""
    with open(Path(__file__).with_name("articulation.csv"), encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        table = {
            phone: {key: float(value) for key, value in row.items() if key not in ("class", "ipa")}
            for row in rows
            for phone in row["ipa"].split()
        }
    if missing := set(PHONES) - set(table):
        raise ValueError(f"articulation.csv lacks {sorted(missing)}")
    return table


def frame_phones(phones: Phones, frames: int) -> NDArray[np.int16]:
    """[T] index into PHONES of the phone in which each frame's centre lies; -1 where there is none."""
    labels = np.full(frames, -1, np.int16)
    for start, end, unit in phones:
        labels[int(np.ceil(start * FPS - 1e-6)) : int(np.ceil(end * FPS - 1e-6))] = PHONES.index(unit)
    return labels


def unit_curves(phones: Phones, frames: int) -> NDArray[np.float32]:
    """[T, U] coefficients by the dominance model."""
    table = articulation()
    time = np.arange(frames)[:, None] / FPS
    phones = [p for p in phones if p[1] - p[0] > 1e-3] or [(0.0, frames / FPS, "sil")]
    start, end = (np.array([p[i] for p in phones]) for i in (0, 1))
    column = lambda name: np.array([table[p[2]][name] for p in phones])  # noqa: E731
    before = np.maximum(start - time, 0) / (column("onset_ms") / 2000)
    after = np.maximum(time - end, 0) / (column("decay_ms") / 2000)
    fading = np.exp(-(before + after)) + 1e-9
    curves = np.zeros((frames, len(UNITS)), np.float32)
    for index, unit in enumerate(UNITS):
        if unit in table["sil"]:
            pull = fading * column(f"dom_{_GROUP.get(unit, 'open')}")
            curves[:, index] = (pull * column(unit)).sum(1) / pull.sum(1)
    return curves


def fused(curves: NDArray[np.float32], opening: NDArray[np.float32], labels: NDArray[np.int16]) -> NDArray[np.float32]:
    """[T, U] the same motion with the jaw set so that the lips open as measured.

    `opening` [T] in distances of the outer eye corners; nan where unknown. There the jaw is unknown too (nan) but in
    silence and at p, b, m: the table's jaw is too even to learn from. `labels` [T] index into PHONES.
    """
    weights, jaw = gap_weights(), UNITS.index("jawOpen")
    others = curves @ weights - curves[:, jaw] * weights[jaw]
    wanted = np.clip((opening - others) / weights[jaw], 0.0, 1.0)
    certain = np.isin(labels, [PHONES.index(phone) for phone in ("sil", *BILABIALS)])
    result = curves.copy()
    result[:, jaw] = np.where(np.isnan(opening), np.where(certain, curves[:, jaw], np.nan), wanted)
    return result


def with_short_onsets(phones: Phones, longest: float = 0.12) -> Phones:
    """Stops and nasals after silence cut to their last `longest` seconds: aligners give them the silence before."""
    result: Phones = []
    for start, end, unit in phones:
        if unit in _CLOSED and end - start > longest and (not result or result[-1][2] == "sil"):
            result.append((start, end - longest, "sil"))
            start = end - longest
        result.append((start, end, unit))
    return result


_CLOSED = frozenset("p b m t d k ɡ n tʃ dʒ".split())


def bilabial_core(phones: Phones, frames: int) -> NDArray[np.bool_]:
    """[T] the middle of every p, b, m (at least one frame each), where the lips must be sealed."""
    core = np.zeros(frames, bool)
    for start, end, unit in phones:
        if unit in BILABIALS:
            first = int(np.round((start + 0.25 * (end - start)) * FPS))
            last = int(np.round((start + 0.75 * (end - start)) * FPS))
            core[first : max(last, first) + 1] = True
    return core
