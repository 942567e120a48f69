"""Words from the sound alone, for lines without a text. Nothing is downloaded, whichever recogniser it is.

pocketsphinx brings its English model in its wheel. faster-whisper and Vosk run the model in a folder that the
user names.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import SILENCE_PEAK, Sound
from ..core.errors import LipsyncError
from ..core.progress import Progress, no_progress

SAMPLE_RATE = 16000
LONGEST = 20.0
"""Seconds that are recognised at once; a longer sound is cut at its quietest moment after half of that."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a recogniser understood."""

    text: str
    """Wrong words are to be expected; empty where it understood none."""
    language: str
    """BCP-47: as it was given, else as the recogniser says; empty where nobody knows."""


Recognise = Callable[[NDArray[np.float32]], str]
"""Samples [N] of one piece at SAMPLE_RATE -> its words."""


def transcribe(
    sound: Sound,
    *,
    recogniser: str = "",
    model: Path | None = None,
    language: str = "",
    progress: Progress = no_progress,
) -> Transcribed:
    """What is probably said.

    `sound` at SAMPLE_RATE. `recogniser`: a name of RECOGNISERS; empty: the one that the folder `model` is for, and
    pocketsphinx without a folder. `language`: BCP-47, where it is known. Raises LipsyncError for a recogniser
    that is not installed, a folder that is no model of it, or a language that it has not.
    """
    name = recogniser or (_kind_of(model) if model else "pocketsphinx")
    opened = RECOGNISERS[name](model, language)
    said, done = [], 0.0
    for piece in _pieces(sound):
        done += len(piece) / SAMPLE_RATE
        if np.abs(piece).max() >= SILENCE_PEAK:  # they hear words in silence too
            said.append(opened.recognise(piece).strip())
        progress(min(done / max(sound.duration, 1e-3), 1.0))
    return Transcribed(" ".join(filter(None, said)), language or opened.language)


class Pocketsphinx:
    """English by Hidden Markov models: small, quick and often wrong."""

    def __init__(self, model: Path | None, language: str) -> None:
        try:
            import pocketsphinx
        except ImportError as error:
            raise _missing("pocketsphinx", error) from error
        if language and language.lower().split("-")[0] not in ("en", "english"):
            raise LipsyncError(
                f"pocketsphinx recognises English, not {language!r}.",
                "Choose the folder of a faster-whisper or Vosk model, or give the words as a text.",
            )
        if model:
            raise LipsyncError(f"{model} is not used: pocketsphinx has its own model.", "Leave the model out.")
        self.language = "en-US"
        self._decoder = pocketsphinx.Decoder(loglevel="FATAL", samprate=SAMPLE_RATE)

    def recognise(self, piece: NDArray[np.float32]) -> str:
        """Small letters without punctuation."""
        self._decoder.start_utt()
        self._decoder.process_raw(_pcm(piece), full_utt=True)
        self._decoder.end_utt()
        return self._decoder.hyp().hypstr if self._decoder.hyp() is not None else ""


class Whisper:
    """Any of Whisper's languages, by a model converted for CTranslate2; with punctuation."""

    FILES = ("model.bin", "config.json", "tokenizer.json")
    """Without the last, faster-whisper would download one."""

    def __init__(self, model: Path | None, language: str) -> None:
        folder = _folder(model, "faster-whisper", self.FILES)
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise _missing("faster-whisper", error) from error
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="auto", local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise LipsyncError(f"{folder} cannot be opened: {_first_line(error)}.", "Convert it again.") from error
        self.language = _known_of(self._model.supported_languages, language)

    def recognise(self, piece: NDArray[np.float32]) -> str:
        """The language of the first piece is that of the others too."""
        segments, told = self._model.transcribe(piece, language=self.language or None, condition_on_previous_text=False)
        self.language = told.language
        return " ".join(segment.text.strip() for segment in segments)


class Vosk:
    """One language for each model, which says nowhere which: give it."""

    FILES = ("am/final.mdl", "conf/mfcc.conf")

    def __init__(self, model: Path | None, language: str) -> None:
        folder = _folder(model, "Vosk", self.FILES)
        try:
            import vosk
        except ImportError as error:
            raise _missing("vosk", error) from error
        vosk.SetLogLevel(-1)
        try:
            self._recogniser = vosk.KaldiRecognizer(vosk.Model(str(folder)), SAMPLE_RATE)
        except Exception as error:  # the library raises no other kind
            raise LipsyncError(f"{folder} cannot be opened: {_first_line(error)}.", "Unpack it again.") from error
        self.language = ""

    def recognise(self, piece: NDArray[np.float32]) -> str:
        """Small letters without punctuation."""
        self._recogniser.AcceptWaveform(_pcm(piece))
        return json.loads(self._recogniser.FinalResult()).get("text", "")


RECOGNISERS: dict[str, type[Pocketsphinx | Whisper | Vosk]] = {
    "pocketsphinx": Pocketsphinx,
    "faster-whisper": Whisper,
    "vosk": Vosk,
}


def unavailable(model: Path | None = None) -> str:
    """Why no words can be recognised, with this folder or without one, in a sentence; empty where they can be. Loads
    nothing."""
    try:
        name = _kind_of(model) if model else "pocketsphinx"
    except LipsyncError as error:
        return str(error)
    if importlib.util.find_spec(name.replace("-", "_")):
        return ""
    return f"{name}, which recognises words, is not installed for this Python."


def _kind_of(model: Path) -> str:
    """Whose model the folder holds."""
    for name, kind in RECOGNISERS.items():
        files = getattr(kind, "FILES", ())
        if files and (model / files[0]).is_file():
            return name
    reason = "has no model of faster-whisper (model.bin) or Vosk (am/final.mdl)" if model.is_dir() else "is no folder"
    raise LipsyncError(f"{model} {reason}.", "Name the folder into which a model was unpacked.")


def _folder(model: Path | None, name: str, files: tuple[str, ...]) -> Path:
    if model is None:
        raise LipsyncError(f"{name} needs a model.", "Choose its folder; none is downloaded.")
    for file in files:
        if not (model / file).is_file():
            raise LipsyncError(f"{model} is no model of {name}: {file} is missing.", "Name the folder that holds it.")
    return model


def _known_of(languages: list[str], language: str) -> str:
    """The recogniser's own name of a BCP-47 tag; empty where none is given."""
    short = language.strip().lower().split("-")[0]
    if short and short not in languages:
        raise LipsyncError(f"This model does not recognise {language!r}.", f"It knows {', '.join(sorted(languages))}.")
    return short


def _missing(package: str, error: ImportError) -> LipsyncError:
    return LipsyncError(
        f"{package}, which recognises words, cannot be loaded: {error}.",
        f"Run `pip install {package}`, or give the words as a text.",
    )


def _pcm(piece: NDArray[np.float32]) -> bytes:
    return (np.clip(piece, -1, 1) * 32767).astype(np.int16).tobytes()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


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
