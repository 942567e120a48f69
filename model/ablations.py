"""Trains a small network again and again with one thing left out or changed, to learn what each is worth.

    python -m model.ablations hearing --steps 1380      *hear* alone, the rows of HEARING, under runs/ablations/hearing
    python -m model.ablations mouth --steps 500         then *move* on what those hear, the rows of MOUTH
    python -m model.ablations one-run --steps 1400      both at once, for as long as the two stages take together
    python -m model.ablations mouth --table             every row beside BASE on sounds that never train, with errors

All rows of a set learn side by side, from nothing, on the same pieces changed in the same way, as far as they hear the
same sources; stops and resumes at will. Sources that are not prepared are left out. What look-ahead and size are worth
shows late in a run: model/shrink.py begins with a trained network instead. The first table of model/EXPERIMENTS.md was
made on a GPU, by time and with more pieces at once; this makes the two that follow.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .command import arguments, in_a_sentence, needed
from .dataset import Pieces, prepared
from .evaluation.paired import figures, table
from .evaluation.paired_hearing import hearing_figures, of_bad_sound, of_teacher
from .evaluation.statistics import Figure
from .export import load_checkpoint
from .network import NetworkConfig
from .paths import PREPARED, RUNS
from .shrink import performer
from .train import TrainConfig, Trainer, commit

FOLDER = RUNS / "ablations"
SMALL = NetworkConfig(hear_width=128, hear_dilations=(1, 1, 2, 1, 2, 1), move_width=96, move_dilations=(1, 1, 2))
"""1.1 million parameters, the layers of the live network, looking as far ahead as back."""
SHORT = TrainConfig(network=SMALL, batch=4, warm_up=100, average=0.99, dropout=0.0)
"""What all rows have in common; too short to learn by heart, so without dropout."""
BASE, AGAIN = "base", "base-again"
Rows = Mapping[str, Mapping[str, Any]]
TWICE: Rows = {BASE: {}, AGAIN: {"seed": 1}}
"""What another draw of pieces and weights does."""
SYNTHETIC = frozenset({"flite", "festival", "espeak"})
RECORDED = {f"shares.{name}": 0 for name in SHORT.shares if name not in SYNTHETIC}
HEARING: Rows = TWICE | {
    "no-augmentation": {"augment": False},
    "no-recorded-voice-synthesis": {"shares.flite": 0},
    "synthesis-alone": RECORDED,
    "synthesis-alone-without-recorded-voices": RECORDED | {"shares.flite": 0},
    "ctc-0.1": {"losses.ctc": 0.1},
    "ctc-0.3": {"losses.ctc": 0.3},
    "ctc-alone": {"losses.ctc": 1, "losses.phones": 0},
}
TOGETHER = {"parts": ("hear", "move")}
MOUTH: Rows = TWICE | {
    "no-augmentation": {"augment": False},
    "no-recorded-voice-synthesis": {"shares.flite": 0},
    "no-teacher": {"teacher": False},
    "no-aperture-loss": {"losses.opening": 0, "losses.velocity": 0, "losses.agreement": 0},
    "no-closure-hinge": {"losses.seal": 0},
    "no-parting-hinge": {"losses.parted": 0},
    "together": TOGETHER,
    "together-no-phone-head": TOGETHER | {"losses.phones": 0},
}
"""*move* alone on the *hear* of the row of the same name in HEARING, or of BASE; together: both from nothing, as the
recipe has it, which alone can tell what the phone head is worth to the mouth."""
SETS: dict[str, tuple[Rows, Mapping[str, Any]]] = {
    "hearing": (HEARING, {"parts": ("hear",), "shares.facegood": 0, "shares.facegood_voices": 0}),
    "mouth": (MOUTH, {"parts": ("move",)}),
    "one-run": ({"one-run": {}}, TOGETHER),
}
"""Rows, and what is changed in all of them: takes without phones teach *hear* nothing. One run of both parts for as
long as both stages take stands in the table of "mouth"."""


def configs(which: str) -> dict[str, TrainConfig]:
    """Settings of every row of a set."""
    rows, common = SETS[which]
    there = {name: share for name, share in SHORT.shares.items() if (PREPARED / name / "names.json").exists()}
    for name in sorted({"flite", "espeak", "speechocean762_en"} - set(there)):
        prepared(name)
    missing = {f"shares.{name}": 0 for name in SHORT.shares if name not in there}
    return {name: SHORT.changed({**common, **missing, **changes}) for name, changes in rows.items()}


class SideBySide:
    """All rows of a set, step by step; rows of the same pieces hear them changed in the same way."""

    def __init__(self, rows: Mapping[str, TrainConfig], folder: Path) -> None:
        self.trainers: dict[str, Trainer] = {}
        self.groups: dict[tuple, list[str]] = {}
        """Rows by the pieces that they hear."""
        for name, config in rows.items():
            trainer = self.trainers[name] = Trainer(config, folder / name)
            trainer.folder.mkdir(parents=True, exist_ok=True)
            trainer.resume()
            key = (*trainer.shares.items(), config.seed, config.augment)
            self.groups.setdefault(key, []).append(name)

    def run(self, steps: int, seconds: float | None = None) -> None:
        """Until so many steps are done, or for so long, the learning rate falling in time, as Trainer.run has it."""
        begun, started = next(iter(self.trainers.values())).step, time.time()
        loaded: dict[tuple, Pieces] = {}
        drawing = {}
        for key, names in self.groups.items():
            first = self.trainers[names[0]]
            config, shares = first.config, tuple(first.shares.items())
            seed = config.seed * 100003 + begun
            if shares in loaded:  # the same sound is in memory once
                pieces = copy(loaded[shares])
                pieces.rng = np.random.default_rng(seed)
            else:
                pieces = loaded[shares] = Pieces(first.shares, config.frames, seed, first.device)
            drawing[key] = pieces, torch.Generator(first.device).manual_seed(config.seed + begun)
        for step in range(begun, steps):
            elapsed = time.time() - started
            if seconds and elapsed >= seconds:
                break
            for key, names in self.groups.items():
                pieces, generator = drawing[key]
                batch = pieces.draw(SHORT.batch)
                changed = self.trainers[names[0]].changed(batch, generator)
                for name in names:
                    trainer = self.trainers[name]
                    trainer.done = elapsed / seconds if seconds else (step + 1) / steps
                    terms = trainer.learn(batch, changed)
                    if (step + 1) % 50 == 0:
                        trainer.log({term: float(value) for term, value in terms.items()}, elapsed)
            if (step + 1) % 250 == 0:
                self.save()
        self.save()

    def save(self) -> None:
        for trainer in self.trainers.values():
            trainer.save()
            kept = {"commit": commit(), **asdict(trainer.config)}
            (trainer.folder / "config.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")


def side_by_side(which: str) -> SideBySide:
    """A set as far as it has come."""
    lesson = SideBySide(configs(which), FOLDER / which)
    for name, trainer in lesson.trainers.items():
        if trainer.step == 0 and trainer.parts == ("move",):
            heard = FOLDER / "hearing" / (name if name in HEARING else BASE) / "weights.pt"
            trainer.start_from(needed(heard, "Train what it hears first: python -m model.ablations hearing"))
    return lesson


def judged(which: str, folder: Path) -> list[Figure]:
    """A run of a set on the sounds that never train."""
    perform = performer(load_checkpoint(folder / "weights.pt"))
    if which == "hearing":
        return [*hearing_figures(perform)]
    return [*figures(perform), *of_bad_sound(perform), *of_teacher(perform)]


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seconds", type=float, help="as many of the steps as fit, the learning rate falling in time")
    parser.add_argument("--table", action="store_true", help="judge every run that is there, without learning")
    options = parser.parse_args()
    if options.table and options.set == "one-run":
        parser.error("one-run stands in the table of mouth")
    torch.set_num_threads(1)
    folder = FOLDER / options.set
    if not options.table:
        side_by_side(options.set).run(options.steps, options.seconds)
        return
    needed(folder / BASE / "weights.pt", f"Train the rows first: python -m model.ablations {options.set}")
    sets = (options.set, "one-run") if options.set == "mouth" else (options.set,)
    runs = {name: FOLDER / which / name for which in sets for name in SETS[which][0]}
    found = {name: judged(options.set, run) for name, run in runs.items() if (run / "weights.pt").exists()}
    print(table(found, BASE, AGAIN))


if __name__ == "__main__":
    main()
