"""Finds the tracker's 478 landmarks on the reference head, for solving faces in videos and for moving faces in
pictures.

    .venvs/video/bin/python scripts/make_reference_face.py ../shared/data

Paints the ICT-FaceKit head (MIT, see lipsync_addon/data/reference) in many poses and expressions, lets MediaPipe's
face landmarker (Apache-2.0) find its landmarks and looks up which point of the surface each of them is on. Writes
lipsync_addon/data/reference/face.npz, and inside_mouth.npz beside it: teeth, gums and tongue of that head.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.core.writing import whole_file
from lipsync_addon.video.face_mesh import INNER_LIPS, IRISES, OUTER_LIPS
from lipsync_addon.video.tracker import LANDMARKS, MediaPipeTracker, mesh_triangles
from scripts.paint_head import FINER, Camera, Head

TARGET = ROOT / "lipsync_addon" / "data" / "reference" / "face.npz"
INSIDE = TARGET.with_name("inside_mouth.npz")
JAW = ("jawOpen", "jawForward", "jawLeft", "jawRight")
PICTURES = 240

NEAR = 14
"""Pixels (fine) within which the skin is looked for where a landmark is beside it: at the rim of the open mouth."""


def expression(random: np.random.Generator) -> dict[str, float]:
    """Coefficients of a random face, its mouth open in most pictures: closed lips hide their rims."""
    chosen = {name: random.uniform(0, 0.35) for name in ARKIT_52 if random.random() < 0.12 and "Close" not in name}
    chosen["jawOpen"] = random.uniform(0.08, 0.5) if random.random() < 0.8 else 0.0
    return chosen


def surface_point(
    head: Head, seen: NDArray[np.float64], faces: NDArray[np.int32], allowed: NDArray[np.bool_], x: float, y: float
) -> tuple[int, NDArray[np.float64]] | None:
    """(face, [4] shares of its corners) under a pixel; None where nothing allowed is near."""
    column, row = int(x * FINER), int(y * FINER)
    top, left = max(row - NEAR, 0), max(column - NEAR, 0)
    part = faces[top : row + NEAR + 1, left : column + NEAR + 1]
    rows, columns = np.nonzero((part >= 0) & allowed[part])
    if not len(rows):
        return None
    nearest = np.argmin(np.hypot(rows + top - row, columns + left - column))
    x, y = (columns[nearest] + left + 0.5) / FINER, (rows[nearest] + top + 0.5) / FINER
    face = int(part[rows[nearest], columns[nearest]])
    corners = seen[head.faces[face]][:, :2]
    shares = np.zeros(4)
    for triangle in ([0, 1, 2], [0, 2, 3]):
        system = np.vstack([corners[triangle].T, np.ones(3)])
        if abs(np.linalg.det(system)) > 1e-9:
            weights = np.linalg.solve(system, [x, y, 1.0])
            if weights.min() > -0.02:
                shares[triangle] = np.clip(weights, 0, 1)
                return face, shares / shares.sum()
    return None


def write_inside(head: Head) -> None:
    """Teeth, gums and tongue in the space of face.npz, and what the jaw does to them."""
    used, faces = np.unique(head.faces[head.inside], return_inverse=True)
    with whole_file(INSIDE) as temporary:
        np.savez_compressed(
            temporary,
            points=head.neutral[used].astype(np.float16),
            faces=faces.reshape(-1, 4).astype(np.uint16),
            colours=head.colours[head.inside].astype(np.uint8),
            names=JAW,
            deltas=np.array([head.deltas[name][used] for name in JAW], np.float16),
        )


def main() -> None:
    """The command."""
    data = Path(sys.argv[1])
    head, random = Head(data / "characters"), np.random.default_rng(0)
    write_inside(head)
    found: list[list[tuple[int, NDArray[np.float64]]]] = [[] for _ in range(LANDMARKS)]
    rims = {*INNER_LIPS, *OUTER_LIPS}
    with MediaPipeTracker(data / "models" / "face_landmarker_v2_with_blendshapes.task", still=True) as tracker:
        for _ in range(PICTURES):
            turn = dict(zip(("yaw", "pitch", "roll"), random.normal(0, (0.22, 0.12, 0.08))))
            camera = Camera(640, 640, **turn, x=random.normal(0, 2), y=random.normal(0, 2))
            coefficients = expression(random)
            picture = head.paint(coefficients, camera)
            points = head.posed(coefficients)
            seen, faces = camera.project(points), head.face_at(points, camera)
            for face in tracker.faces(picture, 0.0)[:1]:
                for index, (x, y, _) in enumerate(face.points):
                    open_enough = coefficients["jawOpen"] > 0.1
                    if index in rims and not open_enough:
                        continue
                    hit = surface_point(head, seen, faces, head.eyes if index in IRISES else head.skin, x, y)
                    if hit:
                        found[index].append(hit)
    neutral = np.zeros((LANDMARKS, 3))
    shares: list[tuple[int, NDArray[np.float64]]] = []
    spread = []
    for index, hits in enumerate(found):
        places = np.array([weights @ head.neutral[head.faces[face]] for face, weights in hits])
        middle = np.median(places, axis=0)
        away = np.linalg.norm(places - middle, axis=1)
        spread.append(np.median(away))
        best = int(away.argmin())
        shares.append(hits[best])
        neutral[index] = places[best]
    names = [name for name in ARKIT_52 if name in head.deltas]
    deltas = np.array(
        [[weights @ head.deltas[name][head.faces[face]] for face, weights in shares] for name in names], np.float32
    )
    with whole_file(TARGET) as temporary:
        np.savez_compressed(
            temporary,
            names=names,
            neutral=neutral.astype(np.float32),
            deltas=deltas.astype(np.float16),
            triangles=mesh_triangles().astype(np.int16),
        )
    print(
        f"{LANDMARKS} landmarks, {len(names)} channels; median scatter {np.median(spread):.3f} cm, "
        f"worst {np.max(spread):.3f} cm"
    )
    print(f"{min(map(len, found))} to {max(map(len, found))} sightings each; {TARGET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
