"""Learns what the tracker's landmarks say about each ARKit coefficient, and how far that can be trusted.

    .venvs/video/bin/python scripts/learn_face_solve.py ../shared/data runs/painted

A reference head that is bent to a tracker's landmarks explains them, but not in one way only: a funnel looks like jaw
and lips together, and the tracker rounds off what it seldom saw. So heads whose coefficients are known are painted (the
ICT-FaceKit head, widened, lengthened and with other noses and mouths, in other skins and lights, turned a little),
tracked, and a linear map from landmarks to coefficients is found. video/solve.py takes what it says as what is likely
beforehand. Writes lipsync_addon/data/reference/solve.npz of all heads, and prints mean error and r of every channel on
heads that did not teach it. Painted heads are kept in the second folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lipsync_addon.core.channels import ARKIT_52, opposite
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.writing import whole_file
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.video.face_mesh import reference_face
from lipsync_addon.video.head_pose import fit_poses, steady_weights, upright
from lipsync_addon.video.solve import Likely, coefficients, solve_face
from lipsync_addon.video.tracker import MediaPipeTracker
from scripts import paint_head
from scripts.paint_head import Camera, Head

TARGET = ROOT / "lipsync_addon" / "data" / "reference" / "solve.npz"
HEADS, RESTING, SPOKEN, MIXED = 8, 6, 26, 60
"""Heads, and frames of each: at rest, of speech, of expressions at random."""
RIDGE = 20.0
"""cm^2 that a weight of 1 costs."""
THRESHOLDS, GAINS = np.arange(0, 0.2, 0.02), (1.0, 1.3, 1.6, 2.0)
"""Tried for what is taken off a channel, so that it is still at rest, and for what it is multiplied with then. Not for
the mouth's, which speech moves by as little."""
Array = NDArray[np.float64]


def shaped(head: Head, random: np.random.Generator) -> None:
    """Gives the head other proportions and another skin."""
    before = head.neutral.copy()
    points = before * random.normal(1, 0.06, 3)
    for _ in range(5):
        at = before[head.landmarks[random.integers(68)]]
        near = np.exp(-((before - at) ** 2).sum(1) / 18)[:, None]
        points = points + near * random.normal(0, 0.35, 3) * [0.6, 1, 1]
    head.neutral = points
    tint = random.uniform(0.45, 1.1) * random.uniform(0.92, 1.08, 3)
    head.colours = np.clip(head.colours * tint, 0, 255)


def expression(names: list[str], random: np.random.Generator) -> dict[str, float]:
    """Some channels at random, mostly the same on both sides."""
    chosen = {name: random.uniform(0.1, 0.9) for name in names if random.random() < 0.16}
    for name in names:
        other = opposite(name)
        paired = (
            name.endswith("Left") and random.random() < 0.8 and not name.startswith(("jaw", "mouthLeft", "eyeLook"))
        )
        if paired and other in names:
            if name in chosen:
                chosen[other] = chosen[name]
            else:
                chosen.pop(other, None)
    if random.random() < 0.5:
        chosen["jawOpen"] = random.uniform(0, 0.5)
    chosen["mouthClose"] = chosen.get("mouthClose", 0) * chosen.get("jawOpen", 0)
    return chosen


def painted(data: Path, number: int, kept: Path) -> dict[str, NDArray]:
    """kind [F], truth [F, C] and points [F, 478, 3] of one head."""
    file = kept / f"head{number}.npz"
    if not file.exists():
        random, head = np.random.default_rng(100 + number), Head(data / "characters")
        if number:
            shaped(head, random)
        lamp = np.array([random.normal(0, 0.5), random.normal(0.3, 0.3), 1.0])
        paint_head.LAMP = lamp / np.linalg.norm(lamp)
        line = sorted((ROOT / "examples" / "lines").glob("*.flac"))[number % 3]
        predictor = Predictor.load(providers=["CPU"])
        track = animate(open_sound(line, predictor.spec.sample_rate), predictor).track.resampled(12)
        spoken = [dict(zip(track.names, map(float, values))) for values in track.values[4 : 4 + SPOKEN]]
        names = [name for name in ARKIT_52 if name in head.deltas]
        frames = [("rest", {})] * RESTING + [("speech", each) for each in spoken]
        frames += [("mixed", expression(names, random)) for _ in range(MIXED)]
        rows = []
        with MediaPipeTracker(data / "models" / "face_landmarker_v2_with_blendshapes.task", still=True) as tracker:
            for kind, wanted in frames:
                turn = dict(zip(("yaw", "pitch", "roll", "x", "y"), random.normal(0, (0.15, 0.08, 0.05, 1, 1))))
                for face in tracker.faces(head.paint(wanted, Camera(480, 480, **turn)), 0.0)[:1]:
                    rows.append((kind, [wanted.get(name, 0.0) for name in names], face.points))
        kept.mkdir(parents=True, exist_ok=True)
        kinds, truth, points = zip(*rows)
        with whole_file(file) as temporary:
            np.savez(temporary, kind=kinds, truth=np.array(truth), points=np.array(points))
    with np.load(file) as found:
        return {name: found[name] for name in found.files}


def moved(points: NDArray[np.floating], kind: NDArray) -> Array:
    """[F, 478, 3] cm from the head's own rest, in its space."""
    face, seen = reference_face(), upright(points)
    resting = seen[kind == "rest"]
    neutral = np.median(fit_poses(resting, face.neutral, steady_weights(seen.shape[1])).to_head(resting), axis=0)
    nothing = Likely(np.zeros((2 * seen.shape[1], len(face.names))), *np.zeros((2, len(face.names))))
    return solve_face(points, neutral, nothing).poses.to_head(seen) - neutral


def learned(shapes: Array, truth: Array) -> Likely:
    """Ridge regression, then for each channel that is not the mouth's the threshold and gain of least mean error."""
    flat = shapes[:, :, :2].reshape(len(shapes), -1)
    weights = np.linalg.solve(flat.T @ flat + RIDGE * np.eye(flat.shape[1]), flat.T @ truth)
    found = flat @ weights
    chosen = [
        (0.0, 1.0)
        if name.startswith(("jaw", "mouth"))
        else min(
            (float(np.abs(np.clip((found[:, c] - least) * gain, 0, 1) - truth[:, c]).mean()), least, gain)
            for least in THRESHOLDS
            for gain in GAINS
        )[1:]
        for c, name in enumerate(reference_face().names)
    ]
    least, gain = np.array(chosen).T
    return Likely(weights, least, gain)


def correlation(a: Array, b: Array) -> float:
    """r; nan where the channel never moves."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-3 else float("nan")


def main() -> None:
    """The command."""
    cv2.setNumThreads(1)
    heads = [painted(Path(sys.argv[1]), number, Path(sys.argv[2])) for number in range(HEADS)]
    shapes = [moved(head["points"], head["kind"]) for head in heads]
    truth = [head["truth"] for head in heads]
    results: list[Array] = []
    for half in (0, 1):  # each half of the heads by what the other one taught
        taught = learned(*(np.concatenate(each[1 - half :: 2]) for each in (shapes, truth)))
        results += [coefficients(shape, taught) for shape in shapes[half::2]]
    order = [*range(0, HEADS, 2), *range(1, HEADS, 2)]
    found, wanted = np.concatenate(results), np.concatenate([truth[i] for i in order])
    kind = np.concatenate([heads[i]["kind"] for i in order])
    for column, name in enumerate(reference_face().names):
        parts = []
        for which in ("mixed", "speech"):
            own = kind == which
            error = np.abs(found[own, column] - wanted[own, column]).mean()
            parts.append(f"{which} {error:.3f} {correlation(found[own, column], wanted[own, column]):5.2f}")
        print(f"{name:20} {'   '.join(parts)}")
    for which in ("mixed", "speech"):
        own = kind == which
        r = [correlation(a, b) for a, b in zip(found[own].T, wanted[own].T)]
        print(f"{which}: mean error {np.abs(found[own] - wanted[own]).mean():.4f}, mean r {np.nanmean(r):.3f}")
    likely = learned(np.concatenate(shapes), np.concatenate(truth))
    with whole_file(TARGET) as temporary:
        np.savez_compressed(
            temporary, weights=likely.weights.astype(np.float16), least=likely.least, gain=likely.gain
        )
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
