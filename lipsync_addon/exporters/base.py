"""What an exporter is, and how its file gets written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..core.track import AnimationTrack
from ..core.writing import whole_file


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the user may choose, for every format."""

    fps: float | None = None
    """Frames per second in the file; None: what the format's readers expect."""


class Exporter(Protocol):
    """One file format: track in, bytes out. To add one, copy curves_json.py and list it in __init__.py."""

    @property
    def label(self) -> str: ...  # for lists that the user reads

    @property
    def extension(self) -> str: ...  # with the dot, in lower case; no two exporters share one

    def render(self, track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
        """The file in pieces, so that an hour needs no more memory than a minute."""
        ...


def write(track: AnimationTrack, path: Path, exporter: Exporter, options: ExportOptions = ExportOptions()) -> None:
    """Writes the file whole or not at all. Raises LipsyncError where that is impossible."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        for piece in exporter.render(track, options):
            file.write(piece)
