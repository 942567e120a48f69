"""Scores an exported network on what it has never trained on.

    python -m model.evaluate                          the network that ships
    python -m model.evaluate --network runs/x.onnx --report runs/first/evaluation.json

The bench of shared/bench judges the curves (score.py against tracked faces, articulation.py against phone times);
phone and viseme accuracy come from held-out lines of the prepared sources. Prints the bench's tables and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import DEFAULT_NETWORK, Predictor

from .dataset import Source
from .paths import BENCH, PREPARED, RUNS

CURVE_FPS = 60.0
"""The bench compares smoothness of files with 60 frames per second or more."""


def write_curves(track: AnimationTrack, path: Path) -> None:
    """A CSV with a time column, as the bench reads it."""
    track = track.resampled(CURVE_FPS)
    table = np.column_stack([track.times, track.values])
    np.savetxt(path, table, "%.5f", ",", header="time," + ",".join(track.names), comments="")


def predict_bench(predictor: Predictor, folder: Path) -> None:
    """Curves of every dev clip and Dutch utterance into `folder`."""
    for sound in [*sorted((BENCH / "dev" / "audio").iterdir()), *sorted((BENCH / "dev_nl").glob("*.opus"))]:
        samples, rate = soundfile.read(sound, dtype="float32")
        track = predictor.predict(AudioClip(samples, rate, sound.name), outputs=("arkit",))
        write_curves(track, folder / f"{sound.stem}.csv")


def run_bench(script: str, folder: Path) -> dict:
    """Runs one script of the bench on the curves, prints its tables and gives its numbers."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.json"
        command = [sys.executable, script, "--pred", str(folder), "--json", str(report)]
        subprocess.run(command, cwd=BENCH, check=True)
        return json.loads(report.read_text(encoding="utf-8"))


def accuracy(predictor: Predictor, source: str) -> dict[str, float]:
    """Share of frames with the right phone and the right viseme on the held-out lines of one source."""
    data = Source(source)
    right_phone = right_viseme = total = 0
    visemes = np.array([list(dict.fromkeys(VISEME_OF_PHONE.values())).index(VISEME_OF_PHONE[p]) for p in PHONES])
    for line in data.validation_lines[:60]:
        piece = data.piece(line, 0, 10**6)
        known = piece.phones >= 0
        if known.any():
            heard = _phones(predictor, piece.samples)[: len(known)]
            right_phone += int((heard[known] == piece.phones[known]).sum())
            right_viseme += int((visemes[heard[known]] == visemes[piece.phones[known]]).sum())
            total += int(known.sum())
    share = max(total, 1)
    return {"phones": right_phone / share, "visemes": right_viseme / share, "frames": total}


def _phones(predictor: Predictor, samples: NDArray[np.float32]) -> NDArray[np.intp]:
    clip = AudioClip(samples, predictor.spec.sample_rate)
    return predictor.predict(clip, outputs=("phones",)).values.argmax(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, default=DEFAULT_NETWORK)
    parser.add_argument("--report", type=Path, default=RUNS / "evaluation.json")
    parser.add_argument("--curves", type=Path, help="keep the predicted curves in this folder")
    options = parser.parse_args()
    predictor = Predictor.load(options.network)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.curves or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        predict_bench(predictor, folder)
        sources = [p.name for p in sorted(PREPARED.iterdir()) if (p / "names.json").exists()]
        result = {
            "network": {"version": predictor.spec.version, "sha256": predictor.spec.sha256},
            "faces": run_bench("score.py", folder),
            "articulation": run_bench("articulation.py", folder),
            "accuracy": {source: accuracy(predictor, source) for source in sources},
        }
    for source, shares in result["accuracy"].items():
        if shares["frames"]:
            print(f"{source}: {shares['phones']:.3f} phones, {shares['visemes']:.3f} visemes right per frame")
    options.report.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
