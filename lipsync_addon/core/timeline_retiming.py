"""Edits of the phones of one take on another take of the same words: both timelines are laid over each other word by
word, and each edit goes where its word is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .spoken import TimeMap, same_words, sounds_of, time_map
from .timeline import Phone, PhonemeTimeline
from .timeline_edits import KEPT, LEAST


@dataclass(frozen=True, slots=True)
class Edits:
    """What a person changed in the phones of a take."""

    original: PhonemeTimeline
    """As it was before."""
    edited: PhonemeTimeline

    def on(self, new: PhonemeTimeline) -> tuple[PhonemeTimeline, tuple[tuple[float, float], ...]]:
        """(`new` with these edits, (start s, end s) in the original of those that have no place in it).

        Phones that were moved, changed, inserted or deleted take the place that their stretch has in the new take and
        count as set by a person; muted and stressed ones are muted and stressed there.
        """
        if _same_phones(self.original, new):
            return replace(self.edited, source=new.source), ()
        moves = time_map(sounds_of(self.original), sounds_of(new), self.original.words, new.words)
        words = dict(same_words(self.original.words, new.words))
        result, dropped = list(new.phones), []
        kept = _kept(self.original, self.edited)
        for old, phones in _stretches(self.original, self.edited, kept):
            said = not new.words or all(phone.word is None or phone.word in words for phone in old)
            spliced = result if said and moves.holds(old[0].start, old[-1].end) else None
            for placed, span in _placed(phones, moves, words):
                spliced = spliced and _spliced(spliced, placed, span)
            if spliced is None:
                dropped.append((old[0].start, old[-1].end))
            else:
                result = spliced
        timeline = replace(new, phones=tuple(result))
        for i, j in kept:
            was, now = self.original.phones[i], self.edited.phones[j]
            if (was.mute, was.stress) == (now.mute, now.stress):
                continue
            place = timeline.index_at(float(moves.forward(np.array((was.start + was.end) / 2))))
            said = not new.words or was.word is None or was.word in words
            if place is None or not said or not moves.holds(was.start, was.end):
                dropped.append((was.start, was.end))
                continue
            phones = list(timeline.phones)
            phones[place] = replace(phones[place], mute=now.mute, stress=now.stress)
            timeline = replace(timeline, phones=tuple(phones))
        return timeline, tuple(sorted(dropped))


def told(dropped: tuple[tuple[float, float], ...], source: str) -> tuple[str, ...]:
    """What to tell the user of edits that found no place in the line `source`."""
    if not dropped:
        return ()
    places = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in dropped)
    dropped_ones = f"your phoneme edits at {places} of the earlier take were dropped"
    return (f"{source}: {dropped_ones}: those words are not said here.",)


def _same_phones(one: PhonemeTimeline, other: PhonemeTimeline) -> bool:
    return len(one.phones) == len(other.phones) and all(map(_alike, one.phones, other.phones))


def _alike(one: Phone, other: Phone) -> bool:
    near = abs(one.start - other.start) <= KEPT and abs(one.end - other.end) <= KEPT
    return near and (one.unit, one.word) == (other.unit, other.word)


def _kept(original: PhonemeTimeline, edited: PhonemeTimeline) -> list[tuple[int, int]]:
    """Pairs of indices of phones that stand where they stood, muted or stressed or not."""
    pairs, j = [], 0
    for i, phone in enumerate(original.phones):
        while j < len(edited.phones) and edited.phones[j].start < phone.start - KEPT:
            j += 1
        if j < len(edited.phones) and _alike(phone, edited.phones[j]):
            pairs.append((i, j))
            j += 1
    return pairs


def _stretches(
    original: PhonemeTimeline, edited: PhonemeTimeline, kept: list[tuple[int, int]]
) -> Iterator[tuple[tuple[Phone, ...], tuple[Phone, ...]]]:
    """(the phones that were there, those that a person put there) of every stretch that was changed."""
    ends = [(-1, -1), *kept, (len(original.phones), len(edited.phones))]
    for (i, j), (k, l) in zip(ends, ends[1:]):
        before, after = original.phones[i + 1 : k], edited.phones[j + 1 : l]
        if before and after:
            yield before, after


def _placed(
    phones: tuple[Phone, ...], moves: TimeMap, words: dict[int, int]
) -> Iterator[tuple[list[Phone], tuple[float, float]]]:
    """(the phones at their times in the new take, start and end of what they replace there), in several rows where only
    the new take pauses between them; phones of which nothing is left there go."""
    edges = np.array([phone.end for phone in phones[:-1]])
    # Index of the phone after a pause -> the pause's edges in the new take, and how far a person moved the boundary
    # there.
    breaks: dict[int, tuple[float, float, float]] = {}
    for moment, last, first in moves.leaps():
        if len(edges) and phones[0].start + LEAST < moment < phones[-1].end - LEAST and first - last > LEAST:
            nearest = int(np.abs(edges - moment).argmin())
            breaks[nearest + 1] = last, first, float(edges[nearest]) - moment
    ends = [0, *sorted(breaks), len(phones)]
    for first, last in zip(ends, ends[1:]):
        start, end = moves.span(phones[first].start, phones[last - 1].end)
        there = [start, end]
        if first in breaks:
            there[0], start = breaks[first][1], breaks[first][1] + breaks[first][2]
        if last in breaks:
            there[1], end = breaks[last][0], breaks[last][0] + breaks[last][2]
        row: list[Phone] = []
        for index in range(first, last):
            phone, begin = phones[index], row[-1].end if row else start
            until = end if index == last - 1 else float(moves.forward(np.array(phone.end)))
            if min(until, end) - begin >= LEAST / 2:
                word = None if phone.word is None else words.get(phone.word)
                row.append(replace(phone, start=begin, end=min(until, end), confidence=1.0, word=word))
        if row:
            yield row, (there[0], there[1])


def _spliced(phones: list[Phone], placed: list[Phone], span: tuple[float, float]) -> list[Phone] | None:
    """`placed` in the place of what was there in `span`; None where the words would be out of order."""
    first, last = placed[0].start, placed[-1].end
    left = [phone for phone in phones if phone.start < min(first, span[0]) - LEAST]
    right = [phone for phone in phones if phone.end > max(last, span[1]) + LEAST]
    inner = list(placed)
    if left:
        left[-1] = replace(left[-1], end=first)
    else:
        inner[0] = replace(inner[0], start=phones[0].start)
    if right:
        right[0] = replace(right[0], start=last)
    else:
        inner[-1] = replace(inner[-1], end=max(phones[-1].end, last))
    result = left + inner + right
    numbers = [phone.word for phone in result if phone.word is not None]
    return result if numbers == sorted(numbers) else None
