"""Trains the network.

    python -m model.train --run offline                 goes on from runs/offline/checkpoint.pt if there is one
    python -m model.train --run live --network live     the one that looks 100 ms ahead
    python -m model.train --run plain --set augment=false --set losses.seal=0
    python -m model.train --run quick --seconds 500 --compile       as many steps as fit, learning rate falling in time
    python -m model.train --run tuned --start-from model/checkpoints/0.2.0.pt --set heard=offline    *move* alone, see heard.py

runs/<run>/: config.json (everything that was set, and the commit), metrics.jsonl (losses every 100 steps, figures of
held-out lines every 1000), checkpoint.pt (weights, their running average, optimiser, step), weights.pt (the average in
half precision). Stop it at any time; the same command resumes. On a GPU, if there is one.
"""

from __future__ import annotations

import copy
import json
import math
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn

from lipsync_addon.core.phones import PHONES

from . import controls
from .augment import augmented, coloured, drawn_filters
from .command import arguments, in_a_sentence, needed
from .dataset import Batch, HeardPieces, Pieces, is_filmed, prepared
from .losses import Hinges, LossWeights, hearing_losses, moving_losses, weighted, with_breath, with_phones_obeyed
from .network import LIVE, OFFLINE, Lipsync, NetworkConfig
from .paths import HEARD, REPOSITORY, RUNS
from .targets import opening_units
from .validation import Validation

MEASURED = ("grid_s1", "grid_s1_voices", "facegood", "facegood_voices")
"""Sources with a tracked or captured face, beside those of `lipsync dataset build`."""
NETWORKS = {"offline": OFFLINE, "live": LIVE}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that a run depends on."""

    network: NetworkConfig = OFFLINE
    losses: LossWeights = LossWeights()
    hinges: Hinges = Hinges()
    shares: dict[str, float] = field(
        default_factory=lambda: {
            "grid_s1": 0.09, "grid_s1_voices": 0.2, "facegood": 0.04, "facegood_voices": 0.08, "nathalie_nl": 0.07,
            "kathleen_en": 0.08, "speechocean762_en": 0.23, "kerstin_de": 0.06, "flite": 0.06, "espeak": 0.09,
            "festival": 0.0,
        }  # fmt: skip
    )
    """Chance that a piece comes from a source; one at 0 need not be prepared."""
    unit_weights: dict[str, float] = field(default_factory=lambda: {"facegood": 2.0, "facegood_voices": 2.0})
    """Weight of a source's mouth units; 1 where not named."""
    steps: int = 16000
    batch: int = 96
    frames: int = 200
    """Length of a piece, 20 ms each."""
    learning_rate: float = 2e-3
    warm_up: int = 400
    weight_decay: float = 0.02
    dropout: float = 0.1
    phones_only: float = 0.3
    """Share of pieces for which *move* gets the phones without the residual, so that it also runs from text."""
    augment: bool = True
    teacher: bool = True
    """Whether lines without a measured face follow the opening that the teacher heard."""
    parts: tuple[Literal["hear", "move"], ...] = ("hear", "move")
    """What is trained: both in one run; or "hear" alone, or "move" alone with *hear* as it is, in stages."""
    heard: str = ""
    """Folder of runs/heard: *move* alone is trained, on what *hear* made of the sound there."""
    average: float = 0.999
    keep: int = 0
    """Averaged weights are kept as <step>.pt every so many steps, where it is not 0."""
    seed: int = 0

    def changed(self, changes: Mapping[str, Any]) -> TrainConfig:
        """With other values, by dotted name: {"losses.seal": 0, "network": "live"}.

        Raises ValueError for a name that there is not, and for a value that the setting does not take.
        """
        config, kinds = self, get_type_hints(TrainConfig)
        for name, value in changes.items():
            group, _, entry = name.rpartition(".")
            if name == "network":
                config = replace(config, network=NETWORKS[_checked(name, value, Literal[tuple(NETWORKS)])])
            elif not group and name in asdict(self):
                config = replace(config, **{name: _checked(name, value, kinds[name])})
            elif entry in asdict(self).get(group, {}) or (group == "shares" and is_filmed(entry)):
                old = getattr(config, group)
                kind = float if isinstance(old, dict) else get_type_hints(type(old))[entry]
                changed = {entry: _checked(name, value, kind)}
                config = replace(config, **{group: old | changed if isinstance(old, dict) else replace(old, **changed)})
            else:
                raise ValueError(f"there is no setting {name}")
        return config


def _checked(name: str, value: Any, kind: Any) -> Any:
    """The value of a setting of this type. Raises ValueError for one of another type, in words."""
    if not _is(value, kind):
        raise ValueError(f"{name} takes {_told(kind)}, not {json.dumps(value)}")
    return value


def _is(value: Any, kind: Any) -> bool:
    """Whether JSON's value is one of the type of a setting; lists are tuples there, whole numbers are numbers."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in of
    if origin is tuple:
        return isinstance(value, (list, tuple)) and all(_is(each, of[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is(each, of[1]) for each in value.values())
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind


def _told(kind: Any) -> str:
    """What a setting of this type takes, in words."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(of)
    if origin is tuple:
        return f"a list [..., ...], each {_told(of[0])}"
    if origin is dict:
        return f"a share for each name, {{\"name\": {_told(of[1])}}}"
    words = {bool: "true or false", int: "a whole number", float: "a number as 0.5 or 1e-3", str: "a word"}
    return words.get(kind, "its single settings, by a name with a dot")


def learning_rate(step: int, done: float, config: TrainConfig) -> float:
    """Linear warm-up, then a half cosine down to 1 % when all is `done` (0 to 1)."""
    warm = min((step + 1) / config.warm_up, 1)
    return config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))


@dataclass(frozen=True, slots=True)
class Changed:
    """What one step hears of a batch; runs that differ in their losses alone may share it."""

    rows: Tensor
    """Log-mel [B, M, 2T], or what was heard [B, P + R, T]"""
    told: Tensor
    """[B, K] the controls"""
    keep: Tensor
    """bool [B, 1, 1] who may use the residual"""


class Trainer:
    """One run: model, running average, optimiser, and the step that was reached."""

    def __init__(self, config: TrainConfig, folder: Path, device: str = "cpu", *, compiled: bool = False) -> None:
        torch.manual_seed(config.seed)
        self.config, self.folder, self.device, self.step = config, folder, device, 0
        self.done = 0.0
        """Share of the run that is over, by steps or by time."""
        self.model = Lipsync(config.network, config.dropout).to(device)
        compile_or_not = torch.compile if compiled else lambda module: module
        self.hear, self.move = compile_or_not(self.model.hear), compile_or_not(self.model.move)
        self.averaged = copy.deepcopy(self.model).eval()
        self.parts = ("move",) if config.heard else tuple(config.parts)
        self.blank = nn.Linear(config.network.hear_width, 1).to(device) if config.losses.ctc else None
        """Of CTC, on what the phones are read from; no part of the network."""
        learning = [*(getattr(self.model, part) for part in self.parts), *filter(None, [self.blank])]
        self.trained = [parameter for module in learning for parameter in module.parameters()]
        decayed, others = [p for p in self.trained if p.ndim > 1], [p for p in self.trained if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=device == "cuda")
        names = [name for name, share in config.shares.items() if share > 0]
        self.shares = {name: config.shares[name] for name in names}
        per_source = lambda values: torch.tensor(values, device=device)  # noqa: E731
        self.source_weight = per_source([config.unit_weights.get(name, 1.0) for name in names])
        self.measured = per_source([name in MEASURED or is_filmed(name) for name in names])
        self.style = per_source([controls.STYLES.index(controls.STYLE_OF.get(name, "clear")) for name in names])

    def save(self) -> None:
        """Writes checkpoint.pt whole."""
        state = {"step": self.step, "model": self.model.state_dict(), "averaged": self.averaged.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "network": self.config.network.to_dict(),
                 "blank": self.blank and self.blank.state_dict()}  # fmt: skip
        torch.save(state, self.folder / "checkpoint.tmp")
        os.replace(self.folder / "checkpoint.tmp", self.folder / "checkpoint.pt")
        keep_weights(self.averaged, self.folder / "weights.pt")

    def resume(self) -> None:
        """Goes on from checkpoint.pt if there is one."""
        path = self.folder / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True, map_location=self.device)
            self.step = state["step"]
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimiser.load_state_dict(state["optimiser"])
            if self.blank:
                self.blank.load_state_dict(state["blank"])

    def start_from(self, path: Path) -> None:
        """Takes the weights of a kept checkpoint (model/checkpoints, float16), for a new run of its own."""
        weights = torch.load(path, weights_only=True, map_location=self.device)["averaged"]
        for network in (self.model, self.averaged):
            network.load_state_dict(network.state_dict() | weights)

    def train_step(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One update; the losses by name."""
        return self.learn(batch, self.changed(batch, generator))

    @torch.no_grad()
    def changed(self, batch: Batch, generator: torch.Generator) -> Changed:
        """The batch's sound as this step hears it, and what *move* is told."""
        count = len(batch.samples)
        if self.config.heard:
            rows = batch.at_tempo(batch.samples.transpose(1, 2), 1)
        elif self.config.augment:
            samples = augmented(batch.samples, generator)
            mel = self.model.mel(samples, drawn_filters(count, generator))
            rows = coloured(batch.at_tempo(mel), generator)
        else:
            rows = batch.at_tempo(self.model.mel(batch.samples))
        told = controls.drawn(self.style[batch.source], generator)
        keep = torch.rand(count, 1, 1, generator=generator, device=self.device) >= self.config.phones_only
        return Changed(rows, told, keep)

    def learn(self, batch: Batch, changed: Changed) -> dict[str, Tensor]:
        """One update on a batch and its changed(); the losses by name."""
        config = self.config
        self.model.train()
        self.model.hear.train("hear" in self.parts)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.done, config)
        measured = self.measured[batch.source]
        with torch.no_grad():
            if not config.teacher:
                batch = without_teacher(batch, measured)
            if not config.network.hear_ahead:  # who sees no word coming would wait with open lips
                batch = with_breath(batch, measured, config.hinges.breath)
            opening = with_phones_obeyed(batch.opening, batch, measured, config.hinges)
            opening, units = controls.asked(opening, batch.units, changed.told)
            batch = replace(batch, opening=opening, units=units)
        terms = self._losses(changed, batch, self.source_weight[batch.source], measured)
        loss = weighted(terms, config.losses)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.step += 1
        self.update_average()
        return {name: term.detach() for name, term in {"loss": loss, **terms}.items()}

    def _losses(self, changed: Changed, batch: Batch, source_weight: Tensor, measured: Tensor) -> dict[str, Tensor]:
        """Each by name, of the parts that are trained."""
        terms = {}
        with torch.autocast(self.device, dtype=torch.bfloat16):
            if self.config.heard:
                phones, residual = changed.rows.transpose(1, 2).split([len(PHONES), self.config.network.residual], -1)
            else:
                with torch.set_grad_enabled("hear" in self.parts):
                    logits, residual, blank = self._heard(changed.rows)
                    phones = torch.softmax(logits, -1)
                if "hear" in self.parts:
                    terms |= hearing_losses(logits, blank, batch.phones)
            if "move" in self.parts:
                told = changed.told[:, None].expand(-1, phones.shape[1], -1)
                motion = self.move(phones, residual * changed.keep, told)
        if "move" in self.parts:
            units, log_variance = motion.units.float(), motion.log_variance.float()
            hinges = self.config.hinges
            terms |= moving_losses(units, log_variance, batch, source_weight, measured, changed.told, hinges)
        return terms

    def _heard(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Logits of the phones [B, T, P], residual [B, T, R] and, where CTC is asked for, logit of the blank [B, T, 1]."""
        if self.blank is None:
            logits, residual = self.hear(rows)
            return logits.float(), residual, None
        features = self.model.hear.features(rows)
        logits, residual = self.model.hear.heads(features)
        return logits.float(), residual, self.blank(features).float()

    @torch.no_grad()
    def update_average(self) -> None:
        """Running average of the weights; faster at the start, when they still move far."""
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.model.parameters()), 1 - keep)

    def run(self, minutes: float, seconds: float | None = None) -> None:
        """Trains until config.steps, or until the minutes are over, to go on later; `seconds`: all of it in that time.

        They count from here: reading the data and compiling are in them.
        """
        config, started = self.config, time.time()
        kind = partial(HeardPieces, folder=HEARD / config.heard) if config.heard else Pieces
        pieces = kind(self.shares, config.frames, config.seed * 100003 + self.step, self.device)
        generator = torch.Generator(self.device).manual_seed(config.seed + self.step)
        validation = Validation(kind, self.shares, config.frames, self.device)
        sums: dict[str, Tensor] = {}
        while self.done < 1 and time.time() - started < minutes * 60:
            self.done = (time.time() - started) / seconds if seconds else (self.step + 1) / config.steps
            for name, value in self.train_step(pieces.draw(config.batch), generator).items():
                sums[name] = sums.get(name, 0) + value / 100
            if self.step % 100 == 0:
                self.log({name: float(value) for name, value in sums.items()}, time.time() - started)
                sums = {}
            if self.step % 1000 == 0:
                self.save()
                self.log(validation.figures(self.averaged), time.time() - started)
            if config.keep and self.step % config.keep == 0:
                keep_weights(self.averaged, self.folder / f"{self.step}.pt")
        self.save()
        self.log(validation.figures(self.averaged), time.time() - started)

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        line = {"step": self.step, "seconds": round(seconds), **{k: round(v, 5) for k, v in figures.items()}}
        with open(self.folder / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(" ".join(f"{k} {v:g}" for k, v in line.items()), flush=True)


def keep_weights(network: Lipsync, path: Path) -> None:
    """Weights alone, in half precision, small enough for git: what --start-from and model.export read."""
    weights = {name: w.half().cpu() if w.is_floating_point() else w.cpu() for name, w in network.state_dict().items()}
    torch.save({"averaged": weights, "network": network.config.to_dict()}, path)


def without_teacher(batch: Batch, measured: Tensor) -> Batch:
    """The batch with no opening, and no jaw and parted lips that were set by it, where no face was measured."""
    unknown = ~measured[:, None]
    opened = torch.zeros(batch.units.shape[2], dtype=torch.bool, device=batch.units.device)
    opened[opening_units()] = True
    units = batch.units.masked_fill(unknown[..., None] & opened, torch.nan)
    return replace(batch, opening=batch.opening.masked_fill(unknown, torch.nan), units=units)


def commit() -> str:
    """The commit that is checked out, with + where files differ from it; empty without git."""
    run = lambda *command: subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True).stdout.strip()  # noqa: E731
    try:
        return run("git", "rev-parse", "--short", "HEAD") + ("+" if run("git", "status", "--porcelain", "model") else "")
    except FileNotFoundError:
        return ""


def check_data(config: TrainConfig, start_from: Path | None) -> None:
    """Raises LipsyncError, before anything is written, where a source or a network is missing that the run needs."""
    for name in (name for name, share in config.shares.items() if share > 0):
        prepared(name)
        if config.heard:
            needed(HEARD / config.heard / f"{name}.npy", "Let a network hear it first: python -m model.heard")
    if start_from:
        needed(start_from, "Take one of model/checkpoints, or the weights.pt of a run.")


def train(
    config: TrainConfig, folder: Path, *, minutes: float = 1e9, seconds: float | None = None,
    start_from: Path | None = None, compiled: bool = False,
) -> Trainer:  # fmt: skip
    """A whole run in a folder, resumed if it has begun. `start_from`: weights for the first step; see Trainer.run."""
    check_data(config, start_from)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"commit": commit(), **asdict(config)}, indent=1), encoding="utf-8")
    trainer = Trainer(config, folder, device, compiled=compiled)
    if start_from and not (folder / "checkpoint.pt").exists():
        trainer.start_from(start_from)
    trainer.resume()
    trainer.run(minutes, seconds)
    return trainer


def setting(text: str) -> tuple[str, Any]:
    """("losses.seal", 0.0) of "losses.seal=0"; words stay words."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--run", required=True, help="name of the folder under runs/")
    parser.add_argument("--network", choices=NETWORKS, default="offline")
    parser.add_argument("--steps", type=int, default=TrainConfig().steps)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after this long, to resume later")
    parser.add_argument("--seconds", type=float, help="do as many steps as fit, instead of --steps")
    parser.add_argument("--compile", action="store_true", help="by torch.compile: worth its minute on a GPU")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start-from", type=Path, help="weights of a kept checkpoint, for the first step of a run")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="NAME=VALUE", help="another setting")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    changes = {"network": options.network, "steps": options.steps, "seed": options.seed} | dict(options.set)
    try:
        config = TrainConfig().changed(changes)
    except ValueError as error:
        parser.error(str(error))
    train(
        config, RUNS / options.run, minutes=options.minutes, seconds=options.seconds, start_from=options.start_from,
        compiled=options.compile,
    )  # fmt: skip


if __name__ == "__main__":
    main()
