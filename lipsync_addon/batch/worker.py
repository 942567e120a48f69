"""What passes between the batch and whoever bakes its lines, in this process, another one or on another machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table with what it is to become."""

    id: str
    where: str
    """For messages: "lines.csv, row 3"."""
    sound: str
    """Absolute path."""
    outputs: tuple[str, ...]
    """Paths below the output folder, with "/"."""
    character: str = ""
    """Absolute path of the .blend for outputs that need one."""
    words: tuple[str, ...] = ()
    """What the table says of this line alone, as words of `lipsync bake`: "--preset=Shouted"."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """All columns of the table, for the report."""
    problem: str = ""
    """Why it cannot be baked, if that is known beforehand."""

    def to_json(self) -> str:
        """For the state."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Line:
        """The reverse."""
        data = json.loads(text)
        return cls(**data | {"outputs": tuple(data["outputs"]), "words": tuple(data["words"])})


@dataclass(frozen=True, slots=True)
class Task:
    """A line to bake, into a folder that nobody else writes to."""

    line: Line
    staging: str
    """Absolute path; output number k goes to staging/k/<its file name>. Made by whoever bakes."""

    def staged(self) -> dict[str, Path]:
        """Output -> where it is written at first."""
        return {out: Path(self.staging, str(k), Path(out).name) for k, out in enumerate(self.line.outputs)}


@dataclass(frozen=True, slots=True)
class Quality:
    """How a line turned out: what an animator should look at first. None where it was not measured."""

    seconds: float = 0.0
    confidence: float | None = None
    """0..1: mean certainty of the network about the phones, where somebody speaks."""
    clipped: float = 0.0
    """Share of samples at full scale."""
    silent: bool = False
    """Nobody speaks."""
    closures: int = 0
    unsealed: int = 0
    """p, b, m at which the lips stay open."""
    notices: tuple[str, ...] = ()
    """What the bake told: where text and sound differ, what the character cannot do …"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task."""

    task: Task
    digests: Mapping[str, str] = field(default_factory=dict)
    """Output -> SHA-256 of the staged file; empty after an error."""
    error: str = ""
    full: bool = False
    """Whether the error was a full disk: what follows would fail as well."""
    quality: Quality = Quality()
    preview: bytes = b""
    """See preview.py."""


Bake = Callable[[Sequence[Task]], Iterator[Outcome]]
"""Bakes tasks together, with an outcome for each in their order; raises nothing for what is wrong with a line."""


class Worker(Protocol):
    """Bakes lines. Passed to other processes, so it can be pickled; open() loads what takes long."""

    def open(self) -> Bake:
        """Called once in each process."""
        ...

    def inputs(self, line: Line) -> Mapping[str, str]:
        """What decides whether a line is to be baked again, each with a digest: "sound", "settings", "network" …
        Raises LipsyncError for a line that cannot be baked."""
        ...


def file_digest(path: Path) -> str:
    """SHA-256 in hexadecimal. Raises OSError."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(value: object) -> str:
    """SHA-256 of what JSON makes of a value; dictionaries in any order give the same."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
