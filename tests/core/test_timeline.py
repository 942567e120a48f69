"""The phoneme track as data: edits keep it whole, and files bring back what was saved."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline import Phone, PhonemeTimeline, without_gaps
from lipsync_addon.core.timeline_edits import (
    LEAST,
    changed_span,
    with_boundary,
    with_inserted,
    with_mute,
    with_stress,
    with_unit,
    with_word_times,
    without,
)
from lipsync_addon.core.timeline_file import from_json, load, save, to_json

LINE = PhonemeTimeline(
    (
        Phone("sil", 0.0, 0.3, 0.9),
        Phone("m", 0.3, 0.4, 0.8, word=0),
        Phone("a", 0.4, 0.6, 0.7, word=0),
        Phone("p", 0.6, 0.7, 0.6, word=1),
        Phone("ɪ", 0.7, 0.8, 0.5, word=1),
        Phone("t", 0.8, 0.9, 0.9, word=1),
        Phone("sil", 0.9, 1.5),
    ),
    ("Ma", "pit"),
    "en-GB",
    "line.wav",
)

edits = st.lists(
    st.one_of(
        st.tuples(st.just(with_boundary), st.integers(1, 4), st.floats(-1, 3)),
        st.tuples(st.just(with_unit), st.integers(0, 4), st.sampled_from((*PHONES, "aɪ", "t͡s"))),
        st.tuples(st.just(with_inserted), st.integers(0, 4), st.sampled_from(PHONES)),
        st.tuples(st.just(without), st.integers(1, 2)),
        st.tuples(st.just(with_mute), st.integers(0, 4), st.booleans()),
        st.tuples(st.just(with_stress), st.integers(0, 4), st.floats(0, 2)),
        st.tuples(st.just(with_word_times), st.just(1), st.floats(-1, 3), st.floats(-1, 3)),
    ),
    max_size=5,
)


@given(edits)
def test_no_row_of_edits_leaves_gaps_or_changes_the_length(steps) -> None:
    timeline = LINE
    for edit, *arguments in steps:
        try:
            new = edit(timeline, *arguments)
        except LipsyncError:  # a word all of whose phones were deleted, for example
            continue
        span = changed_span(timeline, new)
        outside = lambda t: [  # noqa: E731
            p for p in t.phones if span is None or p.end <= span[0] or p.start >= span[1]
        ]
        assert outside(new) == outside(timeline)
        timeline = new
    assert (timeline.start, timeline.end) == (0.0, 1.5)
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(timeline.phones))
    assert from_json(json.loads(to_json(timeline))).words == LINE.words


def test_a_boundary_stops_at_its_neighbours() -> None:
    moved = with_boundary(LINE, 3, 5.0)
    assert (moved.phones[2].end, moved.phones[3].start) == pytest.approx((0.7 - LEAST, 0.7 - LEAST))
    assert changed_span(LINE, moved) == (0.4, 0.7)
    with pytest.raises(LipsyncError, match="no boundary before phone 0"):
        with_boundary(LINE, 0, 0.1)


def test_a_stretched_word_takes_its_phones_along() -> None:
    longer = with_word_times(LINE, 1, 0.5, 1.1)
    assert [phone.start for phone in longer.phones[3:6]] == pytest.approx([0.5, 0.7, 0.9])
    assert (longer.phones[2].end, longer.phones[6].start) == pytest.approx((0.5, 1.1))
    assert longer.phones[1] == LINE.phones[1]
    with pytest.raises(LipsyncError, match="Word 7 is not said"):
        with_word_times(LINE, 7, 0.5, 1.1)


def test_a_squeezed_word_leaves_its_shortest_phone_some_time() -> None:
    squeezed = with_word_times(with_boundary(LINE, 2, 0.33), 0, 0.3, 0.3001)
    assert [phone.length for phone in squeezed.phones[1:3]] == pytest.approx([LEAST, LEAST * 9])


def test_typed_ipa_becomes_units_of_ours() -> None:
    assert [p.unit for p in with_unit(LINE, 2, "aɪ").phones[2:4]] == ["a", "ɪ"]
    assert [(p.unit, p.word) for p in with_inserted(LINE, 5, "s").phones[5:7]] == [("t", 1), ("s", 1)]
    with pytest.raises(LipsyncError, match="'9' is no IPA"):
        with_unit(LINE, 2, "9")


@pytest.mark.parametrize("ipa", ["s", "t͡su"])
def test_phones_put_into_one_another_keep_some_time(ipa: str) -> None:
    line = LINE
    with pytest.raises(LipsyncError, match="Phone 3 .p. has 0.0.* s, and this takes"):
        for _ in range(17):
            line = with_inserted(line, 3, ipa)
    with pytest.raises(LipsyncError, match="Make it longer"):
        for _ in range(17):
            line = with_unit(line, 4, "t͡su")
    assert len(line.phones) > len(LINE.phones) and min(phone.length for phone in line.phones) > LEAST - 1e-6
    assert with_unit(line, 3, "k").phones[3].unit == "k"


def test_words_have_times() -> None:
    assert [(w.text, w.start, w.end) for w in LINE.word_spans()] == [("Ma", 0.3, 0.6), ("pit", 0.6, 0.9)]
    assert LINE.index_at(0.65) == 3 and LINE.index_at(1.5) is None


def test_gaps_become_pauses_and_overlaps_are_cut() -> None:
    phones = without_gaps([Phone("m", 0.2, 0.5), Phone("a", 0.4, 0.6), Phone("p", 0.61, 0.7)], 1.0, shortest=0.02)
    assert [(p.unit, p.start, p.end) for p in phones] == [
        ("sil", 0.0, 0.2),
        ("m", 0.2, 0.4),
        ("a", 0.4, 0.61),
        ("p", 0.61, 0.7),
        ("sil", 0.7, 1.0),
    ]
    assert [p.unit for p in without_gaps([], 1.0)] == ["sil"]


def test_a_saved_track_comes_back(tmp_path: Path) -> None:
    edited = with_mute(with_stress(LINE, 2, 1.5), 3, True)
    save(edited, tmp_path / "track.json")
    assert load(tmp_path / "track.json") == edited


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format_version": 9}, "format_version 9"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"phones": []}, "no phones"),
        ({"phones": [{"unit": "p", "start": 0}]}, "phone 0 has no 'end'"),
        ({"phones": [{"unit": "q", "start": 0, "end": 1}]}, "'q', which is no unit"),
        ({"phones": [{"unit": "p", "start": 1, "end": 0.5}]}, "before it starts"),
        ({"phones": [{"unit": "p", "start": 0, "end": 1, "word": 5}]}, "word 5, which is not there"),
        ({"phones": [{"unit": "p", "start": 0, "end": 1}, {"unit": "p", "start": 2, "end": 3}]}, "starts at 2 s"),
        ({"phones": [{"unit": "p", "start": 0, "end": float("inf")}]}, "not finite"),
        ({"phones": [{"unit": "p", "start": 0, "end": 10**400}]}, "end is not finite"),
        ({"phones": [{"unit": "p", "start": 0, "end": 1, "word": 10**400}]}, "too large"),
        ({"phones": [{"unit": "p", "start": 0.5, "end": 1}]}, "first phone starts at 0.5 s, not at 0"),
        ({"language": 5}, "language is no text"),
        ({"phones": [{"unit": "p", "start": 0, "end": 1, "stress": "much"}]}, "stress is 'much'"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path: Path, change: dict, complaint: str) -> None:
    path = tmp_path / "track.json"
    path.write_text(json.dumps(json.loads(to_json(LINE)) | change), encoding="utf-8")
    with pytest.raises(LipsyncError, match="track.json is no phoneme track") as error:
        load(path)
    assert complaint in str(error.value)


def test_an_unknown_language_may_be_null() -> None:
    assert from_json(json.loads(to_json(LINE)) | {"language": None, "source": None}).language == ""


def test_files_that_are_no_track_are_named(tmp_path: Path) -> None:
    (tmp_path / "track.json").write_text("[", encoding="utf-8")
    with pytest.raises(LipsyncError, match="track.json is no phoneme track"):
        load(tmp_path / "track.json")
    with pytest.raises(LipsyncError, match="other.json cannot be read"):
        load(tmp_path / "other.json")
    with pytest.raises(ValueError, match="words are not in order"):
        replace(LINE, phones=tuple(replace(p, word=1 - p.word if p.word is not None else None) for p in LINE.phones))
