"""Searches the settings of *move* with Optuna: many short runs that go on from a kept network, on what it heard
(heard.py).

    python -m model.tune --start-from model/checkpoints/0.2.0.pt --heard offline --steps 200 --trials 12
        goes on with runs/tuning/study.log; writes study.csv. For two at once start it twice, one with --worker 1.

What is made large is `score`, on lines that never train: how the opening goes with the filmed talker's and, on speakers
never heard, with the teacher's; p b m sealed and other phones not; lips that rest in silence; a narrow jaw in
sibilants.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import optuna
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lipsync_addon.core.writing import whole_file

from .command import arguments, in_a_sentence
from .paths import RUNS
from .train import NETWORKS, TrainConfig, check_data, setting, train

FOLDER = RUNS / "tuning"
GOALS = {
    "grid_s1/r": 2.0, "speechocean762_en/r": 1.0,
    "speechocean762_en/sealed": 0.5, "kathleen_en/sealed": 0.5, "nathalie_nl/sealed": 0.5,
    "speechocean762_en/wrongly_sealed": -0.5, "kathleen_en/wrongly_sealed": -0.5, "nathalie_nl/wrongly_sealed": -0.5,
    "grid_s1/still": -5.0, "kathleen_en/sibilant_jaw": -1.0,
}  # fmt: skip
"""Figures of model/validation.py and their share of the score. Motion at rest is a few thousandths, so it counts
more."""
SHORT = {"batch": 32, "warm_up": 20, "average": 0.98}
"""What every run has in common, unless --set says otherwise."""


def suggested(trial: optuna.Trial) -> dict[str, float]:
    """Settings of one run."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 2e-3, log=True),
        "losses.opening": trial.suggest_float("losses.opening", 12.0, 80.0, log=True),
        "losses.velocity": trial.suggest_float("losses.velocity", 15.0, 120.0, log=True),
        "losses.agreement": trial.suggest_float("losses.agreement", 0.3, 3.0, log=True),
        "losses.seal": trial.suggest_float("losses.seal", 10.0, 60.0, log=True),
        "losses.parted": trial.suggest_float("losses.parted", 10.0, 80.0, log=True),
        "losses.rest": trial.suggest_float("losses.rest", 2.0, 60.0, log=True),
        "losses.sibilant": trial.suggest_float("losses.sibilant", 5.0, 60.0, log=True),
        "hinges.parted": trial.suggest_float("hinges.parted", 0.03, 0.05),
        "hinges.rounded": trial.suggest_float("hinges.rounded", 0.0, 0.04),
        "hinges.sibilant_jaw": trial.suggest_float("hinges.sibilant_jaw", 0.02, 0.06),
    }


def score(figures: Mapping[str, float]) -> float:
    """Weighted sum of GOALS."""
    return sum(share * figures[goal] for goal, share in GOALS.items())


def study(worker: int = 0) -> optuna.Study:
    """The kept study. Its draws are seeded by the worker and by how many trials there are when it begins."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(FOLDER / "study.log")))
    found = optuna.create_study(study_name="move", direction="maximize", storage=storage, load_if_exists=True)
    found.sampler = optuna.samplers.TPESampler(
        multivariate=True, constant_liar=True, n_startup_trials=6, seed=1000 * worker + len(found.trials)
    )
    return found


def write_table(found: optuna.Study, path: Path) -> None:
    """Complete trials, the best first: trial, score, what was set and the figures, as in model/study.csv."""
    complete = [trial for trial in found.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    complete.sort(key=lambda trial: -trial.value)
    with whole_file(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["trial", "score", *found.best_trial.params, *GOALS])
        for trial in complete:
            values = [*trial.params.values(), *(trial.user_attrs[goal] for goal in GOALS)]
            table.writerow([trial.number, f"{trial.value:.4f}", *(f"{value:.4g}" for value in values)])


def search(base: TrainConfig, start_from: Path, trials: int, worker: int = 0) -> optuna.Study:
    """So many trials more, one after the other. Raises LipsyncError where a source or the network is missing."""
    check_data(base, start_from)

    def objective(trial: optuna.Trial) -> float:
        folder = FOLDER / f"trial-{trial.number:03d}"
        train(base.changed(suggested(trial)), folder, start_from=start_from)
        last = json.loads((folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        for goal in GOALS:
            trial.set_user_attr(goal, last[goal])
        return score(last)

    found = study(worker)
    found.optimize(objective, n_trials=trials)
    return found


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--start-from", type=Path, required=True, help="the kept network that every run goes on from")
    parser.add_argument("--heard", required=True, help="folder of runs/heard that is of that network")
    parser.add_argument("--network", choices=NETWORKS, default="offline", help="its size, as for model.train")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--worker", type=int, default=0, help="another number for each of those that search at once")
    parser.add_argument(
        "--set", type=setting, action="append", default=[], metavar="NAME=VALUE", help="another setting"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    changes = {"network": options.network, "heard": options.heard, "steps": options.steps} | SHORT | dict(options.set)
    try:
        base = TrainConfig().changed(changes)
    except ValueError as error:
        parser.error(str(error))
    found = search(base, options.start_from, options.trials, options.worker)
    write_table(found, FOLDER / "study.csv")
    print(f"{FOLDER / 'study.csv'}: the best is trial {found.best_trial.number}, {found.best_value:.4f}")


if __name__ == "__main__":
    main()
