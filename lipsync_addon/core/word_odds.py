"""How much likelier it is that another word was said than the one of the text, for each word laid over a sound.

Accents, dictionaries and the network itself take some phones for others, and each does it alike in every word: so what
is heard is not compared with the phone of the text, but with what is usually heard where a text has that phone. The
numbers are in data/text_fit.json; model/calibrate_text_fit.py found them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .alignment import Alignment
from .large_arrays import let_go

DATA = Path(__file__).parents[1] / "data" / "text_fit.json"
MEASURES = ("sum", "least", "heard", "beside", "length", "line")
"""Of each word; see measures()."""
BESIDE = 12
"""Frames before and after a word in which speech that the text has not counts against it: the aligner passes over
what does not fit."""
RAREST, SUREST = 0.01, 30.0
"""Limits of a frame's likelihood ratio: one frame that was heard wrong must not outweigh all others."""


@dataclass(frozen=True, slots=True, eq=False)
class WordModel:
    """What is usually heard, and what speaks for another word."""

    shares: dict[str, float]
    """How often phones are said, mean of many languages; sums to 1."""
    ratios: NDArray[np.float32]
    """[P, P] how much oftener phone j is heard where a text has phone i than it is heard at all; 0 in unused rows."""
    weights: NDArray[np.float64]
    """[len(MEASURES)]"""
    bias: float
    limit: float
    """Log-odds from which a word, or some in a row together, is taken for one that was not said."""


@cache
def word_model() -> WordModel:
    """The one that ships."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    ratios = np.exp(np.array(data["tenths_of_log_ratio"], np.float32) / 10)
    ratios.flags.writeable = False
    shares = {unit: each / sum(data["per_mille"].values()) for unit, each in data["per_mille"].items()}
    return WordModel(shares, ratios, np.array([data["weights"][m] for m in MEASURES]), data["bias"], data["limit"])


def word_odds(posteriors: NDArray[np.float32], aligned: Alignment) -> NDArray[np.float64]:
    """[W] log-odds of each word of the text that another one was said, against this one; over the model's limit for
    words that the aligner left out. `posteriors` [T, P] as align() took them."""
    model = word_model()
    rows = measures(posteriors, aligned, model.ratios)
    odds = rows @ model.weights + model.bias
    return np.where(np.isnan(odds), model.limit + 1, odds)


def measures(
    posteriors: NDArray[np.float32], aligned: Alignment, ratios: NDArray[np.float32]
) -> NDArray[np.float64]:
    """[W, len(MEASURES)]; not a number where a word was left out. Of the log-likelihood ratios of its phones their sum,
    the least of them, and the median over the line of the words' means; mean log of Alignment.heard; log of 1 + the gap
    of the frames beside it; log of the number of its phones."""
    rows = np.full((len(aligned.spans), len(MEASURES)), np.nan)
    means = np.full(len(aligned.spans), np.nan)
    said = np.flatnonzero(aligned.said)
    frames = aligned.frames[aligned.spans[said]]
    before, after = np.append(0, frames[:-1, 1]), np.append(frames[1:, 0], len(posteriors))
    for word, (start, end), least, most in zip(said.tolist(), frames.tolist(), before.tolist(), after.tolist()):
        a, b = aligned.spans[word].tolist()
        each = phone_ratios(posteriors, aligned.frames[a : b + 1], aligned.units[a:b], ratios)
        heard = np.log(np.maximum(aligned.heard[a:b], 1e-4)).mean()
        beside = np.nansum(aligned.gap[max(start - BESIDE, least) : start])
        beside += np.nansum(aligned.gap[end : min(end + BESIDE, most)])
        rows[word] = each.sum(), each.min(), heard, np.log1p(beside), np.log(b - a), 0
        means[word] = each.mean()
        let_go(posteriors)
    rows[:, MEASURES.index("line")] += np.nanmedian(means) if len(said) else 0
    return rows


def phone_ratios(
    posteriors: NDArray[np.float32], frames: NDArray[np.int32], units: NDArray[np.uint8], ratios: NDArray[np.float32]
) -> NDArray[np.float64]:
    """[n] of phones in a row, `frames` [n + 1] and `units` [n] as in Alignment, the mean log of how much likelier what
    is heard there is where a text has this phone than anywhere."""
    lengths = np.diff(frames)
    part = posteriors[frames[0] : frames[-1]]
    likely = np.einsum("tp,tp->t", part, ratios[np.repeat(units, lengths)], dtype=np.float64)
    logs = np.log(np.clip(likely, RAREST, SUREST))
    return np.add.reduceat(logs, frames[:-1] - frames[0]) / lengths
