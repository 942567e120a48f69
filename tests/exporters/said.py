"""What is said in tests/data/spoken.json, set by hand from the sound."""

from __future__ import annotations

from itertools import pairwise

from lipsync_addon.core.timeline import Phone, PhonemeTimeline

_STARTS = (0.0, 0.1, 0.2, 0.28, 0.36, 0.44, 0.52, 0.66, 0.7, 0.76, 0.84, 0.95, 1.02, 1.08, 1.14, 1.2)
_UNITS = "sil m a ɪ n e ɪ m ɪ z p ɑ p i sil".split()
_WORDS = (None, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, None)

MY_NAME_IS_POPPY = PhonemeTimeline(
    tuple(
        Phone(unit, start, end, word=word)
        for unit, (start, end), word in zip(_UNITS, pairwise(_STARTS), _WORDS, strict=True)
    ),
    ("my", "name", "is", "Poppy"),
    "en",
)
"""1.2 s."""
