"""Speech from flite, whose voices are built from recordings (Debian package `flite`), with its own phone times."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from lipsync_addon.core.phones import arpabet_to_units, spread

from .corpora import SAMPLE_RATE
from .programs import printed_by

VOICES = ("slt", "rms", "awb", "kal16")


def speak(text: str, voice: str, stretch: float = 1.0) -> tuple[NDArray[np.float32], list[tuple[float, float, str]]]:
    """(samples [N] at 16 kHz, [(start s, end s, unit)]). `stretch` above 1 is slower.

    Raises RuntimeError where flite is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-psdur", "-t", text, "-o", str(path)]
        printed = printed_by(command, "flite")
        samples, rate = soundfile.read(path, dtype="float32")
    phones, start = [], 0.0
    for token in printed.split():  # "hh:0.255", the time is the phone's end
        name, end = token.split(":")
        phones += spread(start, float(end), arpabet_to_units(name))
        start = float(end)
    return soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32), phones
