"""How a network does on held-out lines while it trains: quick figures to compare runs with, no result."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE

from .dataset import Batch, Pieces
from .losses import disagreement, lip_gap
from .network import Lipsync

PIECES = 96


class Validation:
    """The same held-out pieces of each source every time, as they are: no augmentation."""

    def __init__(self, shares: Mapping[str, float], frames: int, device: str) -> None:
        self.batches: dict[str, Batch] = {}
        for name in shares:
            pieces = Pieces({name: 1.0}, frames, 0, device, held_out=True)
            if pieces.counts[0]:
                self.batches[name] = pieces.draw(PIECES)
        self.viseme = torch.tensor([VISEMES_15.index(VISEME_OF_PHONE[p]) for p in PHONES], device=device)

    @torch.no_grad()
    def figures(self, network: Lipsync) -> dict[str, float]:
        """{"<source>/visemes": share of spoken frames that are right, "<source>/r": of the opening, in time}"""
        found = {}
        for name, batch in self.batches.items():
            mel = batch.at_tempo(network.mel(batch.samples))
            logits, residual = network.hear(mel)
            phones = torch.softmax(logits, -1)
            controls = network.move.neutral.expand(*phones.shape[:2], -1)
            gap = lip_gap(network.move(phones, residual, controls).units).clamp(min=0)
            if (batch.phones > 0).any():
                found[f"{name}/visemes"] = float(self._right(phones, batch.phones))
            known = ~batch.opening.isnan()
            if known.any():
                found[f"{name}/r"] = float(1 - disagreement(gap, batch.opening.nan_to_num(), known))
        return found

    def _right(self, phones: Tensor, said: Tensor) -> Tensor:
        spoken = said > 0  # neither unknown nor silence
        return (self.viseme[phones.argmax(-1)] == self.viseme[said.clamp(min=0)])[spoken].float().mean()
