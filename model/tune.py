"""Searches the settings of training with Optuna: many short runs of the small network.

    python -m model.tune --steps 600 --minutes 5 --at-once 6      goes on with runs/tuning/study.log; writes study.csv

What is made large: on held-out lines of speechocean762, whose speakers never train, the share of right visemes plus
the opening's r with the teacher; and its r with the filmed talker's held-out lines.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from multiprocessing import get_context

import optuna
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from .ablations import SMALL
from .paths import RUNS
from .train import TrainConfig, train

FOLDER = RUNS / "tuning"
GOALS = ("speechocean762_en/visemes", "speechocean762_en/r", "grid_s1/r")


def suggested(trial: optuna.Trial) -> dict[str, float]:
    """Settings of one run."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-4, 8e-3, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-3, 0.2, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.3),
        "phones_only": trial.suggest_float("phones_only", 0.1, 0.5),
        "losses.phones": trial.suggest_float("losses.phones", 0.3, 3.0, log=True),
        "losses.opening": trial.suggest_float("losses.opening", 8.0, 80.0, log=True),
        "losses.agreement": trial.suggest_float("losses.agreement", 0.1, 3.0, log=True),
        "shares.grid_s1_voices": trial.suggest_float("shares.grid_s1_voices", 0.05, 0.4),
    }


def study() -> optuna.Study:
    FOLDER.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(FOLDER / "study.log")))
    sampler = optuna.samplers.TPESampler(multivariate=True, constant_liar=True, n_startup_trials=12)
    return optuna.create_study(
        study_name="lipsync", direction="maximize", storage=storage, sampler=sampler, load_if_exists=True
    )


def search(steps: int, until: float) -> None:
    """Trials one after the other until that time (time.time())."""
    torch.set_num_threads(1)

    def objective(trial: optuna.Trial) -> float:
        config = replace(TrainConfig(), network=SMALL, steps=steps, warm_up=100, average=0.99)
        folder = FOLDER / f"trial-{trial.number:03d}"
        train(config.changed(suggested(trial)), folder)
        last = json.loads((folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        for goal in GOALS:
            trial.set_user_attr(goal, last[goal])
        return sum(last[goal] for goal in GOALS)

    found = study()
    while time.time() < until:
        found.optimize(objective, n_trials=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--minutes", type=float, default=60, help="begin no trial after this long")
    parser.add_argument("--at-once", type=int, default=1, help="processes")
    options = parser.parse_args()
    study()
    until = time.time() + options.minutes * 60
    workers = [get_context("spawn").Process(target=search, args=(options.steps, until)) for _ in range(options.at_once)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    table = study().trials_dataframe(attrs=("number", "value", "params", "user_attrs"))
    table.sort_values("value", ascending=False).to_csv(FOLDER / "study.csv", index=False, float_format="%.4g")
    print(table.nlargest(5, "value").to_string())


if __name__ == "__main__":
    main()
