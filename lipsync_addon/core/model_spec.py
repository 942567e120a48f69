"""ModelSpec: the contract beside the network. Training writes it, the add-on reads it.

No other file knows the sample rate, the frame rate or the order of the channels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .errors import LipsyncError

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What <name>.json beside <name>.onnx says."""

    name: str
    version: str
    sha256: str
    """Of the .onnx file, in hexadecimal; checked when the network is loaded."""
    sample_rate: int
    """Hz of the sound that the network expects."""
    hop: int
    """Samples from one output frame to the next; frame k is at k * hop / sample_rate seconds."""
    left_context: int
    """Past frames that an output frame depends on."""
    right_context: int
    """Future frames that an output frame depends on."""
    input: str
    """Name of the input tensor, [1, N] samples."""
    outputs: Mapping[str, tuple[str, ...]]
    """Output tensor name -> its channel names in order, e.g. "arkit", "visemes", "phones"; each [1, T, C]."""
    format_version: int = FORMAT_VERSION

    @property
    def fps(self) -> float:
        """Output frames per second."""
        return self.sample_rate / self.hop

    @classmethod
    def load(cls, path: Path) -> ModelSpec:
        """Reads the .json. Raises LipsyncError if it is missing, damaged or of another version."""
        hint = "Install the add-on again, or export the network with `python -m model.export`."
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise LipsyncError(f"The network's description {path} cannot be read.", hint) from error
        except ValueError as error:
            raise LipsyncError(f"The network's description {path} is not valid JSON.", hint) from error
        known = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
            raise LipsyncError(f"{path} is not a network description of version {FORMAT_VERSION}.", hint)
        if wrong := sorted(known ^ set(data)):
            raise LipsyncError(f"{path} has unknown or missing keys: {', '.join(wrong)}.", hint)
        data["outputs"] = {name: tuple(channels) for name, channels in data["outputs"].items()}
        return cls(**data)

    def save(self, path: Path) -> None:
        """Writes the .json."""
        Path(path).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def check_file(self, network: Path) -> None:
        """Raises LipsyncError unless the .onnx is there and is the one that was described."""
        hint = "Install the add-on again, or export the network with `python -m model.export`."
        try:
            digest = hashlib.sha256(Path(network).read_bytes()).hexdigest()
        except OSError as error:
            raise LipsyncError(f"The network {network} cannot be read.", hint) from error
        if digest != self.sha256:
            raise LipsyncError(f"The network {network} is damaged or not the one that its .json describes.", hint)
