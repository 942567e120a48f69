"""Adaptation: the network's coefficients as one person's face shows them, fitted in closed form to a captured take.

    adapted = gain * predicted + offset + features @ weights          features: what *move* makes its coefficients of

Lips that the network seals stay sealed. How strong each channel may change is chosen on frames that the fit did not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .aperture import lip_gap
from .errors import LipsyncError
from .style_steps import with_lips_sealed
from .track import AnimationTrack

MOST_OFFSET = 1.0
"""Seconds that capture and sound may be apart."""
LEAST_OVERLAP = 10.0
"""Seconds that must be captured and heard at once."""
LEAST_R = 0.4
"""Correlation of captured and predicted lip gap below which the capture is not of this sound: pieces of 15 s of FACEGOOD
takes reach 0.35 at most beside another take's sound, and 0.73 at least beside their own."""
LEAST_MOTION = 0.01
"""Standard deviation of a captured channel below which the capture says nothing about it."""
HELD_OUT = 0.25
"""Share of the take, its end, on which is chosen how strong a channel may change."""
BETTER = 0.98
"""A stronger change must lower the held-out error to this share of the weaker one's."""
RIDGES = (np.inf, 10.0, 1.0, 0.1)
"""Penalties per frame on the weights of standardised features, weakest change first; infinity: gain and offset alone."""


@dataclass(frozen=True, slots=True)
class ChannelFit:
    """What adaptation did for one channel, on the held-out end of the take."""

    r_before: float
    """Correlation of predicted and captured; 0 where one of them does not move."""
    r_after: float
    ridge: float | None
    """The penalty chosen; infinity for gain and offset alone, None for a channel left as predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """One person's face to one network."""

    network: str
    """ModelSpec.fingerprint."""
    channels: tuple[str, ...]
    """C names, the network's "arkit" output."""
    gain: NDArray[np.float32]
    """[C]"""
    offset: NDArray[np.float32]
    """[C]"""
    weights: NDArray[np.float32]
    """[F, C]"""
    measured: Mapping[str, ChannelFit]
    """By channel, for those that were captured."""

    def apply(self, arkit: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float32]:
        """[..., C] within 0..1 of the network's outputs of the same frames [..., C] and [..., F]."""
        new = np.clip(arkit * self.gain + self.offset + features @ self.weights, 0, 1)
        before, after = (AnimationTrack(self.channels, rows.reshape(-1, rows.shape[-1]), 1.0) for rows in (arkit, new))
        return with_lips_sealed(after, before).values.reshape(arkit.shape)


def time_offset(captured: AnimationTrack, predicted: AnimationTrack) -> tuple[float, float]:
    """(seconds that the capture is later than the sound, correlation of the lip gaps there).

    Raises LipsyncError where they are too short or do not match.
    """
    best, best_r, longest = 0.0, -1.0, 0.0
    frames = round(MOST_OFFSET * predicted.fps)
    heard = lip_gap(predicted)
    for step in range(-frames, frames + 1):
        seen, during = _on_clock(captured, predicted, step / predicted.fps)
        overlap = len(seen.values) / predicted.fps
        longest = max(longest, overlap)
        if overlap >= LEAST_OVERLAP and (r := correlation(lip_gap(seen), heard[during])) > best_r:
            best, best_r = step / predicted.fps, r
    if longest < LEAST_OVERLAP:
        raise LipsyncError(
            f"Capture and sound overlap for {longest:.1f} s only, and {LEAST_OVERLAP:.0f} s are needed.",
            "Record a longer take.",
        )
    if best_r < LEAST_R:
        raise LipsyncError(
            f"Capture and sound do not match: their lips agree with r = {best_r:.2f} at best within "
            f"{MOST_OFFSET:g} s, and {LEAST_R} is needed.",
            "Check that both are of the same take and begin together.",
        )
    return best, best_r


def fitted(
    captured: AnimationTrack, predicted: AnimationTrack, features: NDArray[np.float32], offset: float, network: str
) -> Adaptation:
    """Of a take that is `offset` seconds later than the prediction [T, C] and its features [T, F]."""
    seen, during = _on_clock(captured, predicted, offset)
    arkit, features = predicted.values[during].astype(np.float64), features[during].astype(np.float64)
    fit = slice(0, round(len(arkit) * (1 - HELD_OUT)))
    rest = slice(fit.stop, None)
    tried, final = _Ridge(features[fit]), _Ridge(features)
    gain, shift = np.ones(len(predicted.names)), np.zeros(len(predicted.names))
    weights = np.zeros((features.shape[1], len(predicted.names)))
    measured: dict[str, ChannelFit] = {}
    for column, name in enumerate(predicted.names):
        if name not in seen.names or seen.channel(name).std() < LEAST_MOTION:
            continue
        was, wanted = arkit[:, column], seen.channel(name).astype(np.float64)
        chosen, best, became = None, np.mean((wanted[rest] - was[rest]) ** 2), was[rest]
        for ridge in RIDGES:
            a, b, w = tried.solve(was[fit], wanted[fit], ridge)
            new = np.clip(a * was[rest] + b + features[rest] @ w, 0, 1)
            if (error := np.mean((wanted[rest] - new) ** 2)) < BETTER * best:
                chosen, best, became = ridge, error, new
        measured[name] = ChannelFit(correlation(was[rest], wanted[rest]), correlation(became, wanted[rest]), chosen)
        if chosen is not None:
            gain[column], shift[column], weights[:, column] = final.solve(was, wanted, chosen)
    if not measured:
        raise LipsyncError("The capture moves none of the network's channels.", "Capture a face that speaks.")
    gain, shift, weights = (part.astype(np.float32) for part in (gain, shift, weights))
    return Adaptation(network, predicted.names, gain, shift, weights, measured)


def correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson's r of two curves; 0 where one of them does not move."""
    a, b = a - np.mean(a), b - np.mean(b)
    size = np.sqrt(np.sum(a * a) * np.sum(b * b))
    return float(np.sum(a * b) / size) if size > 1e-9 else 0.0


class _Ridge:
    """Least squares on features [T, F] that are standardised once for all channels."""

    def __init__(self, features: NDArray[np.float64]) -> None:
        self._mean, self._scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        self._rows = (features - self._mean) / self._scale
        self._values, self._vectors = np.linalg.eigh(self._rows.T @ self._rows / len(features))

    def solve(
        self, was: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float
    ) -> tuple[float, float, NDArray[np.float64]]:
        """Gain, offset and weights [F] on the features as they are."""
        spread = was.var()
        gain = max(float(np.mean((was - was.mean()) * (wanted - wanted.mean()))) / spread, 0.0) if spread > 1e-8 else 1.0
        offset = float(wanted.mean() - gain * was.mean())
        if np.isinf(ridge):
            return gain, offset, np.zeros(len(self._scale))
        left = self._rows.T @ (wanted - gain * was - offset) / len(was)
        weights = self._vectors @ (self._vectors.T @ left / (self._values + ridge)) / self._scale
        return gain, offset - float(self._mean @ weights), weights


def _on_clock(captured: AnimationTrack, predicted: AnimationTrack, offset: float) -> tuple[AnimationTrack, slice]:
    """The capture at those of the prediction's times that it has, and which frames these are."""
    times = predicted.times + offset
    within = np.flatnonzero((times >= captured.start - 1e-6) & (times <= captured.start + captured.duration + 1e-6))
    during = slice(int(within[0]), int(within[-1]) + 1) if len(within) else slice(0, 0)
    return AnimationTrack(captured.names, captured.at(times[during]), predicted.fps), during
