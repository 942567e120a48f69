"""What a format is, what the user may choose for it, and the steps that formats share."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.key_reduction import reduced_keys
from ..core.large_arrays import let_go, pieces
from ..core.timeline import PhonemeTimeline
from ..core.track import AnimationTrack
from ..core.writing import whole_file
from .channel_set import with_set

ROWS_AT_ONCE = 1024

NAMES = ("names", "prefix")
KEYS = (*NAMES, "max_error")
PLACED = (*KEYS, "path")
TURNING = (*PLACED, "jaw")
"""What formats use of those ExportOptions that not every format can use."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the user may choose. A format uses what it can hold; README.md says which."""

    fps: float | None = None
    """Frames per second in the file; None: what the format's readers expect."""
    offset: float = 0.0
    """Seconds by which everything comes later; below 0 earlier, and what would lie before second 0 is cut off."""
    names: str | None = None
    """A file of data/sets without ".json", the path of such a file or rig profile of the user's, "all" for the channels
    as they are; None: what the readers expect."""
    prefix: str = ""
    """Before every name, for example "blendShape1." """
    max_error: float = 0.0
    """Formats with keys leave out those that straight lines replace within this weight; 0: a key on every frame."""
    clamp: bool = False
    """Weights beyond 0..1, of captures and of styles with a higher limit, are cut off; else kept wherever a format can
    hold them."""
    clip: str = "lipsync"
    """Name of the animation."""
    path: str = ""
    """The mesh below the animated object, for example "Armature/Face", for formats that bind by path."""
    jaw: JawCurve | None = None
    """A jaw bone that turns as well, for formats that bind by path."""
    sound: str = ""
    """Name of the sound file, for formats that mention it."""
    said: PhonemeTimeline | None = None
    """What is said, for formats that show words or phones."""
    others: tuple[tuple[str, AnimationTrack], ...] = ()
    """Further takes by name, for formats that hold several clips."""


@dataclass(frozen=True, slots=True)
class JawCurve:
    """How a jaw bone opens in an engine: Euler angles in degrees, as the engine's inspector shows them."""

    path: str
    """The bone below the animated object, for example "Armature/Head/Jaw"."""
    rest: tuple[float, float, float]
    """X, Y, Z with the mouth closed."""
    open: tuple[float, float, float]
    """X, Y, Z at jawOpen 1."""


class Exporter(Protocol):
    """Track in, file out."""

    @property
    def label(self) -> str: ...  # for lists that the user reads

    @property
    def extension(self) -> str: ...  # with the dot, in lower case

    def render(self, track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
        """The file in pieces, so that an hour needs no more memory than a minute."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One file format: an Exporter whose module is imported when it is used."""

    id: str
    extension: str
    label: str
    source: str
    """The module in this folder, and after a dot its function if that is not `render`."""
    several: bool = False
    """Whether a file holds several takes."""
    uses: tuple[str, ...] = ()
    """NAMES, KEYS, PLACED or TURNING."""

    def render(self, track: AnimationTrack, options: ExportOptions = ExportOptions()) -> Iterator[bytes]:
        """The file in pieces. Raises LipsyncError for what the format cannot hold."""
        module, _, function = self.source.partition(".")
        render: Callable[[AnimationTrack, ExportOptions], Iterator[bytes]]
        render = getattr(importlib.import_module(f".{module}", __package__), function or "render")
        return render(track, options)


def write(track: AnimationTrack, path: Path, exporter: Exporter, options: ExportOptions = ExportOptions()) -> None:
    """Writes the file whole or not at all. Raises LipsyncError where that is impossible, or for a track that is
    empty or holds values that are no numbers."""
    for each in (track, *(other for _, other in options.others)):
        if each.values.size == 0:
            raise LipsyncError(f"{path} would be empty: there are no curves.", "Bake a voice line first.")
        if not all(np.isfinite(piece).all() for piece in pieces(each.values)):
            raise LipsyncError(f"{path}: the curves hold values that are not numbers (NaN or infinity).", "Bake again.")
        if each.start + each.duration + options.offset < 0:
            raise LipsyncError(
                f"{path} would be empty: the offset moves everything before second 0.", "Use a smaller one."
            )
    if options.clamp:
        track = track.clamped
        options = replace(options, others=tuple((name, other.clamped) for name, other in options.others))
    with whole_file(path) as temporary, temporary.open("wb") as file:
        for piece in exporter.render(track, options):
            file.write(piece)


def named(track: AnimationTrack, options: ExportOptions, usual: str) -> AnimationTrack:
    """The track under the names that the user chose, else the `usual` set, at its own rate. Raises LipsyncError for an
    empty name, and for a line break and its like in one: most formats cannot hold it."""
    track = with_set(track, options.names or usual)
    names = tuple(options.prefix + name for name in track.names)
    if not all(name.strip() for name in names):
        raise LipsyncError("A curve has no name.", "Give it one, or choose a set of names.")
    if odd := [name for name in names if not name.isprintable()]:
        raise LipsyncError(f"The name {odd[0]!r} holds a character that is no letter.", "Use names of letters.")
    return AnimationTrack(names, track.values, track.fps, track.start)


def jaw_opening(track: AnimationTrack) -> AnimationTrack:
    """The channel that turns a jaw bone, whatever names the weights get. Raises LipsyncError if there is none."""
    if "jawOpen" not in track.names:
        raise LipsyncError("The jaw cannot turn: these curves have no jawOpen.", "Leave the jaw out.")
    return track.select(["jawOpen"])


def frame_count(track: AnimationTrack, fps: float, offset: float) -> int:
    """Frames from second 0 of the file to the track's end."""
    end = track.start + track.duration + offset
    return max(math.ceil(end * fps - 1e-6) + 1, 0) if len(track.values) else 0


def blocks(track: AnimationTrack, fps: float, offset: float) -> Iterator[AnimationTrack]:
    """The track on the file's clock in pieces: frame k of the file is at k / fps seconds, the first at 0."""
    count = frame_count(track, fps, offset)
    for first in range(0, count, ROWS_AT_ONCE):
        times = np.arange(first, min(first + ROWS_AT_ONCE, count)) / fps
        yield AnimationTrack(track.names, track.at(times - offset), fps, first / fps)
        let_go(track.values)


def on_clock(track: AnimationTrack, fps: float, offset: float) -> AnimationTrack:
    """The whole track on the file's clock: frame 0 at second 0."""
    times = np.arange(frame_count(track, fps, offset)) / fps
    values = track.at(times - offset) if len(times) else np.zeros((0, len(track.names)), np.float32)
    return AnimationTrack(track.names, values, fps)


@dataclass(frozen=True, slots=True)
class Curve:
    """One channel as keys, joined by straight lines."""

    name: str
    frames: NDArray[np.intp]
    """[K] frame numbers in the file, ascending."""
    values: NDArray[np.float32]
    """[K]"""


def curves(track: AnimationTrack, max_error: float) -> Iterator[Curve]:
    """The channels of a track on the file's clock, reduced to the keys that it takes."""
    for name, column, frames in zip(track.names, track.values.T, reduced_keys(track, max_error)):
        yield Curve(name, frames, column[frames])


def number(value: float) -> str:
    """Up to six decimals and never an exponent, which some readers do not know."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
