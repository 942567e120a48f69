"""How often a single wrong word in a right text is told (core/text_fit.py, core/word_odds.py), and how often a right
one.

    python -m model.evaluation.wrong_words                 the table of docs/words.md, about five minutes
    python -m model.evaluation.wrong_words --plot roc.png

In each line some words are exchanged, one at a time, for others of the corpus with as many phones, one more or one
less: by how many of its phones (Levenshtein) the word differs is told apart. A wrong word is told if a mismatch touches
its time. Judged are lines that trained neither the network nor data/text_fit.json: dev_nl and the bench's clips of
GRID, every other line of danieldona (Spanish, which the network never learnt), and half of the held-out speakers of
speechocean762.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.alignment import Alignment, align
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.text_fit import FITS, text_fit
from lipsync_addon.core.timeline_align import fitted
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.training_frames import is_held_out
from lipsync_addon.core.word_odds import word_odds
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce
from lipsync_addon.speech.sound_file import open_sound

from ..command import arguments, in_a_sentence, shared
from ..datasets.corpora import SAMPLE_RATE, corpus_sound, utterances
from ..paths import BENCH
from . import bench

EXCHANGED = 4
"""Words of a line."""
SPEAKER_LINES = 15
"""Of a speaker of speechocean762."""
KINDS: dict[str, Callable[[int, int], bool]] = {
    "one phone": lambda phones, of: phones == 1,
    "up to two thirds": lambda phones, of: 1 < phones <= 2 * of / 3,
    "more": lambda phones, of: phones > max(2 * of / 3, 1),
}
"""By how many of the phones of the longer word two words differ."""
LENGTHS = ((1, 2), (3, 3), (4, 5), (6, 99))
"""Phones of the word that stands in the text."""
Word = tuple[str, tuple[str, ...]]
"""(as it is written, units)"""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line with its right text."""

    name: str
    words: list[Word]
    posteriors: NDArray[np.float32]
    """[T, P] what the network hears"""


def of(predictor: Predictor, name: str, sound: AudioClip, text: str, language: str) -> Line:
    words = [(word.text, word.units) for word in pronounce(text, reader_of(language)).words]
    return Line(name, words, predictor.hear(sound).phones)


def judged(predictor: Predictor) -> dict[str, list[Line]]:
    """The lines of the table."""
    texts = json.loads((BENCH / "dev_nl" / "texts.json").read_text(encoding="utf-8"))
    clips = {name: words for name in sorted(bench.clip_sets()) if (words := bench.clip_words(name))}
    sounds = bench.dev_sounds()
    spoken = {name: " ".join(word for *_, word in said if word not in ("sil", "sp")) for name, said in clips.items()}
    heard = lambda name: open_sound(sounds[name], SAMPLE_RATE)  # noqa: E731
    return {
        "Dutch, dev_nl": [of(predictor, name, heard(name), text, "nl") for name, text in texts.items()],
        "GRID, bench clips": [of(predictor, name, heard(name), text, "en") for name, text in spoken.items()],
        "Spanish, danieldona": list(corpus_lines(predictor, "danieldona_es", "es", every_other(1))),
        "English by Chinese speakers": list(speakers(predictor, 1)),
    }


def every_other(which: int) -> Callable[[int, str], bool]:
    return lambda index, name: index % 2 == which


def corpus_lines(
    predictor: Predictor,
    corpus: str,
    language: str,
    wanted: Callable[[int, str], bool] = lambda _, name: is_held_out(name),
) -> Iterator[Line]:
    """The wanted lines by (index, name) of a corpus of one speaker; left out, those that never trained."""
    texts = {line.name: line.text for line in utterances(corpus)}
    for index, (name, samples) in enumerate(corpus_sound(corpus)):
        if texts.get(name, "").strip() and wanted(index, name):
            yield of(predictor, name, AudioClip(samples, SAMPLE_RATE, name), texts[name], language)


def speakers(predictor: Predictor, which: int) -> Iterator[Line]:
    """SPEAKER_LINES each of every other speaker of speechocean762 who never trained, from the one or the other on."""
    texts = {line.name: line for line in utterances("speechocean762_en")}
    held_out = sorted({line.speaker for line in texts.values() if is_held_out(line.name, line.speaker)})
    left = dict.fromkeys(held_out[which::2], SPEAKER_LINES)
    for name, samples in corpus_sound("speechocean762_en"):
        if name in texts and left.get(speaker := texts[name].speaker, 0):
            left[speaker] -= 1
            yield of(predictor, name, AudioClip(samples, SAMPLE_RATE, name), texts[name].text, "en-US")


def exchanges(lines: Sequence[Line]) -> Iterator[tuple[Line, int, str, Word]]:
    """(line, index of a word, kind, the word to be put there)"""
    vocabulary = sorted({word for line in lines for word in line.words})
    for line in lines:
        chance = random.Random(line.name)
        for index in sorted(chance.sample(range(len(line.words)), min(EXCHANGED, len(line.words)))):
            units = line.words[index][1]
            near = [word for word in vocabulary if abs(len(word[1]) - len(units)) <= 1]
            differing = [(difference(units, word[1]), max(len(units), len(word[1])), word) for word in near]
            for kind, belongs in KINDS.items():
                if others := [word for phones, most, word in differing if phones and belongs(phones, most)]:
                    yield line, index, kind, chance.choice(others)


def difference(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def exchanged(line: Line, index: int, word: Word) -> list[Word]:
    return [*line.words[:index], word, *line.words[index + 1 :]]


def units_of(words: Sequence[Word]) -> list[tuple[str, ...]]:
    return [units for _, units in words]


def told(line: Line, words: Sequence[Word]) -> list[tuple[float, float, str]]:
    """(start s, end s, words) of the mismatches."""
    fit = fitted(AnimationTrack(PHONES, line.posteriors, 50.0), words, "", line.name)
    return [(each.start, each.end, each.text) for each in fit.mismatches]


def span(line: Line, aligned: Alignment, index: int) -> tuple[float, float] | None:
    """Seconds of a word of the right text."""
    frames = aligned.frames_of(index, index + 1)
    return (frames.start / 50, frames.stop / 50) if frames else None


def table(title: str, lines: Sequence[Line]) -> None:
    rights = [told(line, line.words) for line in lines]
    false = sum(len(text.split()) for each in rights for *_, text in each)
    print(f"{title}: a place called wrong in {sum(map(bool, rights))} of {len(lines)} right lines, "
          f"{false} of {sum(len(line.words) for line in lines)} words", flush=True)
    spans = {line.name: align(line.posteriors, units_of(line.words)) for line in lines}
    hits: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for line, index, kind, word in exchanges(lines):
        where = span(line, spans[line.name], index)
        if where is None:
            continue
        places = told(line, exchanged(line, index, word))
        hit = any(start < where[1] - 0.02 and end > where[0] + 0.02 for start, end, _ in places)
        hits[kind, "all"].append(hit)
        least, most = next(each for each in LENGTHS if each[0] <= len(word[1]) <= each[1])
        hits[kind, f"{least} to {most} phones"].append(hit)
    for (kind, length), each in sorted(hits.items()):
        print(f"    {kind:18s} {length:14s} {sum(each):4d} of {len(each):4d} = {np.mean(each):.2f}", flush=True)


def odds(lines: Sequence[Line]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(of right words, of words that differ by more than two thirds)"""
    right, wrong = [], []
    for line in lines:
        aligned = align(line.posteriors, units_of(line.words))
        if aligned and text_fit(line.posteriors, units_of(line.words), aligned).score >= FITS:
            right += word_odds(line.posteriors, aligned).tolist()
    for line, index, kind, word in exchanges(lines):
        if kind == "more" and (aligned := align(line.posteriors, units_of(exchanged(line, index, word)))):
            wrong.append(word_odds(line.posteriors, aligned)[index])
    return np.array(right), np.array(wrong)


def plot(found: dict[str, list[Line]], path: Path) -> None:
    """Shares of wrong words over shares of right ones, as the limit falls."""
    from matplotlib import pyplot

    _, axes = pyplot.subplots(figsize=(7, 5))
    for title, lines in found.items():
        right, wrong = odds(lines)
        limits = np.sort(right)[::-1]
        shares = np.arange(1, len(limits) + 1) / len(limits)
        axes.plot(shares, [np.mean(wrong > limit) for limit in limits], label=title)
    axes.set(xscale="log", xlabel="right words told", ylabel="wrong words told (more than 2/3 of the phones differ)")
    axes.grid(alpha=0.3)
    axes.legend()
    pyplot.savefig(path, dpi=110)


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--plot", type=Path, help="draw the ROC of each set there")
    options = parser.parse_args()
    shared(BENCH)
    found = judged(Predictor.load())
    for title, lines in found.items():
        table(title, lines)
    if options.plot:
        plot(found, options.plot)


if __name__ == "__main__":
    main()
