"""Phone times of English speech by pocketsphinx (forced alignment; BSD, its en-us model is in the wheel).

    python -m model.datasets.align_english

Writes runs/data/phones/<corpus>.json: {utterance: [[start s, end s, IPA unit], ...]}. Utterances that the
aligner refuses (46 % of second-language speech in the pilot) are left out and counted.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pocketsphinx
from numpy.typing import NDArray

from lipsync_addon.core.phones import arpabet_to_units, spread

from ..command import arguments, in_a_sentence, shared
from ..paths import FACES, PREPARED
from .corpora import GRID_AUDIO, corpus_sound, dev_utterances, tar_sound, utterances

Phones = list[tuple[float, float, str]]
FRAME_S = 0.01


class EnglishAligner:
    """Words and sound to phone times."""

    def __init__(self) -> None:
        self.decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL", samprate=16000, beam=1e-60, pbeam=1e-60, wbeam=1e-40)

    def align(self, samples: NDArray[np.float32], text: str, spoken: dict[str, str]) -> Phones | None:
        """ARPAbet phones [(start s, end s, name)], or None where the words do not fit the sound.

        `spoken` gives pronunciations (ARPAbet) for words that the dictionary lacks.
        """
        words = re.sub(r"[^a-z' ]", " ", text.lower()).split()
        for word in words:
            if self.decoder.lookup_word(word) is None:
                if word not in spoken:
                    return None
                self.decoder.add_word(word, spoken[word], True)
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        try:
            self.decoder.set_align_text(" ".join(words))
            self._decode(pcm)
            if self.decoder.hyp() is None:
                return None
            self.decoder.set_alignment()
            self._decode(pcm)
            return self._phones()
        except RuntimeError:
            return None

    def _decode(self, pcm: bytes) -> None:
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, full_utt=True)
        self.decoder.end_utt()

    def _phones(self) -> Phones | None:
        alignment = self.decoder.get_alignment()
        if alignment is None:
            return None
        return [(p.start * FRAME_S, (p.start + p.duration) * FRAME_S, p.name) for word in alignment for p in word]


def to_units(phones: Phones) -> Phones:
    """ARPAbet to our IPA units; diphthongs share their time."""
    return [part for start, end, name in phones for part in spread(start, end, arpabet_to_units(name))]


def grid_words() -> dict[str, str]:
    """{clip: words} of the tracked GRID talker."""
    words = defaultdict(list)
    with open(shared(FACES / "grid_s1" / "alignments.tsv"), encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["word"] not in ("sil", "sp"):
                words[row["clip"]].append(row["word"])
    return {clip: " ".join(w) for clip, w in words.items() if clip not in dev_utterances()}


def align_corpus(corpus: str) -> tuple[dict[str, Phones], int]:
    """Aligned utterances and the number of those that were tried."""
    if corpus == "grid_s1":
        sounds, texts, spoken = tar_sound(GRID_AUDIO), grid_words(), {}
    else:
        lines = utterances(corpus)
        sounds = corpus_sound(corpus)
        texts = {u.name: u.text for u in lines if u.text}
        spoken = {
            word.lower(): re.sub(r"\d", "", phones)
            for u in lines
            for word, phones in zip(u.text.split(), u.phones.split(" | "))
            if u.phones
        }
    aligner, found, tried = EnglishAligner(), {}, 0
    for name, samples in sounds:
        if name in texts:
            tried += 1
            if phones := aligner.align(samples, texts[name], spoken):
                found[name] = to_units(phones)
    return found, tried


@in_a_sentence()
def main() -> None:
    arguments(__doc__).parse_args()
    folder = PREPARED / "phones"
    folder.mkdir(parents=True, exist_ok=True)
    for corpus in ("grid_s1", "kathleen_en", "ljspeech32_en", "speechocean762_en"):
        found, tried = align_corpus(corpus)
        Path(folder / f"{corpus}.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        print(f"{corpus}: {len(found)} of {tried} utterances aligned", flush=True)


if __name__ == "__main__":
    main()
