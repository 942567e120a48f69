"""Fits an Adaptation to a captured take: the shift in time, style and intensity, then the last layer in closed form.

How strong each channel may change is chosen on contiguous blocks, each predicted by a fit to the others. A change is
taken only if it makes no block worse; else the channel stays as the network has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .adaptation import Adaptation, ChannelFit
from .aperture import LIP_GAP, lip_gap
from .controls import Controls, names_of
from .errors import LipsyncError
from .model_spec import ControlSpec
from .track import AnimationTrack

MOST_OFFSET = 1.0
"""Seconds that capture and sound may be apart."""
LEAST_OVERLAP = 10.0
"""Seconds that must be captured and heard at once."""
LEAST_R = 0.4
"""Correlation of captured and predicted lip gap below which the capture is not of this sound: pieces of 15 s of
FACEGOOD takes reach 0.35 at most beside another take's sound, and 0.73 at least beside their own."""
LEAST_MOTION = 0.01
"""Standard deviation of a captured channel below which the capture says nothing about it."""
BLOCK = 6.0
"""Seconds of a block that is held out, if that makes FEWEST to MOST blocks."""
FEWEST, MOST = 4, 10
GUARD = 0.3
"""Seconds on both sides of a held-out block that the fit does not see either: as far as *move* sees."""
BETTER = 0.95
"""A change must lower the squared error on held-out blocks to this share, ..."""
SEEN = 0.003
"""... and its root by this much of a coefficient: less is not seen."""
TELLING, MUCH = 0.01, 0.5
"""It must also raise the correlation by so much, or lower the error to this share: what follows the face already and
is a little off is the noise of a take, not the face."""
RIDGES = (np.inf, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Penalties per frame on the weights of standardised features; infinity: gain and offset alone."""
STRENGTHS = (1.0, 0.75, 0.5, 0.25)
"""How much of the fitted change is made."""
COARSE, FINE = 0.5, 0.25
"""Steps of the shares of styles that are tried, the second ones around the best of the first."""
INTENSITY_STEP = 0.1

Mover = Callable[[Controls], tuple[AnimationTrack, NDArray[np.float32]]]
"""The network's "arkit" [T, C] for the take's sound under these controls, and its "features" [T, F]."""


def time_offset(captured: AnimationTrack, predicted: AnimationTrack) -> tuple[float, float]:
    """(seconds that the capture is later than the sound, correlation of the lip gaps there).

    Raises LipsyncError where they are too short or do not match.
    """
    best, best_r, longest = 0.0, -1.0, 0.0
    frames = round(MOST_OFFSET * predicted.fps)
    heard = lip_gap(predicted)
    for step in range(-frames, frames + 1):
        seen, during = on_clock(captured, predicted, step / predicted.fps)
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
    captured: AnimationTrack, move: Mover, offset: float, network: str, known: Mapping[str, ControlSpec]
) -> Adaptation:
    """Of a take that is `offset` seconds later than the sound. With a style or intensity of its own only if the fit on
    top of it does better on the held-out blocks than the fit without. Raises LipsyncError for a capture that does not
    move.
    """
    take = _Take(captured, move, offset)
    if not take.moving:
        raise LipsyncError("The capture moves none of the network's channels.", "Capture a face that speaks.")
    adaptation, error, _ = take.fitted(Controls(), network)
    controls = fitted_controls(take, known)
    if controls.to_json():
        other, other_error, harmless = take.fitted(controls, network)
        if harmless and other_error < BETTER * error:
            return other
    return adaptation


def fitted_controls(take: _Take, known: Mapping[str, ControlSpec]) -> Controls:
    """The shares of styles whose motion has the most in common with the capture, and the intensity at which the lips
    open as far; neutral where another makes any block worse. Gains and offsets of channels do not count for styles."""
    names = names_of(known, "style")

    @cache
    def unlike(shares: tuple[float, ...]) -> tuple[float, ...]:
        return take.unexplained(Controls(_named(names, shares)))

    def score(shares: tuple[float, ...]) -> float:
        return sum(unlike(shares))

    nothing = (0.0,) * len(names)
    coarse = min(_shares(len(names), COARSE), key=score)
    near = [each for each in _shares(len(names), FINE) if max(map(abs, np.subtract(each, coarse)), default=0) <= FINE]
    best = min([nothing, *near], key=score)
    if not _better(unlike(best), unlike(nothing)):
        best = nothing
    return Controls(_named(names, best), _intensity(take, _named(names, best), known))


def correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson's r of two curves; 0 where one of them does not move."""
    a, b = a - np.mean(a), b - np.mean(b)
    size = np.sqrt(np.sum(a * a) * np.sum(b * b))
    return float(np.sum(a * b) / size) if size > 1e-9 else 0.0


def on_clock(captured: AnimationTrack, predicted: AnimationTrack, offset: float) -> tuple[AnimationTrack, slice]:
    """The capture at those of the prediction's times that it has, and which frames these are."""
    times = predicted.times + offset
    within = np.flatnonzero((times >= captured.start - 1e-6) & (times <= captured.start + captured.duration + 1e-6))
    during = slice(int(within[0]), int(within[-1]) + 1) if len(within) else slice(0, 0)
    return AnimationTrack(captured.names, captured.at(times[during]), predicted.fps), during


Layer = tuple[float, float, NDArray[np.float64]]
"""Gain, offset and weights [F] of one channel."""


class _Take:
    """A captured take beside what the network makes of its sound."""

    def __init__(self, captured: AnimationTrack, move: Mover, offset: float) -> None:
        self._move = cache(move)
        self.neutral, _ = self._move(_NEUTRAL)
        self.seen, self._during = on_clock(captured, self.neutral, offset)
        names = [name for name in self.neutral.names if name in self.seen.names]
        self.moving = [name for name in names if self.seen.channel(name).std() >= LEAST_MOTION]
        self.blocks = _blocks(len(self.seen.values), self.neutral.fps)

    def predicted(self, controls: Controls) -> tuple[AnimationTrack, NDArray[np.float64]]:
        """The prediction and its features at the capture's times."""
        track, features = self._move(controls if controls.to_json() else _NEUTRAL)
        return track.with_values(track.values[self._during]), features[self._during].astype(np.float64)

    def unexplained(self, controls: Controls) -> tuple[float, ...]:
        """Share of the captured motion of each block that gains and offsets of the prediction's channels leave."""
        values = self.predicted(controls)[0].select(self.moving).values.astype(np.float64)
        wanted = self.seen.select(self.moving).values.astype(np.float64)
        return tuple(_unexplained(values[block], wanted[block]) for block in self.blocks)

    def opening_errors(self, controls: Controls) -> tuple[float, ...]:
        """Mean squared error of the lips' opening in each block, by the channels that were captured."""
        off = lip_gap(self.predicted(controls)[0].select(self.moving)) - lip_gap(self.seen.select(self.moving))
        return tuple(float(np.var(off[block])) for block in self.blocks)

    def fitted(self, controls: Controls, network: str) -> tuple[Adaptation, float, bool]:
        """(the layer on top of these controls, its error on held-out blocks, whether no block of a channel gets
        worse)."""
        track, features = self.predicted(controls)
        plain = self.predicted(_NEUTRAL)[0]
        solver = _Solver(features, self.blocks, round(GUARD * track.fps))
        gain, shift = np.ones(len(track.names)), np.zeros(len(track.names))
        weights = np.zeros((features.shape[1], len(track.names)))
        measured: dict[str, ChannelFit] = {}
        total, harmless = 0.0, True
        for names in _pairs(self.moving):
            wanted = self.seen.select(names).values.astype(np.float64)
            was, neutral = (each.select(names).values.astype(np.float64) for each in (track, plain))
            fits, layers, errors, base = solver.chosen(was, wanted, neutral)
            total += len(names) * errors.mean() / wanted.var(axis=0).mean()
            harmless &= bool((errors <= base).all())
            for name, fit, layer in zip(names, fits, layers, strict=True):
                column = track.names.index(name)
                measured[name], (gain[column], shift[column], weights[:, column]) = fit, layer
        gain, shift, weights = (part.astype(np.float32) for part in (gain, shift, weights))
        return Adaptation(network, track.names, gain, shift, weights, measured, controls), total, harmless


@dataclass(frozen=True, slots=True)
class _Fold:
    """Some of the frames, for least squares on them."""

    frames: NDArray[np.bool_]
    mean: NDArray[np.float64]
    values: NDArray[np.float64]
    vectors: NDArray[np.float64]


class _Solver:
    """Ridge regression on features [T, F] that are standardised once for all channels, on all blocks or all but one."""

    def __init__(self, features: NDArray[np.float64], blocks: Sequence[slice], guard: int) -> None:
        self._centre, self._scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        self._rows = (features - self._centre) / self._scale
        self._blocks = blocks
        self._whole = self._fold(slice(0, 0))
        self._others = [self._fold(slice(max(block.start - guard, 0), block.stop + guard)) for block in blocks]

    def chosen(
        self, was: NDArray[np.float64], wanted: NDArray[np.float64], neutral: NDArray[np.float64]
    ) -> tuple[list[ChannelFit], list[Layer], NDArray[np.float64], NDArray[np.float64]]:
        """The fit and layer of each channel [T, K] of a pair, which change alike, and the errors of the blocks with
        it and before it."""
        base, r_base = self._errors(neutral, wanted), _r(neutral, wanted)
        best, errors, r_best = (0.0, np.inf), self._errors(was, wanted), _r(was, wanted)
        limit = min(BETTER * errors.mean(), max(np.sqrt(errors.mean()) - SEEN, 0) ** 2)
        for ridge in RIDGES:
            held_out = self._held_out(was, wanted, ridge)
            for strength in STRENGTHS:
                new = np.clip(was + strength * (held_out - was), 0, 1)
                error, r = self._errors(new, wanted), _r(new, wanted)
                tells = np.mean(r) >= np.mean(r_base) + TELLING or error.mean() <= MUCH * base.mean()
                if error.mean() < limit and (error <= base).all() and np.mean(r) >= np.mean(r_base) and tells:
                    limit, best, errors, r_best = error.mean(), (strength, ridge), error, r
        strength, ridge = best
        fits = [ChannelFit(before, after, strength, ridge) for before, after in zip(r_base, r_best, strict=True)]
        pairs = zip(was.T, wanted.T, strict=True)
        layers = [self._layer(one, other, ridge, strength) for one, other in pairs]
        return fits, layers, errors, base

    def _layer(self, was: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float, strength: float) -> Layer:
        """Of the whole take, on the features as they are."""
        if not strength:
            return 1.0, 0.0, np.zeros(self._rows.shape[1])
        gain, offset, weights = self._solved(self._whole, was, wanted, ridge)
        weights = strength * weights / self._scale
        return 1 + strength * (gain - 1), strength * offset - float(self._centre @ weights), weights

    def _held_out(self, was: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
        """[T, K] every block as a fit to the others has it."""
        new = np.empty_like(was)
        for block, fold in zip(self._blocks, self._others, strict=True):
            for k in range(was.shape[1]):
                gain, offset, weights = self._solved(fold, was[:, k], wanted[:, k], ridge)
                new[block, k] = gain * was[block, k] + offset + self._rows[block] @ weights
        return new

    def _errors(self, values: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """[B] mean squared error of each block."""
        square = ((values - wanted) ** 2).mean(axis=1)
        return np.array([square[block].mean() for block in self._blocks])

    def _fold(self, without: slice) -> _Fold:
        frames = np.ones(len(self._rows), bool)
        frames[without] = False
        rows = self._rows[frames]
        mean = rows.mean(axis=0)
        return _Fold(frames, mean, *np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows)))

    def _solved(self, fold: _Fold, was: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float) -> Layer:
        """On the standardised features."""
        was, wanted = was[fold.frames], wanted[fold.frames]
        spread = was.var()
        both = float(np.mean((was - was.mean()) * (wanted - wanted.mean())))
        gain = max(both / spread, 0.0) if spread > 1e-8 else 1.0
        offset = float(wanted.mean() - gain * was.mean())
        if np.isinf(ridge):
            return gain, offset, np.zeros(self._rows.shape[1])
        left = (self._rows[fold.frames] - fold.mean).T @ (wanted - gain * was - offset) / len(was)
        weights = fold.vectors @ (fold.vectors.T @ left / (fold.values + ridge))
        return gain, offset - float(fold.mean @ weights), weights


_NEUTRAL = Controls()


def _intensity(take: _Take, styles: Mapping[str, float], known: Mapping[str, ControlSpec]) -> float:
    """At which the lips open as far as the captured ones; 1 where another makes any block worse."""
    control = next((each for each in known.values() if each.kind == "intensity"), None)
    if control is None or not set(take.moving) & set(LIP_GAP):
        return 1.0
    sizes = np.round(np.arange(control.low, control.high + 1e-6, INTENSITY_STEP), 3).tolist()
    errors = {size: take.opening_errors(Controls(styles, size)) for size in {1.0, *sizes}}
    best = min(errors, key=lambda size: sum(errors[size]))
    return best if _better(errors[best], errors[1.0]) else 1.0


def _better(new: Sequence[float], old: Sequence[float]) -> bool:
    """Whether errors of blocks are smaller on the whole and none is larger."""
    return sum(new) < BETTER * sum(old) and all(a <= b for a, b in zip(new, old, strict=True))


def _blocks(count: int, fps: float) -> list[slice]:
    """Contiguous blocks of about the same length."""
    number = int(np.clip(count / fps / BLOCK, FEWEST, MOST))
    edges = np.linspace(0, count, number + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in zip(edges, edges[1:])]


def _pairs(names: Sequence[str]) -> list[list[str]]:
    """Left and right of a channel together, so that no mouth becomes lopsided."""
    pairs: dict[str, list[str]] = {}
    for name in names:
        pairs.setdefault(name.removesuffix("Left").removesuffix("Right"), []).append(name)
    return list(pairs.values())


def _r(values: NDArray[np.float64], wanted: NDArray[np.float64]) -> list[float]:
    return [correlation(one, other) for one, other in zip(values.T, wanted.T, strict=True)]


def _unexplained(values: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """0..1 share of the motion [T, C] that is wanted which gain and offset of each channel leave."""
    values, wanted = values - values.mean(axis=0), wanted - wanted.mean(axis=0)
    both, alone = (values * wanted).sum(axis=0), (values * values).sum(axis=0)
    explained = np.maximum(both, 0) ** 2 / np.maximum(alone, 1e-9)
    return float(1 - explained.sum() / max((wanted * wanted).sum(), 1e-9))


def _shares(count: int, step: float) -> list[tuple[float, ...]]:
    """All that are whole steps and add up to 1 at most, nothing of any first."""
    found: list[tuple[float, ...]] = [()]
    for _ in range(count):
        found = [(*each, k * step) for each in found for k in range(int((1 - sum(each)) / step + 1e-9) + 1)]
    return found


def _named(names: Sequence[str], shares: Sequence[float]) -> dict[str, float]:
    return {name: share for name, share in zip(names, shares, strict=True) if share}
