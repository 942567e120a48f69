# SPDX-License-Identifier: GPL-3.0-or-later
"""Mouth and jaw shapes of the skin as displacement fields [N, 3] in metres.

Lips are moved loop by loop; the skin around follows through `Spreader`. Upper and lower vertices with the
same place along the seam get the same movement wherever a shape must keep the lips sealed.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import surface
from .params import HINGE, JAW_FORWARD, JAW_OPEN_ANGLE, JAW_SIDE, SEAM_Z
from .skin import CONTACT_FRONT, LIP_LOOPS, Skin, ring_angles, seam_z
from .spread import Spreader

Array = np.ndarray
MM = 1e-3


def smoothstep(a: float, b: float, x: Array) -> Array:
    """0 at a, 1 at b, smooth between (b may be below a)."""
    t = np.clip((x - a) / (b - a), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def rotate_jaw(co: Array, angle: float) -> Array:
    """Positions after the jaw bone turned by `angle` (rad) about the hinge."""
    c, s = np.cos(angle), np.sin(angle)
    y, z = co[:, 1] - HINGE[0], co[:, 2] - HINGE[1]
    return np.stack([co[:, 0], HINGE[0] + c * y - s * z, HINGE[1] + s * y + c * z], 1)


def bump(co: Array, centre: tuple, radius: float) -> Array:
    """Gaussian weight [N] around a point; `radius` (m) is the standard deviation."""
    return np.exp(-((co - np.array(centre)) ** 2).sum(1) / (2 * radius * radius))


class MouthShapes:
    """Builds the fields of all mouth and jaw shapes for a skin."""

    def __init__(self, skin: Skin) -> None:
        self.co, lay = skin.co, skin.layout
        n = len(self.co)
        self.loop = np.full(n, -1)
        self.alpha = np.zeros(n)
        for loop in LIP_LOOPS:
            ring = lay.ring("m", loop)
            self.loop[ring], self.alpha[ring] = loop, ring_angles(len(ring))
        self.mouth = self.loop >= 0
        self.bag_end = np.array([k[0] == "b" for k in lay.keys])
        self.t, self.s = np.cos(self.alpha), np.sin(self.alpha)
        self.upper = self.mouth & (self.s > 1e-6)
        self.lower = self.mouth & (self.s < -1e-6)
        depth = np.interp(self.loop, [9, 10, 11, 12, 13], [1, 1, 0.75, 0.35, 0])
        self.soft = np.where(self.mouth, depth, 0.0)
        self.contact = np.zeros(n, int)
        front_ring = lay.ring("m", CONTACT_FRONT)
        for loop in LIP_LOOPS:
            self.contact[lay.ring("m", loop)] = front_ring
        partner = front_ring[(-np.arange(len(front_ring))) % len(front_ring)]
        self.opposite = np.arange(n)
        self.opposite[front_ring] = partner
        eyes = np.array([k[0] in ("eL", "eR") and k[1] >= 3 for k in lay.keys])
        inner = self.mouth | self.bag_end
        x, y, z = self.co.T
        reach = np.hypot(x / 0.066, (z - SEAM_Z) / 0.052) + np.maximum(y + 0.03, 0) / 0.03
        nose = (np.abs(x) < 0.013) & (z > -0.036)
        self.spread = Spreader(lay.edges(), n, (reach < 1) & (z < -0.022) & ~inner & ~eyes & ~nose)
        self.jaw = self._jaw_weight(lay.edges(), inner, eyes)

    def _jaw_weight(self, edges: Array, inner: Array, eyes: Array) -> Array:
        """How much of the jaw's movement each vertex follows, 0..1."""
        x, y, z = self.co.T
        chin = (z < -0.086) & (y < -0.052) & (z > -0.112)
        still = (z > -0.030) | eyes | (y > 0.03) | (z < -0.160)
        w = chin.astype(float)
        side = np.abs(self.s) ** np.interp(self.loop, [9, 12], [0.9, 0.4])
        corner = 0.42
        w[self.mouth] = np.where(self.s < 0, corner + (1 - corner) * side, corner * (1 - side))[self.mouth]
        end = self.bag_end
        w[end] = smoothstep(SEAM_Z + 0.008, SEAM_Z - 0.008, z[end])
        free = ~(chin | still | inner)
        return np.clip(Spreader(edges, len(w), free).fill(w[:, None])[:, 0], 0.0, 1.0)

    def _finish(self, d: Array) -> Array:
        d = np.where(self.mouth[:, None], d * self.soft[:, None], 0.0)
        return self.spread.fill(d)

    def _vector(self, x: Array | float = 0.0, y: Array | float = 0.0, z: Array | float = 0.0) -> Array:
        """Field from millimetres: x outwards on both sides, y forwards, z upwards."""
        n = len(self.co)
        sign = np.sign(np.where(np.abs(self.co[:, 0]) < 1e-7, 0, self.co[:, 0]))
        return MM * np.stack([np.broadcast_to(x, n) * sign, np.broadcast_to(-np.asarray(y), n),
                              np.broadcast_to(z, n)], 1)

    def split(self, d: Array, left: bool, width: float = 0.012) -> Array:
        """The left or the right part of a two-sided field; the two parts add up to it."""
        w = smoothstep(-width, width, self.co[:, 0] if left else -self.co[:, 0])
        return d * w[:, None]

    def jaw_open(self) -> Array:
        return self.jaw[:, None] * (rotate_jaw(self.co, JAW_OPEN_ANGLE) - self.co)

    def jaw_move(self, x: float, y: float) -> Array:
        """Jaw shifted by x (to +x) and y (to +y) metres; sideways both lips go half the way and stay together."""
        d = self.jaw[:, None] * np.array([x, y, 0.0])
        if x == 0.0:
            return d
        lips = self._finish(np.tile([0.5 * x, 0.0, 0.0], (len(self.co), 1)) - d)
        return d + lips

    def close(self) -> Array:
        """Brings the lips of the jawOpen pose back together, undistorted, 38 % of the way down the gap."""
        opened = self.jaw_open()
        here, there = opened[self.contact], opened[self.opposite[self.contact]]
        top = np.where(self.upper[:, None], here, there)
        bottom = np.where(self.upper[:, None], there, here)
        d = top + 0.38 * (bottom - top) - opened
        d[~self.mouth] = 0.0
        fade = np.interp(self.loop, [10, 11, 12, 13], [1, 0.8, 0.35, 0])
        return self.spread.fill(d * fade[:, None])

    def narrow(self, scale: float, forward: float, forward_corner: float) -> Array:
        """Corners moved towards the middle by `scale` along the line between the lips, lips moved forwards (mm)."""
        x = self.co[:, 0]
        new = x * scale
        d = np.zeros_like(self.co)
        d[:, 0] = new - x
        z = seam_z(x)
        d[:, 1] = surface.front(new, z)[:, 1] - surface.front(x, z)[:, 1]
        d[:, 2] = seam_z(new) - z
        w = (1 - self.t ** 2) ** 0.7
        d[:, 1] -= MM * (forward_corner + (forward - forward_corner) * w)
        return d

    def pucker(self) -> Array:
        d = self.narrow(0.46, 11.0, 6.0)
        arch = (1 - self.t ** 2) ** 0.6
        d += self._vector(z=np.where(self.upper, -0.3, np.where(self.lower, -1.2, 0)) * arch)
        border = np.interp(self.loop, [4, 5, 6], [1, 0.6, 0])
        d += self._vector(y=-2.0 * border, z=np.sign(self.s) * 1.2 * border * arch)
        return self._finish(d)

    def funnel(self) -> Array:
        d = self.narrow(0.56, 10.5, 5.5)
        arch = (1 - self.t ** 2) ** 0.5
        d += self._vector(z=np.where(self.upper, 2.2, np.where(self.lower, -6.8, 0)) * arch)
        border = np.interp(self.loop, [4, 5, 6, 7], [1, 0.7, 0.3, 0])
        d += self._vector(y=-2.5 * border, z=np.sign(self.s) * 1.0 * border * arch)
        return self._finish(d)

    def corners(self, power: float, **mm: float) -> Array:
        """Corners moved (mm, see `_vector`), fading towards the middle; the same for both lips."""
        w = np.abs(self.t) ** power
        return self._finish(self._vector(**{k: v * w for k, v in mm.items()}))

    def smile(self) -> Array:
        d = self.corners(2.3, x=7.5, y=-5.0, z=10.0)
        return d + self._cheeks(out=2.0, up=3.5)

    def _cheeks(self, out: float, up: float) -> Array:
        """Cheeks bulging (mm) outwards and upwards below the eyes, on both sides."""
        x, y, z = self.co.T
        folded = np.stack([np.abs(x), y, z], 1)
        w = bump(folded, (0.048, -0.075, -0.034), 0.014) * ~self.mouth * ~self.bag_end
        return w[:, None] * self._vector(x=0.5 * out, y=out, z=up)

    def press(self) -> Array:
        height = self.co[:, 2] - seam_z(self.co[:, 0])
        thin = np.interp(self.loop, [4, 7, 8], [0.35, 0.45, 0]) * self.mouth
        d = self._vector(y=-1.8 * np.interp(self.loop, [4, 5, 7, 8], [0.3, 1, 1, 0])) * np.abs(self.s)[:, None]
        d[:, 2] -= thin * height
        d += self._vector(x=1.0 * np.abs(self.t) ** 2, y=-1.0 * np.abs(self.t) ** 2)
        return self._finish(d)

    def roll(self, which: Array, lift: float, depth: float) -> Array:
        """One lip rolled in over the teeth by `depth` mm; `lift` is the share of its height that disappears."""
        height = self.co[:, 2] - seam_z(self.co[:, 0])
        k = self.loop
        amount = np.abs(self.s) ** 0.6 * which
        back = np.interp(k, [4, 5, 6, 7, 8, 9, 10, 11], [0.3, 0.75, 1.0, 1.0, 0.8, 0.6, 0.4, 0.15])
        d = self._vector(y=-depth * back)
        d[:, 2] -= height * np.interp(k, [4, 7, 8], [lift, 0.9, 0])
        return self._finish(d * amount[:, None])

    def shrug_lower(self) -> Array:
        arch = (1 - np.abs(self.t) ** 3)
        d = self._vector(y=np.where(self.lower, 2.2, 0.4) * arch, z=np.where(self.lower, 4.6, 1.8) * arch)
        chin = bump(self.co, (0, -0.088, -0.093), 0.014) * ~self.mouth * ~self.bag_end
        return self._finish(d) + chin[:, None] * self._vector(y=1.0, z=3.5)

    def shrug_upper(self) -> Array:
        arch = (1 - np.abs(self.t) ** 3)
        return self._finish(self._vector(y=np.where(self.upper, 2.4, 0.6) * arch, z=2.4 * arch))

    def upper_up(self) -> Array:
        arch = (1 - np.abs(self.t) ** 2.5)
        return self._finish(self._vector(z=6.0 * arch, y=-0.6 * arch) * self.upper[:, None])

    def lower_down(self) -> Array:
        arch = (1 - np.abs(self.t) ** 2.5)
        return self._finish(self._vector(z=-6.5 * arch, y=0.3 * arch) * self.lower[:, None])

    def shift(self, sign: float) -> Array:
        """Whole mouth moved sideways to sign * x."""
        side = self.t * sign
        d = np.zeros_like(self.co)
        d[:, 0] = sign * MM * (9.0 - 2.0 * side)
        x = self.co[:, 0]
        z = seam_z(x)
        d[:, 1] = surface.front(x + d[:, 0], z)[:, 1] - surface.front(x, z)[:, 1]
        d[:, 2] = MM * 1.5 * side * np.abs(side)
        return self._finish(d)

    def puff(self) -> Array:
        d = self._finish(self._vector(y=2.0 * (1 - np.abs(self.t) ** 2), x=-1.0 * np.abs(self.t) ** 2))
        folded = self.co * [0, 1, 1] + np.abs(self.co) * [1, 0, 0]
        w = bump(folded, (0.046, -0.070, -0.050), 0.018) * ~self.mouth * ~self.bag_end
        return d + w[:, None] * self._vector(x=10.0, y=8.0)

    def sneer(self) -> Array:
        folded = self.co * [0, 1, 1] + np.abs(self.co) * [1, 0, 0]
        skin = ~self.mouth * ~self.bag_end
        wing = bump(folded, (0.012, -0.098, -0.026), 0.007) * skin
        fold = bump(folded, (0.022, -0.090, -0.030), 0.010) * skin
        return wing[:, None] * self._vector(x=1.2, z=4.5) + fold[:, None] * self._vector(y=2.2, z=3.5)

    def cheek_squint(self) -> Array:
        return self._cheeks(out=5.0, up=6.0)

    def tongue_out(self) -> Array:
        arch = (1 - np.abs(self.t) ** 2)
        return self._finish(self._vector(z=np.where(self.upper, 0.8, -2.2) * arch * (self.upper | self.lower)))

    def all(self) -> dict[str, Array]:
        """Fields of every mouth and jaw shape by ARKit name."""
        out = {"jawForward": self.jaw_move(0.0, -JAW_FORWARD), "jawLeft": self.jaw_move(JAW_SIDE, 0.0),
               "jawRight": self.jaw_move(-JAW_SIDE, 0.0), "jawOpen": self.jaw_open(), "mouthClose": self.close(),
               "mouthFunnel": self.funnel(), "mouthPucker": self.pucker(), "mouthLeft": self.shift(1.0),
               "mouthRight": self.shift(-1.0), "mouthRollLower": self.roll(self.lower, 0.62, 8.5),
               "mouthRollUpper": self.roll(self.upper, 0.55, 6.0), "mouthShrugLower": self.shrug_lower(),
               "mouthShrugUpper": self.shrug_upper(), "cheekPuff": self.puff(), "tongueOut": self.tongue_out()}
        pairs: dict[str, Callable[[], Array]] = {
            "mouthSmile": self.smile, "mouthPress": self.press, "mouthUpperUp": self.upper_up,
            "mouthLowerDown": self.lower_down, "cheekSquint": self.cheek_squint, "noseSneer": self.sneer,
            "mouthFrown": lambda: self.corners(2.6, x=1.0, y=-1.0, z=-7.0),
            "mouthDimple": lambda: self.corners(3.0, x=4.0, y=-5.0, z=1.0),
            "mouthStretch": lambda: self.corners(1.2, x=8.5, y=-6.0, z=-2.5)}
        for name, make in pairs.items():
            both = make()
            out[name + "Left"], out[name + "Right"] = self.split(both, True), self.split(both, False)
        return out
