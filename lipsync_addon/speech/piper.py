"""Speech from text by a Piper voice that the user has (a .onnx with its .onnx.json). Nothing is downloaded.

piper-tts is GPL-3.0-or-later and brings its own espeak-ng. The times are the voice's own: how long it means to
speak each symbol, which piper-tts reads out of most voices.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.audio_clip import AudioClip
from ..core.errors import LipsyncError
from ..core.phones import PHONES, read_ipa, spread
from ..core.spoken import aligned
from ..core.timeline import Phone, PhonemeTimeline, without_gaps
from .languages import Reader, reader_of
from .pronunciation import pieces, pronounce

NORMAL_RATE = 170
"""Words a minute that a voice is taken to speak by itself."""
PAUSE = 0.06
"""Seconds from which the gap between two words is heard as a pause."""
_STRESS = "ˈˌ"


def is_voice(voice: str) -> bool:
    """Whether `voice` names a file, "en_US-joe-medium.onnx" or with a speaker "libritts.onnx+12"."""
    return voice.partition("+")[0].lower().endswith(".onnx")


def language_of(voice: str) -> str:
    """BCP-47 tag of what the voice speaks. Raises LipsyncError for a file that is no voice."""
    return _opened(Path(voice.partition("+")[0]), "", NORMAL_RATE)[0].config.espeak_voice


def speak(text: str, voice: str, *, rate: int = NORMAL_RATE) -> tuple[AudioClip, PhonemeTimeline | None]:
    """The text as sound, and what is said when; None for a voice that does not tell.

    `voice`: as is_voice(). `rate`: words a minute. Raises LipsyncError for a file that is no voice.
    """
    name, _, speaker = voice.partition("+")
    opened, settings = _opened(Path(name), speaker, rate)
    reader, hz = reader_of(opened.config.espeak_voice), opened.config.sample_rate
    sounds: list[np.ndarray] = []
    phones: list[Phone] | None = []
    words: list[str] = []
    reached = 0
    for piece in pieces(text):
        symbols: list[tuple[str, int]] | None = []
        start = reached
        for chunk in opened.synthesize(piece, settings, include_alignments=True):
            sounds.append(chunk.audio_float_array)
            reached += len(chunk.audio_float_array)
            if symbols is not None and chunk.phoneme_alignments:
                symbols += _symbols(chunk)
            else:
                symbols = None
        if phones is None or symbols is None:
            phones = None
        elif symbols:
            phones += _with_words(_timed(symbols, start, hz), piece, reader, words)
    if not sounds:
        raise LipsyncError(f"{Path(name).name} says nothing for this text.", "Give the words in the voice's language.")
    clip = AudioClip(np.concatenate(sounds), hz, f"speech of {Path(name).stem}")
    if phones is None:
        return clip, None
    return clip, PhonemeTimeline(without_gaps(phones, clip.duration), tuple(words), reader.language)


def _opened(path: Path, speaker: str, rate: int) -> tuple[Any, Any]:
    """(piper.PiperVoice, piper.SynthesisConfig)"""
    for file in (path, Path(f"{path}.json")):
        if not file.is_file():
            raise LipsyncError(f"{file} does not exist.", "A Piper voice is a .onnx with its .onnx.json beside it.")
    try:
        import piper
    except ImportError as error:
        raise LipsyncError(
            f"piper-tts, which runs Piper voices, cannot be loaded: {error}.",
            "Run `pip install piper-tts[alignment]`, or name a voice of espeak-ng, such as en-GB.",
        ) from error
    try:
        voice = piper.PiperVoice.load(path, include_alignments=True)
    except Exception as error:  # of onnx, ONNX Runtime, json or a key that is missing
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise LipsyncError(f"{path} is no Piper voice: {reason}.", "Get the file and its .onnx.json again.") from error
    if voice.config.phoneme_type.value != "espeak":
        raise LipsyncError(
            f"{path.name} reads {voice.config.phoneme_type.value}, not the phonemes of espeak-ng.",
            "Use a voice that was trained with espeak-ng's phonemes, as most are.",
        )
    number = None
    if speaker:
        known = voice.config.speaker_id_map
        number = known.get(speaker, int(speaker) if speaker.isdecimal() else None)
        if number is None or number >= voice.config.num_speakers:
            names = ", ".join(list(known)[:20]) or f"0 to {voice.config.num_speakers - 1}"
            raise LipsyncError(f"{path.name} has no speaker {speaker!r}.", f"Use one of {names}.")
    length = voice.config.length_scale * NORMAL_RATE / rate
    return voice, piper.SynthesisConfig(speaker_id=number, length_scale=length)


def _symbols(chunk: Any) -> Iterator[tuple[str, int]]:
    """(character of IPA, samples that it lasts) of a piper.AudioChunk.

    The blank that the voice speaks after each symbol counts to the next one: it is on its way there. So the phones of
    en_US-joe-medium lie 15 ms from where our network hears them (median of 172), and 32 ms if it counts to the
    one before.
    """
    place, blank = 0, 0
    *alignments, end = chunk.phoneme_alignments
    for each in alignments:
        *own, after = map(int, chunk.phoneme_id_samples[place : place + len(each.phoneme_ids)])
        yield each.phoneme, blank + sum(own)
        place, blank = place + len(each.phoneme_ids), after
    yield end.phoneme, blank + int(sum(chunk.phoneme_id_samples[place:]))


@dataclass(slots=True)
class _Timed:
    symbol: str
    start: int
    end: int


def _timed(symbols: list[tuple[str, int]], offset: int, hz: int) -> list[Phone]:
    """Phones without words, from one character of IPA after the other with the samples that it lasts."""
    found: list[_Timed] = []
    waiting, reached = None, offset  # where a stress mark before a phone begins
    apart = True  # nothing joins the phone before
    for symbol, count in symbols:
        start, reached = reached, reached + count
        stops = unicodedata.category(symbol[:1])[0] in "PZ"  # "!" and "?" are sounds in other notations
        units = () if stops else read_ipa(symbol)[0]
        if units:
            joined = found[-1].symbol + symbol if found and not apart else ""
            if joined in PHONES:
                found[-1] = _Timed(joined, found[-1].start, reached)
            else:
                found.append(_Timed(symbol, start if waiting is None else waiting, reached))
            waiting, apart = None, False
        elif symbol in _STRESS:
            waiting, apart = start if waiting is None else waiting, True
        elif unicodedata.category(symbol[:1])[0] in "MLS" and found and symbol not in "^$":
            found[-1].end = reached  # length, nasality, breath
        else:  # between words, a breath at a comma, or before and after all
            apart = True
            if found and symbol == " " and count < PAUSE * hz:
                found[-1].end = reached
    return [
        Phone(unit, a, b)
        for each in found
        if each.end > each.start
        for a, b, unit in spread(each.start / hz, each.end / hz, read_ipa(each.symbol)[0])
    ]


def _with_words(phones: list[Phone], text: str, reader: Reader, words: list[str]) -> list[Phone]:
    """The phones with the words of the text that they belong to, which are added to `words`: our own reading of it laid
    over the voice's."""
    ours = pronounce(text, reader).words
    first = len(words)
    words += [word.text for word in ours]
    numbers = [first + index for index, word in enumerate(ours) for _ in word.units]
    units = [unit for word in ours for unit in word.units]
    of = {j: numbers[i] for i, j in aligned(units, [phone.unit for phone in phones])}
    number, found = None, []
    for index, phone in enumerate(phones):
        number = of.get(index, number)
        found.append(replace(phone, word=number))
    return found
