"""What training asks for. Openings are in distances of the outer eye corners, as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from lipsync_addon.core.phones import PHONES, VISEME_OF_PHONE

from .dataset import SILENCE, Batch
from .network import CONTROLS, EMOTIONS, UNITS
from .targets import FPS, gap_weights

WIDE_VOWELS = frozenset("a ɑ ɐ æ ʌ e ɛ o ɔ ɒ".split())
LABIALS = frozenset("sil p b m f v w u ʊ ʉ y ʏ".split())
SEALS = frozenset("sil p b m f v".split())
"""Phones at which lips may touch, or rest."""
SHUT = 0.006
"""Measured lips this near have met."""
SIBILANTS = frozenset(p for p in PHONES if VISEME_OF_PHONE[p] in ("viseme_SS", "viseme_CH"))
REST_MARGIN = 0.002
"""How far below 0 units are at rest; *move*'s slope below 0 makes much of it."""
BREATH_S, NO_BREATH_S = 0.45, 0.65
"""How long before speech the lips are parted in full for breath, and from when on they part."""
PAUSE_S = 0.2
"""How long after speech no breath is drawn; as long after that the lips may be parted in full."""
NEVER = 10**6
"""Frames, more than any piece has."""
INTENSITY = list(CONTROLS).index("intensity")


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Share of each term; what a term means stands at its function."""

    phones: float = 1.0
    ctc: float = 0.0
    units: float = 30.0
    opening: float = 25.0
    velocity: float = 40.0
    agreement: float = 0.6
    seal: float = 20.0
    stillness: float = 20.0
    parted: float = 20.0
    sibilant: float = 10.0
    rest: float = 10.0
    confidence: float = 0.05


@dataclass(frozen=True, slots=True)
class Hinges:
    """Bounds that some phones set, where no face was measured; openings in distances of the outer eye corners."""

    wide: float = 0.045
    """Least opening in the middle of a wide vowel."""
    parted: float = 0.03
    """And of any other phone but LABIALS: a seal is for p, b and m. Teachers and quick phones come close to it."""
    rounded: float = 0.0
    """And of w, u and their like."""
    sibilant_jaw: float = 0.06
    """Most that the jaw is open in the middle of a sibilant: the teeth are nearly together."""
    breath: float = 0.09
    """Least opening in silence just before speech, while breath is drawn: see breath_opening. Only of networks that see
    it come."""


def shown(units: Tensor) -> Tensor:
    """[B, T, U] as they are exported, 0 to 1.

    Without it the gap was taught with units below 0, of those that press the lips together the most, and opened less
    when exported.
    """
    return units.clamp(0, 1)


def lip_gap(units: Tensor) -> Tensor:
    """[B, T, U] -> [B, T] signed gap between the lips; below 0 they press together."""
    return units @ gap_tensor(units.device)


@cache
def gap_tensor(device: torch.device) -> Tensor:
    """[U] targets.gap_weights on a device; kept there, because every copy to a GPU waits for it."""
    return torch.tensor(gap_weights(), device=device)


@cache
def _is_one_of(phones: frozenset[str], device: torch.device) -> Tensor:
    """bool [P + 1]; the last is that of an unknown phone, -1."""
    return torch.tensor([phone in phones for phone in PHONES] + [False], device=device)


def middle_of(phones: Tensor, names: frozenset[str]) -> Tensor:
    """[B, T] -> bool [B, T]: frames of these phones whose neighbours are of them too."""
    among = _is_one_of(names, phones.device)[phones].float()
    return -F.max_pool1d(-among[:, None], 3, stride=1, padding=1)[:, 0] > 0


def least_opening(phones: Tensor, hinges: Hinges = Hinges()) -> Tensor:
    """[B, T] opening that these phones have at least in their middle; 0 where they ask for none."""
    bounds = {frozenset(PHONES) - LABIALS: hinges.parted, WIDE_VOWELS: hinges.wide, LABIALS - SEALS: hinges.rounded}
    return torch.stack([bound * middle_of(phones, names) for names, bound in bounds.items()]).amax(0)


def breath_opening(phones: Tensor, most: float) -> Tensor:
    """[B, T] opening of lips through which breath is drawn for what is said next; 0 in speech, and far from it.

    Speakers open their mouth while they inhale, before the first sound (Rasskazova, Mooshammer, Fuchs 2019, Temporal
    Coordination of Articulatory and Respiratory Events Prior to Speech Initiation). The one filmed talker who trains
    hardly does.
    """
    silent = phones == SILENCE
    frame = torch.arange(phones.shape[1], device=phones.device)
    until = torch.where(silent, NEVER, frame).flip(1).cummin(1).values.flip(1) - frame
    since = frame - torch.where(silent, -NEVER, frame).cummax(1).values
    before, after = (NO_BREATH_S - until / FPS) / (NO_BREATH_S - BREATH_S), (since / FPS - PAUSE_S) / PAUSE_S
    return most * before.clamp(0, 1) * after.clamp(0, 1) * silent


def with_breath(batch: Batch, measured: Tensor, most: float) -> Batch:
    """The batch with lips parted and the jaw open for breath in lines whose faces were not measured."""
    inside = ~batch.units[..., UNITS.index("mouthPucker")].isnan()
    breath = breath_opening(batch.phones, most) * inside * ~measured[:, None]
    known = batch.opening.nan_to_num()
    opening = torch.where(breath > 0, known.maximum(breath), batch.opening)
    units = batch.units.clone()
    jaw = UNITS.index("jawOpen")
    units[..., jaw] += (breath - known).clamp(min=0) / gap_tensor(units.device)[jaw]
    return replace(batch, opening=opening, units=units)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean where the mask is set; 0 where it is nowhere set."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def phone_loss(logits: Tensor, phones: Tensor) -> Tensor:
    """Cross-entropy per frame of [B, T, P] against [B, T]; -1 counts for nothing."""
    return F.cross_entropy(logits.flatten(0, 1), phones.flatten(), ignore_index=-1, label_smoothing=0.05)


def ctc_loss(logits: Tensor, blank: Tensor, phones: Tensor) -> Tensor:
    """Connectionist temporal classification (Graves et al. 2006): the phones [B, T] in order, wherever they are.

    logits [B, T, P] and that of the blank [B, T, 1], which nothing but this loss uses. Per phone; pieces in which a
    frame is unknown count for nothing, silence is a phone.
    """
    known = (phones >= 0).all(1)
    if not known.any():
        return logits.new_zeros(())
    phones = phones[known]
    begins = phones.diff(dim=1, prepend=phones.new_full((len(phones), 1), -1)) != 0
    chances = F.log_softmax(torch.cat([logits, blank], dim=-1)[known], dim=-1).transpose(0, 1)
    frames = torch.full((len(phones),), phones.shape[1])
    return F.ctc_loss(chances, phones[begins], frames, begins.sum(1), blank=logits.shape[2], zero_infinity=True)


def unit_loss(units: Tensor, wanted: Tensor, source_weight: Tensor) -> Tensor:
    """Huber distance of the mouth units where they are known."""
    known = ~torch.isnan(wanted)
    distance = F.smooth_l1_loss(units, wanted.nan_to_num(), beta=0.03, reduction="none")
    return masked_mean(distance * source_weight[:, None, None], known)


def opening_losses(gap: Tensor, opening: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distance of the opening, weighted towards closed lips; distance of its velocity; 1 - correlation in time.

    Lips in contact have no measured gap: pressing together where the truth is 0 costs nothing.
    """
    known = ~torch.isnan(opening)
    truth = opening.nan_to_num()
    shown = torch.where(truth < 0.004, gap.clamp(min=0), gap)
    weight = 1 + 3 * torch.exp(-truth / 0.03)
    distance = masked_mean(weight * F.smooth_l1_loss(shown, truth, beta=0.01, reduction="none"), known)
    pairs = known[:, 1:] & known[:, :-1]
    velocity = masked_mean(F.smooth_l1_loss(shown.diff(dim=1), truth.diff(dim=1), beta=0.01, reduction="none"), pairs)
    return distance, velocity, disagreement(gap.clamp(min=0), truth, known)


def disagreement(predicted: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """1 - Pearson r over each piece's known frames, mean over pieces that have any motion."""
    count = known.sum(1, keepdim=True).clamp(min=1)
    a = (predicted - (predicted * known).sum(1, keepdim=True) / count) * known
    b = (truth - (truth * known).sum(1, keepdim=True) / count) * known
    moving = (b.square().sum(1) / count[:, 0]).sqrt() > 0.01
    r = (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1) + 1e-8).sqrt()
    return masked_mean(1 - r, moving & (known.sum(1) > 50))


def seal_loss(gap: Tensor, seal: Tensor, trusted: Tensor) -> Tensor:
    """Lips apart in the middle of p, b, m; `trusted` [B] is 0 where the face itself was measured."""
    return masked_mean(F.relu(gap + 0.01), seal & trusted[:, None])


def with_phones_obeyed(opening: Tensor, batch: Batch, measured: Tensor, hinges: Hinges = Hinges()) -> Tensor:
    """[B, T] the opening, where it was guessed, closed at p, b, m and parted where phones ask for that."""
    guessed = ~measured[:, None] & ~opening.isnan()
    parted = torch.where(guessed, opening.maximum(least_opening(batch.phones, hinges)), opening)
    return torch.where(guessed & batch.seal, 0.0, parted)


def parted_loss(gap: Tensor, least: Tensor, trusted: Tensor) -> Tensor:
    """Lips closer than `least` [B, T], where that is above 0: what keeps a seal for p, b and m."""
    return masked_mean(F.relu(least - gap), (least > 0) & trusted[:, None])


def sibilant_loss(units: Tensor, phones: Tensor, most: float) -> Tensor:
    """A jaw that is open by more than `most` in the middle of a sibilant."""
    return masked_mean(F.relu(units[..., UNITS.index("jawOpen")] - most), middle_of(phones, SIBILANTS))


def confidence_loss(units: Tensor, log_variance: Tensor, wanted: Tensor) -> Tensor:
    """Negative log-likelihood of the error under the predicted variance; teaches the variance alone."""
    known = ~torch.isnan(wanted)
    log_variance = log_variance.clamp(-14, 2)
    error = (shown(units.detach()) - wanted.nan_to_num()).square()
    return masked_mean(0.5 * (log_variance + error * torch.exp(-log_variance)), known)


def stillness_loss(units: Tensor, phones: Tensor) -> Tensor:
    """Motion well inside silence (more than 100 ms from speech)."""
    silent = (phones == SILENCE).float()[:, None]
    deep = -F.max_pool1d(-silent, 11, stride=1, padding=5)[:, 0] > 0
    return masked_mean(units.diff(dim=1).abs().mean(-1), deep[:, 1:])


def at_rest(phones: Tensor, opening: Tensor) -> Tensor:
    """bool [B, T] silence in which the lips, where they were measured, had met, and 40 ms before and after it too."""
    resting = (phones == SILENCE) & ~(opening > SHUT)
    return -F.max_pool1d(-resting.float()[:, None], 5, stride=1, padding=2)[:, 0] > 0


def rest_loss(units: Tensor, resting: Tensor) -> Tensor:
    """Units that are not clearly 0 at rest: below 0 the export cuts them, so that nothing is left to tremble."""
    return masked_mean(F.relu(units + REST_MARGIN).mean(-1), resting)


def hearing_losses(logits: Tensor, blank: Tensor | None, phones: Tensor) -> dict[str, Tensor]:
    """Terms of *hear*, by name; `blank`: see ctc_loss."""
    terms = {"phones": phone_loss(logits, phones)}
    return terms if blank is None else terms | {"ctc": ctc_loss(logits, blank, phones)}


def moving_losses(
    units: Tensor,
    log_variance: Tensor,
    batch: Batch,
    source_weight: Tensor,
    measured: Tensor,
    told: Tensor,
    hinges: Hinges = Hinges(),
) -> dict[str, Tensor]:
    """Terms of *move*, by name.

    source_weight [B] for the units; measured [B]: a face was tracked; told [B, K]: the controls.
    """
    gap = lip_gap(shown(units))
    intensity = told[:, INTENSITY, None]
    plain = (told[:, EMOTIONS] == 0).all(1, keepdim=True)
    distance, velocity, agreement = opening_losses(gap, batch.opening)
    return {
        "units": unit_loss(units, batch.units, source_weight),
        "opening": distance,
        "velocity": velocity,
        "agreement": agreement,
        "seal": seal_loss(gap, batch.seal, ~measured),
        "parted": parted_loss(gap, least_opening(batch.phones, hinges) * intensity, ~measured),
        "sibilant": sibilant_loss(units, batch.phones, hinges.sibilant_jaw),
        "stillness": stillness_loss(units, batch.phones),
        "rest": rest_loss(units, at_rest(batch.phones, batch.opening) & plain),
        "confidence": confidence_loss(units, log_variance, batch.units),
    }


def weighted(terms: Mapping[str, Tensor], weights: LossWeights) -> Tensor:
    """Sum of the terms."""
    return sum(getattr(weights, name) * term for name, term in terms.items())
