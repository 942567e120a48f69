"""Trains the same small network again and again with one thing left out, to learn what each is worth.

    python -m model.ablations --steps 2000 --at-once 8      every row of ABLATIONS, as runs/ablation-<name>

`python -m model.export --run ablation-NAME …` and `python -m model.evaluate --quick --network …` judge each on the
bench. The table in model/EXPERIMENTS.md was made by time on a GPU, with another warm-up and average: this repeats its
rows, not its numbers. What look-ahead and size are worth shows late in a run: model/shrink.py begins with a trained
network instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import torch

from .command import arguments, in_a_sentence
from .network import LIVE
from .paths import RUNS
from .train import TrainConfig, train

SMALL = replace(LIVE, hear_ahead=(), move_ahead=())
"""The size of the live network, looking as far ahead as back."""
ABLATIONS: dict[str, Mapping[str, Any]] = {
    "base": {},
    "base-again": {"seed": 1},
    "no-augmentation": {"augment": False},
    "no-recorded-voice-synthesis": {"shares.flite": 0},
    "no-synthesis": {"shares.flite": 0, "shares.espeak": 0},
    "no-other-voices": {"shares.grid_s1_voices": 0, "shares.facegood_voices": 0},
    "no-teacher": {"teacher": False},
    "no-phone-head": {"losses.phones": 0},
    "no-aperture-loss": {"losses.opening": 0, "losses.velocity": 0, "losses.agreement": 0},
    "no-closure-hinge": {"losses.seal": 0},
    "no-parting-hinge": {"losses.parted": 0},
}


def run(name: str, steps: int) -> str:
    """One row; goes on where it stopped."""
    torch.set_num_threads(1)
    config = replace(TrainConfig(), network=SMALL, steps=steps, warm_up=200, average=0.995)
    train(config.changed(ABLATIONS[name]), RUNS / f"ablation-{name}")
    return name


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=1, help="processes")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(ABLATIONS)}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(ABLATIONS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ABLATIONS)}")
    with ProcessPoolExecutor(options.at_once, mp_context=get_context("spawn")) as pool:
        for future in [pool.submit(run, name, options.steps) for name in options.names or ABLATIONS]:
            print(future.result(), flush=True)


if __name__ == "__main__":
    main()
