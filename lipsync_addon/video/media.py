"""Films as pictures with their times, and as sound: OpenCV decodes the pictures, ffmpeg the sound."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from .marking import is_marked, marking

HINT = "Choose a film that ffmpeg can play, for example MP4, MOV, MKV, WebM or MPG."
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Film:
    """What a film holds."""

    path: Path
    width: int
    height: int
    """Pixels, as shown"""
    fps: float
    """Frames per second as the file says; frames may come unevenly all the same."""
    duration: float
    """Seconds, for progress only"""
    lead: float
    """Seconds by which the first picture comes after the first sound"""
    has_sound: bool
    converted: bool = False
    """The pictures are brought to `fps` as they are read, by ffmpeg"""
    synthetic: bool = False
    """It says so itself"""

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """(seconds on the sound's clock, RGB [H, W, 3]) of every picture, by its presentation time stamp."""
        if self.converted:
            yield from self._converted()
            return
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise LipsyncError(f"{self.path} cannot be decoded.", HINT)
        last, count = -1.0, 0
        try:
            while True:
                read, picture = capture.read()
                if not read:
                    break
                seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                if seconds <= last:  # a stream without time stamps
                    seconds = last + 1 / self.fps if count else 0.0
                last, count = seconds, count + 1
                yield seconds + self.lead, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        finally:
            capture.release()
        if not count:
            raise LipsyncError(f"{self.path} holds no picture that can be decoded.", HINT)

    def _converted(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Pictures are left out or repeated, so that they come evenly."""
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(self.path), "-map", "0:v:0", "-vf", f"fps={self.fps}"]
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        size, count = self.width * self.height * 3, 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                while len(data := process.stdout.read(size)) == size:
                    yield (
                        self.lead + count / self.fps,
                        np.frombuffer(data, np.uint8).reshape(self.height, self.width, 3),
                    )
                    count += 1
            finally:
                process.kill()
        if not count:
            raise LipsyncError(f"{self.path} holds no picture that can be decoded.", HINT)

    def sound(self, sample_rate: int, filters: str = "") -> FilmSound:
        """Its sound as mono, through ffmpeg's `filters`. Raises LipsyncError if it has none."""
        if not self.has_sound:
            raise LipsyncError(f"{self.path} has no sound.", "Choose a film with sound, or name the sound's file too.")
        return FilmSound(self.path, sample_rate, self.duration, filters)


@dataclass(frozen=True, slots=True)
class FilmSound:
    """Follows the Sound protocol: decoded by ffmpeg as it is read."""

    path: Path
    sample_rate: int
    duration: float
    filters: str = ""

    @property
    def source(self) -> str:
        """The file's name, for messages."""
        return self.path.name

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """[n] samples each, -1..1."""
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(self.path), "-map", "0:a:0", "-ac", "1"]
        command += ["-af", self.filters] if self.filters else []
        command += ["-ar", str(self.sample_rate), "-f", "f32le", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                while data := process.stdout.read(4 * BLOCK):
                    yield np.frombuffer(data, "<f4")
            finally:
                process.kill()


def open_film(path: Path, fps: float | None = None) -> Film:
    """What the film holds. `fps`: bring the pictures to that rate as they are read. Raises LipsyncError if it is
    missing, damaged, or without pictures."""
    path = Path(path)
    if path.is_dir():
        raise LipsyncError(f"{path} is a folder.", "Choose a film in it.")
    if not path.is_file():
        raise LipsyncError(f"{path} does not exist.", "Check the path and its spelling.")
    asked = "stream=codec_type,width,height,avg_frame_rate,r_frame_rate,start_time,duration:stream_side_data=rotation"
    command = [
        "ffprobe", "-v", "error", "-show_entries", f"{asked}:format=duration:format_tags", "-of", "json", str(path),
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True)
    try:
        found = json.loads(answer.stdout or "{}")
    except ValueError:
        found = {}
    streams = found.get("streams", [])
    if answer.returncode or not streams:
        raise LipsyncError(f"{path} cannot be read as a film.", HINT)
    pictures = [s for s in streams if s.get("codec_type") == "video" and s.get("width")]
    if not pictures:
        raise LipsyncError(f"{path} has no pictures, only sound.", "Choose a film.")
    sounds = [s for s in streams if s.get("codec_type") == "audio"]
    picture = pictures[0]
    width, height = picture["width"], picture["height"]
    turn = next((int(d["rotation"]) for d in picture.get("side_data_list", []) if "rotation" in d), 0)
    if turn % 180:
        width, height = height, width
    lead = _number(picture.get("start_time")) - _number(sounds[0].get("start_time")) if sounds else 0.0
    own = _ratio(picture.get("avg_frame_rate")) or _ratio(picture.get("r_frame_rate")) or 25.0
    whole = found.get("format", {})
    duration = _number(picture.get("duration")) or _number(whole.get("duration"))
    synthetic = is_marked(whole.get("tags", {}))
    return Film(path, width, height, fps or own, duration, lead, bool(sounds), fps is not None, synthetic)


@cache
def denoising(sample_rate: int) -> str:
    """ffmpeg's filters that take steady noise out of sound, brought to that rate as mono, and leave it in its place.

    `afftdn` alone comes late (by 25 ms in ffmpeg 5.1). How late is measured on noise, since nothing promises that it
    stays so, and taken off the start.
    """
    noise = f"anoisesrc=d=0.5:r={sample_rate}:seed=1:a=0.5"
    sounds = []
    for filters in ("anull", "afftdn"):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", noise, "-af", filters, "-f", "f32le", "-"]
        sounds.append(np.frombuffer(subprocess.run(command, capture_output=True).stdout, "<f4"))
    if not all(map(len, sounds)):
        raise LipsyncError("This ffmpeg cannot take out noise.", "Install one with the filter afftdn, or leave it out.")
    size = 2 * max(map(len, sounds))
    clean, late = (np.fft.rfft(sound, size) for sound in sounds)
    lag = int(np.fft.irfft(late * clean.conj(), size)[: size // 4].argmax())
    moved = f"apad=pad_len={lag},afftdn,atrim=start_sample={lag},asetpts=PTS-STARTPTS" if lag else "afftdn"
    return f"aformat=channel_layouts=mono,aresample={sample_rate},{moved}"


def loudness(path: Path, filters: str = "") -> float:
    """LUFS of a film's sound as mono (EBU R 128, integrated), after ffmpeg's `filters`; -70 for silence.

    Raises LipsyncError for sound that cannot be decoded.
    """
    chain = ",".join(each for each in ("aformat=channel_layouts=mono", filters, "ebur128=framelog=verbose") if each)
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-map", "0:a:0", "-af", chain, "-f", "null", "-"]
    measured = subprocess.run(command, capture_output=True, text=True, errors="replace")
    found = re.findall(r"^\s*I:\s*(-?[\d.]+) LUFS", measured.stderr, re.MULTILINE)
    if measured.returncode or not found:
        raise LipsyncError(f"The loudness of {path} cannot be measured.", HINT)
    return float(found[-1])


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # "N/A"
        return 0.0


def _ratio(text: str | None) -> float:
    over, _, under = (text or "0").partition("/")
    return _number(over) / (_number(under or "1") or 1.0)


class FilmWriter:
    """H.264 in MP4 from pictures, with the sound of another file, marked as synthetic unless told otherwise."""

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, sound: Path | None, *, quality: int, mark: bool = True
    ) -> None:
        """`size` is (width, height), `quality` the constant rate factor: 18 is hardly told from the original."""
        self.size = size
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-"]
        if sound:
            command += ["-i", str(sound), "-map", "0:v:0", "-map", "1:a:0", "-c:a", "aac", "-b:a", "160k"]
        command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(quality), "-pix_fmt", "yuv420p"]
        command += [*marking(mark), str(path)]
        self._path = path
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)

    def write(self, picture: NDArray[np.uint8]) -> None:
        """One picture, RGB [H, W, 3] of the size."""
        try:
            self._process.stdin.write(np.ascontiguousarray(picture).data)
        except BrokenPipeError as error:
            raise self._failed() from error

    def __enter__(self) -> FilmWriter:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self._process.stdin.close()
            if self._process.wait():
                raise self._failed()
        else:
            self._process.kill()
            self._process.wait()

    def _failed(self) -> LipsyncError:
        self._process.wait()
        said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return LipsyncError(f"ffmpeg could not write {self._path}: {said[-1] if said else 'no reason given'}.")
