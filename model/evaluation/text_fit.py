"""How well core/text_fit.py parts the texts of a sound from others, by corpus and length.

    python -m model.evaluation.text_fit            30 lines of each corpus, about five minutes
    python -m model.evaluation.text_fit 100

Wrong texts: of another line of the corpus about as long, and of a line in another language. Short ones: so many words
of the right text with their sound, and as many of the other. Most of these lines trained the network; danieldona_es and
dev_nl did not, and the limit was not chosen on them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.alignment import align
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.text_fit import FITS, text_fit
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce
from lipsync_addon.speech.sound_file import open_sound

from ..command import arguments, in_a_sentence, shared
from ..datasets.corpora import SAMPLE_RATE, corpus_sound, utterances
from ..paths import BENCH

CORPORA = {
    "kathleen_en": "en-US",
    "kerstin_de": "de",
    "nathalie_nl": "nl",
    "speechocean762_en": "en-US",
    "ljspeech32_en": "en-US",
    "danieldona_es": "es",
    "dev_nl": "nl",
}
SHORT = (1, 2, 3, 5)
"""Words that are cut out."""
PAUSE = 8
"""Frames of silence around them."""
Words = Sequence[tuple[str, ...]]
Line = tuple[str, NDArray[np.float32]]
"""(text, posteriors [T, P])"""


def heard(corpus: str, count: int, predictor: Predictor, chance: random.Random) -> list[Line]:
    """So many lines of a corpus, chosen by chance."""
    if corpus == "dev_nl":
        texts = json.loads(shared(BENCH / "dev_nl" / "texts.json").read_text(encoding="utf-8"))
        sounds = [(text, open_sound(BENCH / "dev_nl" / f"{name}.opus", SAMPLE_RATE)) for name, text in texts.items()]
        return [(text, predictor.hear(sound).phones) for text, sound in sounds]
    texts = {line.name: line.text for line in utterances(corpus) if line.text.strip()}
    chosen = {name: texts[name] for name in chance.sample(sorted(texts), min(count, len(texts)))}
    sounds = ((name, samples) for name, samples in corpus_sound(corpus) if name in chosen)
    return [(chosen[name], predictor.hear(AudioClip(samples, SAMPLE_RATE, name)).phones) for name, samples in sounds]


@cache
def words_of(text: str, language: str) -> tuple[tuple[str, ...], ...]:
    return tuple(word.units for word in pronounce(text, reader_of(language)).words)


def score(posteriors: NDArray[np.float32], words: Words) -> float:
    aligned = align(posteriors, words)
    return text_fit(posteriors, words, aligned).score if aligned else 0.0


def about_as_long(text: str, lines: Sequence[Line], chance: random.Random) -> str:
    others = [other for other, _ in lines if other != text]
    wanted = len(text.split())
    return chance.choice(sorted(others, key=lambda other: (abs(len(other.split()) - wanted), chance.random()))[:6])


def judged(corpus: str, lines: dict[str, list[Line]], chance: random.Random) -> Iterator[tuple[str, bool, float]]:
    """(kind of text, whether it is right, its score)"""
    language = CORPORA[corpus]
    foreign = [other for other in CORPORA if CORPORA[other][:2] != language[:2]]
    for text, posteriors in lines[corpus]:
        right = words_of(text, language)
        other = words_of(about_as_long(text, lines[corpus], chance), language)
        elsewhere = chance.choice(foreign)
        abroad = words_of(about_as_long(text, lines[elsewhere], chance), CORPORA[elsewhere])
        yield "whole", True, score(posteriors, right)
        yield "whole", False, score(posteriors, other)
        yield "whole", False, score(posteriors, abroad)
        yield from cuts(posteriors, right, other, chance)


def cuts(
    posteriors: NDArray[np.float32], right: Words, other: Words, chance: random.Random
) -> Iterator[tuple[str, bool, float]]:
    aligned = align(posteriors, right)
    silence = np.full((PAUSE, len(PHONES)), 0.1 / (len(PHONES) - 1), np.float32)
    silence[:, PHONES.index("sil")] = 0.9
    for count in SHORT:
        first = chance.randrange(max(len(right) - count, 0) + 1)
        said = aligned.said[first : first + count].all() if aligned else True
        wrong = other[: count]
        if len(right) <= count or not said or wrong == right[first : first + count]:
            continue
        part = np.concatenate([silence, posteriors[aligned.frames_of(first, first + count)], silence])
        yield f"{count} words", True, score(part, right[first : first + count])
        yield f"{count} words", False, score(part, wrong)


def line_of(name: str, results: Sequence[tuple[str, bool, float]]) -> str:
    right = np.array([value for _, good, value in results if good])
    wrong = np.array([value for _, good, value in results if not good])
    area = np.mean((right[:, None] > wrong) + 0.5 * (right[:, None] == wrong))
    return (
        f"{name:28s} {len(right):5d} /{len(wrong):5d}   AUC {area:.4f}"
        f"   right below {FITS}: {np.mean(right < FITS):.3f}   wrong above: {np.mean(wrong >= FITS):.3f}"
        f"   medians {np.median(right):.2f} {np.median(wrong):.2f}"
    )


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("lines", nargs="?", type=int, default=30, help="of each corpus (default 30)")
    count, chance = parser.parse_args().lines, random.Random(0)
    if count < 2:
        parser.error("it takes two lines of a corpus at least: one is the other's wrong text")
    shared(BENCH)
    predictor = Predictor.load()
    lines = {
        corpus: heard(corpus, 3 * count if corpus.startswith("speechocean") else count, predictor, chance)
        for corpus in CORPORA
    }
    everything: list[tuple[str, bool, float]] = []
    for corpus in CORPORA:
        results = list(judged(corpus, lines, chance))
        everything += results
        print(line_of(corpus, [each for each in results if each[0] == "whole"]), flush=True)
    for kind in dict.fromkeys(kind for kind, _, _ in everything):
        print(line_of(f"all, {kind}", [each for each in everything if each[0] == kind]))


if __name__ == "__main__":
    main()
