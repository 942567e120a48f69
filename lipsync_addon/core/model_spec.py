"""ModelSpec: the contract beside the network. Training writes it, the add-on reads it.

    samples [B, N] ──hear──▶ phones [B, T, P], residual [B, T, R]                               T = N // hop
    phones, residual, controls [B, T, K] ──move──▶ arkit, visemes, log_variance, features [B, T, ...]

A network is two graphs in two files. No other file knows the sample rate, the frame rate, the order of the channels or
what a control means.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .errors import LipsyncError

FORMAT_VERSION = 2
HINT = "Install the add-on again, or export the network with `python -m model.export`."


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """One of the two graphs."""

    file: str
    """Name of the .onnx beside the .json."""
    sha256: str
    """Of that file, in hexadecimal; checked when the network is loaded."""
    left_context: int
    """Past frames that an output frame depends on."""
    right_context: int
    """Future frames that an output frame depends on."""
    outputs: Mapping[str, tuple[str, ...]]
    """Output tensor name -> its channel names in order; each [B, T, C].

    Frames whose context is not in the input mean nothing (0 in our networks)."""


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """What *move* may be told beside the phones."""

    kind: str
    """"style" (a way of speaking; one at most is 1), "intensity" or "emotion"."""
    neutral: float
    """The value that says nothing."""
    low: float
    high: float
    """The range that was trained."""
    meaning: str
    """One sentence for the user."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What <name>.json says."""

    name: str
    version: str
    sample_rate: int
    """Hz of the sound that the network expects."""
    hop: int
    """Samples from one output frame to the next; frame k is at k * hop / sample_rate seconds."""
    hear: GraphSpec
    """"samples" [B, N] -> "phones" (posteriors, named as core/phones.py names them), "residual" (how they are
    spoken)."""
    move: GraphSpec
    """"phones", "residual", "controls" -> "arkit" (0..1), "visemes" (sum 1), "log_variance" (natural logarithm of the
    squared error to expect of each coefficient), "features" (of which the coefficients are a linear function)."""
    controls: Mapping[str, ControlSpec]
    """By name, in the order of the channels of "controls"."""
    format_version: int = FORMAT_VERSION

    @property
    def fps(self) -> float:
        """Output frames per second."""
        return self.sample_rate / self.hop

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell these two graphs from any others."""
        return self.hear.sha256[:8] + self.move.sha256[:8]

    @property
    def outputs(self) -> dict[str, tuple[str, ...]]:
        """Channel names of every output of both graphs."""
        return {**self.hear.outputs, **self.move.outputs}

    @property
    def latency(self) -> float:
        """Seconds of sound after a frame that the frame depends on."""
        return (self.hear.right_context + self.move.right_context) / self.fps

    def channels(self, outputs: Sequence[str]) -> tuple[str, ...]:
        """The channel names of these outputs, side by side."""
        return tuple(name for output in outputs for name in self.outputs[output])

    @classmethod
    def load(cls, path: Path) -> ModelSpec:
        """Reads the .json. Raises LipsyncError if it is missing, damaged or of another version."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise LipsyncError(f"The network's description {path} cannot be read.", HINT) from error
        except ValueError as error:
            raise LipsyncError(f"The network's description {path} is not valid JSON.", HINT) from error
        if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
            raise LipsyncError(f"{path} is not a network description of version {FORMAT_VERSION}.", HINT)
        data = _checked(cls, data, path)
        for part in ("hear", "move"):
            graph = _checked(GraphSpec, data[part], path)
            outputs = {name: tuple(channels) for name, channels in graph["outputs"].items()}
            data[part] = GraphSpec(**{**graph, "outputs": outputs})
        data["controls"] = {n: ControlSpec(**_checked(ControlSpec, c, path)) for n, c in data["controls"].items()}
        return cls(**data)

    def save(self, path: Path) -> None:
        """Writes the .json."""
        Path(path).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def check_files(self, folder: Path) -> None:
        """Raises LipsyncError unless both graphs are in the folder and are those that were described."""
        for graph in (self.hear, self.move):
            file = Path(folder) / graph.file
            try:
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
            except OSError as error:
                raise LipsyncError(f"The network {file} cannot be read.", HINT) from error
            if digest != graph.sha256:
                raise LipsyncError(f"The network {file} is damaged or not the one that its .json describes.", HINT)


def _checked(kind: type, data: Any, path: Path) -> dict[str, Any]:
    """The data, if its keys are the fields of `kind`."""
    if wrong := sorted({field.name for field in fields(kind)} ^ set(data if isinstance(data, dict) else ())):
        raise LipsyncError(f"{path} has unknown or missing keys: {', '.join(wrong)}.", HINT)
    return data
