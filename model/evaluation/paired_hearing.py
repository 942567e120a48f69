"""What a network hears, as figures to be told apart on the same sounds: voices never heard, bad sound, boundaries; and
the teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.alignment import align
from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.phones import PHONES

from ..dataset import Source
from ..paths import EXPORTED
from .accuracy import confusion_of, phone_errors
from .boundaries import Spoken, dutch_dev, dutch_held_out, grid_words, line_errors, within
from .degraded import degraded
from .lines import Line, LineSet, english_never_heard, spanish, speakers_never_heard
from .paired import SPEAKER_LINES, Perform
from .performance import Network, clip
from .statistics import Figure, mean, share

SPANISH_LINES = 60
BOUNDARY_LINES = {"Dutch": 60, "GRID words": 40}
CONDITIONS = ("noise", "telephone")


def hearing_figures(perform: Perform) -> Iterator[Figure]:
    """Visemes and phones of voices never heard, of accented ones in bad sound too, and boundaries found with the
    text."""
    for lines in _sets():
        tracks = [perform(clip(line.samples, line.name)) for line in lines.lines]
        confusions = [confusion_of(line, track) for line, track in zip(lines.lines, tracks)]
        yield Figure(f"visemes, {lines.title}", tuple((int(c.trace()), int(c.sum())) for c in confusions), share)
        errors = tuple(phone_errors(line, track) for line, track in zip(lines.lines, tracks))
        yield Figure(f"phone errors, {lines.title}", errors, share)
    yield from of_bad_sound(perform)
    yield from of_boundaries(perform)


@cache
def _sets() -> tuple[LineSet, ...]:
    """Spanish phones are where the network that ships hears them."""
    aligner = Network.load("ours", EXPORTED / "lipsync.json")
    return english_never_heard(), speakers_never_heard(SPEAKER_LINES), spanish(aligner, SPANISH_LINES)


def of_bad_sound(perform: Perform) -> Iterator[Figure]:
    """Visemes of speakers never heard in noise and by telephone, which is what augmentation is for."""
    for condition in CONDITIONS:
        counts = []
        for line in _in_bad_sound(condition):
            confusion = confusion_of(line, perform(clip(line.samples, line.name)))
            counts.append((int(confusion.trace()), int(confusion.sum())))
        yield Figure(f"visemes, accented English, {condition}", tuple(counts), share)


@cache
def _in_bad_sound(condition: str) -> list[Line]:
    lines = speakers_never_heard(SPEAKER_LINES).lines
    return [replace(line, samples=degraded(condition, line.samples, seed)) for seed, line in enumerate(lines)]


def of_boundaries(perform: Perform) -> Iterator[Figure]:
    """Of an alignment with what was said; those within 50 ms among all that the reference has."""
    for title, lines in _spoken().items():
        found = []
        for line in lines:
            track = perform(clip(line.samples, line.name))
            result = align(track.select(PHONES).values, line.words)
            errors, possible = line_errors(line, result.timed(track.fps) if result else [])
            found.append((np.abs([seconds for seconds, _ in errors]), possible))
        yield Figure(f"boundaries, median ms, {title}", tuple(sizes for sizes, _ in found), _median_ms)
        counts = tuple((within(sizes, 0.05), possible) for sizes, possible in found)
        yield Figure(f"boundaries within 50 ms, {title}", counts, share)


@cache
def _spoken() -> dict[str, list[Spoken]]:
    sets = {"Dutch": chain(dutch_held_out(), dutch_dev()), "GRID words": grid_words()}
    return {title: list(islice(lines, BOUNDARY_LINES[title])) for title, lines in sets.items()}


def _median_ms(parts: Sequence[NDArray[np.float64]]) -> float:
    """Of errors [n] s of each line."""
    return 1000 * float(np.median(np.concatenate(parts)))


def of_teacher(perform: Perform) -> Iterator[Figure]:
    """r in time with the opening that the teacher heard, over speakers never heard: mean of their lines."""
    source = Source("speechocean762_en")
    found = []
    for index in source.validation_lines[:SPEAKER_LINES]:
        piece = source.piece(index, 0, source.frames(index))
        known = ~np.isnan(piece.opening)
        if known.sum() > 50 and piece.opening[known].std() > 0.01:
            gap = np.maximum(lip_gap(perform(clip(piece.samples, source.names[index]))), 0)[: len(known)]
            found.append(float(np.corrcoef(gap[known], piece.opening[known])[0, 1]))
    yield Figure("r with teacher, speakers never heard", tuple(found), mean)
