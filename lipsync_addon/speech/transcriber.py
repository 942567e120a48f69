"""Words from the sound alone, for lines without a text: pocketsphinx with the English model in its wheel. No download."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import SILENCE_PEAK, Sound
from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress

LANGUAGE = "en-US"
SAMPLE_RATE = 16000
LONGEST = 20.0
"""Seconds that are decoded at once; a longer sound is cut at its quietest moment after half of that."""


def transcribe(sound: Sound, *, progress: Progress = no_progress) -> str:
    """What is probably said, in small letters without punctuation; wrong words are to be expected.

    `sound` at 16 kHz, in English. Raises LipsyncError where pocketsphinx is not installed.
    """
    try:
        import pocketsphinx
    except ImportError as error:
        raise LipsyncError(
            "pocketsphinx, which recognises words, is not installed.",
            "Run `pip install pocketsphinx`, or give the words with --text.",
        ) from error
    decoder = pocketsphinx.Decoder(loglevel="FATAL", samprate=SAMPLE_RATE)
    said, done = [], 0.0
    for piece in _pieces(sound):
        done += len(piece) / SAMPLE_RATE
        if np.abs(piece).max() < SILENCE_PEAK:  # in which it hears words too
            continue
        decoder.start_utt()
        decoder.process_raw((np.clip(piece, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is not None:
            said.append(decoder.hyp().hypstr)
        progress(min(done / max(sound.duration, 1e-3), 1.0))
    return " ".join(said).strip()


def _pieces(sound: Sound) -> Iterator[NDArray[np.float32]]:
    """The sound in pieces of at most LONGEST seconds, cut where it is quietest."""
    most, step = int(LONGEST * SAMPLE_RATE), SAMPLE_RATE // 10
    held = np.zeros(0, np.float32)
    for block in sound.blocks():
        held = np.concatenate([held, block])
        while len(held) > most:
            half = most // 2
            loudness = np.abs(held[half:most]).reshape(-1, step).mean(1)
            cut = half + int(loudness.argmin()) * step + step // 2
            yield held[:cut]
            held = held[cut:]
    if len(held):
        yield held
