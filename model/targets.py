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
from lipsync_addon.core.training_frames import frame_phones

from .network import HOP, SAMPLE_RATE, UNITS

FPS = SAMPLE_RATE / HOP
MOST_PARTED = 0.3
"""Most that mouthLowerDown and mouthUpperUp add to let the lips part without the jaw."""
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


def opening_units() -> list[int]:
    """Indices of the units by which `fused` makes the lips open as measured."""
    return [UNITS.index(unit) for unit in ("jawOpen", "mouthLowerDown", "mouthUpperUp")]


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


def unit_curves(phones: Phones, frames: int) -> NDArray[np.float32]:
    """[T, U] coefficients by the dominance model."""
    known = articulation()["sil"]
    curves = [
        dominated(phones, frames, unit, _GROUP.get(unit, "open")) if unit in known else np.zeros(frames)
        for unit in UNITS
    ]
    return np.stack(curves, axis=1).astype(np.float32)


def dominated(phones: Phones, frames: int, column: str, group: str | None = None) -> NDArray[np.float64]:
    """[T] one column of articulation.csv over time, every phone pulling with its dominance of `group`; None: alike."""
    table = articulation()
    time = np.arange(frames)[:, None] / FPS
    phones = [p for p in phones if p[1] - p[0] > 1e-3] or [(0.0, frames / FPS, "sil")]
    start, end = (np.array([p[i] for p in phones]) for i in (0, 1))
    of = lambda name: np.array([table[p[2]][name] for p in phones])  # noqa: E731
    before = np.maximum(start - time, 0) / (of("onset_ms") / 2000)
    after = np.maximum(time - end, 0) / (of("decay_ms") / 2000)
    pull = (np.exp(-(before + after)) + 1e-9) * (of(f"dom_{group}") if group else 1.0)
    return (pull * of(column)).sum(1) / pull.sum(1)


def fused(phones: Phones, opening: NDArray[np.float32]) -> NDArray[np.float32]:
    """[T, U] the dominance model's motion with jaw and lips set so that they open as measured.

    `opening` [T] in distances of the outer eye corners; nan where unknown. There the jaw is unknown too (nan) but in
    silence and at p, b, m: the table's jaw is too even to learn from. The jaw opens as far as the phone lets it, the
    lips part for the rest: real lips are 0.07 apart at s, where the teeth are together.
    """
    curves, most = unit_curves(phones, len(opening)), dominated(phones, len(opening), "jaw_most")
    weights, (jaw, *lips) = gap_weights(), opening_units()
    lip_weight = weights[lips].sum()
    known = ~np.isnan(opening)
    rest = np.where(known, opening, 0) - (curves @ weights - curves[:, jaw] * weights[jaw])
    first = np.clip(rest / weights[jaw], 0, most)
    parted = np.clip((rest - first * weights[jaw]) / lip_weight, 0, MOST_PARTED)
    second = np.clip((rest - parted * lip_weight) / weights[jaw], 0, 1)
    labels = frame_phones(phones, len(opening))
    certain = np.isin(labels, [PHONES.index(phone) for phone in ("sil", *BILABIALS)])
    result = curves.copy()
    result[:, jaw] = np.where(known, second, np.where(certain, curves[:, jaw], np.nan))
    result[:, lips] += np.where(known, parted, 0)[:, None]
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
