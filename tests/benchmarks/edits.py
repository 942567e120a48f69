"""How long an edited phone takes to reach the mouth, in lines from three seconds to ten minutes.

    python tests/benchmarks/edits.py

Dutch lines of ../shared/bench with their texts, one after the other. Each edit makes again what it reaches, as
in Blender without the keys. Wanted: under 20 ms at any length, and no bit elsewhere changed. On a busy machine read the
CPU's time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT.parent / "shared" / "bench"
sys.path.insert(0, str(ROOT))

from lipsync_addon.core import timeline_edits as edits
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline import PhonemeTimeline
from lipsync_addon.core.timeline_moves import moved, played, remade
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.transcript import Transcript

RATE = 16000
EDITS = 50
"""Phones of every line that are edited in five ways each."""


def main() -> None:
    texts = json.loads((BENCH / "dev_nl" / "texts.json").read_text(encoding="utf-8"))
    predictor = Predictor.load(providers=["CPU"])
    print("    line  phones  edits   wall ms: median 95 %   most   CPU ms: median 95 %   most   frames: median most")
    for count in (1, 24, len(texts), 4 * len(texts)):
        names = (list(texts) * 4)[:count]
        samples = [soundfile.read(BENCH / "dev_nl" / f"{name}.opus", dtype="float32")[0] for name in names]
        line = AudioClip(np.concatenate(samples), RATE, "line")
        measure(predictor, line, " ".join(texts[name] for name in names))


def measure(predictor: Predictor, sound: AudioClip, text: str) -> None:
    hearing = predictor.hear(sound)
    heard = AnimationTrack(PHONES, hearing.phones, hearing.fps)
    timeline, _ = Transcript.of(text, "nl").timeline(heard, "line")
    track = played(moved(predictor, hearing, timeline), timeline)
    measured = []
    for edit in edits_of(timeline):
        new = edit()
        before = time.perf_counter(), time.process_time()
        again = remade(predictor, hearing, track, timeline, new)
        took = time.perf_counter() - before[0], time.process_time() - before[1]
        measured.append((*took, (again.values != track.values).any(1).sum()))
    wall, cpu, frames = np.array(measured).T
    figures = [*(f"{1000 * f(each):8.1f}" for each in (wall, cpu) for f in (np.median, most_of, np.max))]
    print(f"{sound.duration:7.1f}s {len(timeline.phones):7d} {len(measured):6d}", *figures, end="")
    print(f"{np.median(frames):8.0f} {frames.max():4.0f}")


def most_of(values: np.ndarray) -> float:
    return float(np.quantile(values, 0.95))


def edits_of(line: PhonemeTimeline) -> Iterator[Callable[[], PhonemeTimeline]]:
    for index in np.random.default_rng(0).permutation(np.arange(1, len(line.phones)))[:EDITS]:
        phone = line.phones[index]
        yield lambda: edits.with_boundary(line, index, phone.start + 0.3 * phone.length)
        yield lambda: edits.with_unit(line, index, "u" if phone.unit != "u" else "p")
        yield lambda: edits.with_mute(line, index, True)
        yield lambda: edits.with_stress(line, index, 1.5)
        if phone.word is not None:
            span = next(each for each in line.word_spans() if each.index == phone.word)
            yield lambda: edits.with_word_times(line, phone.word, span.start - 0.03, span.end + 0.05)


if __name__ == "__main__":
    main()
