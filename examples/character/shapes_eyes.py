# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyelid and brow shapes of the skin as displacement fields [N, 3] in metres."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .params import EYE_CENTRE
from .shapes_mouth import bump, smoothstep
from .skin import LID_EDGE, Skin, lid_angles, lid_coordinates, lid_point, ring_angles
from .spread import Spreader

Array = np.ndarray

# How much of the lid edge's turn each loop follows, and where it ends up (eyeball radii) when closed.
FOLLOW = {4: 0.42, 5: 0.86, 6: 1.0, 7: 1.0, 8: 0.5}
CLOSED_RADIUS = {4: 1.08, 5: 1.10, 6: 1.095, 7: 1.04, 8: 0.95}


class EyeShapes:
    """Builds the fields of all eyelid and brow shapes for a skin."""

    def __init__(self, skin: Skin) -> None:
        self.lay, self.co = skin.layout, skin.co
        eye = np.array([k[0] == "eL" for k in self.lay.keys])
        loop = np.array([k[1] if k[0] == "eL" else -1 for k in self.lay.keys])
        self.left_lids = eye & (loop >= 4)
        self.lids = self.left_lids | self.left_lids[self.lay.mirror]
        near = bump(self.co, EYE_CENTRE, 0.026) > 0.35
        near &= (self.co[:, 1] < EYE_CENTRE[1]) & (np.abs(self.co[:, 0]) > 0.008)
        mouth = np.array([k[0] in "mb" for k in self.lay.keys])
        self.mouth = mouth
        self.spread = Spreader(self.lay.edges(), len(self.co), ((eye & (loop < 4)) | near) & ~self.left_lids & ~mouth)

    def lids_to(self, upper: Callable[[Array, Array], Array], lower: Callable[[Array, Array], Array],
                closed: float = 0.0, sideways: float = 0.0) -> Array:
        """Left lids turned so that their edges reach the elevations given as functions of the neutral upper
        and lower edge elevation (rad); `closed` 0..1 moves the loops out to `CLOSED_RADIUS`."""
        d = np.zeros_like(self.co)
        for loop, follow in FOLLOW.items():
            ring = self.lay.ring("eL", loop)
            beta = ring_angles(len(ring))
            over = np.minimum(beta, 2 * np.pi - beta)
            edge, top, bottom = (lid_angles(b)[1] for b in (beta, over, -over))
            goal = np.where(beta <= np.pi, upper(top, bottom), lower(top, bottom))
            goal = np.where(np.abs(np.sin(beta)) < 1e-6, edge, goal)
            azimuth, elevation, radius = lid_coordinates(self.co[ring])
            rise = closed * np.where((beta > np.pi) & (loop < LID_EDGE), 0.2, 1.0)
            end = radius + rise * np.maximum(CLOSED_RADIUS[loop] - radius, 0.0) * np.sin(beta) ** 2
            start = edge if loop == 7 and closed == 1.0 else elevation
            after = lid_point(azimuth + follow * sideways * np.sin(beta) ** 2, start + follow * (goal - edge), end)
            d[ring] = after - self.co[ring]
        return self.spread.fill(d)

    def brow(self, centre: tuple, radius: float, move: tuple) -> Array:
        """Left brow skin around `centre` moved by `move` (m)."""
        w = bump(self.co, centre, radius) * ~self.lids * ~self.mouth
        loops = np.array([{3: 0.35, 2: 0.7}.get(k[1], 1.0) if k[0] in ("eL", "eR") else 1.0 for k in self.lay.keys])
        return (w * loops)[:, None] * np.array(move)

    def left(self) -> dict[str, Array]:
        """Fields of the left side's shapes by ARKit name."""
        deg = np.radians

        def mix(share: float) -> Callable[[Array, Array], Array]:
            return lambda top, bottom: top + share * (bottom - top)

        keep_top, keep_bottom = mix(0.0), mix(1.0)
        inner, middle, outer = (0.020, -0.092, 0.038), (0.040, -0.086, 0.043), (0.060, -0.070, 0.036)
        down = (self.brow(inner, 0.013, (-0.0035, -0.001, -0.0075)) + self.brow(middle, 0.012, (-0.001, 0, -0.004))
                + self.brow(outer, 0.012, (0, 0, -0.001)))
        return {
            "eyeBlinkLeft": self.lids_to(mix(0.72), mix(0.705), closed=1.0),
            "eyeLookDownLeft": self.lids_to(mix(0.36), lambda t, b: b - deg(3), closed=0.3),
            "eyeLookUpLeft": self.lids_to(lambda t, b: t + deg(7), mix(0.93)),
            "eyeLookInLeft": self.lids_to(keep_top, keep_bottom, sideways=-deg(5)),
            "eyeLookOutLeft": self.lids_to(keep_top, keep_bottom, sideways=deg(5)),
            "eyeSquintLeft": self.lids_to(mix(0.15), mix(0.68), closed=0.3),
            "eyeWideLeft": self.lids_to(lambda t, b: t + deg(9), lambda t, b: b - deg(3)),
            "cheekSquintLeft": self.lids_to(keep_top, mix(0.80)),
            "browDownLeft": down,
            "browOuterUpLeft": self.brow(outer, 0.013, (0.001, 0.001, 0.0095))
            + self.brow(middle, 0.011, (0, 0, 0.0045)),
        }

    def mirrored(self, d: Array) -> Array:
        """The field of the other side."""
        return d[self.lay.mirror] * [-1, 1, 1]

    def all(self) -> dict[str, Array]:
        """Fields of every eye and brow shape by ARKit name."""
        out: dict[str, Array] = {}
        for name, d in self.left().items():
            out[name] = d
            out[name.replace("Left", "Right")] = self.mirrored(d)
        up = self.brow((0.017, -0.092, 0.040), 0.013, (0.0, 0.001, 0.0100))
        middle = smoothstep(0.012, 0.0, np.abs(self.co[:, 0]))[:, None]
        both = up + self.mirrored(up)
        out["browInnerUp"] = both * (1 - 0.35 * middle)
        return out
