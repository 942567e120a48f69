# SPDX-License-Identifier: GPL-3.0-or-later
"""Places the vertices of the skin: head, lips, mouth bag and eyelids in the neutral pose. Metres, radians."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import surface, topology
from .params import EYE_CENTRE, EYE_RADIUS, LID_HALF_WIDTH, LID_LOWER, LID_RADIUS, LID_UPPER, SEAM_CURVE, SEAM_Z

Array = np.ndarray

MOUTH_BORDER, CONTACT_FRONT, CONTACT_BACK = 4, 8, 9
LID_EDGE = 6

# Loops of the lips and the bag from the lip border inwards: half width, height of the upper and the lower
# half, forward offset of the upper and the lower half, forward offset at the corners; millimetres.
LIP_LOOPS = {
    4: (29.7, 8.0, 9.6, 0.2, 0.2, 0.2),
    5: (29.0, 6.0, 7.6, 2.2, 2.4, 0.3),
    6: (28.2, 3.6, 4.8, 3.7, 4.3, 0.2),
    7: (27.4, 1.5, 1.9, 3.2, 3.7, -0.3),
    8: (26.7, 0.0, 0.0, 1.3, 1.3, -1.2),
    9: (26.4, 0.0, 0.0, -2.2, -2.2, -3.0),
    10: (27.1, 3.0, 3.0, -4.2, -4.2, -5.0),
    11: (31.4, 10.0, 12.0, -5.2, -5.2, -6.0),
    12: (36.9, 17.0, 21.0, -10.0, -9.0, -11.0),
    13: (38.0, 19.0, 23.0, -26.0, -26.0, -24.0),
    14: (30.8, 16.0, 20.0, -46.0, -46.0, -44.0),
}
# Loops of the eyelids: scale of the opening, radius in eyeball radii.
LID_LOOPS = {4: (1.36, 1.07), 5: (1.15, 1.075), 6: (1.0, 1.07), 7: (0.965, 1.01), 8: (1.25, 0.95)}
LID_TILT = np.radians(3.5)
LID_OUT = np.radians(5.0)

HOLES = [topology.Hole("m", 28, 38, -9, 9, 14), topology.Hole("eL", 14, 22, 2, 12, 8),
         topology.Hole("eR", 14, 22, -12, -2, 8)]


@dataclass
class Skin:
    """Neutral skin: layout, vertex positions [N, 3] and the loops of the mouth."""

    layout: topology.Layout
    co: Array


def row_rays() -> tuple[Array, Array]:
    """Height of the ray origin (m) and elevation (rad) of each grid row, from the crown to the neck."""
    top = [(0.0, np.radians(e)) for e in (64, 57, 50, 44, 39, 34.5, 30.5)]
    face = [(0.0, np.arctan2(z, 0.1)) for z in np.linspace(0.054, -0.115, 40)]
    neck = [(-0.02, -0.98), (-0.035, -1.02), (-0.05, -1.02), (-0.068, -0.95), (-0.085, -0.82), (-0.1, -0.66),
            (-0.115, -0.49), (-0.130, -0.31), (-0.145, -0.17), (-0.158, -0.07), (-0.171, -0.02), (-0.185, 0.0)]
    rays = np.array(top + face + neck)
    return rays[:, 0], rays[:, 1]


def column_angle(j: Array) -> Array:
    """Longitude (rad) of grid columns: denser in front, 0 in the middle of the face."""
    a = np.interp(np.abs(j), [0, 12, 24, 40], np.radians([0.0, 34.8, 80.0, 180.0]))
    return np.sign(j) * a


def direction(azimuth: Array, elevation: Array) -> Array:
    """Unit vectors; azimuth 0, elevation 0 is straight ahead (-y), positive azimuth towards +x."""
    c = np.cos(elevation)
    return np.stack([np.sin(azimuth) * c, -np.cos(azimuth) * c, np.sin(elevation)], -1)


def seam_z(x: Array) -> Array:
    """Height (m) of the line where the lips touch."""
    return SEAM_Z + SEAM_CURVE * np.minimum(np.abs(x) / 0.0297, 1.3) ** 2


def ring_angles(count: int) -> Array:
    """Angle of each vertex around an opening: 0 at the +x corner, pi / 2 on top."""
    return 2 * np.pi * np.arange(count) / count


def lip_loop(loop: int, alpha: Array) -> Array:
    """Positions [len(alpha), 3] of one lip or bag loop in the neutral pose."""
    width, up, low, d_up, d_low, d_corner = (v * 1e-3 for v in LIP_LOOPS[loop])
    s = np.sin(alpha)
    x = width * np.cos(alpha)
    bow = 1 - 0.16 * np.exp(-(x / 0.004) ** 2) + 0.05 * np.exp(-((np.abs(x) - 0.0075) / 0.004) ** 2)
    height = np.where(s > 0, up * (bow if loop < CONTACT_FRONT else 1.0), low)
    z = seam_z(x) + height * s
    if loop == MOUTH_BORDER:
        return surface.front(x, z)
    d = d_corner + (np.where(s > 0, d_up, d_low) - d_corner) * np.abs(s) ** 0.7
    y = surface.front(x, seam_z(x))[:, 1] - d
    return np.stack([x, y, z], 1)


def lid_angles(beta: Array, scale: float = 1.0) -> tuple[Array, Array]:
    """Azimuth and elevation (rad) of the left eye's opening as seen from the eyeball's centre."""
    s, c = np.sin(beta), np.cos(beta)
    width, up, low = (np.arcsin(v / LID_RADIUS) for v in (LID_HALF_WIDTH, LID_UPPER, LID_LOWER))
    elevation = scale * np.where(s > 0, up, low) * np.sign(s) * np.abs(s) ** 0.85
    return LID_OUT + scale * width * c, elevation + LID_TILT * c


def lid_point(azimuth: Array, elevation: Array, radius: Array | float) -> Array:
    """Points around the left eye; `radius` in eyeball radii."""
    return np.array(EYE_CENTRE) + EYE_RADIUS * np.asarray(radius)[..., None] * direction(azimuth, elevation)


def lid_coordinates(co: Array) -> tuple[Array, Array, Array]:
    """Azimuth, elevation (rad) and radius (eyeball radii) of points around the left eye; undoes `lid_point`."""
    x, y, z = ((co - np.array(EYE_CENTRE)) / EYE_RADIUS).T
    radius = np.sqrt(x * x + y * y + z * z)
    return np.arctan2(x, -y), np.arcsin(z / radius), radius


def neighbours_mean(edges: Array, count: int) -> Callable[[Array], Array]:
    """Function that averages a field [N, K] over each vertex's neighbours."""
    i = np.concatenate([edges[:, 0], edges[:, 1]])
    j = np.concatenate([edges[:, 1], edges[:, 0]])
    order = np.argsort(i, kind="stable")
    i, j = i[order], j[order]
    start = np.searchsorted(i, np.arange(count))
    degree = np.diff(np.append(start, len(i)))

    def mean(field: Array) -> Array:
        return np.add.reduceat(field[j], start, axis=0) / degree[:, None]
    return mean


def symmetrise(co: Array, mirror: Array) -> Array:
    """Positions made exactly mirror-symmetric in x."""
    flip = np.array([-1.0, 1.0, 1.0])
    return 0.5 * (co + co[mirror] * flip)


def _start(lay: topology.Layout) -> Array:
    """First guess: grid by rays, openings by blending their border with the innermost free loop."""
    co = np.zeros((len(lay.keys), 3))
    grid = [(n, k) for n, k in enumerate(lay.keys) if k[0] == "g"]
    rows, cols = np.array([k[1] for _, k in grid]), np.array([k[2] for _, k in grid])
    z, elevation = row_rays()
    origin = np.stack([np.zeros(len(rows)), 0.012 + 0.012 * np.clip(-z[rows] / 0.185, 0, 1), z[rows]], 1)
    co[[n for n, _ in grid]] = surface.cast(origin, direction(column_angle(cols), elevation[rows]))
    for loop in LIP_LOOPS:
        ring = lay.ring("m", loop)
        co[ring] = lip_loop(loop, ring_angles(len(ring)))
    for loop, (scale, radius) in LID_LOOPS.items():
        ring = lay.ring("eL", loop)
        co[ring] = lid_point(*lid_angles(ring_angles(len(ring)), scale), radius)
        co[lay.mirror[ring]] = co[ring] * [-1, 1, 1]
    for hole in ("m", "eL", "eR"):
        outer, inner = co[lay.ring(hole, 0)], co[lay.ring(hole, 4)]
        for loop in (1, 2, 3):
            co[lay.ring(hole, loop)] = outer + (inner - outer) * loop / 4
    for n, (kind, a, b) in enumerate(lay.keys):
        if kind == "c":
            co[n] = ((a / topology.CROWN - 0.5) * 0.08, (b / topology.CROWN - 0.5) * 0.08, 0.128)
        elif kind == "b":
            hole = lay.holes["m"]
            v = 1 - 2 * (a - hole.top) / (hole.bottom - hole.top)
            co[n] = (0.022 * b / 9, -0.043, SEAM_Z + 0.013 * v)
    return co


def build() -> Skin:
    """Model the neutral skin."""
    lay = topology.build(len(row_rays()[0]), HOLES)
    co = symmetrise(_start(lay), lay.mirror)
    kind = np.array([k[0] for k in lay.keys])
    level = np.array([k[1] for k in lay.keys])
    eye = (kind == "eL") | (kind == "eR")
    pinned = ((kind == "m") & (level >= MOUTH_BORDER)) | (eye & (level >= LID_EDGE)) | (kind == "b")
    bottom = (kind == "g") & (level == level[kind == "g"].max())
    mean = neighbours_mean(lay.edges(), len(co))
    free = ~pinned & ~bottom
    for _ in range(40):
        moved = co + 0.5 * (mean(co) - co)
        co[free] = surface.project(moved[free], 1)
        co = symmetrise(co, lay.mirror)
    bag = kind == "b"
    for _ in range(60):
        co[bag] = mean(co)[bag]
    return Skin(lay, symmetrise(co, lay.mirror))
