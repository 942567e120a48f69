"""A row of phones is like a tuple of them, and what is done in one place touches only that place."""

from __future__ import annotations

import copy
import pickle
from bisect import bisect_left, bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core import phone_row, timeline_edits
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.phone_row import Phone, PhoneRow
from lipsync_addon.core.phones import BILABIALS, PHONES
from lipsync_addon.core.timeline import PhonemeTimeline
from lipsync_addon.core.timeline_posteriors import with_timeline

SHARE = st.floats(0, 1)


@st.composite
def phones(draw: st.DrawFn) -> list[Phone]:
    """In a row without gaps."""
    lengths = draw(st.lists(st.floats(0.01, 2), max_size=12))
    edges = np.cumsum([0.0, *lengths]).tolist()
    return [
        Phone(
            draw(st.sampled_from(PHONES)),
            start,
            end,
            draw(SHARE),
            draw(st.none() | st.integers(0, 2**31 - 1)),
            draw(st.floats(0, 2)),
            draw(st.booleans()),
        )
        for start, end in zip(edges, edges[1:])
    ]


@given(phones(), st.integers(-13, 13), st.integers(-13, 13))
def test_it_is_like_a_tuple(some: list[Phone], first: int, last: int) -> None:
    row = PhoneRow(iter(some))
    assert list(row) == some and len(row) == len(some) and bool(row) == bool(some)
    assert row[first:last] == some[first:last] and list(reversed(row)) == some[::-1]
    assert (
        row == tuple(some) == row and row == PhoneRow(some) and hash(row) == hash(PhoneRow(some)) == hash(tuple(some))
    )
    assert [row[index] for index in range(len(row))] == some
    if some:
        assert row[-1] == some[-1] and row != some[:-1] and row != [*some[:-1], Phone("a", 0.0, 100.0)]
    with pytest.raises(IndexError):
        row[len(row)]


@given(phones(), phones(), st.integers(0, 12), st.integers(0, 12))
def test_a_part_is_exchanged_and_the_row_before_stays(
    old: list[Phone], new: list[Phone], first: int, count: int
) -> None:
    row, last = PhoneRow(old), min(first + count, len(old))
    first = min(first, len(old))
    assert row.with_part(first, last, new) == old[:first] + new + old[last:] and row == old


@given(phones(), st.floats(-1, 20), st.floats(0, 5))
def test_what_is_near_is_found_as_in_the_tuple(some: list[Phone], start: float, length: float) -> None:
    first = bisect_left(some, start, key=lambda phone: phone.end)
    last = bisect_right(some, start + length, key=lambda phone: phone.start)
    row = PhoneRow(some)
    assert row[row.near(start, start + length)] == some[first:last]
    lips = row.of_units(BILABIALS)
    assert row.chosen(lips) == [phone for phone in some if phone.unit in BILABIALS]


def test_other_processes_and_copies_have_the_same() -> None:
    row = PhoneRow([Phone("m", 0.0, 0.1, 0.5, 3), Phone("sil", 0.1, 0.3, mute=True)])
    assert pickle.loads(pickle.dumps(row)) == row == copy.deepcopy(row)
    assert type(row[0].start) is float and type(row[0].word) is int and row[1].mute is True


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        (Phone("xx", 0, 1), "phone 1 is 'xx', which is no unit"),
        (Phone("a", 0, 1, word=-1), r"phone 1 \(a\) belongs to word -1"),
    ],
)
def test_what_is_no_phone_is_refused(phone: Phone, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        PhoneRow([Phone("m", 0, 1), phone])


def test_columns_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        PhoneRow([Phone("m", 0, 1)]).starts[0] = 0.5


HOUR = PhonemeTimeline(
    [Phone("mapi"[i % 4], i * 0.08, (i + 1) * 0.08, 0.5, i // 4) for i in range(45_000)], ("mapi",) * 11_250
)


@pytest.mark.parametrize(
    "edit",
    [
        lambda line: timeline_edits.with_boundary(line, 30_001, 2400.1),
        lambda line: timeline_edits.with_unit(line, 30_001, "tʃu"),
        lambda line: timeline_edits.with_mute(line, 30_001, True),
        lambda line: timeline_edits.without(line, 30_001),
        lambda line: timeline_edits.with_inserted(line, 30_001, "s"),
        lambda line: timeline_edits.with_word_times(line, 7_500, 2400.0, 2400.5),
    ],
)
def test_an_edit_of_an_hour_goes_through_the_phones_beside_it_alone(edit, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(phone_row, "_phone", lambda *numbers: made.append(numbers) or real(*numbers))
    edited = edit(HOUR)
    start, end = timeline_edits.changed_span(HOUR, edited, timeline_edits.KEPT)
    fused = with_timeline(Hearing(np.full((100, len(PHONES)), 1 / len(PHONES), np.float32), 50.0), edited)
    assert len(fused.edges) in range(44_998, 45_003) and len(made) < 20
    assert 2399.8 < start < end < 2400.7


real = phone_row._phone


def test_fused_frames_are_the_same_in_pieces_of_any_size() -> None:
    random = np.random.default_rng(0)
    heard = Hearing(
        random.dirichlet(np.ones(len(PHONES)), 300).astype(np.float32), 50.0, random.random((300, 16), np.float32)
    )
    edges = np.cumsum(np.r_[0, random.uniform(0.01, 0.2, 60)])
    said = [Phone(PHONES[i % 50], a, b, [1.0, 0.5][i % 2], 0) for i, (a, b) in enumerate(zip(edges, edges[1:]))]
    fused = with_timeline(heard, PhonemeTimeline(said, ("x",)))
    whole = fused.part(0, 300)
    for size in (1, 7, 64):
        parts = [fused.part(first, min(first + size, 300)) for first in range(0, 300, size)]
        assert (np.concatenate([part.phones for part in parts]) == whole.phones).all()
        assert (np.concatenate([part.residual for part in parts]) == whole.residual).all()
    assert (whole.phones != heard.phones).any(1).mean() > 0.9
