"""Which texts of real lines are taken for theirs: sixty Dutch sentences that never trained the network."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline_align import fitted
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.speech.transcript import Transcript, _told


@pytest.fixture(scope="module")
def lines(shared: Path) -> dict[str, AnimationTrack]:
    """{text: what the network hears}"""
    folder = shared / "bench" / "dev_nl"
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    predictor = Predictor.load(providers=["CPU"])
    hearings = {text: predictor.hear(open_sound(folder / f"{name}.opus", 16000)) for name, text in texts.items()}
    return {text: AnimationTrack(PHONES, hearing.phones, hearing.fps) for text, hearing in hearings.items()}


def fits(phones: AnimationTrack, text: str, language: str) -> bool:
    words = [(word.text, word.units) for word in pronounce(text, reader_of(language)).words]
    return fitted(phones, words, language, "line").fits


def test_right_texts_fit_and_those_of_other_lines_and_languages_do_not(lines: dict[str, AnimationTrack]) -> None:
    texts = list(lines)
    assert all(fits(phones, text, "nl") for text, phones in lines.items())
    assert sum(fits(lines[text], other, "nl") for text, other in pairwise([*texts, texts[0]])) <= 1
    spanish = "Todos los seres humanos nacen libres e iguales en dignidad y derechos."
    assert sum(fits(phones, spanish, "es") for phones in lines.values()) <= 1


def test_one_wrong_sentence_among_right_ones_is_told_with_its_place(lines: dict[str, AnimationTrack]) -> None:
    said, other = list(lines)[:5], list(lines)[30]
    phones = AnimationTrack(PHONES, np.concatenate([lines[text].values for text in said]), 50.0)
    timeline, told = Transcript.of(" ".join([*said[:2], other, *said[3:]]), "nl").timeline(phones, "a.wav")
    start = sum(len(lines[text].values) for text in said[:2]) / 50
    end = start + len(lines[said[2]].values) / 50
    spans = [tuple(map(float, line.split(": ")[1].removesuffix(" s").split(" to "))) for line in told]
    inside = [(a, b) for a, b in spans if start - 0.5 < a and b < end + 0.5]
    assert sum(b - a for a, b in inside) > 0.7 * (end - start), told
    assert sum(b - a for a, b in spans) - sum(b - a for a, b in inside) < 0.3
    assert len({phone.word for phone in timeline.phones if start + 0.3 < phone.start < end - 0.3}) <= 3
    assert Transcript.of(" ".join(said), "nl").timeline(phones, "a.wav")[1] == ()


def test_a_wrong_end_reaches_no_further_than_the_speech(lines: dict[str, AnimationTrack]) -> None:
    said, other = list(lines)[:3], list(lines)[30]
    quiet = np.zeros((100, len(PHONES)), np.float32)
    quiet[:, PHONES.index("sil")] = 1.0
    heard = [quiet, *(lines[text].values for text in said), quiet]
    phones = AnimationTrack(PHONES, np.concatenate(heard), 50.0)
    for text in ([other, *said[1:]], [*said[:2], other]):
        _, told = Transcript.of(" ".join(text), "nl").timeline(phones, "a.wav")
        spans = [tuple(map(float, line.split(": ")[1].removesuffix(" s").split(" to "))) for line in told]
        assert spans and all(2 <= a < b <= len(phones.values) / 50 - 2 for a, b in spans), told


def test_single_wrong_words_are_told_and_right_ones_are_not(lines: dict[str, AnimationTrack]) -> None:
    words = {text: [(word.text, word.units) for word in pronounce(text, reader_of("nl")).words] for text in lines}
    longest = {text: max(range(len(said)), key=lambda i: len(said[i][1])) for text, said in words.items()}
    told = 0
    for text, other in pairwise([*lines][:25]):
        assert fitted(lines[text], words[text], "nl", "line").mismatches == ()
        wrong = [*words[text]]
        wrong[longest[text]] = words[other][longest[other]]
        told += any(
            wrong[longest[text]][0] in each.text for each in fitted(lines[text], wrong, "nl", "line").mismatches
        )
    assert told >= 21  # of 24


def test_two_words_of_another_line_rarely_fit_and_are_then_called_too_short(lines: dict[str, AnimationTrack]) -> None:
    texts = list(lines)
    results = []
    for text, other in pairwise([*texts, texts[0]]):
        phones = AnimationTrack(PHONES, lines[text].values[:35], 50.0)
        words = [(word.text, word.units) for word in pronounce(other, reader_of("nl")).words[:2]]
        results.append(fitted(phones, words, "nl", "line"))
    assert sum(result.fits for result in results) <= 6
    assert sum(result.fits and not result.doubtful for result in results) <= 1
    said = [line for result in results if result.doubtful for line in _told(result, (), "a")]
    assert all("so short that nobody can tell" in line for line in said if "score" in line)
