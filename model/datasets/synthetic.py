"""Lines spoken by synthesisers with exact phone times: flite and festival for voices, espeak-ng for phones of many languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from . import festival, flite
from .corpora import utterances
from .espeak import speak

Spoken = Iterator[tuple[str, NDArray[np.float32], list[tuple[float, float, str]]]]
"""(name, samples [N] at 16 kHz, [(start s, end s, unit)]) of each line."""
Speaker = Callable[[str, str, float], tuple[NDArray[np.float32], list[tuple[float, float, str]]]]
"""(text, voice, stretch) -> samples and phones."""

ESPEAK_LANGUAGES = (
    "en-us en en-gb-scotland de nl fr-fr es es-419 it pt pt-br pl cs sk ro hu sv nb da fi et lv lt tr el ru uk bg "
    "hr sr hi bn ta te ml ur fa ar he sw id ms vi cmn ja ko ka hy az kk eu ca gl cy ga is sq mk sl bs eo la"
).split()
ESPEAK_VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+m1", "+m2", "+m3", "+m5", "+m7")


def sentences(seed: int) -> list[str]:
    """English, German and Dutch lines of the corpora in a seeded order."""
    lines = sorted({u.text for c in ("kathleen_en", "kerstin_de", "nathalie_nl") for u in utterances(c) if u.text})
    return [lines[i] for i in np.random.default_rng(seed).permutation(len(lines))]


def flite_lines(count: int = 1600, seed: int = 1) -> Spoken:
    """English lines in flite's voices."""
    return _read_aloud("flite", flite.speak, flite.VOICES, count, seed)


def festival_lines(count: int = 1600, seed: int = 5) -> Spoken:
    """English lines in festival's voices."""
    return _read_aloud("festival", festival.speak, tuple(festival.VOICES), count, seed)


def _read_aloud(program: str, speaker: Speaker, voices: Sequence[str], count: int, seed: int) -> Spoken:
    """Lines of the English corpora in a seeded order and at a seeded tempo, by one voice after the other."""
    rng = np.random.default_rng(seed)
    texts = sorted({u.text for c in ("kathleen_en", "speechocean762_en") for u in utterances(c)})
    for index, pick in enumerate(rng.permutation(len(texts))[:count]):
        samples, phones = speaker(texts[pick].lower(), voices[index % len(voices)], float(rng.uniform(0.85, 1.25)))
        yield f"{program}_{index}", samples, phones


def espeak_lines(count: int = 2700, seed: int = 2) -> Spoken:
    """Every language's voice reads lines of three languages: what counts is its phones, not its sense."""
    rng = np.random.default_rng(seed)
    texts = sentences(seed)
    for index in range(count):
        voice = ESPEAK_LANGUAGES[index % len(ESPEAK_LANGUAGES)] + str(rng.choice(ESPEAK_VARIANTS))
        try:
            samples, phones = speak(
                texts[index % len(texts)],
                voice,
                rate=int(rng.integers(120, 230)),
                pitch=int(rng.integers(20, 90)),
                pitch_range=int(rng.integers(20, 90)),
            )
        except ValueError:
            continue  # this build of espeak-ng has no such voice
        yield f"espeak_{index}", samples[: 12 * 16000], [p for p in phones if p[1] <= 12]
