"""Edits move to another take of the words; the map between two takes only ever goes forward."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.spoken import Heard, sounds_of, time_map
from lipsync_addon.core.timeline import Phone, PhonemeTimeline, without_gaps
from lipsync_addon.core.timeline_edits import (
    with_boundary,
    with_inserted,
    with_mute,
    with_stress,
    with_unit,
    with_word_times,
    without,
)
from lipsync_addon.core.timeline_retiming import Edits

WORDS = {"baby": "b e b i", "please": "p l i z", "come": "k ʌ m", "back": "b æ k", "no": "n o", "never": "n ɛ v a"}
WORDS["police"] = "p l i s"


def spoken(text: str, each: float = 0.1, pause: float = 0.0, confidence: float = 1.0) -> PhonemeTimeline:
    """The words, each phone `each` seconds long, with a pause of `pause` before every word and 0.3 s at both ends."""
    phones, reached, words = [], 0.3, tuple(text.split())
    for index, word in enumerate(words):
        for unit in WORDS[word.strip(",.!").lower()].split():
            phones.append(Phone(unit, reached, reached + each, confidence, index))
            reached += each
        reached += pause
    return PhonemeTimeline(without_gaps(phones, reached + 0.3), words, "en", "draft")


DRAFT = spoken("Baby, please come back.")
SLOW = replace(spoken("baby please come back", 0.16, 0.1, 0.8), source="actor")


def phones_of(timeline: PhonemeTimeline, word: int) -> list[Phone]:
    return [phone for phone in timeline.phones if phone.word == word]


def map_of(old: PhonemeTimeline, new: PhonemeTimeline):
    return time_map(sounds_of(old), sounds_of(new), old.words, new.words)


words_ = st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=8)
lengths = st.floats(0.02, 0.3)


@given(words_, words_, lengths, lengths, st.floats(0, 0.5), st.lists(st.floats(-1, 12), min_size=2, max_size=30))
def test_the_map_never_goes_back(old, new, slow, fast, pause, moments) -> None:
    found = map_of(spoken(" ".join(old), slow), spoken(" ".join(new), fast, pause))
    moments = np.sort(moments)
    assert (np.diff(found.forward(moments)) >= -1e-9).all() and (np.diff(found.back(moments)) >= -1e-9).all()
    assert (np.diff(found.old) >= 0).all() and (np.diff(found.new) >= 0).all()


@given(words_, lengths, st.floats(0, 0.5), st.lists(st.floats(-1, 12), min_size=1))
def test_between_equal_timelines_nothing_moves(said, each, pause, moments) -> None:
    line = spoken(" ".join(said), each, pause)
    found = map_of(line, line)
    assert found.forward(np.array(moments)) == pytest.approx(moments) and found.holds(line.start, line.end)
    assert Edits(line, line).on(line) == (line, ())


@given(words_, lengths, lengths, st.floats(0, 0.5))
def test_words_lie_on_their_words(said, slow, fast, pause) -> None:
    old, new = spoken(" ".join(said), slow), spoken(" ".join(said), fast, pause)
    found = map_of(old, new)
    if len(found.old) < 3:  # the same recording
        return
    for before, after in zip(old.word_spans(), new.word_spans(), strict=True):
        assert found.span(before.start, before.end) == pytest.approx((after.start, after.end), abs=1e-4)


def test_words_decide_where_sounds_alone_would_not() -> None:
    """Said twice, the second time with other words before it: the sounds of "no no" fit in several places."""
    old, new = spoken("no no baby no"), spoken("never no no baby no", 0.2)
    found = map_of(old, new)
    baby = old.word_spans()[2], new.word_spans()[3]
    assert found.forward(np.array(baby[0].start)) == pytest.approx(baby[1].start)
    assert found.holds(baby[0].start, baby[0].end)


def test_a_word_that_sounds_quite_different_is_still_that_word() -> None:
    old = DRAFT
    phones = [replace(p, unit={"k": "x", "ʌ": "ɑ", "m": "n"}[p.unit]) if p.word == 2 else p for p in SLOW.phones]
    new = replace(SLOW, phones=tuple(phones))
    come = old.word_spans()[2]
    assert map_of(old, new).holds(come.start, come.end)


def test_what_lies_between_matched_words_is_interpolated() -> None:
    old, new = spoken("baby never come back"), spoken("baby please come back", 0.2)
    found, gap, other = map_of(old, new), old.word_spans()[1], new.word_spans()[1]
    middle = found.forward(np.array((gap.start + gap.end) / 2))
    assert other.start < middle < other.end and not found.holds(gap.start, gap.end)


@pytest.mark.parametrize(
    "edit",
    [
        lambda t, i: with_unit(t, i, "f"),
        lambda t, i: with_inserted(t, i, "s"),
        lambda t, i: without(t, i),
        lambda t, i: with_boundary(t, i, t.phones[i].start - 0.03),
    ],
    ids=["change", "insert", "delete", "boundary"],
)
def test_an_edit_is_in_its_word_and_nowhere_else(edit) -> None:
    index = next(i for i, phone in enumerate(DRAFT.phones) if phone.word == 1 and phone.unit == "i")
    edited = edit(DRAFT, index)
    moved, dropped = Edits(DRAFT, edited).on(SLOW)
    assert not dropped
    assert [p.unit for p in phones_of(moved, 1)] == [p.unit for p in phones_of(edited, 1)]
    for word in (0, 2, 3):
        assert phones_of(moved, word) == phones_of(SLOW, word)
    # In parts of the word's time, each phone is where it was put.
    for before, after in zip(phones_of(edited, 1), phones_of(moved, 1), strict=True):
        start, there = DRAFT.word_spans()[1].start, SLOW.word_spans()[1].start
        assert (after.start - there) / 1.6 == pytest.approx((before.start - start), abs=1e-4)


def test_a_stretched_word_is_stretched_there() -> None:
    span = DRAFT.word_spans()[1]
    edited = with_word_times(DRAFT, 1, span.start - 0.05, span.end)
    moved, dropped = Edits(DRAFT, edited).on(SLOW)
    assert not dropped
    assert moved.word_spans()[1].start == pytest.approx(SLOW.word_spans()[1].start - 0.05, abs=1e-4)
    assert moved.word_spans()[1].end == pytest.approx(SLOW.word_spans()[1].end, abs=1e-4)


def test_a_pause_that_only_the_new_take_makes_stays_one() -> None:
    """The boundary between two words is moved: there both words move, and the actor still pauses between them."""
    first = DRAFT.word_spans()[1].first
    moved, dropped = Edits(DRAFT, with_boundary(DRAFT, first, DRAFT.phones[first].start + 0.04)).on(SLOW)
    (_, before, *_), (_, now, *_) = SLOW.word_spans(), moved.word_spans()
    baby, was = moved.word_spans()[0], SLOW.word_spans()[0]
    assert not dropped
    assert (baby.end - was.end, now.start - before.start) == pytest.approx((0.04, 0.04), abs=1e-4)


def test_muted_and_stressed_phones_are_so_in_the_new_take_and_as_sure_as_they_were() -> None:
    (m,) = (i for i, phone in enumerate(DRAFT.phones) if phone.unit == "m")
    edited = with_stress(with_mute(DRAFT, m, True), m - 1, 1.5)
    moved, dropped = Edits(DRAFT, edited).on(SLOW)
    assert not dropped
    differing = [(a, b) for a, b in zip(SLOW.phones, moved.phones, strict=True) if a != b]
    assert [(b.unit, b.mute, b.stress) for _, b in differing] == [("ʌ", False, 1.5), ("m", True, 1.0)]
    assert all(replace(b, mute=False, stress=1.0) == a for a, b in differing)


def test_an_edit_of_a_word_that_is_not_said_is_told_and_dropped() -> None:
    index = next(i for i, phone in enumerate(DRAFT.phones) if phone.word == 1)
    new = spoken("baby come back", 0.16, 0.1)
    moved, dropped = Edits(DRAFT, with_unit(DRAFT, index, "f")).on(new)
    assert moved == new and dropped == ((DRAFT.phones[index].start, DRAFT.phones[index].end),)


@pytest.mark.parametrize(
    "edit",
    [lambda t, i: with_unit(t, i, "f"), lambda t, i: with_mute(t, i, True), lambda t, i: with_stress(t, i, 1.7)],
    ids=["change", "mute", "stress"],
)
def test_an_edit_does_not_go_to_a_word_that_only_sounds_like_its_own(edit) -> None:
    index = next(i for i, phone in enumerate(DRAFT.phones) if phone.word == 1 and phone.unit == "l")
    new = spoken("baby police come back", 0.16, 0.1)
    moved, dropped = Edits(DRAFT, edit(DRAFT, index)).on(new)
    assert moved == new and dropped == ((DRAFT.phones[index].start, DRAFT.phones[index].end),)


def test_on_its_own_take_the_edited_timeline_is_the_result() -> None:
    edited = without(with_unit(DRAFT, 3, "f"), 5)
    assert Edits(DRAFT, edited).on(DRAFT) == (edited, ())


def test_without_words_sounds_decide() -> None:
    bare = [replace(t, phones=tuple(replace(p, word=None) for p in t.phones), words=()) for t in (DRAFT, SLOW)]
    moved, dropped = Edits(bare[0], with_unit(bare[0], 5, "f")).on(bare[1])
    assert not dropped and [p.unit for p in moved.phones].count("f") == 1


@given(st.data())
def test_whatever_is_edited_the_result_is_a_timeline_of_the_new_take(data) -> None:
    old = spoken(" ".join(data.draw(words_)), data.draw(lengths))
    new = spoken(" ".join(data.draw(words_)), data.draw(lengths), data.draw(st.floats(0, 0.4)))
    edited = old
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(edited.phones) - 1))
        kind = data.draw(st.sampled_from(("unit", "insert", "without", "mute", "stress", "boundary")))
        if kind == "unit":
            edited = with_unit(edited, index, "f")
        elif kind == "insert":
            edited = with_inserted(edited, index, "s")
        elif kind == "without" and len(edited.phones) > 2:
            edited = without(edited, index)
        elif kind == "mute":
            edited = with_mute(edited, index, True)
        elif kind == "stress":
            edited = with_stress(edited, index, 1.7)
        elif kind == "boundary" and index:
            edited = with_boundary(edited, index, data.draw(st.floats(0, 5)))
    moved, _ = Edits(old, edited).on(new)
    assert moved.words == new.words and moved.source == new.source
    assert moved.start == new.start and moved.end == pytest.approx(new.end, abs=0.02)


def test_sounds_know_their_words() -> None:
    assert sounds_of(DRAFT)[1] == Heard(0.3, pytest.approx(0.4), "b", 0)
