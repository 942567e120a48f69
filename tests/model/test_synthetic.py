"""Synthesised lines: the phones are where the sound says they are, and a program that is missing is named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lipsync_addon.core.phones import PHONES, VOWELS
from model import prepare
from model.datasets import festival, flite, synthetic

TEXT = "Five brave puppies kissed a fuzzy moth."
SPEAKERS = [(flite.speak, "kal16"), (flite.speak, "slt"), *((festival.speak, voice) for voice in festival.VOICES)]


def level(samples: np.ndarray, phones: list, units: frozenset[str]) -> float:
    """rms of the middle half of these units."""
    parts = [
        samples[int((start + (end - start) * 0.25) * 16000) : int((end - (end - start) * 0.25) * 16000)]
        for start, end, unit in phones
        if unit in units
    ]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


@pytest.mark.parametrize("speak, voice", SPEAKERS, ids=lambda value: getattr(value, "__module__", value))
def test_phones_are_what_was_said_and_where_it_sounds(speak, voice):
    samples, phones = speak(TEXT, voice)
    end = len(samples) / 16000  # flite's last silence lasts a little longer than its sound
    assert phones[0][0] == 0 and phones[-1][2] == "sil" and phones[-1][0] < end < phones[-1][1] + 0.06
    assert all(one[1] == pytest.approx(other[0]) for one, other in itertools.pairwise(phones))
    said = [unit for _, _, unit in phones if unit != "sil"]
    assert set(said) <= set(PHONES)
    assert said[:11] == ["f", "a", "ɪ", "v", "b", "ɹ", "e", "ɪ", "v", "p", "ʌ"]
    assert [unit for unit in said if unit in ("p", "m", "θ")] == ["p", "p", "m", "θ"]
    vowels = level(samples, phones, VOWELS)
    assert level(samples, phones, frozenset({"p"})) < 0.15 * vowels  # lips shut: next to no sound
    assert level(samples, phones, frozenset({"sil"})) < 0.05 * vowels


def test_festivals_own_phones_are_ours_too():
    """The names of its set "radio" that are no ARPAbet."""
    assert festival.radio_to_units("dx") == ("ɾ",) and festival.radio_to_units("el") == ("ə", "l")
    assert festival.radio_to_units("ay") == ("a", "ɪ") and festival.radio_to_units("h#") == ("sil",)


def test_a_text_with_quotes_is_read_and_not_run():
    _, plain = festival.speak("so he said now", "kal_diphone")
    _, quoted = festival.speak('so he "said" now \\', "kal_diphone")
    assert [unit for _, _, unit in quoted if unit != "sil"][:5] == [unit for _, _, unit in plain if unit != "sil"][:5]


def test_the_same_seed_speaks_the_same_lines(shared):
    first, again = (list(synthetic.festival_lines(2, seed=3)) for _ in range(2))
    for (name, samples, phones), (same_name, same_samples, same_phones) in zip(first, again):
        assert name == same_name and phones == same_phones
        np.testing.assert_array_equal(samples, same_samples)
    assert first[0][2] != first[1][2]


@pytest.mark.parametrize("speak, program", [(flite.speak, "flite"), (festival.speak, "festival")])
def test_a_missing_program_is_named_with_its_package(speak, program, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=rf"^{program} is not installed here; .*apt install {program}.*\.$"):
        speak("word", "kal16")


def test_a_missing_voice_is_named():
    with pytest.raises(RuntimeError, match="voice nobody installed"):
        festival.speak("word", "nobody")


def test_prepare_says_in_one_sentence_that_festival_is_missing(monkeypatch, tmp_path, shared):
    monkeypatch.setattr(prepare, "PREPARED", tmp_path / "prepared")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["prepare", "festival"])
    with pytest.raises(SystemExit, match="apt install festival"):
        prepare.main()
    assert not (tmp_path / "prepared").exists()
