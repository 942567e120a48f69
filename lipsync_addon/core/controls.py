"""Controls: how the mouth is to speak, as the network was taught it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import LipsyncError
from .model_spec import ControlSpec


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """The neutral values, which Controls() has, ask for the mean speaker as loud as recorded and without emotion.

    A number holds for the whole line; an array [T] gives every frame its own, the last one from there on.
    """

    style: str = ""
    """Whose way of speaking: a control of kind "style" in the network's description; "": the mean speaker's."""
    intensity: ArrayLike = 1.0
    """How large the motion is; p, b and m close all the same."""
    emotions: Mapping[str, ArrayLike] = field(default_factory=dict)
    """Name of a control of kind "emotion" -> 0..1."""

    def rows(self, known: Mapping[str, ControlSpec], first: int, count: int) -> NDArray[np.float32]:
        """[count, K] from frame `first` (may be below 0) in the order of `known`, ModelSpec.controls.

        Raises LipsyncError for what this network was not taught.
        """
        styles, emotions = (tuple(n for n, c in known.items() if c.kind == kind) for kind in ("style", "emotion"))
        if self.style and self.style not in styles:
            raise LipsyncError(f"The network knows no style {self.style!r}.", _choice(styles))
        for name in self.emotions:
            if name not in emotions:
                raise LipsyncError(f"The network knows no emotion {name!r}.", _choice(emotions))
        rows = np.tile(np.array([control.neutral for control in known.values()], np.float32), (count, 1))
        for column, (name, control) in enumerate(known.items()):
            if control.kind == "style" and name == self.style:
                rows[:, column] = control.high
            elif control.kind == "intensity":
                rows[:, column] = _at(self.intensity, first, count)
            elif control.kind == "emotion" and name in self.emotions:
                rows[:, column] = _at(self.emotions[name], first, count)
        return rows


def _at(value: ArrayLike, first: int, count: int) -> NDArray[np.float32]:
    """[count] values of frames first ..., the outermost held beyond the ends."""
    values = np.atleast_1d(np.asarray(value, np.float32))
    return values[np.clip(np.arange(first, first + count), 0, len(values) - 1)]


def _choice(names: tuple[str, ...]) -> str:
    return f"Choose one of {', '.join(names)}." if names else "It was trained without any; leave it out."
