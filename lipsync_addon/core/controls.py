"""Controls: how the mouth is to speak, as the network was taught it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import LipsyncError
from .model_spec import ControlSpec

WHOLE = 1 + 1e-6
"""What the shares of styles may add up to."""


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """The neutral values, which Controls() has, ask for the mean speaker as loud as recorded and without emotion.

    A number holds for the whole line; an array [T] gives every frame its own, the last one from there on.
    """

    styles: Mapping[str, float] = field(default_factory=dict)
    """Ways of speaking: name of a control of kind "style" in the network's description -> its share, 0..1, all of
    them 1 at most; the rest is the mean speaker's."""
    intensity: ArrayLike = 1.0
    """How large the motion is; p, b and m close all the same."""
    emotions: Mapping[str, ArrayLike] = field(default_factory=dict)
    """Name of a control of kind "emotion" -> 0..1."""

    @property
    def plain(self) -> Controls:
        """The same styles as large as recorded and without emotion: what says where the lips must close."""
        return Controls(self.styles)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the styles is asked for."""
        emotional = any(np.any(each) for each in self.emotions.values())
        return bool(np.all(np.asarray(self.intensity) == 1)) and not emotional

    def over(self, base: Controls) -> Controls:
        """These on top of an actor's: a style that is asked for takes the place of his, intensities multiply."""
        return Controls(
            self.styles or base.styles,
            np.asarray(self.intensity) * np.asarray(base.intensity),
            {**base.emotions, **self.emotions},
        )

    def with_emotions(self, emotions: Mapping[str, float], known: Mapping[str, ControlSpec]) -> Controls:
        """With those of the emotions that the network knows; 0 is none."""
        shown = {name: value for name, value in emotions.items() if value and name in names_of(known, "emotion")}
        return replace(self, emotions={**self.emotions, **shown})

    def rows(self, known: Mapping[str, ControlSpec], first: int, count: int) -> NDArray[np.float32]:
        """[count, K] from frame `first` (may be below 0) in the order of `known`, ModelSpec.controls.

        Raises LipsyncError for what this network was not taught.
        """
        self.check(known)
        rows = np.tile(np.array([control.neutral for control in known.values()], np.float32), (count, 1))
        for column, (name, control) in enumerate(known.items()):
            if control.kind == "style" and name in self.styles:
                rows[:, column] = self.styles[name] * control.high
            elif control.kind == "intensity":
                rows[:, column] = np.clip(_at(self.intensity, first, count), control.low, control.high)
            elif control.kind == "emotion" and name in self.emotions:
                rows[:, column] = _at(self.emotions[name], first, count)
        return rows

    def check(self, known: Mapping[str, ControlSpec]) -> None:
        """Raises LipsyncError for what a network with these controls was not taught."""
        styles, emotions = names_of(known, "style"), names_of(known, "emotion")
        for name, share in self.styles.items():
            if name not in styles:
                raise LipsyncError(f"The network knows no style {name!r}.", _choice(styles))
            if not 0 <= share <= 1:
                raise LipsyncError(f"The share of the style {name} is {share:g}.", "Give 0 .. 1.")
        if sum(self.styles.values()) > WHOLE:
            raise LipsyncError(f"The shares of the styles add up to {sum(self.styles.values()):g}.", "1 is the most.")
        for name in self.emotions:
            if name not in emotions:
                raise LipsyncError(f"The network knows no emotion {name!r}.", _choice(emotions))

    def __str__(self) -> str:
        """ "50 % filmed, intensity 1.2, joy 0.5"; empty where all is neutral."""
        parts = [f"{share:.0%} {name}".replace("%", " %") for name, share in self.styles.items()]
        if np.ndim(self.intensity) == 0 and self.intensity != 1:
            parts.append(f"intensity {float(self.intensity):g}")
        return ", ".join(parts + [f"{name} {float(value):g}" for name, value in self.emotions.items()])

    def to_json(self) -> dict[str, object]:
        """What is not neutral, for files; of numbers that hold for the whole line."""
        found: dict[str, object] = {}
        if self.styles:
            found["styles"] = dict(self.styles)
        if float(self.intensity) != 1:
            found["intensity"] = float(self.intensity)
        if self.emotions:
            found["emotions"] = {name: float(value) for name, value in self.emotions.items()}
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Controls:
        """The reverse. Raises ValueError for anything else."""
        if not isinstance(data, Mapping) or set(data) - {"styles", "intensity", "emotions"}:
            raise ValueError("its controls are not styles, intensity and emotions")
        styles, emotions = (
            {str(name): float(value) for name, value in dict(data.get(kind, {})).items()}
            for kind in ("styles", "emotions")
        )
        made = cls(styles, float(data.get("intensity", 1.0)), emotions)
        if not all(np.isfinite([made.intensity, *styles.values(), *emotions.values()])):
            raise ValueError("not all of its controls are finite")
        return made


def names_of(known: Mapping[str, ControlSpec], kind: str) -> tuple[str, ...]:
    """The controls of one kind: "style", "intensity" or "emotion"."""
    return tuple(name for name, control in known.items() if control.kind == kind)


def styles_of(text: str) -> dict[str, float]:
    """ "filmed" or "filmed:0.5,clear:0.5" as shares. Raises LipsyncError for what is neither."""
    shares: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, colon, number = part.partition(":")
        try:
            shares[name.strip()] = float(number) if colon else 1.0
        except ValueError as error:
            hint = "For example filmed:0.5,clear:0.5"
            raise LipsyncError(f"{part!r} is no way of speaking with a share.", hint) from error
    return shares


def _at(value: ArrayLike, first: int, count: int) -> NDArray[np.float32]:
    """[count] values of frames first ..., the outermost held beyond the ends."""
    values = np.atleast_1d(np.asarray(value, np.float32))
    return values[np.clip(np.arange(first, first + count), 0, len(values) - 1)]


def _choice(names: tuple[str, ...]) -> str:
    return f"Choose one of {', '.join(names)}." if names else "It was trained without any; leave it out."
