"""Reads a sound file of any length, rate and channel count as mono at one rate.

Decoding is libsndfile's (WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, CAF …), resampling is soxr's. Inside Blender
its own decoder is used instead, see blender/sound_import.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import AudioClip, Sound
from ..core.errors import LipsyncError
from ..core.writing import whole_file

BLOCK = 1 << 16
"""Samples per channel that are read at once."""

FORMATS = "WAV, FLAC, OGG, Opus, MP3 or AIFF"

# What libsndfile says about WAV, AIFF and AU ("data : 9000 (should be 5000)") and about Ogg.
_PROMISE = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
_OGG_CUT_OFF = ("lacks an end-of-stream bit", "Junk after the last page", "File ended unexpectedly")
_UNKNOWN_LENGTH = 0x7FFFF000
"""Programs that write to a pipe promise this many bytes or more, because they do not know better."""


def is_installed() -> bool:
    """Whether there is libsndfile; Blender's own Python has none."""
    try:
        import soundfile  # noqa: F401
    except ImportError:
        return False
    return True


def open_sound(path: Path, sample_rate: int) -> Sound:
    """The file as mono at `sample_rate` Hz, read block by block at every pass.

    Raises LipsyncError, at once or while it is read, if the file is missing, empty, truncated or no sound.
    """
    return _SoundFile(Path(path), sample_rate)


def save_sound(clip: AudioClip, path: Path) -> None:
    """Writes the clip as its ending says (.wav, .flac, .ogg), whole or not at all. Raises LipsyncError where that is
    impossible."""
    import soundfile

    with whole_file(path) as temporary:
        soundfile.write(temporary, clip.samples, clip.sample_rate)


class _SoundFile:
    """Follows the Sound protocol; holds no open file between passes."""

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._path = path
        self.sample_rate = sample_rate
        self.source = path.name
        _check_readable(path)
        with self._opened() as file:
            if _is_truncated(file.extra_info):
                raise _truncated(path)
            self.duration = file.frames / file.samplerate
            if file.frames == 0:
                raise LipsyncError(f"{path} has no samples.", "Choose a file that holds recorded speech.")

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """[n] samples each, all channels averaged, resampled as a stream."""
        with self._opened() as file:
            if file.samplerate == self.sample_rate:
                yield from self._mono(file)
                return
            import soxr

            resampler = soxr.ResampleStream(file.samplerate, self.sample_rate, 1, dtype="float32")
            for block in self._mono(file):
                yield resampler.resample_chunk(block)
            yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def _opened(self):  # -> soundfile.SoundFile, imported only here: it loads libsndfile
        import soundfile

        try:
            return soundfile.SoundFile(self._path)
        except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless .raw
            raise LipsyncError(f"{self._path} is not a sound that can be read.", f"Choose a {FORMATS} file.") from error

    def _mono(self, file) -> Iterator[NDArray[np.float32]]:
        import soundfile

        count = 0
        try:
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                count += len(block)
                yield block.mean(axis=1) if file.channels > 1 else block[:, 0]
        except soundfile.LibsndfileError as error:
            raise _truncated(self._path) from error
        if count < file.frames < 1 << 40 and file.format != "MP3":  # whose length is often an estimate
            raise _truncated(self._path)


def _check_readable(path: Path) -> None:
    """Raises LipsyncError for what is no file with something in it."""
    if os.path.isdir(path):
        raise LipsyncError(f"{path} is a folder.", "Choose a sound file in it.")
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except FileNotFoundError as error:
        raise LipsyncError(f"{path} does not exist.", "Check the path and its spelling.") from error
    except OSError as error:
        raise LipsyncError(
            f"{path} cannot be read: {error.strerror or error}.", "Check that you may open the file."
        ) from error
    if not first:
        raise LipsyncError(f"{path} is an empty file.", "Export or copy the sound again.")


def _is_truncated(extra_info: str) -> bool:
    if any(words in extra_info for words in _OGG_CUT_OFF):
        return True
    promises = (map(int, match.groups()) for match in _PROMISE.finditer(extra_info))
    return any(there < said < _UNKNOWN_LENGTH for said, there in promises)


def _truncated(path: Path) -> LipsyncError:
    return LipsyncError(
        f"{path} is damaged or cut off: it promises more sound than there is.", "Export or copy the sound again."
    )
