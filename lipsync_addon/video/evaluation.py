"""Do lips and sound belong together? Seen mouths against what our network hears in the sound."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import jiwer
import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.phones import BILABIALS, PHONES
from ..core.pipeline import Known, LineWords
from ..core.progress import Progress, no_progress
from ..core.timeline import SILENCE, PhonemeTimeline
from ..core.timeline_align import recognised
from ..inference.predictor import Predictor
from .agreement import RATE, Agreement, SeenMouth, agreement

SHUT, OPEN = 0.25, 0.6
"""Of a mouth's own 95 % level: below it counts as shut, above it as wide open; the bench's thresholds."""
REACH = 0.04
"""Seconds by which a closure may lie beside its p, b or m."""
EARLY, LATE = 0.045, 0.125
"""Seconds by which sound may come before and after the picture until people notice (ITU-R BT.1359)."""
SURE = 0.25
"""Confidence from which an offset counts in full."""
SHORTEST = 1.0
"""Seconds of speech without which nothing can be said."""
TREMBLE = 10.0
"""Hz above which mouths hardly move in speech."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures, and the curves that they are of."""

    agreement: Agreement
    """When and how well the mouth fits the sound, and whether they belong together"""
    closure_hits: float | None
    """Share of p, b, m with shut lips; None: there are none"""
    closure_chance: float | None
    """The same when the sounds are moved elsewhere"""
    bilabials: int
    viseme_agreement: float
    """1 - errors in the sequence of shut, half open and open mouths against the expected one (jiwer)"""
    phone_agreement: float | None
    """1 - errors in the phones that are heard against those of the text (jiwer); None without a text"""
    tremble: float
    """Share of the mouth's motion above TREMBLE"""
    rest_motion: float
    """Mean change per second in pauses, in units of the mouth's 95 % level"""
    score: float
    """0..100"""
    parts: dict[str, float]
    """What the score is made of, each 0..1"""
    times: NDArray[np.float64]
    seen: NDArray[np.float64]
    expected: NDArray[np.float64]
    timeline: PhonemeTimeline

    @property
    def verdict(self) -> str:
        """Whether sound and mouth belong together: "together", "apart", or "uncertain"."""
        return self.agreement.verdict

    def summary(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        left_out = ("times", "seen", "expected", "timeline", "agreement", "lags", "by_lag")
        found = asdict(self)
        numbers = {key: value for key, value in (found["agreement"] | found).items() if key not in left_out}
        return numbers | {"verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Heard:
    """What a sound makes expect of a mouth."""

    source: str
    mouth: SeenMouth
    timeline: PhonemeTimeline
    phone_agreement: float | None
    sureness: float
    """Mean probability of the likeliest phone while somebody speaks"""

    @classmethod
    def of(
        cls, sound: Sound, predictor: Predictor, words: LineWords | None = None, progress: Progress = no_progress
    ) -> Heard:
        """By our network; `words`: what is said, if it is known."""
        track = predictor.predict(sound, outputs=("arkit", "phones"), progress=progress)
        phones = track.select(PHONES)
        timeline, _ = (words or Known()).timeline(phones, sound.source)
        said = _agreement(_units(timeline), _units(recognised(phones, source=sound.source))) if words else None
        voiced = phones.values[phones.channel(SILENCE) < 0.5]
        sureness = float(voiced.max(1).mean()) if len(voiced) else 0.0
        return cls(sound.source, SeenMouth.of_track(track), timeline, said, sureness)


def evaluate(mouth: SeenMouth, heard: Heard) -> Evaluation:
    """Raises LipsyncError for sound with less than a second of speech or a mouth that never moves."""
    end = min(mouth.times[-1], heard.mouth.times[-1])
    times = np.arange(max(float(mouth.times[0]), 0.0), end, 1 / RATE)
    spoken = _spoken(heard.timeline, times)
    if spoken.sum() < SHORTEST * RATE:
        raise LipsyncError(f"{heard.source} holds less than {SHORTEST:g} s of speech.", "Choose a longer line.")
    seen, _ = mouth.at(times)
    expected, _ = heard.mouth.at(times)
    if np.ptp(seen) < 1e-4:
        raise LipsyncError("The mouth never moves.", "Choose a film or curves of somebody who speaks.")
    fit = agreement(mouth, heard.mouth, times, spoken, heard.sureness)
    shifted, _ = mouth.at(times + fit.offset)
    hits, chance, count = _closures(heard.timeline, times, shifted)
    shapes = _agreement(_shapes(expected[spoken]), _shapes(shifted[spoken]))
    tremble, rest = _tremble(seen), _rest(seen, spoken)
    parts = _parts(fit, hits, chance, shapes, tremble, rest)
    total = sum(WEIGHTS[name] for name in parts)
    score = 100 * sum(WEIGHTS[name] * value for name, value in parts.items()) / total
    return Evaluation(
        fit, hits, chance, count, shapes, heard.phone_agreement, tremble, rest, score, parts, times, seen, expected,
        heard.timeline,
    )  # fmt: skip


WEIGHTS = {"together": 0.2, "in time": 0.2, "opening": 0.25, "closures": 0.15, "mouth shapes": 0.1, "smooth": 0.1}
"""Of the parts in the score."""


def _parts(
    fit: Agreement, hits: float | None, chance: float | None, shapes: float, tremble: float, rest: float
) -> dict[str, float]:
    allowed = LATE if fit.offset < 0 else EARLY  # a mouth that comes early is a sound that comes late
    parts = {
        "together": fit.likelihood,
        "in time": float(np.clip(1.5 - abs(fit.offset) / (2 * allowed), 0, 1)) * min(fit.confidence / SURE, 1.0),
        "opening": max(fit.r_opening, 0.0),
        "mouth shapes": max(shapes, 0.0),
        "smooth": float(np.clip(1 - 2 * tremble, 0, 1) * np.clip(1.25 - rest, 0, 1)),
    }
    if hits is not None:
        parts["closures"] = float(np.clip((hits - chance) / max(1 - chance, 0.1), 0, 1))
    return parts


def _spoken(timeline: PhonemeTimeline, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[T] from the first to the last sound, without pauses longer than half a second."""
    mask = np.zeros(len(times), bool)
    for phone in timeline.phones:
        if phone.unit != "sil" or phone.length < 0.5:
            mask |= (times >= phone.start) & (times < phone.end)
    return mask


def _level(opening: NDArray[np.float64]) -> NDArray[np.float64]:
    return opening / max(float(np.quantile(opening, 0.95)), 1e-6)


def _closures(
    timeline: PhonemeTimeline, times: NDArray[np.float64], opening: NDArray[np.float64]
) -> tuple[float | None, float | None, int]:
    """(share of p b m with shut lips, the same with the sounds moved by 0.3 to 0.7 s, number of p b m)."""
    level = _level(opening)
    spans = [(p.start, p.end) for p in timeline.phones if p.unit in BILABIALS and p.end < times[-1]]
    if not spans:
        return None, None, 0
    length = float(times[-1] - times[0])

    def share(moved: float) -> float:
        hit = 0
        for start, end in spans:
            middle, half = times[0] + ((start + end) / 2 + moved - times[0]) % length, (end - start) / 2 + REACH
            hit += level[(times >= middle - half) & (times <= middle + half)].min(initial=1.0) < SHUT
        return hit / len(spans)

    return share(0.0), float(np.mean([share(moved) for moved in (0.3, 0.4, 0.5, 0.6, 0.7)])), len(spans)


def _shapes(opening: NDArray[np.float64]) -> list[str]:
    """The mouth as a sequence of words: shut, half, open; what lasts less than 30 ms is left out."""
    level = _level(opening)
    names = np.array(["shut", "half", "open"])[(level > SHUT).astype(int) + (level > OPEN)]
    lasting = [name for name, group in groupby(names) if len(list(group)) >= 0.03 * RATE]
    return [name for name, _ in groupby(lasting)]


def _units(timeline: PhonemeTimeline) -> list[str]:
    return [unit for unit, _ in groupby(phone.unit for phone in timeline.phones) if unit != "sil"]


def _agreement(wanted: list[str], found: list[str]) -> float:
    return 1 - float(jiwer.wer(" ".join(wanted), " ".join(found) or "none")) if wanted else 0.0


def _tremble(opening: NDArray[np.float64]) -> float:
    """Share of the energy of the mouth's speed above TREMBLE."""
    speed = np.diff(opening)
    power = np.abs(np.fft.rfft(speed - speed.mean())) ** 2
    frequencies = np.fft.rfftfreq(len(speed), 1 / RATE)
    return float(power[frequencies > TREMBLE].sum() / max(power.sum(), 1e-12))


def _rest(opening: NDArray[np.float64], spoken: NDArray[np.bool_]) -> float:
    """Mean |change| per second where nobody speaks; 0 where that is shorter than 0.2 s."""
    still = ~spoken[1:] & ~spoken[:-1]
    if still.sum() < 0.2 * RATE:
        return 0.0
    return float(np.abs(np.diff(_level(opening)))[still].mean() * RATE)
