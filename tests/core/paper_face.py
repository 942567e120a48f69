"""A face of paper for tests: a curved sheet with a slit that looks along -Y; keys move it by formulas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lipsync_addon.core.mesh_shapes import KeyOffsets, MeshShapes

STEP = 0.05
REACH = 1.6


def sheet(step: float = STEP) -> tuple[np.ndarray, list[tuple[int, int, int, int]], np.ndarray]:
    """Points [V, 3], faces, and [V] whether a vertex lies below the slit."""
    steps = np.round(np.arange(-REACH, REACH + step / 2, step), 6)
    steps -= steps[np.abs(steps).argmin()]
    points, below, index = [], [], {}
    for row, z in enumerate(steps):
        for column, x in enumerate(steps):
            for side in ("up", "down") if z == 0 and abs(x) < 0.499 else ("both",):
                for name in ("up", "down") if side == "both" else (side,):
                    index[row, column, name] = len(points)
                points.append((x, 0.35 * x * x, z))
                below.append(side == "down" or z < 0)
    faces = []
    for row in range(len(steps) - 1):
        side = "up" if steps[row] > -step / 2 else "down"
        for column in range(len(steps) - 1):
            corners = ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column))
            faces.append(tuple(index[*corner, side] for corner in corners))
    return np.array(points), faces, np.array(below)


def motion(name: str, step: float = STEP) -> np.ndarray:
    """[V, 3] what a key does: open, pucker, left, right (a corner pulled out and up), upper, brow, nothing."""
    points, _, below = sheet(step)
    x, _, z = points.T
    moved = np.zeros_like(points)
    around = np.exp(-((x / 0.6) ** 2) - (z / 0.4) ** 2)
    if name == "open":
        deep = np.clip(-z / 0.5, 0, 1)
        amount = below * np.exp(-(x**2)) * (deep + (1 - deep) * np.clip(np.cos(np.pi * x), 0, None))
        amount *= np.clip((REACH + z) / 0.4, 0, 1)
        moved[:, 2], moved[:, 1] = -0.3 * amount, 0.06 * amount
    elif name == "pucker":
        moved[:, 0], moved[:, 1] = -0.3 * x * around, -0.15 * around
    elif name in ("left", "right"):
        side = 0.5 if name == "left" else -0.5
        corner = np.exp(-(((x - side) / 0.3) ** 2) - (z / 0.3) ** 2)
        moved[:, 0], moved[:, 2] = 0.15 * np.sign(side) * corner, 0.12 * corner
    elif name == "upper":
        moved[:, 2] = 0.08 * ~below * around * np.clip(np.cos(np.pi * x), 0, None)
    elif name == "brow":
        moved[:, 2] = 0.2 * np.exp(-((x / 0.8) ** 2) - ((z - 1.2) / 0.2) ** 2)
    return moved


def paper_face(keys: Sequence[str], turn: np.ndarray | None = None, owner: str = "Face") -> MeshShapes:
    """The sheet with these motions as keys, named "key 1" and so on; `turn` [3, 3] turns, scales or mirrors it all."""
    turn = np.eye(3) if turn is None else turn
    points, faces, _ = sheet()
    edges = np.array([(face[i], face[(i + 1) % 4]) for face in faces for i in range(4)])
    edges = np.unique(np.sort(edges, axis=1), axis=0).astype(np.int32)
    offsets = [motion(name) @ turn.T for name in keys]
    least = 1e-4 * np.ptp(points @ turn.T, axis=0).max()
    shapes = {f"key {i}": KeyOffsets.between(np.zeros_like(moved), moved, least) for i, moved in enumerate(offsets, 1)}
    return MeshShapes(owner, (points @ turn.T).astype(np.float32), edges, shapes)
