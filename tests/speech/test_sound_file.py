"""Sound files as they come: formats, rates, channels, and what is wrong with broken ones."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import CheckedSound, Sound
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.speech.sound_file import open_sound

RATE = 16000
FORMATS = {
    "wav": {},
    "flac": {},
    "ogg": {},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {},
    "aiff": {},
    "caf": {},
    "au": {},
}


@pytest.fixture(scope="module")
def speech(shared: Path) -> NDArray[np.float32]:
    """[N] a recorded English sentence at RATE."""
    file = min((shared / "bench" / "dev" / "audio").glob("s1_*.flac"))
    samples, rate = soundfile.read(file, dtype="float32")
    assert rate == RATE and samples.ndim == 1
    return samples


def read(sound: Sound) -> NDArray[np.float32]:
    return np.concatenate(list(sound.blocks()))


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("ending", FORMATS)
def test_formats(tmp_path: Path, speech: NDArray[np.float32], ending: str) -> None:
    file = tmp_path / f"line.{ending}"
    soundfile.write(file, speech, RATE, **FORMATS[ending])
    sound = open_sound(file, RATE)
    samples = read(sound)
    assert (sound.sample_rate, sound.source) == (RATE, f"line.{ending}")
    assert sound.duration == pytest.approx(len(speech) / RATE, abs=0.1)
    assert len(samples) == pytest.approx(len(speech), abs=0.1 * RATE)
    count = min(len(samples), len(speech))
    assert correlation(samples[:count], speech[:count]) > 0.98


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_rates_keep_time_and_content(tmp_path: Path, speech: NDArray[np.float32], rate: int) -> None:
    narrow = soxr.resample(soxr.resample(speech, RATE, 7000), 7000, RATE)[: len(speech)]  # that 8 kHz can carry
    file = tmp_path / "line.wav"
    soundfile.write(file, soxr.resample(narrow, RATE, rate), rate, subtype="FLOAT")
    samples = read(open_sound(file, RATE))
    assert len(samples) == pytest.approx(len(narrow), abs=3)
    count = min(len(samples), len(narrow))
    assert correlation(samples[:count], narrow[:count]) > 0.9999  # a shift by one sample would be below


def test_blocks_make_no_difference_to_resampling(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    long = np.tile(speech, 3)  # several blocks
    file = tmp_path / "line.wav"
    soundfile.write(file, long, 44100, subtype="FLOAT")
    np.testing.assert_allclose(read(open_sound(file, RATE)), soxr.resample(long, 44100, RATE), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(tmp_path: Path, speech: NDArray[np.float32], channels: int) -> None:
    file = tmp_path / "line.wav"
    soundfile.write(file, speech[:, None] * np.arange(1, channels + 1) / channels, RATE, subtype="FLOAT")
    np.testing.assert_allclose(read(open_sound(file, RATE)), speech * (channels + 1) / 2 / channels, atol=1e-6)


def test_several_passes(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    file = tmp_path / "line.flac"
    soundfile.write(file, speech, 22050)
    sound = open_sound(file, RATE)
    np.testing.assert_array_equal(read(sound), read(sound))


def test_long_sound_needs_no_more_memory(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    def peak(seconds: int) -> int:
        file = tmp_path / f"{seconds}.wav"
        soundfile.write(file, np.resize(speech, seconds * 44100), 44100)
        tracemalloc.start()
        for _ in open_sound(file, RATE).blocks():
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(120) < 1.2 * peak(12)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "aiff", "caf", "au"])
@pytest.mark.parametrize("share", [0.01, 0.6, 0.99])
def test_truncated(tmp_path: Path, speech: NDArray[np.float32], ending: str, share: float) -> None:
    file = tmp_path / f"cut.{ending}"
    soundfile.write(file, np.tile(speech, 3), RATE, **FORMATS[ending])
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(LipsyncError, match=rf"cut\.{ending} (is damaged or cut off|is not a sound)"):
        read(open_sound(file, RATE))


def test_wav_of_unknown_length_is_read(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    """ffmpeg writing to a pipe puts the largest number where the length belongs."""
    file = tmp_path / "piped.wav"
    soundfile.write(file, speech, RATE)
    whole = bytearray(file.read_bytes())
    for position in (4, whole.index(b"data") + 4):
        whole[position : position + 4] = struct.pack("<I", 0xFFFFFFFF)
    file.write_bytes(whole)
    np.testing.assert_allclose(read(open_sound(file, RATE)), speech, atol=1e-4)


@pytest.mark.parametrize("rate", [RATE, 44100])
def test_very_short_sound(tmp_path: Path, rate: int) -> None:
    file = tmp_path / "short.wav"
    soundfile.write(file, np.full(1, 0.5, np.float32), rate)
    assert len(read(open_sound(file, RATE))) <= 1


@pytest.mark.parametrize("rate", [RATE, 44100])
def test_samples_that_are_no_numbers(tmp_path: Path, speech: NDArray[np.float32], rate: int) -> None:
    file = tmp_path / "nan.wav"
    broken = speech.copy()
    broken[20000] = np.nan
    soundfile.write(file, broken, rate, subtype="FLOAT")
    with pytest.raises(LipsyncError, match="nan.wav holds samples that are not numbers"):
        read(CheckedSound(open_sound(file, RATE)))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="none.wav does not exist"):
        open_sound(tmp_path / "none.wav", RATE)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="is a folder"):
        open_sound(tmp_path, RATE)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(LipsyncError, match="empty.wav is an empty file"):
        open_sound(tmp_path / "empty.wav", RATE)


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(LipsyncError, match="zero.wav has no samples"):
        open_sound(tmp_path / "zero.wav", RATE)


@pytest.mark.parametrize(
    "name, content",
    [
        ("text.wav", b"To be, or not to be, that is the question.\n" * 50),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(2000)),
        ("samples.raw", bytes(2000)),
        ("head.wav", b"RIFF\x00\x10\x00\x00WAVE"),
    ],
)
def test_no_sound(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LipsyncError, match=f"{name} is not a sound that can be read.*WAV, FLAC"):
        open_sound(tmp_path / name, RATE)
