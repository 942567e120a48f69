"""How a network does on held-out lines while it trains: quick figures to compare runs with, no result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lipsync_addon.core.aperture import SEALED
from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE

from .dataset import Batch, Pieces
from .losses import SEALS, SIBILANTS, at_rest, disagreement, lip_gap, middle_of
from .network import UNITS, Lipsync
from .targets import FPS

PIECES = 96


class Validation:
    """The same held-out pieces of each source every time, as they are: no augmentation."""

    def __init__(self, kind: Callable[..., Pieces], shares: Mapping[str, float], frames: int, device: str) -> None:
        """`kind`: Pieces, or HeardPieces of a folder."""
        self.batches: dict[str, Batch] = {}
        for name in shares:
            pieces = kind({name: 1.0}, frames, 0, device, held_out=True)
            if pieces.counts[0]:
                self.batches[name] = pieces.draw(PIECES)
        self.viseme = torch.tensor([VISEMES_15.index(VISEME_OF_PHONE[p]) for p in PHONES], device=device)

    @torch.no_grad()
    def figures(self, network: Lipsync) -> dict[str, float]:
        """{"<source>/<figure>": value}

        visemes: share of spoken frames that are right; r: of the opening, in time; sealed: share of frames in the
        middle of p b m with lips that read as closed, and wrongly sealed: in the middle of other phones but f and v;
        still: the opening's motion a second where lips rest; jaw: r of jawOpen; sibilant jaw: its mean in sibilants
        over that elsewhere.
        """
        found = {}
        for name, batch in self.batches.items():
            phones, residual = self._heard(network, batch)
            units = network.move(phones, residual, network.move.neutral.expand(*phones.shape[:2], -1)).units.clamp(0, 1)
            gap, jaw = lip_gap(units).clamp(min=0), units[..., UNITS.index("jawOpen")]
            spoken = batch.phones > 0  # neither unknown nor silence
            right = self.viseme[phones.argmax(-1)] == self.viseme[batch.phones.clamp(min=0)]
            resting = at_rest(batch.phones, batch.opening)[:, 1:]
            sibilant = middle_of(batch.phones, SIBILANTS)
            known, captured = ~batch.opening.isnan(), ~batch.units[..., UNITS.index("jawOpen")].isnan()
            shares = {
                "visemes": (right, spoken),
                "sealed": (gap < SEALED, batch.seal),
                "wrongly_sealed": (gap < SEALED, middle_of(batch.phones, frozenset(PHONES) - SEALS)),
                "still": (gap.diff(dim=1).abs() * FPS, resting),
                "sibilant_jaw": (jaw, sibilant),
            }
            found |= {
                f"{name}/{key}": float(of[mask].float().mean()) for key, (of, mask) in shares.items() if mask.any()
            }
            if known.any():
                found[f"{name}/r"] = float(1 - disagreement(gap, batch.opening.nan_to_num(), known))
            if captured.any() and not spoken.any():
                wanted = batch.units[..., UNITS.index("jawOpen")].nan_to_num()
                found[f"{name}/jaw"] = float(1 - disagreement(jaw, wanted, captured))
        return found

    @staticmethod
    def _heard(network: Lipsync, batch: Batch) -> tuple[Tensor, Tensor]:
        """Phones [B, T, P] and residual [B, T, R]."""
        if batch.samples.ndim == 3:
            rows = batch.at_tempo(batch.samples.transpose(1, 2), 1).transpose(1, 2)
            return rows[..., : len(PHONES)], rows[..., len(PHONES) :]
        logits, residual = network.hear(batch.at_tempo(network.mel(batch.samples)))
        return torch.softmax(logits, -1), residual
