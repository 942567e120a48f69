"""Whether a mouth belongs to a sound: finds the numbers of video/agreement.py, and says how often they err.

    python -m model.calibrate_agreement

Right pairs are clips of GRID talker 1, wrong pairs their mouths with other clips' sounds: the same talker, rhythm and
grammar, which is as hard as it gets. Neither the bench's clips nor the films of video_samples are among them; on those
the numbers are judged. The network was trained on the clips of the calibration, not on the bench's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import soundfile
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.video.agreement import LIKELY, UNLIKELY, SeenMouth
from lipsync_addon.video.evaluation import Heard, evaluate

from .command import arguments, in_a_sentence, shared
from .datasets.corpora import GRID_AUDIO, SAMPLE_RATE, tar_sound
from .datasets.faces import GRID_FPS
from .paths import BENCH, FACES

CLIPS, WRONG = 100, 10
"""Clips of the calibration, and wrong sounds for each."""
Clips = dict[str, tuple[SeenMouth, Heard]]
Measures = NDArray[np.float64]


def tracked_mouths() -> Iterator[tuple[str, SeenMouth]]:
    """(clip, mouth) of talker 1."""
    for path in sorted((FACES / "grid_s1").glob("tracked_*.npz")):
        with np.load(path) as data:
            seen, opening, width = data["ok"].astype(bool), data["open"], data["width"]
            for clip, (start, end) in zip(data["clips"], pairwise(data["offsets"])):
                found = start + np.flatnonzero(seen[start:end])
                times = (found - start) / GRID_FPS
                yield str(clip), SeenMouth(times, opening[found].astype(float), width[found].astype(float))


def bench_clips(predictor: Predictor, prefix: str) -> Clips:
    """Of the bench's development set, by how their names begin."""
    clips = {}
    for sound in sorted((BENCH / "dev" / "audio").glob(f"{prefix}*.flac")):
        with open(BENCH / "dev" / "gt" / f"{sound.stem}.csv", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["ok"] == "1"]
        mouth = SeenMouth(*(np.array([float(row[key]) for row in rows]) for key in ("t", "open", "width")))
        samples, rate = soundfile.read(sound, dtype="float32")
        clips[sound.stem] = mouth, Heard.of(AudioClip(samples, rate, sound.stem), predictor)
    return clips


def talker_clips(predictor: Predictor, names: Iterable[str], mouths: dict[str, SeenMouth]) -> Clips:
    """Of talker 1."""
    wanted = set(names)
    return {
        name: (mouths[name], Heard.of(AudioClip(samples, SAMPLE_RATE, name), predictor))
        for name, samples in tar_sound(GRID_AUDIO)
        if name in wanted
    }


def measures(mouths: Clips, sounds: Clips, wrong: int | None = None) -> tuple[Measures, NDArray[np.bool_]]:
    """[N, 5] r of opening, speed and width, seconds of offset, likelihood as it ships; [N] whether the pair is right.

    `wrong`: so many other sounds for each mouth; None: all.
    """
    random, rows, right = np.random.default_rng(0), [], []
    for name, (mouth, _) in mouths.items():
        others = [other for other in sounds if other != name]
        chosen = others if wrong is None else random.choice(others, wrong, replace=False)
        for other in [*([name] if name in sounds else []), *chosen]:
            fit = evaluate(mouth, sounds[other][1]).agreement
            rows.append((fit.r_opening, fit.r_speed, fit.r_width, fit.offset, fit.likelihood))
            right.append(other == name)
    return np.array(rows), np.array(right)


def told(title: str, pairs: Measures, right: NDArray[np.bool_]) -> str:
    """A line of the table, of the calibration that ships."""
    offsets, likely = pairs[:, 3], pairs[:, 4]
    share = lambda chosen, mask: f"{np.mean(chosen[mask]):.3f}"  # noqa: E731
    return (
        f"{title:22} {right.sum():4} right {(~right).sum():5} wrong  AUC {roc_auc_score(right, likely):.4f}  "
        f"right: apart {share(likely <= UNLIKELY, right)}, "
        f"uncertain {share((likely > UNLIKELY) & (likely < LIKELY), right)}  "
        f"wrong: together {share(likely >= LIKELY, ~right)}, uncertain "
        f"{share((likely > UNLIKELY) & (likely < LIKELY), ~right)}, over 0.9 {share(likely >= 0.9, ~right)}  "
        f"offset of right: median {np.median(offsets[right]) * 1000:+.0f}, sd {offsets[right].std() * 1000:.0f} ms"
    )


@in_a_sentence()
def main() -> None:
    """Prints the calibration and the table."""
    arguments(__doc__).parse_args()
    shared(FACES)
    shared(BENCH)
    predictor = Predictor.load()
    mouths = dict(tracked_mouths())
    samples = {path.stem for path in (FACES / "video_samples").glob("*.mpg")}
    talker, others = bench_clips(predictor, "s1_"), bench_clips(predictor, "grid_")
    barred = samples | {name.removeprefix("s1_") for name in talker}
    names = sorted(name for name, mouth in mouths.items() if name not in barred and len(mouth.times) > 60)
    chosen = np.random.default_rng(0).choice(names, CLIPS, replace=False)
    calibration = talker_clips(predictor, chosen, mouths)
    pairs = measures(calibration, calibration, WRONG)
    model = LogisticRegression(C=100.0, class_weight="balanced").fit(pairs[0][:, :3], pairs[1])
    opening, speed, width = model.coef_[0]
    print(f"Calibration({model.intercept_[0]:.2f}, {opening:.2f}, {speed:.2f}, {width:.2f})")
    print(told("calibration", *pairs))
    films = talker_clips(predictor, samples, mouths)
    print(told("video_samples", *measures(films, films)))
    print(told("bench, talker 1", *measures(talker, talker)))
    print(told("bench, other talkers", *measures(others, others | talker)))


if __name__ == "__main__":
    main()
