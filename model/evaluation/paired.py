"""Two networks on the same sounds: what one is better by, and how sure that is, by drawing the sounds again for both
together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from lipsync_addon.core.aperture import lip_gap
from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.speech.sound_file import open_sound

from ..paths import BENCH
from . import bench
from .accuracy import confusion_of
from .closures import bilabial_counts
from .lines import LineSet, dutch_lines, english_never_heard, speakers_never_heard
from .performance import SAMPLE_RATE, clip
from .statistics import Figure, closure_auc, mean, share

Perform = Callable[[Sound], AnimationTrack]
"""Sound to coefficients, visemes and phones, from time 0 on."""
SPEAKER_LINES = 120

def figures(perform: Perform) -> list[Figure]:
    """Opening against faces, articulation in Dutch, visemes of voices never heard; the same sounds in the same order
    always."""
    return [*_of_faces(perform), *_of_dutch(perform), *_of_hearing(perform)]


def _of_faces(perform: Perform) -> Iterator[Figure]:
    tools, sounds, sets = bench.script("eval_openness"), bench.dev_sounds(), bench.clip_sets()
    for title, key in (("talker 1", "grid_s1"), ("others", "gridx")):
        rs, ends = [], []
        for name in (name for name, member in sets.items() if member == key):
            track = perform(open_sound(sounds[name], SAMPLE_RATE))
            curve = track.times, np.maximum(lip_gap(track), 0)
            truth = tools.read_gt(str(BENCH / "dev" / "gt" / f"{name}.csv"))
            result = tools.clip_scores(name, *curve, *truth)
            tools.at_lag([result], 0.0)
            rs.append(float(result["r_sp0"]))
            ends.append(tools.closure_scores(*truth, *curve, 0.0)[1:])
        yield Figure(f"r_sp0, {title}", tuple(rs), mean)
        yield Figure(f"closure AUC, {title}", tuple(ends), closure_auc)


def _of_dutch(perform: Perform) -> Iterator[Figure]:
    lines = tuple(dutch_lines())
    tracks = {line.name: perform(clip(line.samples, line.name)) for line in lines}
    counts = [bilabial_counts(line.phones, tracks[line.name], Counter()) for line in lines]
    yield Figure("p b m hit, Dutch", tuple(row[:2] for row in counts), share)
    yield Figure("p b m precision, Dutch", tuple(row[2:] for row in counts), share)
    tools, listed = bench.script("articulation"), bench.listed_dutch_phones()
    parts = tuple(tools.collect(bench.at_60(tracks[line.name]), listed[line.name], "nl") for line in lines)
    for title, key in (("vowels wrongly shut, Dutch", "overclose"), ("rounding AUC, Dutch", "round_auc")):
        yield Figure(title, parts, lambda drawn, key=key: tools.measures(drawn)[0][key])


def _of_hearing(perform: Perform) -> Iterator[Figure]:
    sets: list[LineSet] = [english_never_heard(), speakers_never_heard(SPEAKER_LINES)]
    for lines in sets:
        confusions = [confusion_of(line, perform(clip(line.samples, line.name))) for line in lines.lines]
        parts = tuple((int(c.trace()), int(c.sum())) for c in confusions)
        yield Figure(f"visemes, {lines.title}", parts, share)


def table(
    found: Mapping[str, Sequence[Figure]], base: str, again: str, about: tuple[str, Mapping[str, str]] | None = None
) -> str:
    """Markdown: the row `base` with its errors, every other with what it is better or worse by and the error of that.

    Bold is a difference beyond its own error and beyond that of `again`, which is `base` with other pieces. `about`: a
    column more, (title, {row: text}).
    """
    other = [abs(theirs.minus(first).value) for theirs, first in zip(found[again], found[base], strict=True)]
    rows = [["", *(about[:1] if about else ()), *(figure.title for figure in found[base])]]
    rows.append(["---"] * len(rows[0]))
    for name, figures in found.items():
        cells = [name, about[1].get(name, "")] if about else [name]
        for mine, first, noise in zip(figures, found[base], other, strict=True):
            if name == base:
                whole = mine.measured()
                cells.append(f"{whole.value:.3f} ± {whole.error:.3f}")
            else:
                less = mine.minus(first)
                told = abs(less.value) > max(less.error, noise) and name != again
                cell = f"{mine.value(mine.parts):.3f} ({less.value:+.3f} ± {less.error:.3f})"
                cells.append(f"**{cell}**" if told else cell)
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
