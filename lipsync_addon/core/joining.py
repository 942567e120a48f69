"""Several lines on one clock as one motion: a take for all that a character says in a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .channels import HEAD_ANGLES
from .pipeline import Performance, of_prediction
from .prediction import Prediction
from .prosody import FLOOR, Prosody
from .style import still
from .timeline import PhonemeTimeline, without_gaps
from .track import AnimationTrack

SILENT = "viseme_sil"
SETTLE = 0.06
"""Seconds at each end of a line in which the mouth leaves and finds its rest."""


def settled(track: AnimationTrack) -> AnimationTrack:
    """The line with its first and last frames drawn to rest: where a strip is cut in the middle of a word, the
    mouth must not stay open before and after it. Sealed lips stay sealed on the way."""
    if len(track.values) < 2:
        return track
    share = np.minimum(np.arange(len(track.values)), np.arange(len(track.values))[::-1]) / (SETTLE * track.fps)
    rest = np.array([float(name == SILENT) for name in track.names], np.float32)
    share = np.clip(share, 0, 1).astype(np.float32)[:, None]
    return track.with_values(rest + share * (track.values - rest))


def is_settled(track: AnimationTrack) -> bool:
    """Whether it begins and ends at rest, as settled() makes it."""
    ends = track.values[[0, -1]] if len(track.values) else track.values
    return bool((ends == np.array([float(name == SILENT) for name in track.names], np.float32)).all())


def settled_line(performance: Performance) -> Performance:
    """settled() for what the take keeps as well, so that a slider does not open the mouth at the ends again."""
    prediction = performance.prediction
    if prediction is None:
        return replace(performance, track=settled(performance.track))
    return of_prediction(performance, replace(prediction, track=settled(prediction.track)))


def joined_lines(lines: Sequence[tuple[float, Performance]], source: str) -> Performance:
    """joined() of settled lines as a take of its own, called `source`. Where each knows its recording so does the take:
    sliders act on it, and words and doubtful places are there. It is played as the first line is. Raises ValueError
    without lines."""
    lines = [(start, settled_line(performance)) for start, performance in lines]
    notices = tuple(dict.fromkeys(notice for _, performance in lines for notice in performance.notices))
    predictions = [(start, performance.prediction) for start, performance in lines if performance.prediction]
    if len(predictions) < len(lines) or not lines:
        return Performance(joined([(start, performance.track) for start, performance in lines]), notices)
    return replace(of_prediction(lines[0][1], joined_predictions(predictions, source)), notices=notices, timeline=None)


def joined_predictions(lines: Sequence[tuple[float, Prediction]], source: str) -> Prediction:
    """What the network makes of each line on one clock, `source` being its name. Where lines overlap, the phones of the
    later one are kept, the voice that is louder, and see joined(). What was heard is left out: phones cannot be moved
    anew. The network's controls are those of the first line."""
    track = joined([(start, still(line.track) if line.silent else line.track) for start, line in lines])
    return Prediction(
        track,
        _joined_timeline(lines, source, track.start + len(track.values) / track.fps),
        all(line.silent for _, line in lines),
        source,
        _joined_prosody(lines, track),
        lines[0][1].controls,
        sure=_joined_sureness(lines, track),
        actor=lines[0][1].actor,
    )


def _joined_timeline(lines: Sequence[tuple[float, Prediction]], source: str, end: float) -> PhonemeTimeline | None:
    """None unless the phones of every line are known."""
    if not all(line.timeline for _, line in lines):
        return None
    lines = sorted(lines, key=lambda line: line[0])
    phones, words = [], []
    for (start, line), (after, _) in zip(lines, [*lines[1:], (end, None)], strict=True):
        for phone in () if line.silent else line.timeline.phones:
            if start + phone.start < after:
                word = None if phone.word is None else phone.word + len(words)
                phones.append(replace(phone, start=start + phone.start, end=start + phone.end, word=word))
        words += line.timeline.words
    languages = {line.timeline.language for _, line in lines}
    language = languages.pop() if len(languages) == 1 else ""
    return PhonemeTimeline(without_gaps(phones, end), tuple(words), language, source)


def _joined_sureness(lines: Sequence[tuple[float, Prediction]], track: AnimationTrack) -> NDArray[np.float32] | None:
    """At the frames of the joined track, the least where lines overlap; None unless every line has it."""
    if any(line.sure is None for _, line in lines):
        return None
    sure = np.ones(len(track.values), np.float32)
    for start, line in lines:
        at = round((start + line.track.start - track.start) * track.fps)
        part = slice(at, at + len(line.sure))
        sure[part] = np.minimum(sure[part], line.sure)
    return sure


def _joined_prosody(lines: Sequence[tuple[float, Prediction]], track: AnimationTrack) -> Prosody | None:
    """At the frames of the joined track; None unless every line has it."""
    if not all(line.prosody for _, line in lines):
        return None
    level = np.full(len(track.values), FLOOR, np.float32)
    pitch = np.zeros_like(level)
    for start, line in lines:
        at = round((start + line.track.start - track.start) * track.fps)
        part = slice(at, at + len(line.prosody.level))
        louder = line.prosody.level > level[part]
        level[part][louder], pitch[part][louder] = line.prosody.level[louder], line.prosody.pitch[louder]
    return Prosody(level, pitch)


def joined(lines: Sequence[tuple[float, AnimationTrack]]) -> AnimationTrack:
    """Each line begins at its seconds; the result begins with the first. Between lines the face is at rest.

    Where lines overlap, each weight is the greater one; the head goes with the later line. Frames are moved to the
    nearest of the result's rather than mixed, so that closures stay closed. Raises ValueError without lines.
    """
    if not lines:
        raise ValueError("there are no lines")
    fps = lines[0][1].fps
    begin = min(start + track.start for start, track in lines)
    names = tuple(dict.fromkeys(name for _, track in lines for name in track.names))
    places = [round((start + track.start - begin) * fps) for start, track in lines]
    tracks = [track.resampled(fps).filled(names) for _, track in lines]
    values = np.zeros(
        (max(at + len(track.values) for at, track in zip(places, tracks, strict=True)), len(names)), np.float32
    )
    heads = [names.index(name) for name in HEAD_ANGLES if name in names]
    heard = np.zeros(len(values), bool)
    for at, track in sorted(zip(places, tracks, strict=True), key=lambda pair: pair[0]):
        part = slice(at, at + len(track.values))
        head = track.values[:, heads]
        values[part] = np.maximum(values[part], track.values)
        values[part, heads] = head
        heard[part] = True
    if SILENT in names:
        values[~heard, names.index(SILENT)] = 1.0
    return AnimationTrack(names, values, fps, begin)
