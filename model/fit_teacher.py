"""How the teacher's six coefficients open the lips: finds the numbers of model/datasets/teacher.py.

    DH_LIVE=FOLDER python -m model.fit_teacher

The coefficients describe a small picture of a mouth; the first opens it. Least squares of all six on one filmed face,
as it stands beside the stored coefficients, puts the other five to what that face does, and fits other faces worse: so
those five are held down (ridge regression; Hoerl, Kennard 1970). Fitted on GRID talker 1's clips that are not the
bench's; the table shows every weight of the ridge on the bench's dev clips: r of the opening while they talk, without
shift.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soundfile
from numpy.typing import NDArray

from lipsync_addon.core.bounded_fit import bounded_fit
from lipsync_addon.core.errors import LipsyncError

from .command import arguments, in_a_sentence, shared
from .datasets.corpora import GRID_AUDIO, dev_utterances, tar_sound
from .datasets.faces import grid_opening
from .evaluation import bench
from .evaluation.dhlive import FIRST_S, FPS, HOW, DHLive, installed
from .paths import BENCH

RIDGES = (0.0, 0.1, 0.3, 1.0, 3.0, 1e6)
"""Weight of the squares of the five lesser factors, for coefficients of variance 1; the last leaves the first alone."""
Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]
"""([K, 6] coefficients, [K] opening of the face at the same moments)"""


def talker_frames(teacher: DHLive) -> Pairs:
    """Of GRID talker 1's clips that are not the bench's."""
    faces, barred = grid_opening(), dev_utterances()
    coefficients, openings = [], []
    for name, samples in tar_sound(GRID_AUDIO):
        if name in faces and name not in barred:
            heard = teacher.coefficients(samples)
            times = FIRST_S + np.arange(len(heard)) / FPS
            seen = times <= faces[name][0][-1]
            coefficients.append(heard[seen])
            openings.append(np.interp(times[seen], *faces[name]))
    return np.concatenate(coefficients).astype(float), np.concatenate(openings)


def fitted(coefficients: NDArray[np.float64], opening: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """[7] factors and constant; `ridge`: see RIDGES."""
    scale = np.append(coefficients.std(0), 1.0)
    rows = (np.column_stack([coefficients, np.ones(len(opening))]) / scale).T
    held = len(opening) * ridge * np.array([0.0, 1, 1, 1, 1, 1, 0])
    return bounded_fit(rows, opening[None], -np.inf, np.inf, held)[0] / scale


def dev_agreement(teacher: DHLive) -> Iterator[tuple[str, Pairs]]:
    """(set, frames in which the face talks) of every filmed dev clip."""
    measures = bench.script("eval_openness")
    for clip, which in bench.clip_sets().items():
        if which != "facegood":
            samples, _ = soundfile.read(bench.dev_sounds()[clip], dtype="float32")
            heard = teacher.coefficients(samples)
            times, face = measures.read_gt(str(BENCH / "dev" / "gt" / f"{clip}.csv"))
            begin, end = measures.talking(times, face)
            talking = (times >= begin) & (times <= end)
            at = lambda row: np.interp(times[talking], FIRST_S + np.arange(len(row)) / FPS, row)  # noqa: E731
            yield which, (np.stack([at(row) for row in heard.T], axis=1), face[talking])


@in_a_sentence()
def main() -> None:
    """Prints the map and the figures of every ridge."""
    arguments(__doc__).parse_args()
    shared(BENCH)
    if not installed():
        raise LipsyncError("DH_live is not here.", HOW)
    teacher = DHLive()
    frames, dev = talker_frames(teacher), list(dev_agreement(teacher))
    for ridge in RIDGES:
        factors = fitted(*frames, ridge)
        agreement: dict[str, list[float]] = {}
        for which, (coefficients, face) in dev:
            lips = np.maximum(coefficients @ factors[:6] + factors[6], 0)
            agreement.setdefault(which, []).append(np.corrcoef(lips, face)[0, 1])
        figures = ", ".join(f"{which} {np.mean(r):.3f}" for which, r in agreement.items())
        print(f"ridge {ridge:g}: {figures}; [{', '.join(f'{factor:.4g}' for factor in factors)}]", flush=True)


if __name__ == "__main__":
    main()
