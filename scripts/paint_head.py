"""Paints the ICT-FaceKit head under known ARKit coefficients, seen by a camera: pictures whose truth is known.

A painter's algorithm over OpenCV's polygons: far faces first, lit by one lamp beside the camera. Enough for a face
tracker to find a face; needs neither Blender nor a graphics card.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

COLOURS = {
    "Face": (205, 150, 125), "Head and Neck": (205, 150, 125), "Mouth socket": (70, 20, 20),
    "Gums and tongue": (170, 75, 75), "Teeth": (235, 230, 215),
}  # fmt: skip
"""RGB of each part; the rest is the white of the eye."""
LIPS, BROWS, HAIR = (176, 92, 88), (70, 48, 38), (50, 36, 30)
OVERLAYS = ("Lacrimal fluid", "Eye blend", "Eye occlusion", "Eyelashes")
BACKGROUND = (150, 165, 175)
LAMP = np.array([0.23, 0.32, 0.92])
"""From where the light comes, in the camera's space."""
FINER = 2
"""Pixels painted for one that is kept, along each side."""


@dataclass(frozen=True, slots=True)
class Camera:
    """In front of the head, looking at it."""

    width: int = 480
    height: int = 480
    focal: float = 3.2
    """In picture heights."""
    distance: float = 90.0
    """cm from the head's middle"""
    yaw: float = 0.0
    """rad, of the head to its left"""
    pitch: float = 0.0
    """rad, of the head downwards"""
    roll: float = 0.0
    """rad, of the head towards its left shoulder"""
    x: float = 0.0
    """cm, of the head to its left"""
    y: float = 0.0
    """cm, upwards"""

    def rotation(self) -> NDArray[np.float64]:
        """[3, 3] from the head's space (x its left, y up, z forward) to the camera's, same axes."""
        yaw, pitch, roll = (
            np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in (self.yaw, self.pitch, self.roll)
        )
        turn = np.eye(3)
        for pair, part in (((0, 2), yaw.T), ((1, 2), pitch), ((0, 1), roll.T)):
            step = np.eye(3)
            step[np.ix_(pair, pair)] = part
            turn = step @ turn
        return turn

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """[N, 3] of the head's space, cm -> [N, 3]: x right and y down in pixels, then nearness in cm."""
        seen = points @ self.rotation().T + [self.x, self.y, 0]
        scale = self.focal * self.height / (self.distance - seen[:, 2])
        return np.stack([self.width / 2 + seen[:, 0] * scale, self.height / 2 - seen[:, 1] * scale, seen[:, 2]], axis=1)


class Head:
    """The head with its shapes under ARKit names."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds ict_face.npz and ict_to_arkit.tsv."""
        with np.load(folder / "ict_face.npz", allow_pickle=False) as data:
            self.neutral = data["neutral"].astype(np.float64)
            faces, ranges = data["faces"], data["part_ranges"]
            names = [str(name) for name in data["part_names"]]
            shapes, deltas = [str(name) for name in data["expression_names"]], data["deltas"]
            self.landmarks = data["idx_to_landmark_verts"]
        with open(folder / "ict_to_arkit.tsv", encoding="utf-8", newline="") as file:
            arkit = {row["ict"]: row["arkit"] for row in csv.DictReader(file, delimiter="\t")}
        self.middle = self.neutral[self.landmarks[27:48]].mean(0) * [0, 1, 1] - [0, 3.0, 8.0]
        self.neutral -= self.middle
        self.deltas: dict[str, NDArray[np.float32]] = {}
        for name, delta in zip(shapes, deltas, strict=True):
            self.deltas[arkit[name]] = self.deltas.get(arkit[name], 0) + delta.astype(np.float32)
        part = np.zeros(len(faces), int)
        for number, (_, _, first, last) in enumerate(ranges):
            part[first : last + 1] = number
        shown = np.array([not name.startswith(OVERLAYS) for name in names])[part]
        faces, part = faces[shown], part[shown]
        self.faces = np.where(faces < 0, faces[:, [2]], faces)
        """[F, 4] of all that is seen"""
        self.colours = np.array([COLOURS.get(name, (240, 238, 235)) for name in names], float)[part]
        self.skin = part == names.index("Face")
        """[F] which of them are skin in front"""
        self.eyes = np.isin(part, [names.index("Eyeball left"), names.index("Eyeball right")])
        """[F] which of them are eyeballs"""
        self.inside = np.isin(part, [names.index("Gums and tongue"), names.index("Teeth")])
        """[F] which of them are teeth, gums and tongue"""
        self._paint_face(part, names)

    def _paint_face(self, part: NDArray[np.intp], names: list[str]) -> None:
        """Lips, brows, irises and hair, by place: the head has no texture."""
        centre, marks = self.neutral[self.faces].mean(1), self.neutral[self.landmarks]
        lips = np.concatenate([marks[48:60]])[:, :2].astype(np.float32)
        face = part == names.index("Face")
        inside = np.array([cv2.pointPolygonTest(lips, (float(x), float(y)), False) >= 0 for x, y, _ in centre])
        self.colours[face & inside & (centre[:, 2] > marks[48, 2] - 1.5)] = LIPS
        for brow in (marks[17:22], marks[22:27]):
            for a, b in zip(brow, brow[1:]):
                along = np.clip((centre - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
                near = np.linalg.norm((centre - (a + along[:, None] * (b - a)))[:, :2], axis=1)
                self.colours[face & (near < 0.28)] = BROWS
        top = marks[17:27, 1].max()
        self.colours[(part == names.index("Head and Neck")) & (centre[:, 1] > top + 2.5)] = HAIR
        for name in ("Eyeball left", "Eyeball right"):
            ball = part == names.index(name)
            off = np.linalg.norm((centre - centre[ball].mean(0))[:, :2], axis=1)
            front = ball & (centre[:, 2] > centre[ball][:, 2].mean())
            self.colours[front & (off < 0.62)] = (90, 70, 45)
            self.colours[front & (off < 0.28)] = (12, 10, 10)

    def posed(self, coefficients: Mapping[str, float]) -> NDArray[np.float64]:
        """[V, 3] cm; channels that the head has not are left out."""
        points = self.neutral.copy()
        for name, weight in coefficients.items():
            if weight and name in self.deltas:
                points += weight * self.deltas[name]
        return points

    def paint(self, coefficients: Mapping[str, float], camera: Camera) -> NDArray[np.uint8]:
        """[H, W, 3] RGB"""
        points = self.posed(coefficients)
        corners = points[self.faces] @ camera.rotation().T
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        light = 0.42 + 0.58 * np.abs(normals @ LAMP)
        colours = np.clip(self.colours * light[:, None], 0, 255).astype(int)
        picture = np.full((camera.height * FINER, camera.width * FINER, 3), BACKGROUND, np.uint8)
        self._fill(picture, points, camera, colours.tolist())
        return cv2.resize(picture, (camera.width, camera.height), interpolation=cv2.INTER_AREA)

    def face_at(self, points: NDArray[np.float64], camera: Camera) -> NDArray[np.int32]:
        """[H, W] * FINER: which of `faces` is seen at each pixel, -1 where there is none."""
        picture = np.full((camera.height * FINER, camera.width * FINER), -1, np.int32)
        self._fill(picture, points, camera, list(range(len(self.faces))))
        return picture

    def _fill(self, picture: NDArray, points: NDArray[np.float64], camera: Camera, colours: list) -> None:
        """All faces, the farthest first."""
        seen = camera.project(points)[self.faces]
        outlines = np.round(seen[:, :, :2] * FINER * 16).astype(np.int32)
        for face in np.argsort(seen[:, :, 2].mean(1)):
            cv2.fillConvexPoly(picture, outlines[face], colours[face], cv2.LINE_8, 4)
