"""Visemes as mouth shapes: probabilities become weights that move smoothly and still close the lips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .aperture import SEALED, lip_gap
from .channels import VISEMES_15
from .track import AnimationTrack

CONTACTS = ("viseme_PP", "viseme_FF")
"""Lips on lips, lip on teeth: shapes that are there or not."""
DECISION = 1.5
"""Power that makes the likelier shapes clearer: a network in doubt between two says half of each, and a mouth with
half of everything mumbles."""
SMOOTHING = 0.03
"""Seconds, standard deviation: neighbouring sounds colour each other, and single frames do not flicker."""
CLOSED_TOO = 0.15
"""Share of p b m from which the lips close as well where the track's own coefficients seal them."""
FADE = 0.08
"""Seconds in which a contact comes and goes."""


def reach(fps: float) -> int:
    """Frames before and after a frame that blended() looks at."""
    return max(1, int(np.ceil(3 * SMOOTHING * fps))) + int(np.ceil(FADE * fps)) + 1


def blended(track: AnimationTrack) -> AnimationTrack:
    """The visemes of a track as weights for shapes that are mixed; its other channels as they are.

    Their sum over the visemes stays what it was, up to the blur over time. Wherever p b m (f v) is the likeliest
    sound the weight of its shape is all of that sum and every other viseme is 0: a rig without a shape for closed
    lips closes them by that. A sound of one frame is passed over, unless the ARKit coefficients seal the lips.
    The idea of dominance that overlaps is that of Cohen and Massaro (Modeling Coarticulation in Synthetic Visual
    Speech, 1993); the numbers are from looking at curves and renders of real lines.
    """
    names = [name for name in VISEMES_15 if name in track.names]
    if not names or len(track.values) == 0:
        return track
    columns = [track.names.index(name) for name in names]
    given = track.values[:, columns].astype(np.float64)
    total = given.sum(1, keepdims=True)
    clear = (given / np.maximum(total, 1e-6)) ** DECISION
    clear *= total / np.maximum(clear.sum(1, keepdims=True), 1e-6)
    smooth = _blurred(clear, SMOOTHING * track.fps)
    values = track.values.copy()
    values[:, columns] = _with_contacts(smooth, names, _sealed(track), FADE * track.fps)
    return track.with_values(values)


def _sealed(track: AnimationTrack) -> NDArray[np.bool_]:
    """[T] where the ARKit coefficients say that the lips touch; nowhere if the track has none."""
    if "mouthClose" not in track.names or "jawOpen" not in track.names:
        return np.zeros(len(track.values), bool)
    return lip_gap(track) < SEALED


def _with_contacts(
    weights: NDArray[np.float64], names: list[str], sealed: NDArray[np.bool_], fade: float
) -> NDArray[np.float64]:
    """`weights` [T, V] with each contact full where it is the likeliest, faded in and out over `fade` frames."""
    total = weights.sum(1, keepdims=True)
    likeliest = weights.argmax(1)
    wanted = np.zeros_like(weights)
    contacts = [names.index(name) for name in CONTACTS if name in names]
    for column in contacts:
        held = likeliest == column
        if names[column] == CONTACTS[0]:
            held |= sealed & (weights[:, column] > CLOSED_TOO * total[:, 0]) & ~np.isin(likeliest, contacts)
        wanted[:, column] = _faded(held & (total[:, 0] > 0), fade)
    # Two contacts side by side share: together never more than all of it.
    wanted /= np.maximum(wanted.sum(1, keepdims=True), 1.0)
    return weights * (1 - wanted.sum(1, keepdims=True)) + wanted * total


def _faded(held: NDArray[np.bool_], fade: float) -> NDArray[np.float64]:
    """[T] 1 where held, a half cosine down to 0 within `fade` frames before and after."""
    distance = np.full(len(held), np.inf)
    (frames,) = np.nonzero(held)
    if len(frames):
        here = np.arange(len(held))
        after = np.clip(np.searchsorted(frames, here), 0, len(frames) - 1)
        before = np.maximum(after - 1, 0)
        distance = np.minimum(abs(frames[after] - here), abs(here - frames[before]))
    return 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance / max(fade, 1e-6), 1.0))


def _blurred(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian over time; `sigma` in frames, the ends are held."""
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)
