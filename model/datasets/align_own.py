"""Phone times of any language by our own network: espeak-ng's phonemes of the text, laid over what it hears.

    python -m model.datasets.align_own               every corpus, with the network that ships
    python -m model.datasets.align_own kerstin_de    one corpus

Writes runs/data/phones/<corpus>.own.json for lines that align_english could not do, or whose language it does not
know. Lines whose text and sound disagree (a fifth of each corpus, by confidence) are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.alignment import align
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.inference.predictor import Predictor

from ..command import arguments, in_a_sentence
from ..paths import PREPARED
from .align_english import grid_words
from .corpora import GRID_AUDIO, SAMPLE_RATE, corpus_sound, tar_sound, utterances
from .espeak import word_units

CORPORA = {"kerstin_de": "de", "kathleen_en": "en-us", "speechocean762_en": "en-us", "grid_s1": "en"}
"""Corpus -> voice of espeak-ng."""
REFUSED_SHARE = 0.2


def texts_and_sound(corpus: str) -> tuple[dict[str, str], Iterator[tuple[str, NDArray[np.float32]]]]:
    """{utterance: text} and (utterance, samples) of a corpus."""
    if corpus == "grid_s1":
        return grid_words(), tar_sound(GRID_AUDIO)
    return {u.name: u.text for u in utterances(corpus) if u.text}, corpus_sound(corpus)


def align_corpus(corpus: str, predictor: Predictor, skip: set[str]) -> dict[str, list]:
    """{utterance: [[start s, end s, unit]]} of the lines that are not in `skip` and fit their text."""
    texts, sounds = texts_and_sound(corpus)
    lines = {name: text for name, text in texts.items() if name not in skip}
    found, confidence = {}, {}
    for name, samples in sounds:
        if name in lines:
            track = predictor.predict(AudioClip(samples, SAMPLE_RATE, name), outputs=("phones",))
            result = align(track.values, word_units(lines[name], CORPORA[corpus]))
            if result:
                found[name] = result.timed(track.fps)
                confidence[name] = result.confidence
    limit = np.quantile(list(confidence.values()), REFUSED_SHARE)
    kept = {name: phones for name, phones in found.items() if confidence[name] >= limit}
    print(f"{corpus}: {len(kept)} of {len(lines)} lines aligned, median confidence {np.median(list(confidence.values())):.2f}")
    return kept


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"default: {' '.join(CORPORA)}")
    corpora = parser.parse_args().corpora or list(CORPORA)
    if unknown := set(corpora) - set(CORPORA):
        parser.error(f"there is no corpus {', '.join(sorted(unknown))}; there are {', '.join(CORPORA)}")
    predictor = Predictor.load()
    (PREPARED / "phones").mkdir(parents=True, exist_ok=True)
    for corpus in corpora:
        english = PREPARED / "phones" / f"{corpus}.json"
        skip = set(json.loads(english.read_text(encoding="utf-8"))) if english.exists() else set()
        found = align_corpus(corpus, predictor, skip)
        path = PREPARED / "phones" / f"{corpus}.own.json"
        path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
