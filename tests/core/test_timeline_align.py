"""Words over what is heard: who wins where they differ, and lips that meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.timeline_align import fitted, recognised
from lipsync_addon.core.timeline_closures import with_closures
from lipsync_addon.core.timeline_edits import LEAST
from lipsync_addon.core.track import AnimationTrack


def heard(*runs: tuple[str, int]) -> AnimationTrack:
    """So many frames of each phone, heard clearly."""
    rows = [PHONES.index(unit) for unit, count in runs for _ in range(count)]
    values = np.full((len(rows), len(PHONES)), 0.1 / len(PHONES), np.float32)
    values[np.arange(len(rows)), rows] += 0.9
    return AnimationTrack(PHONES, values, 50.0)


def units(timeline: PhonemeTimeline) -> str:
    return " ".join(phone.unit for phone in timeline.phones)


LINE = heard(
    ("sil", 10), ("m", 5), ("a", 8), ("sil", 4), ("ʃ", 10), ("o", 12), ("sil", 4), ("t", 4), ("u", 8), ("sil", 10)
)


def test_without_words_the_likeliest_phones_are_the_line() -> None:
    line = recognised(LINE, "nl", "a.wav")
    assert units(line) == "sil m a sil ʃ o sil t u sil"
    assert (line.start, line.end, line.language, line.words) == (0.0, 1.5, "nl", ())
    assert abs(line.phones[1].start - 0.195) < 1e-6  # half a frame before the first that hears it, which is EARLY


def test_words_that_fit_leave_nothing_to_tell() -> None:
    words = [("ma", ("m", "a")), ("show", ("ʃ", "o")), ("two", ("t", "u"))]
    result = fitted(LINE, words, "en", "a.wav")
    assert (result.mismatches, result.fits) == ((), True)
    assert units(result.timeline) == "sil m a sil ʃ o sil t u sil"
    assert [word.text for word in result.timeline.word_spans()] == ["ma", "show", "two"]


def test_sound_without_a_word_wins_and_is_told() -> None:
    result = fitted(LINE, [("ma", ("m", "a")), ("two", ("t", "u"))], "en", "a.wav")
    assert units(result.timeline) == "sil m a sil ʃ o sil t u sil"
    [told] = result.mismatches
    assert (told.text, told.heard) == ("", "ʃ o")
    assert 0.5 < told.start < 0.6 and 0.9 < told.end < 1.02


def test_what_is_heard_between_words_lasts_or_is_left_out() -> None:
    """The d begins half a frame before the t of the text does."""
    ad_lib, two = (("ʃ", 10), ("o", 12)), (("d", 4), ("u", 8))
    line = heard(("sil", 10), ("m", 5), ("a", 8), ("sil", 4), *ad_lib, *two, ("sil", 10))
    result = fitted(line, [("ma", ("m", "a")), ("two", ("t", "u"))], "en", "a.wav")
    assert units(result.timeline) == "sil m a sil ʃ o t u sil"
    assert min(phone.length for phone in result.timeline.phones) >= LEAST


def test_a_word_that_was_not_said_is_told_with_its_place() -> None:
    words = [("ma", ("m", "a")), ("pannekoek", tuple("panəkuk")), ("show", ("ʃ", "o")), ("two", ("t", "u"))]
    result = fitted(LINE, words, "en", "a.wav")
    [told] = result.mismatches
    assert told.text == "pannekoek" and 0.4 < told.start < 0.5 and told.end < 0.6
    assert [word.text for word in result.timeline.word_spans()] == ["ma", "show", "two"]


def half_heard(frames: int) -> AnimationTrack:
    """ "ma", "sho" that sounds a little like "ti" and has so many frames a phone, "show"."""
    ma, sho, show = (("m", 5), ("a", 8)), (("ʃ", frames), ("o", frames)), (("ʃ", 10), ("o", 12))
    line = heard(("sil", 10), *ma, ("sil", 4), *sho, ("sil", 4), *show)
    values = line.values + 0.004  # others are heard a little, too
    for first, unit in ((27, "t"), (27 + frames, "i")):
        values[first : first + frames, PHONES.index(unit)] = 0.032
    return replace(line, values=values / values.sum(1, keepdims=True))


@pytest.mark.parametrize(("frames", "told"), [(10, ["tea"]), (1, [])])
def test_a_short_word_in_the_place_of_another_is_told_and_a_swallowed_one_is_not(frames: int, told: list[str]) -> None:
    words = [("ma", ("m", "a")), ("tea", ("t", "i")), ("show", ("ʃ", "o"))]
    result = fitted(half_heard(frames), words, "en", "a.wav")
    assert result.fits and [each.text for each in result.mismatches if each.text] == told


def test_words_of_another_line_are_left_out() -> None:
    result = fitted(LINE, [("fifi", ("f", "i", "f", "i")), ("kiki", ("k", "i", "k", "i"))], "en", "a.wav")
    assert not result.fits
    assert result.timeline.phones == recognised(LINE).phones


def test_silence_and_no_words_give_a_pause() -> None:
    assert units(fitted(heard(("sil", 20)), [("ma", ("m", "a"))], "en", "").timeline) == "sil"
    assert units(fitted(LINE, [], "en", "").timeline) == units(recognised(LINE))


OPEN = AnimationTrack(
    ("jawOpen", "mouthClose", "mouthLowerDownLeft", "viseme_PP", "viseme_aa"),
    np.tile(np.float32([0.5, 0.0, 0.3, 0.1, 0.9]), (100, 1)),
    50.0,
)


def test_lips_meet_in_the_closures_of_words_and_nowhere_else() -> None:
    phones = (Phone("a", 0, 0.5, 0.9, 0), Phone("b", 0.5, 0.56, 0.2, 0), Phone("a", 0.56, 2.0, 0.9, 0))
    track = with_closures(OPEN, PhonemeTimeline(phones, ("aba",)))
    gap = lip_gap(track)
    assert gap[26] < SEALED and track.channel("viseme_PP")[26] > track.channel("viseme_aa")[26]
    assert (track.values[:22] == OPEN.values[:22]).all() and (track.values[31:] == OPEN.values[31:]).all()
    assert np.abs(np.diff(track.values, axis=0)).max() < 0.5  # no jump
    assert track.values.min() >= 0 and track.values.max() <= 1


def test_a_very_short_closure_still_has_its_frame() -> None:
    phones = (Phone("a", 0, 0.49, 1, 0), Phone("p", 0.49, 0.5, 0.1, 0), Phone("a", 0.5, 2.0, 1, 0))
    assert lip_gap(with_closures(OPEN, PhonemeTimeline(phones, ("apa",)))).min() < SEALED


def test_muted_and_merely_heard_closures_change_nothing() -> None:
    for phone in (Phone("p", 0.5, 0.6, 0.9, 0, mute=True), Phone("p", 0.5, 0.6, 0.9)):
        line = PhonemeTimeline((Phone("a", 0, 0.5), phone, Phone("a", 0.6, 2.0)), ("apa",))
        assert (with_closures(OPEN, line).values == OPEN.values).all()
