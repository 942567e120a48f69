"""Moves the face in a picture: its mesh is bent by ARKit coefficients, and the picture goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.aperture import LIP_GAP
from .face_mesh import INNER_LIPS, OUTER_LIPS, OVAL, reference_face
from .head_pose import Poses, upright
from .inner_mouth import mouth_fit, paint_inside

LIP_PAIRS = ((191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324))
"""Upper and lower inner rim from the right corner to the left one, without the corners."""
OUTER_PAIRS = ((40, 91), (39, 181), (37, 84), (37, 84), (0, 17), (267, 314), (267, 314), (269, 405), (270, 321))
"""The outer rims above and below them."""
EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((263, 466, 388, 387, 386, 385, 384, 398, 362), (263, 249, 390, 373, 374, 380, 381, 382, 362)),
)
"""Upper and lower rim of the right eye and of the left one."""
RINGS = ((1.22, 0.7), (1.6, 0.0))
"""Around the face: distance from its middle, in that of its rim, and how far it goes with the face."""
LOWER_SHARE = 0.7
"""Of the closing of a mouth that is open in the picture: what the lower lip does."""
LID_OVERLAP = 0.2
"""Of the open eye: how far an upper lid that comes down reaches over the lower one, so that no white is left."""
SMILE = ("mouthSmileLeft", "mouthSmileRight")
SMILE_CORNERS = ((308, 291), (78, 61))
"""Inner and outer corner of the mouth on the side of each of SMILE."""
USUAL_SMILE = 0.05
"""cm that corners may lie higher than the reference face's before they count as smiling: mouths differ."""
RELAXED = 0.06
"""Opening of the lips, in distances of the outer eye corners, at which a smile of the picture has gone: corners
that stay up beside a jaw that falls make a grin of every vowel."""
BESIDE = 0.7
"""cm beside the lips in which skin goes with them when their line straightens."""
PIVOT = np.array([0.0, -9.0, -6.0])
"""cm in the head's space: about which a head turns, in the neck."""


@cache
def mesh() -> NDArray[np.int64]:
    """[T, 3] triangles of the face, the eyes, and the rings around it; the points of ring k follow the 478."""
    triangles = []
    for upper, lower in EYES:
        for i in range(len(upper) - 1):
            triangles += [[upper[i], upper[i + 1], lower[i]], [upper[i + 1], lower[i + 1], lower[i]]]
    lids = {point for upper, _ in EYES for point in upper[1:-1]}
    # What is drawn later covers: the skin the eyes, the upper lids all.
    triangles += sorted(reference_face().triangles.tolist(), key=lambda triangle: not lids.isdisjoint(triangle))
    count = len(OVAL)
    inner = list(OVAL)
    for number in range(len(RINGS)):
        outer = [478 + number * count + i for i in range(count)]
        for i in range(count):
            j = (i + 1) % count
            triangles += [[inner[i], inner[j], outer[i]], [inner[j], outer[j], outer[i]]]
        inner = outer
    return np.array([t for t in triangles if len(set(t)) == 3])


@dataclass(frozen=True, slots=True, eq=False)
class FaceInPicture:
    """A face as it is in a picture, ready to be moved."""

    points: NDArray[np.float64]
    """[478, 3] landmarks in pixels, y up, z forward"""
    rotation: NDArray[np.float64]
    """[3, 3] from cm in the head's space to the camera's"""
    scale: float
    """Pixels per cm"""
    shift: NDArray[np.float64]
    """[3] pixels, y up"""
    own: NDArray[np.float64]
    """[C] coefficients that the face has already, of reference_face().names"""
    smile: float
    """How far the picture smiles at rest, as a coefficient of SMILE"""
    unsmile: NDArray[np.float64]
    """[478, 3] cm, what takes that smile away"""
    fit: tuple[NDArray[np.float64], float]
    """As inner_mouth.mouth_fit gives it"""
    light: NDArray[np.float64]
    """[3] how bright it is, 1 in daylight"""

    @classmethod
    def at(
        cls,
        picture: NDArray[np.uint8],
        points: NDArray[np.floating],
        poses: Poses,
        index: int,
        own: NDArray[np.float64],
        neutral: NDArray[np.float64],
    ) -> FaceInPicture:
        """`points` [478, 3] as a tracker gives them; `poses`, `own` and `neutral` as solve.SolvedFace holds them."""
        smile, unsmile = _smile(neutral)
        return cls(
            upright(points), poses.rotation[index], float(poses.scale[index]), poses.shift[index], own,
            smile, unsmile, mouth_fit(neutral + unsmile), _light(picture, points),
        )  # fmt: skip

    def moved(self, wanted: NDArray[np.float64], turn: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """[478, 3] where the landmarks are under `wanted` [C] coefficients and a `turn` [3, 3] of the head.

        A mouth that smiles in the picture stops smiling as it opens or rounds. The rims of the lips are as far apart as
        the coefficients say, whatever they are in the picture: a mouth that is open in the picture closes. So do lids.
        """
        face = reference_face()
        change = np.einsum("c,cpk->pk", wanted - self.own, face.deltas) + self._spoken(wanted) * self.unsmile
        points = self.points + self.scale * change @ self.rotation.T
        asked = np.einsum("c,cpk->pk", wanted, face.deltas)
        down = -self.rotation[:, 1]
        for (up, low), (above, below) in zip(LIP_PAIRS, OUTER_PAIRS):
            gap = self.scale * max(float(asked[up, 1] - asked[low, 1]), 0.0)
            excess = float((points[low] - points[up]) @ down) - gap
            for inner, outer, share in ((low, below, LOWER_SHARE), (up, above, LOWER_SHARE - 1)):
                points[inner] -= share * excess * down
                points[outer] -= 0.5 * share * excess * down
        for upper, lower in EYES:
            for up, low in zip(upper[1:-1], lower[1:-1]):
                before = float((self.points[low] - self.points[up]) @ down)
                left = float((points[low] - points[up]) @ down)
                points[up] += max(LID_OVERLAP * before - left, 0.0) * down
        if turn is not None:
            pivot = self.scale * self.rotation @ PIVOT + self.shift
            points = (points - pivot) @ turn.T + pivot
        return points

    def _spoken(self, wanted: NDArray[np.float64]) -> float:
        """0..1: how much of the picture's own smile speech takes away; a smile that is wanted comes instead of it."""
        values = dict(zip(reference_face().names, wanted.tolist()))
        gap = sum(LIP_GAP.get(name, 0.0) * value for name, value in values.items())
        spoken = max(gap / RELAXED, values["mouthPucker"] + values["mouthFunnel"])
        smiled = sum(values[name] for name in SMILE) / 2
        return max(_smooth(spoken), min(smiled / max(self.smile, 1e-6), 1.0))

    def render(
        self, picture: NDArray[np.uint8], wanted: NDArray[np.float64], turn: NDArray[np.float64] | None = None
    ) -> NDArray[np.uint8]:
        """[H, W, 3] the picture with the face moved and the mouth's inside painted."""
        points = self.moved(wanted, turn)
        result = warped(picture, _with_rings(self.points), _with_rings(self.points, points))
        ring = points[list(INNER_LIPS)][:, :2] * [1, -1]
        rotation, shift = self.scale * self.rotation, self.shift
        if turn is not None:
            pivot = rotation @ PIVOT + shift
            rotation, shift = turn @ rotation, turn @ (shift - pivot) + pivot
        names = reference_face().names
        paint_inside(result, ring, dict(zip(names, wanted.tolist())), (rotation, shift), self.fit, self.light)
        return result


def _smile(neutral: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """(mean coefficient of SMILE by how high the corners of a `neutral` [478, 3] mouth lie in cm; [478, 3] what takes
    it away). The line between the lips, which bends with a smile, straightens to the reference face's."""
    face = reference_face()
    change = np.zeros_like(neutral)
    found = []
    for name, corners in zip(SMILE, SMILE_CORNERS):
        lift = [points[list(corners), 1].mean() - points[[13, 14], 1].mean() for points in (neutral, face.neutral)]
        shape = face.deltas[face.names.index(name)]
        whole = shape[list(corners), 1].mean() - shape[[13, 14], 1].mean()
        found.append(float(np.clip((lift[0] - lift[1] - USUAL_SMILE) / whole, 0.0, 0.8)))
        change -= found[-1] * shape
    if not any(found):
        return 0.0, np.zeros_like(neutral)
    straight = neutral + change
    x, line = _lip_line(straight)
    there, wanted = _lip_line(face.neutral)
    along = (face.neutral[:, 0] - there[0]) / np.ptp(there)
    bend = np.interp(along, (x - x[0]) / np.ptp(x), line) - np.interp(along, (there - there[0]) / np.ptp(there), wanted)
    lips = face.neutral[[*INNER_LIPS, *OUTER_LIPS]]
    beside = np.linalg.norm(face.neutral[:, None, :2] - lips[None, :, :2], axis=2).min(1)
    change[:, 1] -= bend * np.exp(-((beside / BESIDE) ** 2))
    return float(np.mean(found)), change


def _lip_line(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(x, y above its middle) of the line between the lips, from the right corner to the left one."""
    pairs = ((INNER_LIPS[0],) * 2, *LIP_PAIRS, (INNER_LIPS[10],) * 2)
    line = np.array([points[list(pair), :2].mean(0) for pair in pairs])
    return line[:, 0], line[:, 1] - line[len(line) // 2, 1]


def _smooth(share: float) -> float:
    """0..1, without a kink at its ends."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _with_rings(still: NDArray[np.float64], moved: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """[478 + rings, 2] in pixels, y down; the rings around `still` go with `moved` as far as RINGS says."""
    rim, middle = still[list(OVAL)], still[list(OVAL)].mean(0)
    parts = [still if moved is None else moved]
    for distance, share in RINGS:
        ring = middle + distance * (rim - middle)
        parts.append(ring if moved is None else ring + share * (moved[list(OVAL)] - rim))
    return np.concatenate(parts)[:, :2] * [1, -1]


def warped(picture: NDArray[np.uint8], source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.uint8]:
    """[H, W, 3] the picture with its mesh moved from `source` to `target` [P, 2]; what is outside stays."""
    triangles = mesh()
    height, width = picture.shape[:2]
    low = np.clip(np.floor(target.min(0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(target.max(0)).astype(int) + 1, low + 1, [width, height])
    numbers = np.full((high[1] - low[1], high[0] - low[0]), -1, np.int32)
    corners = target[triangles] - low
    outlines = np.round(corners * 16).astype(np.int32)
    for number, outline in enumerate(outlines):
        cv2.fillConvexPoly(numbers, outline, number, cv2.LINE_8, 4)
    there = np.concatenate([corners, np.ones((len(triangles), 3, 1))], axis=2)
    there += np.eye(3) * 1e-6  # a triangle without area moves nothing
    maps = np.linalg.solve(there, source[triangles])  # [T, 3, 2]: source = [x, y, 1] @ map
    maps = np.concatenate([maps, [[[1, 0], [0, 1], low]]]).astype(np.float32)  # -1, the last: stays where it is
    own = maps[numbers]
    x = np.arange(numbers.shape[1], dtype=np.float32)[None, :, None]
    y = np.arange(numbers.shape[0], dtype=np.float32)[:, None, None]
    places = own[:, :, 0] * x + own[:, :, 1] * y + own[:, :, 2]
    result = picture.copy()
    result[low[1] : high[1], low[0] : high[0]] = cv2.remap(
        picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return result


def _light(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """[3] mean of the cheeks over those of a light face in daylight, by half towards grey: teeth are not skin."""
    height, width = picture.shape[:2]
    x, y = np.clip(points[[50, 280, 205, 425], :2].astype(int), 0, [width - 1, height - 1]).T
    reach = max(int(np.ptp(points[:, 0]) * 0.03), 1)
    patches = [picture[max(b - reach, 0) : b + reach + 1, max(a - reach, 0) : a + reach + 1] for a, b in zip(x, y)]
    cheek = np.mean([patch.reshape(-1, 3).mean(0) for patch in patches], axis=0)
    level = cheek.mean() / 165
    tint = cheek / max(cheek.mean(), 1) / (np.array([205, 150, 125]) / 160)
    return np.clip(level, 0.3, 1.05) * np.clip(0.5 + 0.5 * tint, 0.8, 1.2)


def turn_of(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """[3, 3] a small turn in the camera's space, from HEAD_ANGLES: to the person's right, down, to the right
    shoulder."""
    vector = np.array([pitch, -yaw, roll])
    return cv2.Rodrigues(vector)[0]
