# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair, ears and sweater collar. Metres; angles in degrees where a table holds them."""
from __future__ import annotations

import numpy as np

from . import surface
from .parts import Part, join, tube
from .skin import direction

Array = np.ndarray

CENTRE = np.array([0.0, 0.012, 0.020])

# Hairline: elevation (degrees, seen from CENTRE) by longitude (0 in front, 180 at the back).
HAIRLINE = ((0, 38), (25, 36), (45, 28), (60, 12), (72, -2), (84, -6), (92, 2), (104, -4), (118, -30), (140, -44),
            (180, -48))
# Locks over the forehead: longitude, elevation (degrees), height above the skin (mm), half width (mm).
LOCKS = (
    ((22, 74, 10, 5), (6, 60, 13, 15), (-18, 46, 12, 17), (-42, 30, 10, 13), (-60, 12, 8, 7), (-68, 0, 6, 1)),
    ((26, 70, 9, 5), (14, 56, 12, 12), (-4, 44, 11, 13), (-24, 33, 9, 10), (-40, 24, 8, 6), (-52, 20, 6, 1)),
    ((18, 76, 9, 5), (34, 62, 12, 14), (48, 44, 11, 14), (58, 26, 9, 11), (65, 10, 8, 6), (69, -2, 6, 1)),
    ((20, 70, 8, 5), (26, 58, 11, 10), (34, 45, 10, 11), (44, 33, 9, 9), (54, 24, 8, 5), (62, 20, 6, 1)),
)


def on_head(longitude: Array, elevation: Array, height: Array) -> Array:
    """Points at `height` m above the skin in directions (degrees) from CENTRE."""
    d = direction(np.radians(longitude), np.radians(elevation))
    base = surface.cast(np.tile(CENTRE, (len(d), 1)), d)
    return base + d * np.asarray(height)[:, None]


def _cap() -> Part:
    around, up = 96, 22
    longitude = np.arange(around) * 360.0 / around - 180.0
    low = np.interp(np.abs(longitude), *zip(*HAIRLINE))
    for _ in range(2):
        low = (np.roll(low, 1) + 2 * low + np.roll(low, -1)) / 4
    rings = []
    for v in np.linspace(0, 1, up)[:-1]:
        rise = 1 - (1 - min(v / 0.22, 1.0)) ** 2
        groove = 0.0012 * np.cos(np.radians(longitude) * 24) * rise * (1 - v) ** 0.3
        rings.append(on_head(longitude, low + (89 - low) * v, -0.002 + 0.011 * rise + groove))
    return tube(np.array(rings), "Hair", start=False)


def _spline(knots: Array, count: int) -> Array:
    """Catmull-Rom through knots [K, D]."""
    p = np.concatenate([[2 * knots[0] - knots[1]], knots, [2 * knots[-1] - knots[-2]]])
    u = np.linspace(0, len(knots) - 1 - 1e-9, count)
    i, t = u.astype(int), (u % 1)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3)


def _lock(knots: tuple) -> Part:
    path = _spline(np.array(knots, float), 26)
    line = on_head(path[:, 0], path[:, 1], path[:, 2] * 1e-3)
    normal = line - CENTRE
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    across = np.cross(np.gradient(line, axis=0), normal)
    across /= np.linalg.norm(across, axis=1)[:, None]
    ring = np.radians(np.arange(0, 360, 360 / 14))
    wide = np.maximum(path[:, 3], 0.4) * 1e-3
    thick = 0.35 * wide + 0.002
    ridge = 1 + 0.10 * np.cos(3 * ring)
    rings = (line[:, None] + across[:, None] * (wide[:, None] * np.cos(ring))[..., None]
             + normal[:, None] * (thick[:, None] * np.sin(ring) * ridge)[..., None])
    return tube(rings, "Hair")


def _bun() -> Part:
    """Left bun with a spiral of grooves, and its tie."""
    centre, axis = np.array([0.062, 0.020, 0.122]), np.array([0.62, 0.05, 0.78])
    axis = axis / np.linalg.norm(axis)
    side = np.cross(axis, [0, 1, 0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    around = np.radians(np.arange(0, 360, 360 / 48))
    polar = np.radians(np.linspace(4, 176, 24))
    radius = 0.034 * (1 + 0.035 * np.cos(6 * around[None] + 5.0 * polar[:, None]) * np.sin(polar)[:, None])

    def ring_point(r: Array, a: Array, p: Array) -> Array:
        return (centre + (r * np.sin(p) * np.cos(a))[..., None] * side + (r * np.sin(p) * np.sin(a))[..., None] * other
                + (0.86 * r * np.cos(p))[..., None] * axis)
    ball = tube(ring_point(radius, around[None], polar[:, None]), "Hair")
    section = np.radians(np.arange(0, 360, 45))
    ringed = 0.023 + 0.0055 * np.cos(section)
    tie = (centre - 0.026 * axis + (ringed[None, :, None] * (np.cos(around)[:, None, None] * side
           + np.sin(around)[:, None, None] * other)) + (0.0055 * np.sin(section))[None, :, None] * axis)
    tie = np.concatenate([tie, tie[:1]])
    return join([ball, tube(tie, "HairTie", start=False, end=False)])


def hair() -> Part:
    """Cap of hair, fringe and two buns."""
    bun = _bun()
    return join([_cap(), *(_lock(k) for k in LOCKS), bun, bun.mirrored()])


def ears() -> Part:
    """Both ears: a shell with a rolled rim."""
    around = np.radians(np.arange(0, 360, 360 / 32))
    profile = ((1.00, -0.010), (1.06, 0.000), (1.04, 0.0045), (0.94, 0.0062), (0.83, 0.0048), (0.72, 0.0010),
               (0.50, -0.0008), (0.22, -0.0020), (0.03, -0.0024))
    outline = 1 + 0.10 * np.cos(around - np.radians(60)) - 0.06 * np.cos(2 * around)
    rings = []
    for scale, out in profile:
        u = 0.0165 * scale * outline * np.cos(around)
        v = 0.0270 * scale * outline * np.sin(around)
        rings.append(np.stack([np.full(32, out), u, v], -1))
    flat = np.array(rings)
    turn, lean = np.radians(24), np.radians(-10)
    x, y, z = flat[..., 0], flat[..., 1], flat[..., 2]
    y, z = y * np.cos(lean) - z * np.sin(lean), y * np.sin(lean) + z * np.cos(lean)
    x, y = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    placed = np.stack([x, y, z], -1) + np.array([0.0875, 0.016, -0.006])
    left = tube(placed, "Skin")
    return join([left, left.mirrored()])


def collar() -> Part:
    """Turtleneck that hides the end of the neck."""
    around = np.radians(np.arange(0, 360, 360 / 72))
    profile = ((0.030, -0.150), (0.0405, -0.1475), (0.0445, -0.143), (0.0475, -0.148), (0.0480, -0.158),
               (0.0500, -0.168), (0.0560, -0.176), (0.066, -0.182), (0.074, -0.185))
    rib = 1 + 0.012 * np.cos(36 * around)
    rings = [np.stack([r * rib * np.sin(around), 0.028 - r * rib * np.cos(around), np.full(72, z)], -1)
             for r, z in profile]
    return tube(np.array(rings), "Sweater", start=False, end=False)
