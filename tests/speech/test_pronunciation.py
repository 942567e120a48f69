"""Text to phones: every language of the world's scripts, accents, and what nobody says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import BILABIALS, PHONES, read_ipa
from lipsync_addon.speech.espeak import espeak
from lipsync_addon.speech.languages import guessed_reader, other_language, reader_of
from lipsync_addon.speech.pronunciation import LONGEST, MOST, cleaned, pronounce
from lipsync_addon.speech.synthesis import speak
from lipsync_addon.speech.transcript import bare, reading

SENTENCES = json.loads((Path(__file__).parents[1] / "data" / "sentences.json").read_text(encoding="utf-8"))
"""BCP-47 tag -> a sentence, most of the Universal Declaration of Human Rights, article 1 (public domain)."""


def units(text: str, language: str) -> list[str]:
    return ["".join(word.units) for word in pronounce(text, reader_of(language)).words]


def test_sentences_are_in_many_languages_and_scripts() -> None:
    assert len({tag.split("-")[0] for tag in SENTENCES}) >= 75


@pytest.mark.parametrize("tag", SENTENCES)
def test_no_symbol_of_any_language_is_unknown(tag: str) -> None:
    said = pronounce(SENTENCES[tag], reader_of(tag))
    assert said.unknown == ()
    assert said.foreign == ()
    assert len(said.words) >= 3
    assert cleaned(SENTENCES[tag]).startswith(said.words[0].text)
    assert {unit for word in said.words for unit in word.units} <= set(PHONES)


def test_every_voice_of_espeak_is_found_by_its_own_tag() -> None:
    for voice in filter(lambda voice: espeak().can_speak(voice.identifier), espeak().voices()):
        assert {reader_of(tag).voice.name for tag, _ in voice.languages}


def test_words_are_those_of_the_text_and_keep_their_phones() -> None:
    said = pronounce("Of the 42 people, Dr. Smith's dog isn't at home.", reader_of("en-GB"))
    assert [word.text for word in said.words] == [
        "Of the",
        "42",
        "people,",
        "Dr.",
        "Smith's",
        "dog",
        "isn't",
        "at",
        "home.",
    ]
    assert ["".join(word.units) for word in said.words][:3] == ["ɒvðə", "fɔtitu", "pipəl"]


@pytest.mark.parametrize("text", ["모든 인간은", "– 모든 인간은", "모든"])
def test_a_first_word_of_which_espeak_does_not_say_that_it_begins_is_said(text: str) -> None:
    said = pronounce(text, reader_of("ko"))
    assert [word.text.removeprefix("– ") for word in said.words] == text.removeprefix("– ").split()
    assert said.words[0].units == tuple("modɯn")
    clip, timeline = speak(text, "ko")
    assert len(timeline.words) == len(said.words)
    assert [phone.unit for phone in timeline.phones if phone.word == 0] == list("modɯn")


@pytest.mark.parametrize("tag", SENTENCES)
def test_what_stands_before_the_first_word_is_no_word(tag: str) -> None:
    said, led = (pronounce(lead + SENTENCES[tag], reader_of(tag)) for lead in ("", "- - "))
    assert [word.units for word in led.words] == [word.units for word in said.words]


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("de", "Das Team kauft Jeans online.", []),
        ("nl", "Het team koopt een computer.", []),
        ("de", "Das Wort мир.", ["German has no reading for 'мир'. Write how it sounds."]),
        ("ru", "Это Team.", ["'Team' is read as in English. Write how it sounds where it is said otherwise."]),
        ("ja", "東京です", ["Japanese has no reading for '東京です'. Write how it sounds."]),
    ],
)
def test_words_of_other_languages_are_told_where_they_are_not_read(language: str, text: str, told: list[str]) -> None:
    assert list(reading(pronounce(text, reader_of(language)))) == told


@pytest.mark.parametrize(("word", "said"), [("(नमस्ते)!", "नमस्ते"), ("«été»,", "été"), ("...", "..."), ("42%", "42")])
def test_a_word_loses_the_signs_around_it_and_no_vowel(word: str, said: str) -> None:
    assert bare(word) == said


def test_languages_without_spaces_are_parted_by_syllable() -> None:
    assert [word.text for word in pronounce("你好世界", reader_of("zh")).words] == ["你好", "世", "界"]


def test_tones_clicks_and_nasal_vowels_have_units() -> None:
    assert read_ipa("ma˥˩ ka5 ɑ̃ ũ ǃ ǁ ʘ kʷ tʰ ɬ ɓ") == (tuple("m a k a ɑ u t l p k w t l b".split()), ())
    assert read_ipa("a☃")[1] == ()  # a sign, not a letter
    assert read_ipa("aж")[1] == ("ж",)


def test_indian_english_differs_from_british() -> None:
    assert units("very three days wet", "en-GB") == ["vɛɹi", "θɹi", "deɪz", "wɛt"]
    assert units("very three days wet", "en-IN") == ["vɛɾi", "tɾi", "deɪz", "vɛt"]
    assert str(reader_of("en-IN")) == "English (Great Britain) with the accent en-IN"


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("ru", "ты был мышь", ["tɨ", "bɨl", "mɨʃ"]),
        ("pt-BR", "mãe cães", ["mɐj", "kɐjs"]),
        ("ru", "юг", ["juk"]),
        ("vi", "tư sư", ["tɯ", "sɯ"]),
        ("vi-VN-x-central", "tư", ["tɯ"]),
        ("vi-VN-x-south", "tư", ["tɯ"]),
        ("uz", "til", ["til"]),
        ("fr", "tu", ["ty"]),
    ],
)
def test_vowels_are_round_only_where_the_language_rounds_them(language: str, text: str, said: list[str]) -> None:
    assert units(text, language) == said
    assert "accent" not in str(reader_of(language))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi 😀 there 👍🏽!", "Hi there !"),
        ('<speak>Well, <break time="1s"/>no.</speak>', "Well, no."),
        ("[sighs] Fine {laughs}, go.", "Fine , go."),
        ("\u200fשלום\u202c", "שלום"),
        ("STOP RIGHT THERE", "stop right there"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
    ],
)
def test_what_nobody_says_is_left_out(text: str, said: str) -> None:
    assert cleaned(text) == said


@pytest.mark.parametrize("text", ["", "   ", "😀", "[laughs]", "...", "<b></b>"])
def test_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(LipsyncError, match="no words"):
        pronounce(text, reader_of("en"))


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(LipsyncError, match="does not read the language 'xx-YY'"):
        reader_of("xx-YY")


def test_a_regional_tag_falls_back_to_its_language() -> None:
    assert reader_of("nl_NL").voice.identifier == "gmw/nl"
    assert reader_of("en-AU").voice.identifier == "gmw/en"
    assert reader_of("sr-Latn-RS").voice.identifier == "zls/sr"
    assert (reader_of("Dutch").language, reader_of("English").voice.name) == ("nl", "English (Great Britain)")


def test_the_language_is_guessed_and_called_a_guess() -> None:
    right = [tag for tag, text in SENTENCES.items() if guessed_reader(text).language.split("-")[0] == tag.split("-")[0]]
    assert len(right) >= 65  # some pairs cannot be told apart by a sentence, Bosnian and Croatian for one
    guess = guessed_reader("Een kat hoort immers te miauwen, en niet te praten.")
    assert (guess.language, str(guess)[:30]) == ("nl", "Dutch, guessed from the text (")


def test_a_text_that_is_surely_in_another_language_is_told() -> None:
    taken = {tag: other_language(text, reader_of(tag)) for tag, text in SENTENCES.items()}
    assert {tag: other for tag, other in taken.items() if other} == {}
    assert other_language(SENTENCES["de"], reader_of("en-IN")) == "German"
    assert other_language(SENTENCES["de"].upper(), reader_of("English")) == "German"
    assert other_language("Am Abend fuhr ein Zug", reader_of("en")) == ""  # too short to be sure


def test_a_book_is_read_in_pieces() -> None:
    text = "Pip may bump me. " * 4000
    said = pronounce(text, reader_of("en"))
    assert len(said.words) == 16000 and len(text) > 30 * MOST
    assert sum(unit in BILABIALS for word in said.words for unit in word.units) == 7 * 4000


def test_a_book_is_no_line() -> None:
    with pytest.raises(LipsyncError, match="which nobody says in a line"):
        pronounce("a cat. " * (LONGEST // 7 + 1), reader_of("en"))
