"""Where the mouth of a mesh is: found from what the shape keys move, whatever they are called.

The lips lie on each other, or nearly, and some key parts them: vertices of one island that are near, that no edge joins
and that move apart by more than they are apart. Teeth part too, but upper and lower ones are islands of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mesh_shapes import KeyOffsets, MeshShapes, islands, near_pairs

BINS = 9
"""Places across the mouth where the lips are measured."""
_PARTED = 0.2
"""Of the widest parting in the mouth: what moves apart less is a corner of the mouth, or no lip."""
_STRAIN = 1.2
"""How much more than their distance two vertices must part, in distances."""
_MORE = 1.5
"""How many times more than the skin at both of them: what is stretched that far there is no slit."""
_RADII = (2.5, 5.0, 10.0)
"""Distances between the lips that are tried, in lengths of an edge of the face."""
_FEWEST = 8
"""Pairs that make a mouth."""
_CLUSTERS = 4
"""Places of a mesh that are looked at."""
_DEPTH = 0.12
"""Mouth widths behind the foremost pair in which lips still are lips; behind that is the inside of the mouth."""
_ARC = 0.4
"""Mouth widths that the corners may lie behind the middle of the lips; the roof of the mouth lies deeper."""
_SNAP = 0.77
"""Cosine: an axis of the mesh this near to the way the mouth opens is up."""
_LEVEL = 0.05
"""Cosine: an axis this square to the way across the face may be up."""
_BOX = (0.7, 0.6, 0.5)
"""Mouth widths from its centre, across, to the front and up, beyond which no lip reaches."""
_BESIDE = 0.1
"""Share of the size of what moves, around it, in which lips are looked for."""
_MOST = 1e7
"""About so many pairs of vertices are compared at most, of a mesh that is dense in places too."""
_FADING = 0.92
"""Share of the parting in the middle that is left at the corners of a whole mouth, at most."""
_AROUND, _ASIDE = 1.5, 0.4
"""Mouth widths above, below, before and behind it in which the face is measured from side to side, and how far from
its middle a mouth may be."""
_SAMPLE = 600
"""Pairs by which the key that opens the mouth is chosen."""
_PROJECTIONS = 6
_EVEN = 0.8
"""Likeness of left and right from which an axis of the mesh is believed to be theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """The lips of a mesh."""

    owner: str
    """Object of the mesh."""
    centre: NDArray[np.float64]
    """[3] in the mesh's space."""
    axes: NDArray[np.float64]
    """[3, 3] rows: to the character's left, to the front, up."""
    width: float
    """From corner to corner; the unit of every measure."""
    upper: tuple[NDArray[np.int32], ...]
    """Vertices of the upper lip's inner rim, from right to left in BINS places; never empty."""
    lower: tuple[NDArray[np.int32], ...]
    opener: str
    """The key that parts the lips furthest."""
    parting: float
    """How far, in mouth widths."""

    def local(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """[N, 3] left, front, up of the mouth's centre, in mouth widths."""
        return (points - self.centre) @ self.axes.T / self.width

    def turned(self, offsets: NDArray[np.floating]) -> NDArray[np.float64]:
        """[..., 3] offsets of the mesh's space in the same way."""
        return offsets @ self.axes.T / self.width


def find_mouth(meshes: Sequence[MeshShapes]) -> Mouth | None:
    """The mouth that opens widest among the meshes of one character; None if no key of any parts two lips."""
    mouths = [mouth for mesh in meshes if mesh.keys if (mouth := _mouth(mesh))]
    return max(mouths, key=lambda mouth: mouth.parting * mouth.width, default=None)


def _mouth(mesh: MeshShapes) -> Mouth | None:
    moved = np.zeros(len(mesh.points), np.float32)
    for key in mesh.keys.values():
        moved[key.vertices] = np.maximum(moved[key.vertices], np.abs(key.offsets).max(1))
    if not moved.any():
        return None
    moving = mesh.points[moved > 0.05 * np.quantile(moved[moved > 0], 0.95)]
    # An upper lip may stay, so all that lies between and just beside what moves is looked at.
    low, high = moving.min(0), moving.max(0)
    beside = _BESIDE * (high - low)
    (active,) = np.nonzero(((mesh.points >= low - beside) & (mesh.points <= high + beside)).all(1))
    signature = _signature(mesh, active)
    length, stretch = _skin(mesh, active, signature)
    if length == 0:
        return None
    island = mesh.islands()
    pieces: list[NDArray[np.integer]] = []
    for times in _RADII:
        radius = times * length
        chosen = _few_enough(mesh.points[active], signature, radius)
        vertices = active[chosen]
        pairs = near_pairs(mesh.points[vertices], radius)
        one, other = chosen[pairs].T
        apart = np.linalg.norm(mesh.points[active[one]] - mesh.points[active[other]], axis=1)
        part = np.linalg.norm(signature[one] - signature[other], axis=1)
        skin = np.maximum(_STRAIN, _MORE * np.minimum(stretch[one], stretch[other]))
        slit = (island[active[one]] == island[active[other]]) & (part > skin * apart)
        if slit.sum() >= _FEWEST and (mouth := _from_pairs(mesh, vertices[pairs[slit]])):
            return mouth
        pieces += [vertices[cluster] for cluster in _clusters(pairs, slit, len(vertices))]
    found = [mouth for piece in pieces if (mouth := _from_pairs(mesh, piece))]
    return max(found, key=lambda mouth: mouth.parting * mouth.width, default=None)


def _skin(
    mesh: MeshShapes, active: NDArray[np.integer], signature: NDArray[np.float32]
) -> tuple[float, NDArray[np.float64]]:
    """Median length of the edges between these vertices, and [N] how much the edges of each are stretched at most."""
    place = np.full(len(mesh.points), -1)
    place[active] = np.arange(len(active))
    edges = place[mesh.edges]
    edges = edges[(edges >= 0).all(1)]
    stretch = np.zeros(len(active))
    if len(edges) == 0:
        return 0.0, stretch
    one, other = edges.T
    lengths = np.linalg.norm(mesh.points[active[one]] - mesh.points[active[other]], axis=1)
    strain = np.linalg.norm(signature[one] - signature[other], axis=1) / np.maximum(lengths, 1e-12)
    for ends in (one, other):
        np.maximum.at(stretch, ends, strain)
    return float(np.median(lengths)), stretch


def _clusters(
    pairs: NDArray[np.integer], slit: NDArray[np.bool_], count: int
) -> list[NDArray[np.integer]]:
    """The pairs [P, 2] of the slit, each place of the mesh for itself, the largest first: an eye may open as well."""
    torn = np.zeros(count, bool)
    torn[pairs[slit]] = True
    label = islands(count, pairs[torn[pairs].all(1)])[pairs[slit, 0]]
    labels, sizes = np.unique(label, return_counts=True)
    largest = labels[sizes >= _FEWEST][np.argsort(-sizes[sizes >= _FEWEST])][:_CLUSTERS]
    return [pairs[slit][label == each] for each in largest]


def _signature(mesh: MeshShapes, active: NDArray[np.integer]) -> NDArray[np.float32]:
    """[N, 3 * _PROJECTIONS] what all keys together do to each vertex, summed up with changing signs: two vertices that
    no key parts have the same, and the distance between two is about the root of all their partings' squares."""
    signs = np.random.default_rng(0).choice(np.float32((-1, 1)), (_PROJECTIONS, len(mesh.keys)))
    place = np.full(len(mesh.points), -1)
    place[active] = np.arange(len(active))
    total = np.zeros((_PROJECTIONS, len(active), 3), np.float32)
    for index, key in enumerate(mesh.keys.values()):
        known = place[key.vertices]
        inside = known >= 0
        for row in range(_PROJECTIONS):
            total[row, known[inside]] += signs[row, index] * key.offsets[inside]
    return total.transpose(1, 0, 2).reshape(len(active), -1) / np.float32(np.sqrt(_PROJECTIONS))


def _few_enough(
    points: NDArray[np.floating], signature: NDArray[np.floating], radius: float
) -> NDArray[np.intp]:
    """Indices of all points, or where too many lie within `radius` of each other, of one for each small cell and way to
    move: two lips that lie in one cell are both kept."""
    crowd = np.unique(_cells(points, radius), return_counts=True)[1].astype(np.float64)
    if 9 * (crowd**2).sum() < _MOST:
        return np.arange(len(points))
    ways = signature[:, :3] / (0.2 * np.abs(signature[:, :3]).max() + 1e-12)
    code = _cells(points, radius / 4) * 4096 + _cells(np.round(ways), 1.0)
    return np.sort(np.unique(code, return_index=True)[1])


def _cells(points: NDArray[np.floating], size: float) -> NDArray[np.int64]:
    """[N] a number for the cell of that size in which each point lies."""
    cells = np.floor((points - points.min(0)) / size).astype(np.int64)
    span = cells.max(0) + 1
    return (cells[:, 0] * span[1] + cells[:, 1]) * span[2] + cells[:, 2]


def _from_pairs(mesh: MeshShapes, pairs: NDArray[np.integer]) -> Mouth | None:
    """Sides, axes and places of the lips from vertices that part."""
    opener = _opener(mesh, pairs[:: 1 + len(pairs) // _SAMPLE])
    key = mesh.keys[opener]
    parting = (key.at(pairs[:, 1]) - key.at(pairs[:, 0])).astype(np.float64)
    length = np.linalg.norm(parting, axis=1)
    pairs, parting = (values[length > _PARTED * np.quantile(length, 0.95)] for values in (pairs, parting))
    if len(pairs) < _FEWEST:
        return None
    down = np.linalg.svd(parting, full_matrices=False)[2][0]
    swapped = parting @ down < 0
    pairs = np.where(swapped[:, None], pairs[:, ::-1], pairs)
    parting = np.where(swapped[:, None], -parting, parting)
    # The jaw moves, the skull does not: what moves further is the lower lip.
    far = [float(np.linalg.norm(key.at(pairs[:, side]), axis=1).mean()) for side in (0, 1)]
    if far[0] > far[1]:
        pairs, parting, down = pairs[:, ::-1], -parting, -down
    axes = _axes(mesh, key, pairs, down)
    if axes is None:
        return None
    middle = mesh.points[pairs].mean(1) @ axes.T
    lips = middle[:, 1] >= middle[:, 1].max() - _ARC * np.ptp(middle[:, 0])
    pairs, parting, middle = pairs[lips], parting[lips], middle[lips]
    right, left = np.quantile(middle[:, 0], (0.005, 0.995))
    width = float(left - right)
    if not width > 0:
        return None
    at = np.clip(((middle[:, 0] - right) / width * BINS).astype(int), 0, BINS - 1)
    upper, lower = [], []
    for place in range(BINS):
        here = at == place
        if not here.any():
            here = np.abs(at - place) == np.abs(at - place).min()
        here &= middle[:, 1] >= middle[here, 1].max() - _DEPTH * width
        upper.append(np.unique(pairs[here, 0]))
        lower.append(np.unique(pairs[here, 1]))
    rims = np.unique(np.concatenate(upper + lower))
    front = mesh.points[rims] @ axes.T
    centre = np.array([(left + right) / 2, np.median(front[:, 1]), np.median(front[:, 2])]) @ axes
    if (np.abs((mesh.points[rims] - centre) @ axes.T) > np.multiply(_BOX, width)).any():
        return None
    if not _is_whole(at, -parting @ axes[2]) or not _is_central(mesh, centre, axes, width):
        return None
    drop = np.median(-(key.at(pairs[:, 1]) - key.at(pairs[:, 0])) @ axes[2])
    return Mouth(mesh.owner, centre, axes, width, tuple(upper), tuple(lower), opener, float(drop / width))


def _is_whole(at: NDArray[np.integer], drop: NDArray[np.float64]) -> bool:
    """Whether the lips part less at both ends than in the middle: `drop` [P] of the pairs at places `at`. Else only a
    piece of the slit was found, between lips that are far apart."""
    ends = [drop[at == place] for place in (0, BINS - 1)]
    middle = drop[np.abs(at - BINS // 2) <= 1]
    return len(middle) > 0 and all(len(end) and np.median(end) < _FADING * np.median(middle) for end in ends)


def _is_central(mesh: MeshShapes, centre: NDArray[np.float64], axes: NDArray[np.float64], width: float) -> bool:
    """Whether the mesh goes as far to the left as to the right: eyes open too, but beside the middle."""
    local = (mesh.points - centre) @ axes.T / width
    around = local[(np.abs(local[:, 1:]) < _AROUND).all(1), 0]
    return bool(abs(around.min() + around.max()) / 2 < _ASIDE)


def _opener(mesh: MeshShapes, pairs: NDArray[np.integer]) -> str:
    """The key that opens the mouth.

    It parts the lips far and moves much of the face with them. A key that closes an open jaw moves the lips through
    each other: that is a parting as well, but towards where the other lip was.
    """
    between = (mesh.points[pairs[:, 1]] - mesh.points[pairs[:, 0]]).astype(np.float64)
    best, found = -np.inf, ""
    for name, key in mesh.keys.items():
        parting = (key.at(pairs[:, 1]) - key.at(pairs[:, 0])).astype(np.float64)
        length = np.linalg.norm(parting, axis=1)
        reach = float(np.quantile(length, 0.9))
        if not reach > 0:
            continue
        moved = np.linalg.norm(key.offsets, axis=1)
        agrees = (parting * between).sum() / (length @ np.linalg.norm(between, axis=1) + 1e-12)
        score = reach * np.sqrt(moved.sum() / moved.max()) * (0.1 if agrees < -0.3 else 1.0)
        if score > best:
            best, found = score, name
    return found


def _axes(
    mesh: MeshShapes, key: KeyOffsets, pairs: NDArray[np.integer], down: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """[3, 3] left, front, up: across is the way in which the opening is the same on both sides."""
    straight = [axis for axis in np.eye(3) if abs(axis @ down) < 0.5]
    points = mesh.points[key.vertices].astype(np.float64)
    strength = np.linalg.norm(key.offsets, axis=1).astype(np.float64)
    across = max(straight, key=lambda axis: _evenness(points, strength, axis, down))
    if _evenness(points, strength, across, down) < _EVEN:
        across = _best_turn(points, strength, down)
    up = -(down - (down @ across) * across)
    up /= np.linalg.norm(up)
    for axis in np.eye(3):
        for way in (axis, -axis):
            if way @ up > _SNAP and abs(way @ across) < _LEVEL:
                up = way - (way @ across) * across
    up /= np.linalg.norm(up)
    front = np.cross(up, across)
    # What opens the mouth lies behind the lips: cheeks, throat, the inside of the mouth.
    if (mesh.points[pairs].mean((0, 1)) - points.mean(0)) @ front < 0:
        front = -front
    return np.stack([np.cross(up, front), front, up])


def _best_turn(
    points: NDArray[np.float64], strength: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The axis across the face where no axis of the mesh is it, to half a degree."""
    first = np.cross(down, np.eye(3)[np.abs(down).argmin()])
    first /= np.linalg.norm(first)
    second = np.cross(down, first)

    def turned(angle: float) -> NDArray[np.float64]:
        return np.cos(angle) * first + np.sin(angle) * second

    best = 0.0
    for step, reach in ((np.pi / 36, np.pi / 2), (np.pi / 360, np.pi / 36)):
        angles = best + np.arange(-reach, reach, step)
        best = max(angles, key=lambda angle: _evenness(points, strength, turned(angle), down))
    return turned(best)


def _evenness(
    points: NDArray[np.float64], strength: NDArray[np.float64], across: NDArray[np.float64], down: NDArray[np.float64]
) -> float:
    """-1..1: likeness of what moves on one side to what moves on the other, on a grid seen along `down`."""
    along = np.cross(down, across)
    weight = strength / strength.sum()
    flat = np.stack([points @ across, points @ along, points @ down], 1)
    flat -= weight @ flat
    size = np.sqrt(weight @ flat[:, 0] ** 2) * 3 + 1e-12
    depth = np.sqrt(weight @ (flat[:, 1:] ** 2)).max() * 3 + 1e-12
    grid, _ = np.histogramdd(
        flat, bins=(16, 12, 12), range=((-size, size), (-depth, depth), (-depth, depth)), weights=weight
    )
    mirrored = grid[::-1]
    return float((grid * mirrored).sum() / max((grid * grid).sum(), 1e-12))
