"""espeak-ng through its C API: phones of a text in any of its languages, and speech with exact phone times.

The library and its data come in the wheel espeakng-loader (GPL-3.0-or-later); nothing is installed on the system.
"""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError

# speak_lib.h of espeak-ng 1.52
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS, _INITIALIZE_PHONEME_IPA = 1, 2
_EVENT_LIST_TERMINATED, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7
_CHARS_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # (priority byte, zero-terminated text) again and again, then a zero byte
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """One of espeak-ng's languages or accents."""

    identifier: str
    """What the library is asked for, for example "gmw/en"."""
    name: str
    """For people: "English (Great Britain)"."""
    languages: tuple[tuple[str, int], ...]
    """(tag in lower case, priority: the lower the better) of what it is meant for."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What the synthesiser made of a text."""

    samples: NDArray[np.float32]
    """[N]; empty where no sound was asked for."""
    sample_rate: int
    """Hz"""
    phones: tuple[tuple[float, str], ...]
    """(start s, IPA symbol with its marks; empty for a pause)."""
    words: tuple[tuple[int, int], ...]
    """(position of its first character in the text, index of its first phone), in order; espeak-ng draws some short
    words together ("of the") and parts numbers."""
    end: float
    """Seconds."""


class Espeak:
    """The library, open. It keeps its state in globals, so there is one for the whole process: see espeak()."""

    def __init__(self) -> None:
        """Raises LipsyncError where the library is missing or does not start."""
        try:
            import espeakng_loader

            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (ImportError, OSError, RuntimeError) as error:
            raise LipsyncError(
                f"espeak-ng cannot be loaded: {error}.",
                "In Blender, install the extension's zip for this system; elsewhere run `pip install espeakng-loader`.",
            ) from error
        options = _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_PHONEME_IPA
        self.sample_rate = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data.encode(), options)
        """Hz of its speech"""
        self.timbres = frozenset(path.name for path in Path(data, "voices", "!v").iterdir())
        """What may stand after "+" in a voice; the library takes any word there, and then ignores it."""
        if self.sample_rate <= 0:
            raise LipsyncError("espeak-ng did not start.", "Install the add-on again.")
        self._lock = threading.Lock()
        self._with_sound = False
        self._sound: list[NDArray[np.int16]] = []
        self._count = 0
        self._phones: list[tuple[float, str]] = []
        self._words: list[tuple[int, int]] = []
        self._callback = _CALLBACK(self._receive)  # kept alive: the library holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    @cache  # noqa: B019  (there is one instance)
    def voices(self) -> tuple[Voice, ...]:
        """All that the library has, but for variants of timbre."""
        listed = self._library.espeak_ListVoices
        listed.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        found, pointers = [], listed(None)
        for index in range(10_000):
            if not pointers[index]:
                break
            voice = pointers[index].contents
            languages = tuple(_languages(voice.languages))
            found.append(Voice(voice.identifier.decode(), voice.name.decode("utf-8").strip(), languages))
        return tuple(found)

    def speak(
        self, text: str, voice: str, *, rate: int = 170, pitch: int = 50, pitch_range: int = 50, sound: bool = True
    ) -> Spoken:
        """The text by this voice: an identifier, "de", or one with a timbre such as "en-us+f3".

        `rate`: words a minute, 80..450; `pitch` and `pitch_range`: 0..100. `sound`: False for the phones alone.
        Raises ValueError for a voice that the library does not know.
        """
        with self._lock:
            self._with_sound, self._sound, self._count, self._phones, self._words = sound, [], 0, [], []
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice {voice!r}")
            for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range)):
                self._library.espeak_SetParameter(parameter, value, 0)
            data = text.encode("utf-8", "replace") + b"\0"
            self._library.espeak_Synth(data, len(data), 0, 0, 0, _CHARS_UTF8, None, None)
            self._library.espeak_Synchronize()
            samples = np.concatenate(self._sound or [np.zeros(0, np.int16)]).astype(np.float32) / 32768
            end = self._count / self.sample_rate
            return Spoken(samples, self.sample_rate, tuple(self._phones), tuple(self._words), end)

    @cache  # noqa: B019  (there is one instance)
    def can_speak(self, voice: str) -> bool:
        """Whether the voice's dictionary came with the library; it lists voices without one too, which say nothing."""
        return any(symbol for _, symbol in self.speak("[[t@]]", voice, sound=False).phones)

    def _receive(self, samples, count, events) -> int:
        if count > 0 and samples:
            self._count += count
            if self._with_sound:
                self._sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == _EVENT_PHONEME:
                self._phones.append((event.audio_position / 1000, event.id.string.decode("utf-8", "ignore")))
            elif event.type == _EVENT_WORD:
                self._words.append((event.text_position - 1, len(self._phones)))
            index += 1
        return 0


def unavailable() -> str:
    """Why nothing can be read or spoken here, in a sentence; empty where it can. Loads nothing."""
    if importlib.util.find_spec("espeakng_loader"):
        return ""
    return "espeak-ng is missing: install the extension's zip for this system."


@lru_cache(maxsize=1)
def espeak() -> Espeak:
    """The one of this process. Raises LipsyncError where the library is missing or does not start."""
    return Espeak()


def _languages(address: int):
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        yield tag.decode().lower(), priority
        address += len(tag) + 2
