"""What *move* can be told beside the phones, how training draws it, and what it then asks of the mouth.

- filmed, captured, clear: whose way of speaking, 1 for one of them: the filmed talker's, the captured face's, or that
  of the phones' own curves under a heard opening. All 0 is the mean speaker that half of the pieces train.
- intensity: the mouth's motion is that many times as large (0.4 to 1.6 were trained); p, b and m close all the same.
- joy ... surprise: 0 to 1, offsets of what the face does beside speaking. No emotional speech with a licence to train
  on is at hand: they are rules, learned so that they bend round closures, and not the sound's own emotion.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from .losses import gap_tensor, lip_gap
from .network import CONTROLS, UNITS

STYLES = ("filmed", "captured", "clear")
STYLE_OF = {"grid_s1": "filmed", "grid_s1_voices": "filmed", "facegood": "captured", "facegood_voices": "captured"}
"""Style of a source; "clear" where not named."""
STYLE_DROPPED = 0.5
INTENSITIES = (0.4, 1.6)
OPEN = 0.05
"""Opening from which an emotion acts on lip and jaw in full; less below, nothing on closed lips."""
EMOTIONS: dict[str, dict[str, float]] = {
    "joy": {"mouthSmile": 0.5, "mouthDimple": 0.1},  # AU 12 (and 14)
    "sadness": {"mouthFrown": 0.45, "mouthShrugLower": 0.15},  # AU 15, 17
    "anger": {"mouthPress": 0.3, "mouthFrown": 0.1, "jawForward": 0.1},  # AU 24, 29
    "fear": {"mouthStretch": 0.45, "mouthLowerDown": 0.12},  # AU 20, 25
    "disgust": {"mouthUpperUp": 0.3, "mouthShrugLower": 0.2, "mouthFrown": 0.15},  # AU 10, 17, 15
    "surprise": {"jawOpen": 0.12, "mouthFunnel": 0.05},  # AU 26
}
"""Action units of Ekman & Friesen's emotion prototypes (EMFACS, 1983) that the mouth shows, as our units."""


def neutral(batch: int, device: torch.device | str) -> Tensor:
    """[B, K]"""
    return _neutral(device).repeat(batch, 1)


def drawn(styles: Tensor, generator: torch.Generator) -> Tensor:
    """[B, K] random controls for pieces of these styles (int64 [B], index into STYLES)."""
    batch, device, names = len(styles), styles.device, list(CONTROLS)
    rand = lambda *shape: torch.rand(*shape, generator=generator, device=device)  # noqa: E731
    controls = neutral(batch, device)
    shown = (rand(batch) >= STYLE_DROPPED).float()
    controls[torch.arange(batch, device=device), styles] = shown  # STYLES are the first of CONTROLS
    low, high = INTENSITIES
    changed = rand(batch) < 0.4
    controls[:, names.index("intensity")] = torch.where(changed, low + (high - low) * rand(batch), 1.0)
    emotional = rand(batch, 1) < 0.25
    one = torch.nn.functional.one_hot((rand(batch) * len(EMOTIONS)).long(), len(EMOTIONS))
    controls[:, -len(EMOTIONS) :] = one * rand(batch, 1) * emotional
    return controls


def asked(opening: Tensor, units: Tensor, controls: Tensor) -> tuple[Tensor, Tensor]:
    """Opening [B, T] and units [B, T, U] as these controls [B, K] want them; unknown (nan) stays unknown."""
    intensity = controls[:, list(CONTROLS).index("intensity"), None]
    opening, units = opening * intensity, units * intensity[..., None]
    offsets = controls[:, -len(EMOTIONS) :] @ _table(controls.device)
    free = (opening.nan_to_num() / OPEN).clamp(0, 1)[..., None]
    change = torch.where(gap_tensor(units.device) != 0, free * offsets[:, None], offsets[:, None].expand_as(units))
    return opening + lip_gap(change), (units + change).clamp(max=1)


@cache
def _neutral(device: torch.device | str) -> Tensor:
    """[K]"""
    return torch.tensor(list(CONTROLS.values()), device=device)


@cache
def _table(device: torch.device) -> Tensor:
    """[E, U]"""
    return torch.tensor([[table.get(unit, 0.0) for unit in UNITS] for table in EMOTIONS.values()], device=device)
