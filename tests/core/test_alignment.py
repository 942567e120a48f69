"""Forced alignment finds phones where they were put."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core import alignment
from lipsync_addon.core.alignment import Alignment, align
from lipsync_addon.core.hearing import EARLY
from lipsync_addon.core.phones import PHONES


def phones(result: Alignment) -> tuple[tuple[int, int, str], ...]:
    """(first frame, one past the last, unit)"""
    frames = result.frames.tolist()
    return tuple(zip(frames[:-1], frames[1:], [PHONES[unit] for unit in result.units], strict=True))


def posteriors(*heard: tuple[str, int], sure: float = 0.9) -> np.ndarray:
    """[T, P] with each phone heard for so many frames."""
    rows = []
    for phone, frames in heard:
        row = np.full(len(PHONES), (1 - sure) / (len(PHONES) - 1), np.float32)
        row[PHONES.index(phone)] = sure
        rows += [row] * frames
    return np.array(rows)


def test_phones_lie_where_they_are_heard_and_pauses_are_optional():
    heard = posteriors(("sil", 4), ("m", 3), ("a", 6), ("p", 2), ("i", 5), ("sil", 3), ("t", 2))
    result = align(heard, [["m", "a"], ["p", "i"], ["t"]])
    assert result is not None
    assert phones(result) == (
        (0, 4, "sil"), (4, 7, "m"), (7, 13, "a"), (13, 15, "p"), (15, 20, "i"), (20, 23, "sil"), (23, 25, "t"),
    )  # fmt: skip


def test_words_that_were_not_said_give_a_low_confidence():
    heard = posteriors(("m", 5), ("a", 6), ("p", 4), ("i", 5))
    right, wrong = align(heard, [["m", "a"], ["p", "i"]]), align(heard, [["s", "u"], ["k", "o"]])
    assert right is not None and wrong is not None
    assert right.confidence > 0.8 > 0.05 > wrong.confidence


def test_words_that_the_sound_is_too_short_for_are_left_out():
    result = align(posteriors(("m", 2)), [["m", "a", "m", "a"]])
    assert result is not None and not result.said.any() and result.confidence == 0
    assert align(posteriors(("m", 2)), []) is None


def test_a_word_that_was_not_said_is_left_out_and_the_others_stay_in_place():
    heard = posteriors(("m", 5), ("a", 6), ("sil", 4), ("t", 4), ("u", 5))
    result = align(heard, [["m", "a"], ["ʃ", "o", "ʃ", "o"], ["t", "u"]])
    assert result is not None
    assert result.said.tolist() == [True, False, True] and result.spans[[0, 2]].tolist() == [[0, 2], [3, 5]]
    assert phones(result) == ((0, 5, "m"), (5, 11, "a"), (11, 15, "sil"), (15, 19, "t"), (19, 24, "u"))


def test_sound_that_the_text_has_not_becomes_a_pause():
    heard = posteriors(("m", 5), ("a", 6), ("ʃ", 20), ("o", 20), ("t", 4), ("u", 5))
    result = align(heard, [["m", "a"], ["t", "u"]])
    assert result is not None
    assert phones(result) == ((0, 5, "m"), (5, 11, "a"), (11, 51, "sil"), (51, 55, "t"), (55, 60, "u"))
    assert result.heard[2] < 0.01 < 0.8 < min(result.heard[0], result.heard[3])


def test_boundaries_lie_between_frames_and_later_than_heard():
    heard = posteriors(("m", 5), ("a", 5))
    result = align(heard, [["m", "a"]])
    assert result is not None and abs(result.edges[1] - (4.5 + EARLY)) < 0.1
    assert result.timed(50)[0] == (0.0, result.edges[1] / 50, "m")
    heard[5] = (heard[4] + heard[6]) / 2
    unsure = align(heard, [["m", "a"]])
    assert unsure is not None and abs(unsure.edges[1] - (5 + EARLY)) < 0.1


def test_a_phone_that_comes_twice_is_parted_in_its_middle():
    result = align(posteriors(("a", 5), ("s", 12), ("u", 5)), [["a", "s"], ["s", "u"]])
    assert result is not None
    assert abs(result.edges[2] - (10.5 + EARLY)) < 0.1  # frames 5 to 16: from 4.5 to 16.5


def test_every_phone_keeps_half_a_frame():
    text = [["m", "a"], ["s", "s"], ["t"], ["p", "u"]]
    for seed in range(50):
        random = np.random.default_rng(seed)
        heard = random.dirichlet(np.full(len(PHONES), 0.05), size=14).astype(np.float32)
        result = align(heard, text)
        assert result is not None and np.diff(result.edges).min() >= 0.5 - 1e-9, seed


@pytest.mark.parametrize(("stop", "lasts"), [("p", alignment.SHUT), ("tʃ", alignment.SHUT), ("b", 8), ("m", 8)])
def test_the_silent_closure_of_a_stop_after_a_pause_has_a_limit(stop: str, lasts: float):
    result = align(posteriors(("a", 5), ("sil", 9), (stop, 8), ("i", 5)), [["a"], [stop, "i"]])
    assert result is not None and [unit for *_, unit in phones(result)] == ["a", "sil", stop, "i"]
    assert abs(result.edges[3] - result.edges[2] - lasts) < 0.2
    inside = align(posteriors(("a", 5), (stop, 8), ("i", 5)), [["a", stop, "i"]])
    assert inside is not None and abs(inside.edges[2] - inside.edges[1] - 8) < 0.2


def test_ten_minutes_of_text_are_laid_out():
    heard = np.tile(posteriors(("m", 3), ("a", 4), ("t", 3), ("u", 4), ("sil", 6)), (1500, 1))
    result = align(heard, [["m", "a"], ["t", "u"]] * 1500)
    assert result is not None and result.said.all()
    assert phones(result)[-2] == (29990, 29994, "u")


def test_a_misheard_frame_does_not_move_the_neighbours():
    heard = posteriors(("m", 4), ("s", 1), ("m", 4), ("a", 5))
    result = align(heard, [["m", "a"]])
    assert result is not None and phones(result) == ((0, 9, "m"), (9, 14, "a"))


def test_a_long_text_is_laid_out_to_its_end():
    heard = posteriors(*(("m", 2), ("a", 3)) * 200)
    result = align(heard, [["m", "a"]] * 200)
    assert result is not None and len(phones(result)) == 400 and phones(result)[-1] == (997, 1000, "a")


@pytest.mark.parametrize("block", [1, 7, 64])
def test_settling_the_path_block_by_block_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(block)
    texts = [[*random.choice(PHONES[1:], random.integers(1, 6))] for _ in range(40)]
    heard = random.dirichlet(np.full(len(PHONES), 0.1), 400).astype(np.float32)
    said = [PHONES.index(unit) for word in texts[5:30] for unit in word]
    heard[np.arange(50, 50 + 3 * len(said)), np.repeat(said, 3)] += 1
    heard /= heard.sum(1, keepdims=True)
    whole = align(heard, texts)
    monkeypatch.setattr(alignment, "BLOCK", block)
    pieces = align(heard, texts)
    assert whole is not None and pieces is not None
    assert phones(pieces) == phones(whole) and (pieces.spans == whole.spans).all()
    assert np.allclose(pieces.edges, whole.edges, atol=1e-4) and np.allclose(pieces.heard, whole.heard, atol=1e-5)
    assert whole.said.sum() > 15
