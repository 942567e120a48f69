"""Speech with exact phone times from espeak-ng, through its C API (library and data in the wheel espeakng-loader)."""

from __future__ import annotations

import ctypes

import espeakng_loader
import numpy as np
import soxr
from numpy.typing import NDArray

from lipsync_addon.core.phones import ipa_to_units, spread

from .corpora import SAMPLE_RATE

# speak_lib.h of espeak-ng 1.52
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS, _INITIALIZE_PHONEME_IPA = 1, 2
_EVENT_LIST_TERMINATED, _EVENT_PHONEME = 0, 7
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """One synthesiser per process: the library keeps its state in globals."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        options = _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_PHONEME_IPA
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, options)
        if self._rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        self._sound: list[NDArray[np.int16]] = []
        self._phones: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._receive)  # kept alive: the library holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples, count, events) -> int:
        if count > 0 and samples:
            self._sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            if events[index].type == _EVENT_PHONEME:
                symbol = events[index].id.string.decode("utf-8", "ignore")
                self._phones.append((events[index].audio_position / 1000, symbol))
            index += 1
        return 0

    def ipa(self, text: str, voice: str) -> str:
        """The text in IPA, words parted by spaces. Raises ValueError for a voice that the library does not know."""
        self._set_voice(voice)
        translate = self._library.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        rest = ctypes.c_char_p(text.encode("utf-8"))
        clauses = []
        while rest.value:
            clauses.append(translate(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA).decode("utf-8"))
        return " ".join(clauses)

    def _set_voice(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")

    def speak(
        self, text: str, voice: str, *, rate: int = 170, pitch: int = 50, pitch_range: int = 50
    ) -> tuple[NDArray[np.float32], list[tuple[float, float, str]]]:
        """(samples [N] at 16 kHz, [(start s, end s, unit)]). `voice` as in "de" or "en-us+f3"; rate in words a minute.

        Raises ValueError for a voice that the library does not know.
        """
        self._sound, self._phones = [], []
        self._set_voice(voice)
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode("utf-8") + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 0, 0, _CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        sound = np.concatenate(self._sound or [np.zeros(0, np.int16)]).astype(np.float32) / 32768
        length = len(sound) / self._rate
        times = [time for time, _ in self._phones] + [length]
        units = [
            unit
            for (start, symbol), end in zip(self._phones, times[1:])
            for unit in spread(start, min(end, length), ipa_to_units(symbol) or ("sil",))
        ]
        return soxr.resample(sound, self._rate, SAMPLE_RATE).astype(np.float32), units
