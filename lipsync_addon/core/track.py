"""AnimationTrack: the one type that flows from the network to the last exporter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .channels import HEAD_ANGLES


@dataclass(frozen=True, slots=True, eq=False)
class AnimationTrack:
    """Channel values at a constant rate."""

    names: tuple[str, ...]
    """C unique channel names, for example "jawOpen"."""
    values: NDArray[np.float32]
    """[T, C], read-only. Weights 0..1, angles in radians. Copied, unless the given array is read-only already."""
    fps: float
    """Frames per second; may be 29.97..."""
    start: float = 0.0
    """Seconds on the sound's clock of values[0]."""

    def __post_init__(self) -> None:
        values = np.asarray(self.values, np.float32)
        if values.flags.writeable:
            values = values.copy()
        if values.ndim != 2 or values.shape[1] != len(self.names):
            raise ValueError(f"values {values.shape} do not fit {len(self.names)} names")
        if len(set(self.names)) != len(self.names):
            raise ValueError("channel names must be unique")
        if not self.fps > 0:
            raise ValueError(f"fps must be above 0, got {self.fps}")
        values.flags.writeable = False
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "values", values)

    @property
    def times(self) -> NDArray[np.float64]:
        """[T] seconds on the sound's clock."""
        return self.start + np.arange(len(self.values)) / self.fps

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return max(len(self.values) - 1, 0) / self.fps

    @property
    def clamped(self) -> AnimationTrack:
        """The track with its weights cut off at 0 and 1; angles of the head stay."""
        weights = np.array([name not in HEAD_ANGLES for name in self.names], bool)
        return self.with_values(np.where(weights, np.clip(self.values, 0, 1), self.values))

    def channel(self, name: str) -> NDArray[np.float32]:
        """[T] values of one channel. Raises KeyError if there is none of that name."""
        if name not in self.names:
            raise KeyError(name)
        return self.values[:, self.names.index(name)]

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """[len(times), C] values at any times (seconds), linear between frames, held beyond the ends."""
        position = np.clip((np.asarray(times) - self.start) * self.fps, 0, len(self.values) - 1)
        # 1e-6 frames: times computed through another rate must still hit the frame that they mean.
        before = np.floor(position + 1e-6).astype(np.intp)
        after = np.minimum(before + 1, len(self.values) - 1)
        share = np.clip(position - before, 0, 1)[:, None].astype(np.float32)
        return self.values[before] * (1 - share) + self.values[after] * share

    def resampled(self, fps: float) -> AnimationTrack:
        """The same motion at another rate; the last frame is the first at or after the old end."""
        if fps == self.fps or len(self.values) == 0:
            return AnimationTrack(self.names, self.values, fps, self.start)
        count = int(np.ceil(self.duration * fps - 1e-6)) + 1
        return AnimationTrack(self.names, self.at(self.start + np.arange(count) / fps), fps, self.start)

    def part(self, first: int, last: int) -> AnimationTrack:
        """Frames `first` to `last` - 1, as a view, at their times."""
        return AnimationTrack(self.names, self.values[first:last], self.fps, self.start + first / self.fps)

    def select(self, names: Sequence[str]) -> AnimationTrack:
        """Only these channels, in this order. Raises KeyError if one is missing."""
        columns = []
        for name in names:
            if name not in self.names:
                raise KeyError(name)
            columns.append(self.names.index(name))
        values = self.values[:, columns]
        values.flags.writeable = False
        return AnimationTrack(tuple(names), values, self.fps, self.start)

    def filled(self, names: Sequence[str]) -> AnimationTrack:
        """These channels in this order; zero where the track has none of that name."""
        values = np.zeros((len(self.values), len(names)), np.float32)
        for column, name in enumerate(names):
            if name in self.names:
                values[:, column] = self.values[:, self.names.index(name)]
        return AnimationTrack(tuple(names), values, self.fps, self.start)

    def pasted(self, part: AnimationTrack) -> AnimationTrack:
        """This track with the frames of `part`, which has the same channels and rate, in place of its own there."""
        if part.names != self.names or part.fps != self.fps:
            raise ValueError("only a stretch with the same channels and rate can be pasted")
        first = round((part.start - self.start) * self.fps)
        if first < 0 or first + len(part.values) > len(self.values):
            raise ValueError(f"frames {first} to {first + len(part.values)} are not within {len(self.values)}")
        values = self.values.copy()
        values[first : first + len(part.values)] = part.values
        return self.with_values(values)

    def with_values(self, values: NDArray[np.float32]) -> AnimationTrack:
        """The same channels and times with other values [T, C]."""
        return AnimationTrack(self.names, values, self.fps, self.start)
