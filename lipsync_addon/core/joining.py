"""Several lines on one clock as one motion: a take for all that a character says in a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .adaptation import Adaptation
from .channels import HEAD_ANGLES
from .hearing import Hearing, silence
from .pipeline import Performance, of_prediction
from .prediction import Prediction, as_kept
from .prosody import FLOOR, Prosody
from .style import still
from .timeline import PhonemeTimeline, without_gaps
from .timeline_moves import Mover, moved, played
from .timeline_retiming import Edits, told
from .track import AnimationTrack

SILENT = "viseme_sil"
SETTLE = 0.06
"""Seconds at each end of a take in which the mouth leaves and finds its rest."""
CLOSE = 0.2
"""The same after and before a line within a take, in the gap beside it: there is room for the mouth's own way to
rest."""


class TakeMover(Mover, Protocol):
    """What moves the mouth from what several lines heard: inference.Predictor."""

    def can_move(self, hearing: Hearing) -> bool: ...

    def adapted(self, adaptation: Adaptation) -> TakeMover: ...


def settled(track: AnimationTrack, hearing: Hearing | None = None) -> AnimationTrack:
    """The take with its first and last frames drawn to rest: where a strip is cut in the middle of a word, the
    mouth must not stay open before and after it. So is what lies beside a line in the gaps of a `hearing` that was
    joined. Sealed lips stay sealed on the way."""
    count = len(track.values)
    if count < 2:
        return track
    share = np.minimum(np.arange(count), np.arange(count)[::-1]) / (SETTLE * track.fps)
    if hearing is not None:
        share = np.minimum(share, 1 - _from_sound(hearing)[:count] / (CLOSE * track.fps))
    rest = np.array([float(name == SILENT) for name in track.names], np.float32)
    share = np.clip(share, 0, 1).astype(np.float32)[:, None]
    return track.with_values(np.where(share < 1, rest + share * (track.values - rest), track.values))


def is_settled(track: AnimationTrack) -> bool:
    """Whether it begins and ends at rest, as settled() makes it."""
    ends = track.values[[0, -1]] if len(track.values) else track.values
    return bool((ends == np.array([float(name == SILENT) for name in track.names], np.float32)).all())


def settled_as(before: Prediction, track: AnimationTrack) -> AnimationTrack:
    """A motion of the take that was made again in part, at rest wherever `before` is: frames that are as they were keep
    their bits."""
    if not is_settled(before.track):
        return track
    same = (track.values == before.track.values).all(1, keepdims=True)
    return track.with_values(np.where(same, track.values, settled(track, before.hearing).values))


def _from_sound(hearing: Hearing) -> NDArray[np.float64]:
    """[T] frames from each to the nearest in which something was heard. No network is as sure of silence as a gap
    is."""
    heard = (hearing.phones != silence()).any(1)
    if hearing.residual is not None:
        heard |= hearing.residual.any(1)
    places, here = np.flatnonzero(heard), np.arange(len(heard))
    if len(places) == 0:
        return np.zeros(len(heard))
    after = np.minimum(np.searchsorted(places, here), len(places) - 1)
    return np.minimum(np.abs(places[after] - here), np.abs(here - places[np.maximum(after - 1, 0)])).astype(float)


def settled_line(performance: Performance) -> Performance:
    """settled() for what the take keeps as well, so that a slider does not open the mouth at the ends again."""
    prediction = performance.prediction
    if prediction is None:
        return replace(performance, track=settled(performance.track))
    return of_prediction(performance, as_kept(replace(prediction, track=settled(prediction.track))))


def joined_lines(
    lines: Sequence[tuple[float, Performance]], source: str, mover: TakeMover | None = None, edits: Edits | None = None
) -> Performance:
    """The lines, from their seconds on, as a take of its own, called `source`. Where each knows its recording so does
    the take, and `mover` moves the mouth of what was heard in all of them: sliders act on it, and phones can be edited.
    `edits`: of the phones of an earlier bake of it. It is played as the first line is. Raises ValueError without
    lines."""
    notices = tuple(dict.fromkeys(notice for _, performance in lines for notice in performance.notices))
    known = [(start, performance.prediction) for start, performance in lines if performance.prediction]
    predictions = [(start, replace(line, track=settled(line.track))) for start, line in known]
    if len(predictions) < len(lines) or not lines:
        return Performance(joined([(start, settled(performance.track)) for start, performance in lines]), notices)
    whole = joined_predictions(predictions, source)
    if mover is not None and whole.hearing and whole.timeline and mover.can_move(whole.hearing):
        whole, dropped = _moved_anew(whole, mover, edits)
        notices += told(dropped, source)
    elif mover is not None:
        whole = replace(whole, hearing=None)
        notices += (f"{source}: its strips are not of one speaker and network, so its phonemes cannot be edited.",)
    return replace(of_prediction(lines[0][1], whole), notices=notices, timeline=whole.timeline)


def _moved_anew(
    whole: Prediction, mover: TakeMover, edits: Edits | None
) -> tuple[Prediction, tuple[tuple[float, float], ...]]:
    """By the network, so that words which a cut goes through are one motion; with the edits, and those that found no
    place."""
    whole = as_kept(whole)  # so that a slider which goes back gives the same motion again
    timeline, original, dropped = whole.timeline, None, ()
    if edits:
        original, (timeline, dropped) = timeline, edits.on(timeline)
    mover = mover.adapted(whole.actor) if whole.actor else mover
    track = settled(played(moved(mover, whole.hearing, timeline, whole.controls), timeline), whole.hearing)
    track = still(track) if whole.silent else track
    return as_kept(replace(whole, track=track, timeline=timeline, original=original)), dropped


def joined_predictions(lines: Sequence[tuple[float, Prediction]], source: str) -> Prediction:
    """What the network makes of each line on one clock, `source` being its name. Where lines overlap, the phones of the
    later one are kept and what was heard in it, the voice that is louder, and see joined(). The network's controls are
    those of the first line; what was heard is left out unless every line has it and all are spoken in the same way."""
    track = joined([(start, still(line.track) if line.silent else line.track) for start, line in lines])
    return Prediction(
        track,
        _joined_timeline(lines, source, track.start + len(track.values) / track.fps),
        all(line.silent for _, line in lines),
        source,
        _joined_prosody(lines, track),
        lines[0][1].controls,
        _joined_hearing(lines, track),
        sure=_joined_sureness(lines, track),
        actor=lines[0][1].actor,
    )


def _joined_hearing(lines: Sequence[tuple[float, Prediction]], track: AnimationTrack) -> Hearing | None:
    """From second 0 on, as long as the joined track; silence where no line is."""
    heard = [line.hearing for _, line in lines]
    if any(each is None for each in heard) or track.start != 0 or len({_speaking(line) for _, line in lines}) > 1:
        return None
    widths = {None if hearing.residual is None else hearing.residual.shape[1] for hearing in heard}
    if len(widths) > 1 or any(hearing.fps != track.fps for hearing in heard):
        return None
    width = widths.pop()
    phones = np.tile(silence(), (len(track.values), 1))
    residual = None if width is None else np.zeros((len(phones), width), np.float32)
    for start, line in sorted(lines, key=lambda line: line[0]):
        at = round((start + line.track.start) * track.fps)
        part = slice(at, at + len(line.hearing))
        phones[part] = silence() if line.silent else line.hearing.phones
        if residual is not None:
            residual[part] = 0.0 if line.silent else line.hearing.residual
    return Hearing(phones, track.fps, residual)


def _speaking(line: Prediction) -> tuple[object, ...]:
    """Who speaks, and how the network was told to."""
    return line.actor and line.actor.digest, str(line.controls.to_json())


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
