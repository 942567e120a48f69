"""What size and look-ahead are worth, told apart: smaller and less far-seeing copies of a kept network, taught by it.

    python -m model.shrink --checkpoint model/checkpoints/0.2.0.pt --steps 390  runs/shrink, stops and resumes at will
    python -m model.shrink --checkpoint model/checkpoints/0.2.0.pt --table      the bench's dev sounds, each beside BASE

Every copy of COPIES begins with the network's own weights. A smaller one keeps the hidden units that matter most in
each block; one that sees less far loses the taps of its filters that lie in the future. All then learn side by side, on
the same pieces, to hear and to move as the network does: 20 CPU minutes instead of a long run each, and far nearer to
where long runs end than short runs from nothing. Sound as it is, without augmentation; no label and no face is used.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.track import AnimationTrack

from .command import arguments, in_a_sentence
from .dataset import Batch, Pieces
from .evaluation.paired import Perform, figures, table
from .export import load_checkpoint
from .losses import LossWeights, lip_gap, opening_losses, unit_loss
from .network import ARKIT_CHANNELS, HOP, Block, Lipsync, Motion, MoveGraph
from .paths import PREPARED, RUNS
from .targets import FPS
from .train import TrainConfig, learning_rate

FOLDER = RUNS / "shrink"
FAR, NEAR = "1.00 s", "0.10 s"
AHEAD: dict[str, Mapping[str, tuple[int, ...]]] = {
    FAR: {},
    "0.30 s": {"hear_ahead": (2, 2, 2, 1, 2, 0, 0, 0), "move_ahead": (1, 1, 2, 0)},
    NEAR: {"hear_ahead": (1, 1, 0, 0, 0, 0, 0, 0), "move_ahead": (1, 0, 0, 0)},
}
"""Future frames of each block of the offline network, of 20 ms; the stem sees two more."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One row."""

    hidden: float
    """Share of the hidden units that every block keeps."""
    ahead: str
    seed: int = 0
    """Copies of one seed learn on the same pieces."""


BASE, AGAIN = "base", "base-again"
COPIES = {
    BASE: Copy(0.5, FAR),
    AGAIN: Copy(0.5, FAR, seed=1),
    "look-ahead-300-ms": Copy(0.5, "0.30 s"),
    "look-ahead-100-ms": Copy(0.5, NEAR),
    "third-of-the-size": Copy(0.14, FAR),
    "twice-the-size-look-ahead-100-ms": Copy(1.0, NEAR),
}
"""Beside the network itself, which is twice the size of BASE and looks as far ahead: the seventh row."""
SETTINGS = TrainConfig(
    batch=12, frames=200, learning_rate=1e-3, warm_up=30, average=0.98, weight_decay=0.0, dropout=0.0
)
SHARES = {
    "grid_s1": 0.2, "facegood": 0.06, "facegood_voices": 0.08, "nathalie_nl": 0.12, "kathleen_en": 0.12,
    "speechocean762_en": 0.34, "espeak": 0.08,
}  # fmt: skip


def pruned(block: Block, hidden: int, seen: Tensor) -> None:
    """Leaves a block the hidden units that move its output most.

    seen [N, 4W]: their values on some speech. What the others said in the mean goes into the bias.
    """
    weight = block.narrow.weight.data
    order = (seen.std(0) * weight.norm(dim=0)).argsort(descending=True)
    kept, gone = order[:hidden].sort().values, order[hidden:]
    width = weight.shape[0]
    widen, narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
    widen.weight.data, widen.bias.data = block.widen.weight.data[kept], block.widen.bias.data[kept]
    narrow.weight.data = weight[:, kept]
    narrow.bias.data = block.narrow.bias.data + weight[:, gone] @ seen.mean(0)[gone]
    block.widen, block.narrow = widen, narrow


def turned_to_the_past(weight: Tensor, future: int, dilation: int) -> Tensor:
    """[W, 1, K] depthwise taps, as many past as future, moved so that they see `future` frames ahead; new taps are 0.

    What the lost taps weighed goes to the last one that is left: the present stands for the future.
    """
    lost = weight.shape[2] // 2 - future // dilation
    moved = F.pad(weight[..., : weight.shape[2] - lost], (lost, 0))
    moved[..., -1] += weight[..., weight.shape[2] - lost :].sum(-1)
    return moved


@torch.no_grad()
def shrunk(network: Lipsync, kind: Copy, samples: Tensor) -> Lipsync:
    """A copy of the network; samples [B, N]: some speech, to see what matters in it."""
    seen: dict[Block, Tensor] = {}
    blocks = [block for block in network.modules() if isinstance(block, Block)]
    hooks = [
        block.narrow.register_forward_pre_hook(
            lambda _, inputs, block=block: seen.update({block: inputs[0].flatten(0, 1)})
        )
        for block in blocks
    ]
    network(samples)
    for hook in hooks:
        hook.remove()
    config = replace(network.config, **AHEAD[kind.ahead])
    smaller = Lipsync(config)
    state = network.state_dict()
    for part in ("hear", "move"):
        for index, (past, future) in enumerate(config.reaches(part)):
            name = f"{part}.blocks.{index}.depthwise.weight"
            dilation = (past + future) // (config.kernel - 1)
            state[name] = turned_to_the_past(state[name], future, dilation)
    smaller.load_state_dict(state)
    if kind.hidden < 1:
        mine = [block for block in smaller.modules() if isinstance(block, Block)]
        for block, original in zip(mine, blocks, strict=True):
            pruned(block, 16 * round(block.widen.out_features * kind.hidden / 16), seen[original])
    return smaller


@dataclass(frozen=True, slots=True)
class Heard:
    """What a network makes of a batch."""

    logits: Tensor
    residual: Tensor
    motion: Motion


def performed(network: Lipsync, mel: Tensor) -> Heard:
    """Neutral controls, bfloat16 where that is faster."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, residual = network.hear(mel)
        phones = torch.softmax(logits.float(), -1)
        motion = network.move(phones, residual, network.move.neutral.expand(*phones.shape[:2], -1))
    return Heard(logits.float(), residual.float(), Motion(*(part.float() for part in motion)))


def imitation_loss(learns: Heard, shown: Heard, weights: LossWeights = LossWeights()) -> Tensor:
    """How far a copy is from the network: phones, residual, mouth units and the lips' opening, weighted as in
    training."""
    phones = F.kl_div(
        F.log_softmax(learns.logits, -1), F.log_softmax(shown.logits, -1), log_target=True, reduction="none"
    ).sum(-1).mean()  # fmt: skip
    residual = F.mse_loss(learns.residual, shown.residual)
    units, wanted = learns.motion.units, shown.motion.units
    opening = lip_gap(wanted).clamp(min=0)
    distance, velocity, agreement = opening_losses(lip_gap(units), opening)
    return (
        weights.phones * (phones + residual)
        + weights.units * unit_loss(units, wanted, units.new_ones(len(units)))
        + weights.opening * distance
        + weights.velocity * velocity
        + weights.agreement * agreement
    )


class Pupil:
    """A copy that learns: its weights, their running average and its optimiser."""

    def __init__(self, network: Lipsync) -> None:
        self.network = network.train()
        self.averaged = copy.deepcopy(network).eval()
        self.optimiser = torch.optim.AdamW(network.parameters(), weight_decay=SETTINGS.weight_decay, betas=(0.9, 0.98))

    def learn(self, mel: Tensor, shown: Heard, step: int, rate: float) -> float:
        """One step; the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = imitation_loss(performed(self.network, mel), shown)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        keep = min(SETTINGS.average, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.network.parameters()), 1 - keep)
        return float(loss.detach())

    def state(self) -> dict:
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])


class Lesson:
    """All copies side by side, and the network that teaches them."""

    def __init__(self, checkpoint: Path) -> None:
        torch.manual_seed(0)
        self.teacher = load_checkpoint(checkpoint)
        speech = self.pieces(0).draw(8).samples
        self.pupils = {name: Pupil(shrunk(self.teacher, kind, speech)) for name, kind in COPIES.items()}
        self.step = 0
        path = FOLDER / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.step = state["step"]
            for name, pupil in self.pupils.items():
                pupil.load(state[name])

    @staticmethod
    def pieces(seed: int) -> Pieces:
        shares = {name: share for name, share in SHARES.items() if (PREPARED / name).is_dir()}
        if not shares:
            what = f"None of {', '.join(SHARES)} is prepared in {PREPARED}."
            raise LipsyncError(what, "Run python -m model.prepare first.")
        return Pieces(shares, SETTINGS.frames, seed)

    def save(self) -> None:
        """Writes checkpoint.pt whole."""
        state = {"step": self.step} | {name: pupil.state() for name, pupil in self.pupils.items()}
        torch.save(state, FOLDER / "checkpoint.tmp")
        os.replace(FOLDER / "checkpoint.tmp", FOLDER / "checkpoint.pt")

    @torch.no_grad()
    def show(self, batch: Batch) -> tuple[Tensor, Heard]:
        """Log-mel of the pieces, and what the network makes of it: small units in silence too, which are cut later."""
        mel = batch.at_tempo(self.teacher.mel(batch.samples))
        self.teacher.train()  # without dropout: a checkpoint has none
        return mel, performed(self.teacher, mel)

    def teach(self, steps: int, minutes: float) -> None:
        """Up to so many steps in all, or until the minutes are over, to go on later."""
        settings = replace(SETTINGS, steps=steps)
        seeds = sorted({kind.seed for kind in COPIES.values()})
        pieces = {seed: self.pieces(100003 * seed + self.step + 1) for seed in seeds}
        started, sums = time.time(), dict.fromkeys(COPIES, 0.0)
        while self.step < steps and time.time() - started < minutes * 60:
            rate = learning_rate(self.step, (self.step + 1) / steps, settings)
            for seed in seeds:
                mel, shown = self.show(pieces[seed].draw(settings.batch))
                for name, kind in COPIES.items():
                    if kind.seed == seed:
                        sums[name] += self.pupils[name].learn(mel, shown, self.step, rate)
            self.step += 1
            if self.step % 25 == 0:
                line = {"step": self.step, "cpu": round(time.process_time())} | {
                    name: round(value / 25, 4) for name, value in sums.items()
                }
                sums = dict.fromkeys(COPIES, 0.0)
                with open(FOLDER / "metrics.jsonl", "a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)
                self.save()
        self.save()


def performer(network: Lipsync) -> Perform:
    """Sound to the network's own 50 frames a second, by PyTorch."""
    network.eval()
    sides = MoveGraph(network)

    @torch.inference_mode()
    def perform(sound: Sound) -> AnimationTrack:
        samples = torch.from_numpy(np.concatenate(list(sound.blocks())))[None]
        samples = F.pad(samples, (0, -samples.shape[1] % HOP))
        logits, residual = network.hear(network.mel(samples))
        phones = torch.softmax(logits, -1)
        units = network.move(phones, residual, network.move.neutral.expand(*phones.shape[:2], -1)).units
        values = torch.cat([units.clamp(0, 1) @ sides.to_arkit, phones @ sides.to_viseme, phones], -1)[0].numpy()
        return AnimationTrack((*ARKIT_CHANNELS, *VISEMES_15, *PHONES), values, FPS)

    return perform


def compared(lesson: Lesson) -> str:
    """Markdown: every copy and the network itself beside BASE."""
    rows = {BASE: lesson.pupils[BASE].averaged, "twice-the-size": lesson.teacher.eval()}
    rows |= {name: pupil.averaged for name, pupil in lesson.pupils.items() if name != BASE}
    found = {name: figures(performer(network)) for name, network in rows.items()}
    sizes = {name: f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M" for name, network in rows.items()}
    return table(found, BASE, AGAIN, ("parameters", sizes))


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the kept network, of the offline kind")
    parser.add_argument("--steps", type=int, default=390)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after this long, to resume later")
    parser.add_argument("--table", action="store_true", help="judge what is there, without learning")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lesson = Lesson(options.checkpoint)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.table:
        print(f"{lesson.step} steps\n\n{compared(lesson)}")
    else:
        lesson.teach(options.steps, options.minutes)


if __name__ == "__main__":
    main()
