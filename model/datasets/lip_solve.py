"""Mouth units of the filmed GRID talker, solved from his tracked lip landmarks on the ICT head.

    python -m model.datasets.lip_solve      solves all clips anew and says how well they fit

A frame's landmarks, freed of head motion and measured from the talker's closed lips at rest, are a sum of what each
unit does to the same landmarks of the ICT head. In two dimensions that sum is ambiguous (protrusion does not show, a
funnel looks like jaw and lips together), so the phones' dominance curves say what is likely beforehand. The most
likely units are then a bounded least-squares problem, solved for all frames at once.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lipsync_addon.core.writing import whole_file

from ..command import arguments, in_a_sentence, shared
from ..network import UNITS
from ..paths import FACES, REPOSITORY, RUNS, SHARED
from ..targets import FPS, Phones, fused, gap_weights
from .aligned import aligned_phones, alignment_files
from .faces import GRID_FPS, GRID_OFFSET_S, Curve

Array = NDArray[np.float64]
CHARACTERS = SHARED / "data" / "characters"
SOURCES = (REPOSITORY / "model" / "articulation.csv", REPOSITORY / "model" / "targets.py", Path(__file__))
SOLVED = RUNS / "data_lips" / "grid_units.npz"
SOLVABLE = UNITS[:-1]
"""The lips do not show the tongue."""

EYES = np.array([[-0.5, 0.0], [0.5, 0.0]])
RIGID = {33: 36, 263: 45, 168: 27, 1: 30, 2: 33}
"""Outer eye corners, then the nose: what speech hardly moves. MediaPipe's mesh -> Multi-PIE."""
LIP_LINES = {
    (61, 185, 40, 39, 37, 0): (48, 49, 50, 51),
    (61, 146, 91, 181, 84, 17): (48, 59, 58, 57),
    (78, 81, 82, 13): (60, 61, 62),
    (78, 95, 88, 178, 87, 14): (60, 67, 66),
}
"""MediaPipe's points from the talker's right mouth corner to the middle -> Multi-PIE landmarks of the same line."""
CHIN = {152: 8}
PAIRS = {
    61: 291, 185: 409, 40: 270, 39: 269, 37: 267, 146: 375, 91: 321, 181: 405, 84: 314,
    78: 308, 81: 311, 82: 312, 95: 324, 88: 318, 178: 402, 87: 317,
}  # fmt: skip
MIDDLE = (0, 17, 13, 14, *CHIN)
POINTS = (*RIGID, *PAIRS, *PAIRS.values(), *MIDDLE)

LANDMARK_NOISE = 0.016
"""Standard deviation of a landmark in distances of the outer eye corners: tracking, and a lip that is not ICT's."""
CHIN_NOISE = 0.05
"""The chin's skin slides over the bone: in the film it falls further than the teeth part."""
GAP_NOISE = 0.0015
CONTACT = 0.004
"""Openings below this are lips in contact, which may press together."""
STRAYING = {
    "jawForward": 0.03, "jawOpen": 0.06, "mouthClose": 0.06, "mouthFunnel": 0.04, "mouthPucker": 0.1,
    "mouthSmile": 0.05, "mouthFrown": 0.03, "mouthDimple": 0.03, "mouthStretch": 0.05, "mouthRollLower": 0.05,
    "mouthRollUpper": 0.05, "mouthShrugLower": 0.05, "mouthShrugUpper": 0.05, "mouthPress": 0.05,
    "mouthLowerDown": 0.15, "mouthUpperUp": 0.12,
}  # fmt: skip
"""How far a unit strays from its dominance curve (standard deviation); little where lips in a plane hardly show it."""
NEUTRAL_TRUST = 8
"""Closed silent frames of a clip at which half of its own neutral is believed; the head's turn is not tracked quite."""
CHANGE = 0.08
"""How far that straying changes from one frame (40 ms) to the next."""


def normalised(points: Array) -> Array:
    """[F, P, 2] points of one head (POINTS, y up) without motion in the plane, in distances of the outer eye corners.

    Eyes and nose of every frame are laid on their own median over the frames.
    """
    rigid = len(RIGID)
    return moved(points, rigid, np.median(moved(points, 2, EYES)[:, :rigid], axis=0))


def moved(points: Array, count: int, onto: Array) -> Array:
    """[F, P, 2] shifted, turned and scaled so that the first `count` points fit `onto` [count, 2] best."""
    plane, wanted = points @ [1, 1j], onto @ [1, 1j]
    centre = plane[:, :count].mean(1, keepdims=True)
    arms = plane[:, :count] - centre
    turn = (arms.conj() @ (wanted - wanted.mean())) / (np.abs(arms) ** 2).sum(1)
    placed = (plane - centre) * turn[:, None] + wanted.mean()
    return np.stack([placed.real, placed.imag], axis=-1)


def symmetric(points: Array) -> Array:
    """[F, M] x and y of every pair's mean half, then y of the middle: what symmetric units can explain."""
    right, left, middle = np.split(points[:, len(RIGID) :], [len(PAIRS), 2 * len(PAIRS)], axis=1)
    halves = (left + right * [-1, 1]) / 2
    return np.concatenate([halves.reshape(len(points), -1), middle[:, :, 1]], axis=1)


def lip_basis(rest: Array) -> Array:
    """[S, M] what every unit at 1 does to `symmetric` points of the ICT head.

    `rest` [P, 2] are the talker's POINTS with closed lips: a point is looked for on ICT's lip line at the same share
    of the line's length.
    """
    with np.load(CHARACTERS / "ict_face.npz") as data:
        neutral, faces, landmarks = data["neutral"].astype(np.float64), data["faces"], data["idx_to_landmark_verts"]
        deltas = np.zeros((len(SOLVABLE), *neutral.shape))
        for name, delta in zip(data["expression_names"], data["deltas"]):
            unit = str(name).removesuffix("_L").removesuffix("_R")
            if unit in SOLVABLE:
                deltas[SOLVABLE.index(unit)] += delta
    faces = faces[(faces >= 0).all(1)]
    edges = np.concatenate([faces[:, [corner, (corner + 1) % 4]] for corner in range(4)])
    heads = np.concatenate([neutral[None], neutral + deltas])[:, :, :2]
    found = {point: heads[:, landmarks[place]] for point, place in (RIGID | CHIN).items()}
    for points, places in LIP_LINES.items():
        line = heads[:, lip_line(neutral, edges, landmarks[list(places)])]
        shares = lengths(rest[[POINTS.index(p) for p in points]])
        along = lengths(line[0])
        for point, share in zip(points, shares):
            found[point] = np.stack([[np.interp(share, along, axis) for axis in head.T] for head in line])
    found |= {left: found[right] * [-1, 1] for right, left in PAIRS.items()}
    shapes = symmetric(normalised(np.stack([found[point] for point in POINTS], axis=1)))
    return shapes[1:] - shapes[0]


def lip_line(vertices: Array, edges: NDArray[np.int32], through: NDArray[np.int32]) -> list[int]:
    """Vertices of the shortest way along edges through the given ones."""
    cost = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    graph = coo_array((cost, (edges[:, 0], edges[:, 1])), shape=(len(vertices),) * 2).tocsr()
    line = [int(through[0])]
    for start, end in pairwise(through):
        before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)[1]
        way = [int(end)]
        while way[-1] != start:
            way.append(int(before[way[-1]]))
        line += way[-2::-1]
    return line


def lengths(line: Array) -> Array:
    """[L] share of the polyline [L, 2] that lies before each of its points, 0 to 1."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(steps)]) / steps.sum()


def solve(
    shapes: Array, opening: Array, likely: Array, follows: NDArray[np.bool_], basis: Array, rounds: int = 800
) -> Array:
    """[F, S] units in 0..1 with mouthClose <= jawOpen, by accelerated projected gradient (Beck & Teboulle, FISTA, 2009).

    `shapes` [F, M] symmetric landmarks from the closed neutral, `opening` [F] the lip gap to keep, `likely` [F, S] the
    phones' curves, `follows` [F] whether a frame comes after the one before it, `basis` [S, M] of the ICT head.
    """
    gap = gap_weights()[: len(SOLVABLE)].astype(np.float64) / GAP_NOISE
    wanted, touching = opening / GAP_NOISE, opening < CONTACT
    straying = np.array([STRAYING[unit] for unit in SOLVABLE])
    trust = np.full(basis.shape[1], LANDMARK_NOISE**-2.0)
    trust[-1] = CHIN_NOISE**-2.0
    curvature = basis * trust @ basis.T + np.diag(straying**-2.0)
    pull = shapes * trust @ basis.T + likely / straying**2
    linked = (follows / CHANGE**2)[1:, None]
    step = 1 / (np.linalg.eigvalsh(curvature + np.outer(gap, gap))[-1] + 4 / CHANGE**2)

    def slope(units: Array) -> Array:
        excess = units @ gap - wanted
        excess[touching] = np.maximum(excess[touching], 0)
        change = np.diff(units - likely, axis=0) * linked
        total = units @ curvature - pull + excess[:, None] * gap
        total[1:] += change
        total[:-1] -= change
        return total

    units = ahead = feasible(likely)
    pace = 1.0
    for _ in range(rounds):
        before, units = units, feasible(ahead - step * slope(ahead))
        pace, last = (1 + np.sqrt(1 + 4 * pace**2)) / 2, pace
        ahead = units + (last - 1) / pace * (units - before)
    return units


def feasible(units: Array) -> Array:
    """The nearest units [F, S] in 0..1 whose mouthClose does not exceed jawOpen."""
    jaw, close = SOLVABLE.index("jawOpen"), SOLVABLE.index("mouthClose")
    result = units.copy()
    beyond = units[:, close] > units[:, jaw]
    result[beyond, jaw] = result[beyond, close] = units[beyond][:, [jaw, close]].mean(1)
    return np.clip(result, 0, 1)


@dataclass(frozen=True, slots=True)
class Recording:
    """The frames of all clips in which a face was found, end to end."""

    clips: list[str]
    clip: NDArray[np.int64]
    """[F] index into clips"""
    times: Array
    """[F] s in the clip's sound"""
    opening: Array
    """[F] inner-lip opening"""
    points: Array
    """[F, P, 2] POINTS without head motion; all lengths in distances of the outer eye corners"""


def grid_recording() -> Recording:
    """Reads the tracked clips; those with 50 frames or fewer are left out, as in `faces.grid_opening`."""
    clips, parts = [], []
    for path in sorted((FACES / "grid_s1").glob("tracked_*.npz")):
        with np.load(path) as data:
            seen, opening, head, offsets = data["ok"].astype(bool), data["open"], data["head"], data["offsets"]
            columns = [list(data["point_ids"]).index(point) for point in POINTS]
            points = data["points"][:, columns] * np.array([1.0, -1.0, -1.0])
            for clip, (start, end) in zip(data["clips"], pairwise(offsets)):
                found = start + np.flatnonzero(seen[start:end])
                if len(found) > 50:
                    straight = points[found] @ head[found, :3, :3]  # times the inverse of the head's turn
                    times = (found - start) / GRID_FPS + GRID_OFFSET_S
                    parts.append((np.full(len(found), len(clips)), times, opening[found], straight[:, :, :2]))
                    clips.append(str(clip))
    clip, times, opening, points = (np.concatenate(part) for part in zip(*parts))
    return Recording(clips, clip, times, opening.astype(np.float64), normalised(points))


def closed_in_silence(recording: Recording) -> NDArray[np.bool_]:
    """[F] lips in contact where the corpus' word times say that nobody speaks."""
    silent = np.zeros(len(recording.clip), bool)
    numbers = {clip: number for number, clip in enumerate(recording.clips)}
    with open(FACES / "grid_s1" / "alignments.tsv", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["word"] == "sil" and row["clip"] in numbers:
                first, last = np.searchsorted(recording.clip, [numbers[row["clip"]], numbers[row["clip"]] + 1])
                times = recording.times[first:last]
                silent[first:last] |= (times > float(row["start_s"])) & (times < float(row["end_s"]))
    return silent & (recording.opening < CONTACT)


def from_neutral(recording: Recording, closed: NDArray[np.bool_]) -> Array:
    """[F, M] symmetric landmarks from the talker's closed neutral, which differs a little from clip to clip."""
    shapes = symmetric(recording.points)
    shapes -= np.median(shapes[closed], axis=0)
    for number in range(len(recording.clips)):
        own = recording.clip == number
        rest = shapes[own & closed]
        if len(rest):
            shapes[own] -= len(rest) / (len(rest) + NEUTRAL_TRUST) * np.median(rest, axis=0)
    return shapes


def likely_units(recording: Recording, phones: dict[str, Phones]) -> Array:
    """[F, U] the phones' dominance curves, opened as measured, at the frames; those of silence where phones lack."""
    curves = np.zeros((len(recording.clip), len(UNITS)))
    for number, clip in enumerate(recording.clips):
        own = recording.clip == number
        times = recording.times[own]
        at = np.arange(int(times[-1] * FPS) + 2) / FPS
        opening = np.interp(at, times, recording.opening[own]).astype(np.float32)
        grid = fused(phones.get(clip, []), opening)
        curves[own] = np.stack([np.interp(times, at, curve) for curve in grid.T], axis=1)
    return curves


def solved(recording: Recording, phones: dict[str, Phones]) -> tuple[Array, Array, Array]:
    """Units [F, U] of every frame; the landmarks [F, M] that they were to explain, and those that they give."""
    closed = closed_in_silence(recording)
    basis = lip_basis(np.median(recording.points[closed], axis=0))
    shapes = from_neutral(recording, closed)
    units = likely_units(recording, phones)
    follows = (np.diff(recording.clip, prepend=-1) == 0) & (np.diff(recording.times, prepend=0) < 1.5 / GRID_FPS)
    lips = units[:, : len(SOLVABLE)]
    units[:, : len(SOLVABLE)] = solve(shapes, recording.opening, lips, follows, basis)
    return units, shapes, units[:, : len(SOLVABLE)] @ basis


def grid_units() -> dict[str, Curve]:
    """{clip: (times s, [K, U] mouth units)}, of the same frames as `faces.grid_opening`.

    Solved once; again when SOURCES or the phones are newer than the result.
    """
    if not SOLVED.exists() or SOLVED.stat().st_mtime < max(source.stat().st_mtime for source in (*SOURCES, *alignment_files("grid_s1"))):
        solve_all()
    with np.load(SOLVED) as data:
        clips, ends = data["clips"], data["ends"]
        return {
            str(clip): (data["times"][start:end], data["units"][start:end])
            for clip, (start, end) in zip(clips, pairwise([0, *ends]))
        }


def solve_all() -> None:
    """Solves all clips, writes SOLVED and prints how far the landmarks are from the model."""
    recording = grid_recording()
    units, shapes, explained = solved(recording, aligned_phones("grid_s1"))
    SOLVED.parent.mkdir(parents=True, exist_ok=True)
    ends = np.searchsorted(recording.clip, np.arange(len(recording.clips)), side="right")
    with whole_file(SOLVED) as path:
        np.savez(path, clips=recording.clips, ends=ends, times=recording.times, units=units.astype(np.float32))
    rms = lambda rest: np.sqrt(np.square(rest).mean())
    gap = np.maximum(units @ gap_weights(), 0)
    print(f"{len(recording.clips)} clips, {len(units)} frames: landmarks {rms(shapes):.4f} from the neutral, ", end="")
    print(f"{rms(shapes - explained):.4f} from the solved head; lip gap {rms(gap - recording.opening):.4f} off (rms)")


@in_a_sentence()
def main() -> None:
    arguments(__doc__).parse_args()
    shared(FACES)
    solve_all()


if __name__ == "__main__":
    main()
