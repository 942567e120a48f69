"""Praat TextGrid, long text format: a tier of words, where they are known, and a tier of phones.

Layout: Praat's manual, "TextGrid file formats": interval tiers without gaps, pauses as empty labels, a quotation mark
in a label doubled. The tiers are called `words` and `phones`, as the Montreal Forced Aligner has them. Without a
timeline of phones there is what the network heard: a tier `phones` for a track with phones, else `visemes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.errors import LipsyncError
from ..core.spoken import heard
from ..core.timeline import SILENCE
from ..core.track import AnimationTrack
from .base import ExportOptions, number
from .spoken_parts import Part, said_phones, said_words

_LEAST = 1e-4
"""Seconds; a shorter pause is the rounding of two ends that are one."""


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Raises LipsyncError where neither phones nor visemes are known."""
    tiers = _tiers(track, options)
    end = max(track.start + track.duration + options.offset, *(parts[-1].end for _, parts in tiers if parts))
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {number(end)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for index, (name, parts) in enumerate(tiers, 1):
        intervals = _without_gaps(parts, end)
        lines += [
            f"    item [{index}]:",
            '        class = "IntervalTier"',
            f"        name = {_text(name)}",
            "        xmin = 0",
            f"        xmax = {number(end)}",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, part in enumerate(intervals, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {number(part.start)}",
                f"            xmax = {number(part.end)}",
                f"            text = {_text(part.text)}",
            ]
    yield ("\n".join(lines) + "\n").encode()


def _tiers(track: AnimationTrack, options: ExportOptions) -> list[tuple[str, list[Part]]]:
    if options.said:
        words = said_words(options)
        return ([("words", words)] if words else []) + [("phones", said_phones(options))]
    sounds = tuple(heard(track))
    if not sounds:
        raise LipsyncError(
            "A TextGrid holds phones, and these curves have neither phones nor visemes.",
            "Bake from the sound, or choose a format of curves such as JSON.",
        )
    shifted = [
        Part(max(s.start + options.offset, 0.0), s.end + options.offset, "" if s.unit == SILENCE else s.unit)
        for s in sounds
        if s.end + options.offset > _LEAST
    ]
    return [("visemes" if all(f"viseme_{s.unit}" in track.names for s in sounds) else "phones", shifted)]


def _without_gaps(parts: Sequence[Part], end: float) -> list[Part]:
    """Intervals from 0 to `end`, pauses with an empty label."""
    filled: list[Part] = []
    reached = 0.0
    for part in parts:
        if part.start - reached > _LEAST:
            filled.append(Part(reached, part.start, ""))
            reached = part.start
        filled.append(Part(reached, part.end, part.text))
        reached = part.end
    if end - reached > _LEAST or not filled:
        filled.append(Part(reached, end, ""))
    return filled


def _text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
