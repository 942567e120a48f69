"""Speech with exact phone times from espeak-ng as training takes it: 16 kHz and our units."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from lipsync_addon.core.phones import ipa_to_units, spread
from lipsync_addon.speech.espeak import espeak
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce

from .corpora import SAMPLE_RATE


def word_units(text: str, language: str) -> list[tuple[str, ...]]:
    """Units of each word of the text, as users get them. `language`: "nl", "en-us" ..."""
    return [word.units for word in pronounce(text.lower(), reader_of(language)).words]


def speak(
    text: str, voice: str, *, rate: int = 170, pitch: int = 50, pitch_range: int = 50
) -> tuple[NDArray[np.float32], list[tuple[float, float, str]]]:
    """(samples [N] at 16 kHz, [(start s, end s, unit)]). `voice` as in "de" or "en-us+f3"; rate in words a minute.

    Raises ValueError for a voice that espeak-ng does not know.
    """
    spoken = espeak().speak(text, voice, rate=rate, pitch=pitch, pitch_range=pitch_range)
    times = [time for time, _ in spoken.phones] + [spoken.end]
    units = [
        unit
        for (start, symbol), end in zip(spoken.phones, times[1:])
        for unit in spread(start, min(end, spoken.end), ipa_to_units(symbol) or ("sil",))
    ]
    return soxr.resample(spoken.samples, spoken.sample_rate, SAMPLE_RATE).astype(np.float32), units
