"""Video: faces taken from films as motion, films judged against their sound, pictures that speak.

Needs OpenCV, MediaPipe (the optional dependencies "video") and the programs ffmpeg and ffprobe; nothing here is
imported before a command asks for it.
"""

from __future__ import annotations

import importlib.util
import shutil

from ..core.errors import LipsyncError


def check_installed(*packages: str) -> None:
    """Raises LipsyncError if one of the Python packages or ffmpeg is missing."""
    missing = [name for name in dict.fromkeys(packages) if not importlib.util.find_spec(name)]
    if missing:
        raise LipsyncError(
            f"Python packages are missing: {', '.join(missing)}.", 'Install them with `pip install "lipsync[video]"`.'
        )
    for program in ("ffmpeg", "ffprobe"):
        if not shutil.which(program):
            raise LipsyncError(
                f"The program {program} was not found.", "Install ffmpeg (on Debian: apt install ffmpeg)."
            )
