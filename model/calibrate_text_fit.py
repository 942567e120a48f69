"""Finds the numbers of lipsync_addon/data/text_fit.json, for core/word_odds.py and core/text_fit.py.

    python -m model.calibrate_text_fit          needs the network and the corpora; about five minutes

per_mille   how often phones are said: the mean over the 82 languages of tests/data/sentences.json, as espeak-ng reads
            them, rounded; phones below 0.5 are left out.
log ratios  of what is heard where a right text has a phone to what is heard anywhere, over the frames that the aligner
            gives it; PRIOR frames of phones.likeness() stand in for phones that the lines hardly have.
weights     logistic regression of word_odds.measures(), right words against words exchanged for others of which more
            than two thirds of the phones differ (evaluation/wrong_words.py), one at a time.
limit       log-odds which a share FALSE of the right words exceeds.

From lines that never trained the network: of nathalie, kathleen, kerstin, half of the held-out speakers of
speechocean762; and 100 clips of GRID, most of which did. Spanish (every other line of danieldona) is for the limit
alone, to which in turn speechocean762 says nothing, where children often say another word than they should read.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lipsync_addon.core.alignment import SILENCE, align
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.phones import PHONES, likeness
from lipsync_addon.core.word_odds import DATA, MEASURES, measures
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.languages import reader_of
from lipsync_addon.speech.pronunciation import pronounce

from .command import arguments, in_a_sentence, shared
from .datasets.corpora import GRID_AUDIO, SAMPLE_RATE, dev_utterances, tar_sound
from .evaluation.wrong_words import Line, corpus_lines, every_other, exchanged, exchanges, of, speakers, units_of
from .paths import FACES, REPOSITORY

SENTENCES = REPOSITORY / "tests" / "data" / "sentences.json"
PRIOR = 60
FALSE = 0.004
LISTENERS, JUDGES = "speechocean762", "danieldona"
Matrix = NDArray[np.float64]


def per_mille() -> dict[str, int]:
    shares: Counter[str] = Counter()
    sentences = json.loads(SENTENCES.read_text(encoding="utf-8"))
    for tag, sentence in sentences.items():
        units = [unit for word in pronounce(sentence, reader_of(tag)).words for unit in word.units]
        for unit in units:
            shares[unit] += 1000 / len(units) / len(sentences)
    return {unit: round(share) for unit, share in shares.most_common() if share >= 0.5}


def grid(predictor: Predictor) -> Iterator[Line]:
    """Clips that are not of the bench, one in nine by a hash."""
    texts = defaultdict(list)
    with open(shared(FACES / "grid_s1" / "alignments.tsv"), encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["word"] not in ("sil", "sp"):
                texts[row["clip"]].append(row["word"])
    kept_back = dev_utterances()
    for name, samples in tar_sound(GRID_AUDIO):
        if name in texts and name not in kept_back and zlib.crc32(name.encode()) % 9 == 0:
            yield of(predictor, name, AudioClip(samples, SAMPLE_RATE, name), " ".join(texts[name]), "en")


def log_ratios(lines: Sequence[Line]) -> Matrix:
    """[P, P] as in WordModel.ratios, of phones that are heard at all."""
    heard, anywhere, likely = np.zeros((len(PHONES), len(PHONES))), np.zeros(len(PHONES)), likeness()
    for line in lines:
        aligned = align(line.posteriors, units_of(line.words))
        for start, end, unit in zip(aligned.frames, aligned.frames[1:], aligned.units):
            if unit != SILENCE:
                total = line.posteriors[start:end].sum(0, dtype=np.float64)
                heard[unit] += total
                anywhere += total
    anywhere /= anywhere.sum()
    prior = likely * anywhere
    prior /= prior.sum(1, keepdims=True)
    shares = (heard + PRIOR * prior) / (heard.sum(1, keepdims=True) + PRIOR)
    return np.log(np.maximum(shares, 1e-9) / np.maximum(anywhere, 1e-5))


def right_and_wrong(lines: Sequence[Line], ratios: NDArray[np.float32]) -> tuple[Matrix, Matrix]:
    """[N, M] measures() of the right words, and of the wrong ones."""
    right = [measures(line.posteriors, align(line.posteriors, units_of(line.words)), ratios) for line in lines]
    wrong = [
        measures(line.posteriors, align(line.posteriors, units_of(exchanged(line, index, word))), ratios)[index]
        for line, index, kind, word in exchanges(lines)
        if kind == "more"
    ]
    return tuple(rows[~np.isnan(rows[:, 0])] for rows in (np.concatenate(right), np.array(wrong)))


@in_a_sentence()
def main() -> None:
    arguments(__doc__).parse_args()
    shared(FACES)
    predictor = Predictor.load()
    sets = {
        "nathalie": list(corpus_lines(predictor, "nathalie_nl", "nl")),
        "kathleen": list(corpus_lines(predictor, "kathleen_en", "en-US")),
        "kerstin": list(corpus_lines(predictor, "kerstin_de", "de")),
        "GRID": list(grid(predictor)),
        LISTENERS: list(speakers(predictor, 0)),
        JUDGES: list(corpus_lines(predictor, "danieldona_es", "es", every_other(0))),
    }
    teachers = [line for name, lines in sets.items() if name != JUDGES for line in lines]
    tenths = np.clip(np.round(10 * log_ratios(teachers)), -99, 99).astype(int)
    ratios = np.exp(tenths / 10).astype(np.float32)
    found = {name: right_and_wrong(lines, ratios) for name, lines in sets.items()}
    right, wrong = (np.concatenate([found[name][k] for name in found if name != JUDGES]) for k in (0, 1))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    model.fit(np.concatenate([right, wrong]), [*[0] * len(right), *[1] * len(wrong)])
    weights = model[-1].coef_[0] / model[0].scale_
    bias = model[-1].intercept_[0] - weights @ model[0].mean_ - np.log(len(wrong) / len(right))
    odds = {name: [rows @ weights + bias for rows in both] for name, both in found.items()}
    limit = float(np.quantile(np.concatenate([both[0] for name, both in odds.items() if name != LISTENERS]), 1 - FALSE))
    for name, (good, bad) in odds.items():
        told = f"right words over the limit {np.sum(good > limit):3d} of {len(good)}"
        print(f"{name:16s} {told}, wrong ones {np.mean(bad > limit):.2f}")
    rows = ",\n  ".join(json.dumps(row) for row in tenths.tolist())
    frequent = json.dumps(per_mille(), ensure_ascii=False)
    rounded = json.dumps({name: round(float(weight), 3) for name, weight in zip(MEASURES, weights, strict=True)})
    DATA.write_text(
        '{\n "format_version": 1,\n "source": "model/calibrate_text_fit.py",\n'
        f' "network": "{predictor.spec.fingerprint}",\n "per_mille": {frequent},\n "weights": {rounded},\n'
        f' "bias": {bias:.3f},\n "limit": {limit:.2f},\n "tenths_of_log_ratio": [\n  {rows}\n ]\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
