# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, teeth with gums, tongue and brows, with their shape fields. Metres."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import surface
from .params import EYE_CENTRE, EYE_RADIUS, JAW_FORWARD, JAW_SIDE, SEAM_Z

Array = np.ndarray


@dataclass
class Part:
    """A mesh: positions [N, 3], faces, a material name per face, shape fields, share of the jaw bone."""

    co: Array
    faces: list[tuple]
    materials: list[str]
    shapes: dict[str, Array] = field(default_factory=dict)
    jaw: Array | None = None

    def mirrored(self) -> Part:
        """The other side's copy (shapes are not carried over)."""
        return Part(self.co * [-1, 1, 1], [tuple(reversed(f)) for f in self.faces], list(self.materials))


def join(parts: list[Part]) -> Part:
    """One part from several; missing shapes and jaw shares count as zero."""
    names = list(dict.fromkeys(k for p in parts for k in p.shapes))
    faces, offset = [], 0
    for p in parts:
        faces += [tuple(i + offset for i in f) for f in p.faces]
        offset += len(p.co)
    shapes = {k: np.concatenate([p.shapes.get(k, np.zeros_like(p.co)) for p in parts]) for k in names}
    jaw = np.concatenate([np.zeros(len(p.co)) if p.jaw is None else p.jaw for p in parts])
    return Part(np.concatenate([p.co for p in parts]), faces, [m for p in parts for m in p.materials], shapes, jaw)


def facing_out(co: Array, faces: list[tuple], centre: Array) -> list[tuple]:
    """The faces, all reversed if they look towards `centre` on the whole."""
    total = 0.0
    for f in faces:
        a, b, c = co[f[0]], co[f[1]], co[f[-1]]
        total += float(np.dot(np.cross(b - a, c - a), a - centre))
    return faces if total > 0 else [tuple(reversed(f)) for f in faces]


def tube(rings: Array, material: str, start: bool = True, end: bool = True, centre: Array | None = None) -> Part:
    """Tube through closed rings [R, K, 3]; `start` and `end` say which ends a fan closes. Faces look away from
    `centre`, by default the middle of the vertices."""
    r, k, _ = rings.shape
    co = rings.reshape(-1, 3)
    faces: list[tuple] = [(a * k + b, a * k + (b + 1) % k, (a + 1) * k + (b + 1) % k, (a + 1) * k + b)
                          for a in range(r - 1) for b in range(k)]
    if start:
        faces += [(len(co), (b + 1) % k, b) for b in range(k)]
        co = np.concatenate([co, rings[:1].mean(1)])
    if end:
        last = (r - 1) * k
        faces += [(len(co), last + b, last + (b + 1) % k) for b in range(k)]
        co = np.concatenate([co, rings[-1:].mean(1)])
    return Part(co, facing_out(co, faces, co.mean(0) if centre is None else centre), [material] * len(faces))


# ---------------------------------------------------------------- eyes

EYE_ZONES = (("Pupil", 0.0, 14.0, 2), ("Iris", 14.0, 27.0, 2), ("IrisRim", 27.0, 30.5, 1), ("EyeWhite", 30.5, 150.0, 9))
EYE_TURN = {"eyeLookDown": (0.0, -24.0), "eyeLookUp": (0.0, 20.0), "eyeLookIn": (-27.0, 0.0),
            "eyeLookOut": (27.0, 0.0)}


def _left_eye() -> Part:
    around = np.radians(np.arange(0, 360, 360 / 32))
    angles, zones = [0.6], []
    for name, start, stop, steps in EYE_ZONES:
        angles += list(np.linspace(max(start, 0.6), stop, steps + 1)[1:])
        zones += [name] * steps
    polar = np.radians(angles)
    radius = EYE_RADIUS * np.interp(angles, [0, 14, 27, 30.5, 35], [0.972, 0.975, 0.988, 0.994, 1.0])
    rings = np.stack([radius[:, None] * np.sin(polar)[:, None] * np.cos(around),
                      np.broadcast_to(-(radius * np.cos(polar))[:, None], (len(polar), 32)),
                      radius[:, None] * np.sin(polar)[:, None] * np.sin(around)], -1)
    ball = tube(rings, "EyeWhite")
    ball.materials = [z for z in zones for _ in range(32)] + ["Pupil"] * 32 + ["EyeWhite"] * 32
    ball.shapes = {name: _turned(ball.co, *turn) - ball.co for name, turn in EYE_TURN.items()}
    return join([ball, _glint(-9.0, 11.0, 4.4), _glint(8.0, -9.0, 2.0)])


def _glint(azimuth: float, elevation: float, size: float) -> Part:
    """Highlight: a disc of `size` degrees on the eye, seen at the given degrees from straight ahead."""
    around = np.radians(np.arange(0, 360, 30))
    rings = []
    for k in (1.0, 0.5):
        a, e = np.radians(azimuth + k * size * np.cos(around)), np.radians(elevation + k * size * np.sin(around))
        rings.append(1.012 * EYE_RADIUS * np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)], -1))
    part = tube(np.array(rings[::-1]), "Glint", end=False, centre=np.zeros(3))
    part.shapes = {name: 0.75 * (_turned(part.co, *turn) - part.co) for name, turn in EYE_TURN.items()}
    return part


def _turned(co: Array, azimuth: float, elevation: float) -> Array:
    a, e = np.radians(azimuth), np.radians(elevation)
    y, z = co[:, 1] * np.cos(e) + co[:, 2] * np.sin(e), -co[:, 1] * np.sin(e) + co[:, 2] * np.cos(e)
    return np.stack([co[:, 0] * np.cos(a) - y * np.sin(a), co[:, 0] * np.sin(a) + y * np.cos(a), z], 1)


def eyes() -> Part:
    """Both eyeballs with the eight eyeLook shapes."""
    left = _left_eye()
    right = left.mirrored()
    right.shapes = {k + "Right": d * [-1, 1, 1] for k, d in left.shapes.items()}
    left.shapes = {k + "Left": d for k, d in left.shapes.items()}
    left.co = left.co + EYE_CENTRE
    right.co = right.co + np.array(EYE_CENTRE) * [-1, 1, 1]
    return join([left, right])


# ---------------------------------------------------------------- teeth, tongue

ARCH_FRONT = -0.0960
# Widths (mm) of one side's teeth from the middle outwards, and their heights relative to the first.
TOOTH_WIDTHS = (8.8, 7.6, 7.5, 7.2, 7.6, 7.8)
TOOTH_HEIGHTS = (1.0, 0.93, 0.98, 0.88, 0.82, 0.76)


def arch(length: float | Array, front: float, half_width: float, depth: float = 0.033) -> Array:
    """Point (x, y) at an arc length (m) from the middle of a dental arch, positive towards +x."""
    u = np.linspace(0, np.pi / 2, 2000)
    xy = np.stack([half_width * np.sin(u) ** 0.71, front + depth * (1 - np.cos(u) ** 0.71)], 1)
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(xy, axis=0), axis=1))])
    at = np.abs(length)
    return np.stack([np.sign(length) * np.interp(at, s, xy[:, 0]), np.interp(at, s, xy[:, 1])], -1)


def _cube_shell(n: int) -> tuple[Array, list[tuple]]:
    """Vertices on a cube [-1, 1]^3 with n x n quads a side, shared along the edges."""
    index: dict[tuple, int] = {}
    faces = []
    for axis in range(3):
        for side in (0, n):
            for a in range(n):
                for b in range(n):
                    quad = []
                    for u, v in ((a, b), (a + 1, b), (a + 1, b + 1), (a, b + 1)):
                        p = [u, v]
                        p.insert(axis, side)
                        quad.append(index.setdefault(tuple(p), len(index)))
                    faces.append(tuple(quad) if (side > 0) == (axis != 1) else tuple(reversed(quad)))
    return np.array(list(index)) * 2.0 / n - 1.0, faces


def _tooth(middle: float, width: float, height: float, edge_z: float, sign: float, shape: tuple) -> Part:
    """Rounded block at arc length `middle`; `sign` +1 hangs from above, -1 stands from below."""
    cube, faces = _cube_shell(3)
    cube = cube / (np.abs(cube) ** 5).sum(1, keepdims=True) ** 0.2
    narrow = 1 - 0.10 * (cube[:, 2] * sign + 1) / 2
    xy = arch(middle + 0.5 * width * cube[:, 0] * narrow, *shape)
    ahead = arch(middle + 1e-4, *shape) - arch(middle - 1e-4, *shape)
    normal = np.array([ahead[1], -ahead[0]]) / np.linalg.norm(ahead)
    xy = xy + normal * (0.0027 * cube[:, 1:2] * -1.0)
    z = edge_z + sign * height * (cube[:, 2] * sign + 1) / 2
    return Part(np.column_stack([xy, z]), faces, ["Teeth"] * len(faces))


def _row(edge_z: float, sign: float, height: float, shape: tuple, scale: float, rise: float) -> Part:
    """Teeth and gum of one jaw; `shape` is the arch's front (y) and half width (m), `rise` how much higher the
    edges lie 40 mm along the arch."""
    parts = []
    for side in (1, -1):
        start = 0.0
        for width, tall in zip(TOOTH_WIDTHS, TOOTH_HEIGHTS):
            w = width * scale * 1e-3
            along = start + w / 2
            edge = edge_z + rise * (along / 0.04) ** 2
            parts.append(_tooth(side * along, w * 1.05, height * tall, edge, sign, shape))
            start += w
    length = np.linspace(-start, start, 29)
    gum_z = (edge_z + sign * (height * 0.95 + 0.0015) + rise * (length / 0.04) ** 2)[:, None]
    ring = np.radians(np.arange(0, 360, 36))
    xy = arch(length, *shape)
    tangent = np.gradient(xy, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1) / np.linalg.norm(tangent, axis=1)[:, None]
    out = 0.0033 * np.cos(ring)
    rings = np.stack([xy[:, None, 0] + normal[:, None, 0] * out, xy[:, None, 1] + normal[:, None, 1] * out,
                      gum_z + 0.0045 * np.sin(ring)], -1)
    return join([*parts, tube(rings, "Gums")])


def teeth() -> Part:
    """Upper teeth (fixed) and lower teeth (on the jaw bone, with the jaw shapes that a hinge does not give)."""
    upper = _row(SEAM_Z - 0.0034, 1.0, 0.0105, (ARCH_FRONT, 0.0272), 1.0, 0.0012)
    lower = _row(SEAM_Z - 0.0064, -1.0, 0.0085, (ARCH_FRONT + 0.0030, 0.0236), 0.86, -0.0035)
    lower.jaw = np.ones(len(lower.co))
    lower.shapes = jaw_slides(len(lower.co))
    return join([upper, lower])


def jaw_slides(count: int) -> dict[str, Array]:
    """jawForward, jawLeft and jawRight as plain shifts of `count` vertices."""
    moves = {"jawForward": (0, -JAW_FORWARD, 0), "jawLeft": (JAW_SIDE, 0, 0), "jawRight": (-JAW_SIDE, 0, 0)}
    return {k: np.tile(np.array(v, float), (count, 1)) for k, v in moves.items()}


# Tongue midline from root to tip: y, z (m), half width, half height; at rest and stuck out.
TONGUE_REST = (
    (-0.0420, -0.0850, 0.0125, 0.0090), (-0.0520, -0.0755, 0.0145, 0.0095), (-0.0620, -0.0710, 0.0145, 0.0078),
    (-0.0720, -0.0710, 0.0130, 0.0062), (-0.0790, -0.0712, 0.0100, 0.0050), (-0.0825, -0.0712, 0.0055, 0.0032),
)
TONGUE_OUT = (
    (-0.0440, -0.0810, 0.0130, 0.0090), (-0.0600, -0.0705, 0.0150, 0.0082), (-0.0800, -0.0640, 0.0145, 0.0058),
    (-0.1000, -0.0605, 0.0145, 0.0050), (-0.1145, -0.0630, 0.0138, 0.0046), (-0.1240, -0.0680, 0.0085, 0.0034),
)


def _tongue_rings(line: tuple) -> Array:
    at = np.linspace(0, 1, 14)
    y, z, w, h = (np.interp(at, np.linspace(0, 1, len(line)), c) for c in np.array(line).T)
    ring = np.radians(np.arange(0, 360, 360 / 16))
    slope = np.arctan2(np.gradient(z), -np.gradient(y))
    c, s = np.cos(ring), np.sin(ring)
    groove = 0.22 * np.exp(-(c / 0.25) ** 2) * (s > 0)
    up = h[:, None] * (s - groove)
    return np.stack([w[:, None] * c, y[:, None] + np.sin(slope)[:, None] * up,
                     z[:, None] + np.cos(slope)[:, None] * up], -1)


def tongue() -> Part:
    """Tongue on the jaw bone with tongueOut and the jaw slides."""
    rest = tube(_tongue_rings(TONGUE_REST), "Tongue")
    out = tube(_tongue_rings(TONGUE_OUT), "Tongue")
    rest.shapes = {**jaw_slides(len(rest.co)), "tongueOut": out.co - rest.co}
    rest.jaw = np.ones(len(rest.co))
    return rest


# ---------------------------------------------------------------- brows

# Left brow: x, z (m) and half width from the inner to the outer end.
BROW_LINE = ((0.0150, 0.0400, 0.0026), (0.0240, 0.0435, 0.0042), (0.0370, 0.0460, 0.0041), (0.0500, 0.0435, 0.0032),
             (0.0620, 0.0355, 0.0010))


def brows(skin_co: Array, skin_shapes: dict[str, Array]) -> Part:
    """Both brows, following the skin beneath them in every shape."""
    at = np.linspace(0, 1, 18)
    knots = np.linspace(0, 1, len(BROW_LINE))
    x, z, w = (np.interp(at, knots, c) for c in np.array(BROW_LINE).T)
    for _ in range(2):
        x[1:-1], z[1:-1] = (x[:-2] + 2 * x[1:-1] + x[2:]) / 4, (z[:-2] + 2 * z[1:-1] + z[2:]) / 4
    base = surface.front(x, z)
    normal = surface.gradient(base)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    along = np.gradient(base, axis=0)
    across = np.cross(normal, along)
    across /= np.linalg.norm(across, axis=1)[:, None]
    ring = np.radians(np.arange(0, 360, 36))
    rings = (base[:, None] + across[:, None] * (w[:, None] * np.cos(ring))[..., None]
             + normal[:, None] * (0.0004 + 0.0024 * np.sin(ring))[None, :, None])
    left = tube(rings, "Brows")
    both = join([left, left.mirrored()])
    both.shapes = follow(skin_co, skin_shapes, both.co)
    both.jaw = None
    return both


def _upper_lid(ring: Array) -> Array:
    """Upper half of a lid loop from its +x corner to the other one."""
    return ring[:len(ring) // 2 + 1]


def lashes(skin_co: Array, skin_shapes: dict[str, Array], edge: Array, mirror: Array) -> Part:
    """Dark upper lash lines with a wing at the outer corners, riding on the lid edge.

    `edge` holds the vertices of the left eye's lid edge, `mirror` each skin vertex's partner."""
    line = _upper_lid(edge)
    base = skin_co[line]
    outward = base - EYE_CENTRE
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    at = np.linspace(0, 1, len(line))
    width = 1e-3 * np.interp(at, [0, 0.08, 0.35, 0.8, 1.0], [0.3, 1.5, 1.5, 0.9, 0.2])
    across = np.cross(np.gradient(base, axis=0), outward)
    across /= np.linalg.norm(across, axis=1)[:, None]
    ring = np.radians(np.arange(0, 360, 45))
    rings = (base[:, None] + across[:, None] * (width[:, None] * np.cos(ring))[..., None]
             + outward[:, None] * (0.0006 + 0.9 * width[:, None] * np.sin(ring))[..., None])
    flicks = [(n, _flick(base[n], across[n], *size)) for n, size in LASH_FLICKS.items()]
    tubes = [(line.repeat(len(ring)), line[[0, -1]], rings)]
    tubes += [(np.full(flick[..., 0].size, line[n]), line[[n, n]], flick) for n, flick in flicks]
    left, right = [], []
    for riders, ends, rings in tubes:
        part = tube(rings, "Lashes")
        ride = np.concatenate([riders, ends])
        other = part.mirrored()
        part.shapes = {k: d[ride] for k, d in skin_shapes.items()}
        other.shapes = {k: d[mirror[ride]] for k, d in skin_shapes.items()}
        left.append(part)
        right.append(other)
    both = join(left + right)
    both.shapes = {k: d for k, d in both.shapes.items() if np.abs(d).max() > 1e-5}
    return both


# Single lashes at the outer corner: index along the upper lid -> reach outwards and upwards, half width (mm).
LASH_FLICKS = {2: (5.2, 2.2, 1.5), 4: (4.2, 3.8, 1.4)}


def _flick(root: Array, across: Array, out: float, up: float, width: float) -> Array:
    """Rings [R, 8, 3] of one curved lash from `root` (m)."""
    at = np.linspace(0, 1, 6)[:, None]
    reach = np.array([[out, 0.35 * out, up]]) * 1e-3
    line = root + at * reach + at * (1 - at) * np.array([[0.4, -1.2, -0.8]]) * 1e-3
    ring = np.radians(np.arange(0, 360, 45))
    radius = width * 1e-3 * (1 - at) ** 0.7 + 1e-5
    forward = np.array([0.0, -1.0, 0.0])
    return (line[:, None] + radius[..., None] * (np.cos(ring)[:, None] * across + np.sin(ring)[:, None] * forward))


# Left cheek's freckles: x, z (m).
FRECKLES = ((0.022, -0.034), (0.029, -0.0385), (0.036, -0.033), (0.0425, -0.0385), (0.032, -0.0445), (0.0495, -0.034),
            (0.0055, -0.0145))


def freckles(skin_co: Array, skin_shapes: dict[str, Array]) -> Part:
    """Small flat discs on cheeks and nose that follow the skin."""
    x, z = np.array(FRECKLES).T
    base = surface.front(x, z)
    normal = surface.gradient(base)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    side = np.cross(normal, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1)[:, None]
    up = np.cross(side, normal)
    ring = np.radians(np.arange(0, 360, 45))
    left = []
    for n in range(len(base)):
        r = 0.00125 if n % 2 else 0.00095
        disc = base[n] + r * (np.cos(ring)[:, None] * side[n] + np.sin(ring)[:, None] * up[n])
        disc = surface.project(disc) + 0.00025 * normal[n]
        left.append(Part(np.vstack([disc, base[n] + 0.00035 * normal[n]]),
                         [(8, (b + 1) % 8, b) for b in range(8)], ["Freckles"] * 8))
    half = join(left)
    both = join([half, half.mirrored()])
    both.shapes = follow(skin_co, skin_shapes, both.co)
    return both


def follow(skin_co: Array, skin_shapes: dict[str, Array], co: Array, reach: float = 1e-5) -> dict[str, Array]:
    """Shapes of points on the skin, from the eight nearest skin vertices; those under `reach` m are left out."""
    distance = np.linalg.norm(co[:, None] - skin_co[None], axis=2)
    near = np.argsort(distance, axis=1)[:, :8]
    weight = 1.0 / (np.take_along_axis(distance, near, 1) + 5e-4) ** 2
    weight /= weight.sum(1, keepdims=True)
    moved = {k: (d[near] * weight[..., None]).sum(1) for k, d in skin_shapes.items()}
    return {k: d for k, d in moved.items() if np.abs(d).max() > reach}

