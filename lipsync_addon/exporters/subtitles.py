"""Subtitles of the words: SubRip (.srt) and WebVTT (.vtt).

Layouts: SubRip as players read it (number, `00:00:01,500 --> 00:00:02,000`, text, empty line); WebVTT of the W3C, with
the time of every word inside its cue, as for karaoke. A caption is at most two lines of 42 characters long, seven
seconds, and ends where a pause is longer than half a second (the BBC's subtitle guidelines are near that).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..core.track import AnimationTrack
from .base import ExportOptions
from .spoken_parts import Part, needed_words

LETTERS = 84
SECONDS = 7.0
PAUSE = 0.5


def srt(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A block per caption. Raises LipsyncError without words."""
    for index, words in enumerate(captions(needed_words(options)), 1):
        times = " --> ".join(_clock(second, ",") for second in (words[0].start, words[-1].end))
        text = " ".join(word.text for word in words).replace("-->", "->")
        yield f"{index}\n{times}\n{text}\n\n".encode()


def vtt(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """A cue per caption. Raises LipsyncError without words."""
    words = needed_words(options)
    yield b"WEBVTT\n\n"
    for caption in captions(words):
        times = " --> ".join(_clock(second, ".") for second in (caption[0].start, caption[-1].end))
        first, *others = caption
        text = _escaped(first.text) + "".join(f" <{_clock(w.start, '.')}>{_escaped(w.text)}" for w in others)
        yield f"{times}\n{text}\n\n".encode()


def captions(words: list[Part]) -> list[list[Part]]:
    """Words that are shown together."""
    groups: list[list[Part]] = []
    for word in words:
        group = groups[-1] if groups else []
        letters = sum(len(each.text) + 1 for each in group) + len(word.text)
        if (
            group
            and letters <= LETTERS
            and word.start - group[-1].end <= PAUSE
            and word.end - group[0].start <= SECONDS
        ):
            group.append(word)
        else:
            groups.append([word])
    return groups


def _clock(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d}{point}{whole % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
