"""Speech from text with the times of its phones exact, to block a scene before the actor is recorded: by espeak-ng,
which is always there, or by a Piper voice that the user has."""

from __future__ import annotations

import numpy as np

from ..core.audio_clip import AudioClip
from ..core.errors import LipsyncError
from ..core.phones import spread
from ..core.timeline import SILENCE, Phone, PhonemeTimeline, without_gaps
from .espeak import Spoken, espeak
from . import piper
from .languages import Reader, guessed_reader, reader_of
from .pronunciation import cleaned, pieces, spoken_words, units_of

RATES = (80, 450)
"""Words a minute that can be asked for."""
PITCHES = (0, 100)
RATE, PITCH = 170, 50
"""Of a voice as it is."""


def speak(
    text: str, voice: str = "", *, rate: int = RATE, pitch: int = PITCH
) -> tuple[AudioClip, PhonemeTimeline | None]:
    """The text as sound at the synthesiser's own rate, and what is said when; None for a Piper voice that does not tell
    its times: Transcript.of(text, language_of(voice)) is then aligned with the sound like a recording's.

    `voice`: a language or accent, "en-GB", with a timbre of espeak-ng if wanted, "en-US+f3"; guessed from the text
    where empty; or the file of a Piper voice (speech/piper.py). `rate`: words a minute; `pitch`: 0..100, of espeak-ng.
    Raises LipsyncError for text without words or an unknown voice.
    """
    text = cleaned(text)
    if not any(letter.isalnum() for letter in text):
        raise LipsyncError("The text has no words that can be said.", "Give the words to say.")
    if piper.is_voice(voice):
        if pitch != PITCH:
            raise LipsyncError("A Piper voice has one pitch.", "Leave the pitch out, or use a voice of espeak-ng.")
        return piper.speak(text, voice, rate=rate)
    return _by_espeak(text, voice, rate, pitch)


def language_of(voice: str) -> str:
    """BCP-47 tag of what speak() takes; empty where it would be guessed. Raises LipsyncError for a file that is no
    voice."""
    return piper.language_of(voice) if piper.is_voice(voice) else voice.partition("+")[0]


def _by_espeak(text: str, voice: str, rate: int, pitch: int) -> tuple[AudioClip, PhonemeTimeline]:
    language, _, timbre = voice.partition("+")
    reader = reader_of(language) if language else guessed_reader(text)
    if timbre and timbre not in espeak().timbres:
        raise LipsyncError(f"espeak-ng has no timbre {timbre!r}.", f"Use one of {', '.join(sorted(espeak().timbres))}.")
    name = reader.voice.identifier + (f"+{timbre}" if timbre else "")
    phones: list[Phone] = []
    words: list[str] = []
    sounds: list[np.ndarray] = []
    reached = 0.0
    for piece in pieces(text):
        spoken = espeak().speak(piece, name, rate=rate, pitch=pitch)
        phones += _placed(piece, spoken, reader, words, reached)
        sounds.append(spoken.samples)
        reached += len(spoken.samples) / spoken.sample_rate
    if not words:
        raise LipsyncError(f"{reader} says nothing for this text.", "Give the words to say in the voice's language.")
    accent = f", the lips as in {reader.language}" if reader.accent else ""
    clip = AudioClip(np.concatenate(sounds), espeak().sample_rate, f"speech of {reader.voice.name}{accent}")
    return clip, PhonemeTimeline(without_gaps(phones, clip.duration), tuple(words), reader.language)


def _placed(text: str, spoken: Spoken, reader: Reader, words: list[str], offset: float) -> list[Phone]:
    """The phones of one piece, `offset` seconds later; its words are added to `words`."""
    times = [time for time, _ in spoken.phones] + [spoken.end]
    found, index = [], 0
    for word, symbols in spoken_words(text, spoken):
        number = len(words)
        said = False
        for symbol in symbols:
            start, end = times[index], min(times[index + 1], spoken.end)
            index += 1
            units, _ = units_of([symbol], reader)
            if end > start:
                said = said or bool(units)
                found += [
                    Phone(unit, offset + a, offset + b, 1.0, number if units else None)
                    for a, b, unit in spread(start, end, units or (SILENCE,))
                ]
        if said:
            words.append(word)
    return found
