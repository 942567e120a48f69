"""Trains the network.

    python -m model.train --run first --steps 4800      goes on from runs/first/checkpoint.pt if there is one
    python -m model.train --run second --start-from model/checkpoints/0.1.0.pt

runs/<run>/: config.json (everything that was set, and the commit), metrics.jsonl (a line per 50 steps),
checkpoint.pt (weights, their running average, optimiser, step). Stop it at any time; the same command resumes.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from .augment import coloured, warped_filters
from .dataset import Pieces
from .losses import LossWeights, total_loss
from .network import Lipsync, NetworkConfig
from .paths import REPOSITORY, RUNS

MEASURED = ("grid_s1", "grid_s1_voices", "facegood", "facegood_voices")
"""Sources with a tracked or captured face."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that a run depends on."""

    network: NetworkConfig = NetworkConfig()
    losses: LossWeights = LossWeights()
    shares: dict[str, float] = field(
        default_factory=lambda: {
            "grid_s1": 0.12, "grid_s1_voices": 0.19, "facegood": 0.04, "facegood_voices": 0.06, "nathalie_nl": 0.07,
            "kathleen_en": 0.09, "speechocean762_en": 0.18, "kerstin_de": 0.07, "flite": 0.09, "espeak": 0.09,
        }  # fmt: skip
    )
    """Chance that a piece comes from a source."""
    unit_weights: dict[str, float] = field(default_factory=lambda: {"facegood": 2.0, "facegood_voices": 2.0})
    """Weight of a source's mouth units; 1 where not named."""
    steps: int = 4800
    batch: int = 32
    frames: int = 200
    """Length of a piece, 20 ms each."""
    learning_rate: float = 2e-3
    warm_up: int = 250
    weight_decay: float = 0.02
    dropout: float = 0.1
    phones_only: float = 0.3
    """Share of pieces for which *move* gets the phones without the residual, so that it also runs from text."""
    average: float = 0.998
    seed: int = 0


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a half cosine down to 1 %."""
    if step < config.warm_up:
        return config.learning_rate * (step + 1) / config.warm_up
    done = (step - config.warm_up) / max(config.steps - config.warm_up, 1)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))


class Trainer:
    """One run: model, running average, optimiser, and the step that was reached."""

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        torch.manual_seed(config.seed)
        self.config, self.folder, self.step = config, folder, 0
        self.model = Lipsync(config.network, config.dropout)
        self.averaged = copy.deepcopy(self.model).eval()
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))
        names = list(config.shares)
        self.source_weight = torch.tensor([config.unit_weights.get(name, 1.0) for name in names])
        self.measured = torch.tensor([name in MEASURED for name in names])

    def save(self) -> None:
        """Writes checkpoint.pt whole."""
        state = {"step": self.step, "model": self.model.state_dict(), "averaged": self.averaged.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "network": self.config.network.to_dict()}  # fmt: skip
        torch.save(state, self.folder / "checkpoint.tmp")
        os.replace(self.folder / "checkpoint.tmp", self.folder / "checkpoint.pt")

    def resume(self) -> None:
        """Goes on from checkpoint.pt if there is one."""
        path = self.folder / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.step = state["step"]
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimiser.load_state_dict(state["optimiser"])

    def start_from(self, path: Path) -> None:
        """Takes the weights of a kept checkpoint (model/checkpoints, float16), for a new run of its own."""
        weights = torch.load(path, weights_only=True)["averaged"]
        for network in (self.model, self.averaged):
            network.load_state_dict(network.state_dict() | weights)

    def train_step(self, batch: dict[str, torch.Tensor], generator: torch.Generator) -> dict[str, float]:
        """One update; the losses by name."""
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        with torch.no_grad():
            mel = coloured(self.model.mel(batch["samples"], warped_filters()[batch["warp"]]), generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, residual = self.model.hear(mel)
            keep = torch.rand(len(mel), 1, 1, generator=generator) >= self.config.phones_only
            units = self.model.move(torch.softmax(logits.float(), -1), residual * keep)
        source = batch["source"]
        loss, terms = total_loss(
            logits.float(), units.float(), batch, self.source_weight[source], self.measured[source], self.config.losses
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.update_average()
        return {"loss": float(loss.detach()), **terms}

    @torch.no_grad()
    def update_average(self) -> None:
        """Running average of the weights; faster at the start, when they still move far."""
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        for average, weight in zip(self.averaged.parameters(), self.model.parameters()):
            average.lerp_(weight, 1 - keep)

    def run(self, workers: int, minutes: float) -> None:
        """Trains until config.steps, or until the minutes are over."""
        config, started = self.config, time.time()
        pieces = Pieces(config.shares, config.frames, seed=config.seed * 100003 + self.step)
        loader = DataLoader(pieces, config.batch, num_workers=workers, prefetch_factor=4 if workers else None)
        generator = torch.Generator().manual_seed(config.seed + self.step)
        sums: dict[str, float] = {}
        for batch in loader:
            if self.step >= config.steps or time.time() - started > minutes * 60:
                break
            for name, value in self.train_step(batch, generator).items():
                sums[name] = sums.get(name, 0.0) + value / 50
            if self.step % 50 == 0:
                self.log(sums, time.time() - started)
                sums = {}
            if self.step % 200 == 0:
                self.save()
        self.save()

    def log(self, sums: dict[str, float], seconds: float) -> None:
        line = {"step": self.step, "seconds": round(seconds), **{k: round(v, 5) for k, v in sums.items()}}
        with open(self.folder / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(" ".join(f"{k} {v:g}" for k, v in line.items()), flush=True)


def commit() -> str:
    """The commit that is checked out, with + where files differ from it."""
    run = lambda *command: subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True).stdout.strip()  # noqa: E731
    return run("git", "rev-parse", "--short", "HEAD") + ("+" if run("git", "status", "--porcelain", "model") else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="name of the folder under runs/")
    parser.add_argument("--steps", type=int, default=TrainConfig().steps)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after this long, to resume later")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare pieces")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, default=TrainConfig().learning_rate)
    parser.add_argument("--start-from", type=Path, help="weights of a kept checkpoint, for the first step of a run")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = TrainConfig(steps=options.steps, seed=options.seed, learning_rate=options.learning_rate)
    folder = RUNS / options.run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"commit": commit(), **asdict(config)}, indent=1), encoding="utf-8")
    trainer = Trainer(config, folder)
    if options.start_from and not (folder / "checkpoint.pt").exists():
        trainer.start_from(options.start_from)
    trainer.resume()
    trainer.run(options.workers, options.minutes)


if __name__ == "__main__":
    main()
