"""Adaptation: the network's coefficients as one person's face shows them. Fitted by adaptation_fit.py, kept by
actors.py.

    adapted = gain * predicted + offset + features @ weights          features: what *move* makes its coefficients of

under the style and intensity of the person. Lips that the network seals stay sealed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .closure_fade import closures_kept
from .controls import Controls
from .model_spec import ModelSpec


@dataclass(frozen=True, slots=True)
class ChannelFit:
    """What adaptation did for one channel, on blocks of the take that the fit did not see."""

    r_before: float
    """Correlation of the neutral prediction with the captured curve; 0 where one of them does not move."""
    r_after: float
    strength: float
    """0 left as predicted .. 1 as fitted."""
    ridge: float = float("inf")
    """The penalty chosen; infinity for gain and offset alone."""


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
    measured: Mapping[str, ChannelFit] = field(default_factory=dict)
    """By channel, for those that were captured."""
    controls: Controls = Controls()
    """Style and intensity that the person speaks with; neutral where they gain nothing."""
    name: str = ""
    """What the user calls the actor: a name or a file."""

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell what it does from what any other does."""
        said = json.dumps([self.network, self.channels, self.controls.to_json()], sort_keys=True).encode()
        numbers = (np.ascontiguousarray(part, "<f4").tobytes() for part in (self.gain, self.offset, self.weights))
        return hashlib.sha256(b"".join((said, *numbers))).hexdigest()[:16]

    @property
    def changes_nothing(self) -> bool:
        """Whether the capture taught nothing."""
        same = (self.gain == 1).all() and not self.offset.any() and not self.weights.any()
        return bool(same) and not self.controls.to_json()

    def misfit(self, spec: ModelSpec) -> str:
        """Why this network cannot use it, in a sentence that names the actor; empty where it can."""
        actor = f"The actor '{self.name}'" if self.name else "The actor"
        if self.network != spec.fingerprint:
            return f"{actor} was made for another network ({self.network}) than this one ({spec.fingerprint})."
        sizes = len(spec.outputs["features"]), len(spec.outputs["arkit"])
        if self.channels != spec.outputs["arkit"] or self.weights.shape != sizes:
            return f"{actor} is damaged: its numbers are not of this network's size."
        return ""

    def apply(
        self,
        arkit: NDArray[np.float32],
        features: NDArray[np.float32],
        closed_as: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """[..., T, C] within 0..1 of the network's outputs of the same frames [..., T, C] and [..., T, F].

        `closed_as` [..., T, C]: where the lips must stay sealed; None: where `arkit` seals them. A frame depends on
        closure_fade.REACH frames on both sides.
        """
        new = np.clip(arkit * self.gain + self.offset + features @ self.weights, 0, 1)
        return closures_kept(new, arkit if closed_as is None else closed_as, self.channels)
