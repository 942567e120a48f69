"""What films of ours say about themselves: that they are synthetic."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import LipsyncError

SYNTHETIC = {
    "synthetic": "true",
    "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "comment": "Synthetic media: the mouth in this film was animated by Lipsync for Blender.",
}
"""Metadata of every film that we make: IPTC's word for pictures that a trained algorithm made, as C2PA uses it."""


def marking(mark: bool = True) -> list[str]:
    """ffmpeg's arguments for an MP4 with the mark, or without it."""
    tags = [argument for key, value in SYNTHETIC.items() for argument in ("-metadata", f"{key}={value}")]
    return [*(tags if mark else []), "-movflags", "+faststart+use_metadata_tags"]


def is_marked(tags: Mapping[str, str]) -> bool:
    """Whether a film's metadata, as ffprobe tells them, bear the mark. Other containers write names in capitals or keep
    the comment alone."""
    found = {name.lower(): value for name, value in tags.items()}
    return any(found.get(name, "").lower() == value.lower() for name, value in SYNTHETIC.items())


def marked_copy(film: Path, target: Path, *, mark: bool = True) -> None:
    """The same film, with the mark. Raises LipsyncError if ffmpeg fails."""
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(film), "-c", "copy", *marking(mark), str(target)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise LipsyncError(f"ffmpeg could not write {target}: {answer.stderr.strip()}.")
