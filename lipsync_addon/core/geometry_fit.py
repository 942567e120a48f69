"""A rig profile without names: what each channel does to a reference head is done with the keys that a mesh has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .bounded_fit import bounded_fit
from .channels import opposite
from .lip_geometry import BINS, Mouth, find_mouth
from .mesh_shapes import KeyOffsets, MeshShapes
from .mouth_measure import AROUND, find_places, measure
from .rig_profile import JawRule, KeyRule, RigProfile

REFERENCE = Path(__file__).parent.parent / "data" / "reference" / "mouth.json"
FITTED = "fitted"
"""Id of a profile that was fitted."""
LABEL = "Fitted to the mesh"
"""What its label begins with."""
HIGHEST = 1.5
"""Most of a key that full channel asks for: a key that does too little reaches its end early."""
ALIKE = 0.25
"""Cosine: a key that points less than this towards what is still wanted is no way to it."""
SMALL = 0.15
"""Share of what is wanted below which a key's part is left out."""
HELPS = 0.45
"""Share of what is wanted that keys have to give; else they would do something else, and the mouth does without."""
SURE = 0.35
"""Share of the reference's motion below which a fit is not offered: those keys are no mouth's."""
FINE = 0.72
"""Share from which the keys can play ARKit's coefficients; with less they are played as the shapes of sounds."""
OWN = 0.3
"""Share of its own furthest motion that a key must move the surroundings of the lips, to be one of the mouth."""
SHAPES = 0.07
"""How much more of the shapes of sounds than of the coefficients keys have to show to be played as the former."""
NEARLY = 0.05
"""Weights this near to 1 are 1."""
TRACE = 0.03
"""Weights below this are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The measured head."""

    channels: tuple[str, ...]
    """C"""
    measures: NDArray[np.float64]
    """[C, FEATURES]"""
    visemes: tuple[str, ...]
    """V"""
    poses: NDArray[np.float64]
    """[V, C] a full viseme as coefficients."""
    usage: NDArray[np.float64]
    """[C, C] mean product of two channels over speech."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A mapping that was solved, as a profile."""

    profile: RigProfile
    confidence: float
    """0..1: share of the reference's motion in speech that the mesh can show."""
    by_sounds: bool
    """The keys are played as shapes of sounds, not as coefficients."""
    mouth: Mouth
    """Where it was measured."""


@cache
def reference() -> Reference:
    """The head that comes along, data/reference/README.md."""
    data = json.loads(REFERENCE.read_text(encoding="utf-8"))
    channels = tuple(data["motions"])
    poses = np.zeros((len(data["visemes"]), len(channels)))
    for row, pose in enumerate(data["visemes"].values()):
        for name, value in pose.items():
            poses[row, channels.index(name)] = value
    usage = np.zeros((len(channels), len(channels)))
    heard = [channels.index(name) for name in data["heard"]]
    usage[np.ix_(heard, heard)] = data["usage"]
    measures = measure(np.array([data["motions"][name] for name in channels]))
    return Reference(channels, measures, tuple(data["visemes"]), poses, usage)


def fit(meshes: Sequence[MeshShapes], jaw: Mapping[str, KeyOffsets] | None = None) -> Fit | None:
    """The keys of one character as a mouth, by what they do and not by their names.

    `jaw`: for each mesh what the jaw bone moves at jawOpen 1, if it turns beside the keys. None where nothing parts two
    lips, or where the keys can show too little of what speech needs.
    """
    jaw = jaw or {}
    mouth = find_mouth([with_jaw(mesh, jaw.get(mesh.owner)) for mesh in meshes])
    if mouth is None:
        return None
    mesh = next(mesh for mesh in meshes if mesh.owner == mouth.owner)
    places = find_places(mesh, mouth)
    head = reference()
    motions = {name: places.motion(key) for name, key in mesh.keys.items()}
    names = [name for name, motion in motions.items() if _is_of_mouth(motion, name, meshes, mouth)]
    if not names:
        return None
    moves = np.array([measure(motions[name]) for name in names])
    bone = measure(places.motion(jaw[mesh.owner])) if mesh.owner in jaw else np.zeros_like(head.measures[0])
    weights, turns = _coefficients(moves, head, bone)
    played = weights @ moves + np.outer(turns, bone)
    share = _explained(played, head.measures, head.usage)
    channels: Sequence[str] = head.channels
    wanted = head.poses @ head.measures
    shapes = even(sparse_fit(moves, wanted, 1.0), moves, head.visemes)
    by_shapes = _explained(shapes @ moves, wanted, np.eye(len(wanted)))
    by_sounds = not bone.any() and by_shapes > share + (SHAPES if share > FINE else 0.0)
    if by_sounds:
        shapes[[head.visemes.index(f"viseme_{sound}") for sound in ("sil", "PP")]] = 0.0
        channels, weights, share = head.visemes, shapes, by_shapes
    if share < SURE or not weights.any():
        return None
    rules = tuple(
        KeyRule((name,), {channel: _tidy(w) for channel, w in zip(channels, column, strict=True) if abs(w) > TRACE})
        for name, column in zip(names, weights.T, strict=True)
        if (np.abs(column) > TRACE).any()
    )
    turning = {channel: round(float(turn), 3) for channel, turn in zip(head.channels, turns) if turn}
    profile = RigProfile(
        id=FITTED,
        label=f"{LABEL}, {share:.0%} sure",
        shape_keys=rules,
        jaws=(JawRule(turning, 0.35, "X", beside=True),) if bone.any() else (),
        detail=1 if by_sounds else 3,
        source=f"Measured on '{mesh.owner}': what the keys do to the lips, against the reference head",
        exact=True,
    )
    return Fit(profile, share, by_sounds, mouth)


def _is_of_mouth(motion: NDArray[np.float64], name: str, meshes: Sequence[MeshShapes], mouth: Mouth) -> bool:
    """Not a key of the tongue or of the body, that takes the lips along a little."""
    most = max(mesh.reach(name) for mesh in meshes) / mouth.width
    return float(np.linalg.norm(motion, axis=1).max()) > OWN * most


def _tidy(weight: float) -> float:
    """Nearly 1 is 1: such a key is the channel's own, and is read back as that."""
    return 1.0 if abs(weight - 1.0) < NEARLY else round(float(weight), 3)


def with_jaw(mesh: MeshShapes, jaw: KeyOffsets | None) -> MeshShapes:
    """The mesh with the turn of its jaw bone as one more key, without a name."""
    return mesh if jaw is None else replace(mesh, keys={**mesh.keys, "": jaw})


def _coefficients(
    moves: NDArray[np.float64], head: Reference, bone: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[C, K] keys for each channel, and [C] how far the jaw bone turns with it.

    mouthClose means nothing without jawOpen: it is what brings the lips together while the jaw is open. Where no key
    does that, it takes back what jawOpen does, so that both together close the lips.
    """
    opened, closed = (head.channels.index(name) for name in ("jawOpen", "mouthClose"))
    turns = np.zeros(len(head.channels))
    turns[opened] = float(bone.any())
    wanted = head.measures - np.outer(turns, bone)
    weights = even(sparse_fit(moves, wanted, HIGHEST), moves, head.channels)
    together = (wanted[opened] + wanted[closed])[None]
    both = even(sparse_fit(moves, together, HIGHEST), moves, ("both",))[0]
    ways = [(weights[closed], 0.0), (both - weights[opened], 0.0), (-weights[opened], -turns[opened])]
    weights[closed], turns[closed] = min(
        ways, key=lambda way: _left((weights[opened] + way[0]) @ moves + (turns[opened] + way[1]) * bone, head)
    )
    return weights, turns


def _left(played: NDArray[np.float64], head: Reference) -> float:
    """How far a mouth that should be closed over an open jaw is off: all of it, and the opening again."""
    opened, closed = (head.channels.index(name) for name in ("jawOpen", "mouthClose"))
    off = played - head.measures[opened] - head.measures[closed]
    first = 3 * (2 * BINS + len(AROUND))
    return float((off**2).sum() + 20 * (np.maximum(off[first : first + BINS], 0) ** 2).sum())


def sparse_fit(moves: NDArray[np.float64], wanted: NDArray[np.float64], high: float) -> NDArray[np.float64]:
    """[S, K] from 0 to `high`: few keys for each row of `wanted` [S, F].

    First with a price on every key (Tibshirani's lasso, 1996), so that what nearly does the whole is not mended with a
    little of everything; then the keys that are left without the price.
    """
    lengths = np.linalg.norm(moves, axis=1) + 1e-12
    aims = np.linalg.norm(wanted, axis=1) + 1e-12
    unit = moves / lengths[:, None]
    found = np.zeros((len(wanted), len(moves)))
    for row, (aim, length) in enumerate(zip(wanted, aims, strict=True)):
        goal = (aim / length)[None]
        part = _lasso(unit, goal[0], high * lengths / length)
        (chosen,) = np.nonzero(part > SMALL)
        if len(chosen):
            limit = high * lengths[chosen] / length
            part = bounded_fit(unit[chosen], goal, 0.0, limit, 1e-3)[0]
            if 1.0 - ((part @ unit[chosen] - goal[0]) ** 2).sum() > HELPS:
                found[row, chosen] = part * length / lengths[chosen]
    return found


def _lasso(unit: NDArray[np.float64], goal: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """[K] least |x @ unit - goal|^2 / 2 + ALIKE * sum(x), 0 <= x <= high."""
    squares, aim = unit @ unit.T, unit @ goal - ALIKE
    x = np.zeros(len(unit))
    (moving,) = np.nonzero(aim > 0)
    for _ in range(200):
        most = 0.0
        for k in moving:
            new = min(max(x[k] + aim[k] - x @ squares[:, k], 0.0), high[k])
            most, x[k] = max(most, abs(new - x[k])), new
        if most < 1e-6:
            break
    return x


def even(
    weights: NDArray[np.float64], moves: NDArray[np.float64], channels: Iterable[str]
) -> NDArray[np.float64]:
    """The same keys for both sides: sculpted halves differ a little, and a mouth that pulls to one side is seen."""
    channels = tuple(channels)
    mirrored = mirror(moves)
    lengths = np.linalg.norm(moves, axis=1) + 1e-12
    off = np.linalg.norm(mirrored[:, None] - moves[None], axis=2) / np.maximum(lengths[:, None], lengths[None])
    partner = off.argmin(1)
    partner = np.where(off[np.arange(len(off)), partner] < 0.3, partner, np.arange(len(off)))
    rows = {channel: row for row, channel in enumerate(channels)}
    other = [rows.get(opposite(channel), row) for row, channel in enumerate(channels)]
    return (weights + weights[other][:, partner]) / 2


def mirror(measures: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., FEATURES] of the same motion on the other side."""
    count = 2 * BINS + len(AROUND)
    rims = np.arange(BINS)[::-1]
    around = [AROUND.index((part, -x if x else x, z)) for part, x, z in AROUND]
    places = np.concatenate([rims, BINS + rims, 2 * BINS + np.array(around)])
    points = measures[..., : 3 * count].reshape(*measures.shape[:-1], count, 3)[..., places, :] * (-1, 1, 1)
    lines = measures[..., 3 * count : 3 * count + 3 * BINS].reshape(*measures.shape[:-1], 3, BINS)[..., ::-1]
    rest = measures[..., 3 * count + 3 * BINS :]
    shape = measures.shape[:-1]
    return np.concatenate([points.reshape(*shape, -1), lines.reshape(*shape, -1), rest], -1)


def _explained(played: NDArray[np.float64], wanted: NDArray[np.float64], usage: NDArray[np.float64]) -> float:
    """Share of the wanted motion that is there, over poses as often as they are used."""
    off = played - wanted
    return 1.0 - float(np.einsum("cf,cd,df->", off, usage, off) / np.einsum("cf,cd,df->", wanted, usage, wanted))
