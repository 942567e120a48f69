"""Do lips and sound belong together? Seen mouths against what our network hears in the sound."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import jiwer
import numpy as np
from numpy.typing import NDArray

from ..core.aperture import lip_gap
from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.phones import BILABIALS, PHONES
from ..core.pipeline import Known, LineWords
from ..core.progress import Progress, no_progress
from ..core.timeline import PhonemeTimeline
from ..core.timeline_align import recognised
from ..core.track import AnimationTrack
from ..inference.predictor import Predictor

RATE = 100.0
"""Hz at which curves are compared."""
FARTHEST = 0.5
"""Seconds of offset that are looked for on either side."""
SHUT, OPEN = 0.25, 0.6
"""Of a mouth's own 95 % level: below it counts as shut, above it as wide open; the bench's thresholds."""
REACH = 0.04
"""Seconds by which a closure may lie beside its p, b or m."""
EARLY, LATE = 0.045, 0.125
"""Seconds by which sound may come before and after the picture until people notice (ITU-R BT.1359)."""
SURE = 0.25
"""Confidence from which an offset counts in full."""
ALIKE, NEAR = 0.5, 0.25
"""r, and seconds of offset, up to which sound and mouth belong together."""
SHORTEST = 1.0
"""Seconds of speech without which nothing can be said."""
TREMBLE = 10.0
"""Hz above which mouths hardly move in speech."""


@dataclass(frozen=True, slots=True)
class SeenMouth:
    """An opening over time, from a film or from curves."""

    times: NDArray[np.float64]
    """[T] seconds on the sound's clock"""
    opening: NDArray[np.float64]
    """[T] in distances of the outer eye corners"""

    @classmethod
    def of_track(cls, track: AnimationTrack) -> SeenMouth:
        """Of curves. Raises LipsyncError if no channel of theirs moves the lips."""
        if "jawOpen" not in track.names:
            raise LipsyncError("The curves have no channel jawOpen.", "Give ARKit curves, for example Live Link CSV.")
        return cls(track.times, lip_gap(track).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures, and the curves that they are of."""

    offset: float
    """Seconds by which the mouth comes after the sound; negative: before it"""
    confidence: float
    """0..1: height of the best match above what other offsets give"""
    r_speech: float
    """Pearson r of seen and expected opening while somebody speaks, at that offset"""
    r_unshifted: float
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
    lags: NDArray[np.float64]
    by_lag: NDArray[np.float64]
    """r at each of the lags"""

    @property
    def belongs(self) -> bool:
        """Whether sound and mouth belong together."""
        return self.confidence >= SURE and self.r_speech >= ALIKE and abs(self.offset) <= NEAR

    def summary(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        left_out = ("times", "seen", "expected", "timeline", "lags", "by_lag")
        return {key: value for key, value in asdict(self).items() if key not in left_out} | {"belongs": self.belongs}


def evaluate(
    mouth: SeenMouth,
    sound: Sound,
    predictor: Predictor,
    words: LineWords | None = None,
    *,
    progress: Progress = no_progress,
) -> Evaluation:
    """Raises LipsyncError for sound with less than a second of speech or a mouth that never moves."""
    heard = predictor.predict(sound, outputs=("arkit", "phones"), progress=progress)
    phones = heard.select(PHONES)
    timeline, _ = (words or Known()).timeline(phones, sound.source)
    end = min(float(mouth.times[-1]), heard.start + heard.duration)
    times = np.arange(max(float(mouth.times[0]), 0.0), end, 1 / RATE)
    spoken = _spoken(timeline, times)
    if spoken.sum() < SHORTEST * RATE:
        raise LipsyncError(f"{sound.source} holds less than {SHORTEST:g} s of speech.", "Choose a longer line.")
    seen = np.interp(times, mouth.times, mouth.opening)
    expected = np.interp(times, heard.times, lip_gap(heard))
    if np.ptp(seen) < 1e-4:
        raise LipsyncError("The mouth never moves.", "Choose a film or curves of somebody who speaks.")
    lags, by_lag = _correlations(mouth, times, expected, spoken)
    best = int(by_lag.argmax())
    offset = float(lags[best] + _peak(by_lag, best) * (lags[1] - lags[0]))
    confidence = float(np.clip(by_lag[best] - np.median(by_lag), 0, 1))
    shifted = np.interp(times + offset, mouth.times, mouth.opening)
    hits, chance, count = _closures(timeline, times, shifted)
    agreement = _agreement(_shapes(expected[spoken]), _shapes(shifted[spoken]))
    said = None
    if words:
        said = _agreement(_units(timeline), _units(recognised(phones, source=sound.source)))
    tremble, rest = _tremble(seen), _rest(seen, spoken)
    parts = _parts(offset, confidence, float(by_lag[best]), hits, chance, agreement, tremble, rest)
    return Evaluation(
        offset, confidence, float(by_lag[best]), float(np.interp(0, lags, by_lag)), hits, chance, count, agreement,
        said, tremble, rest, 100 * sum(WEIGHTS[name] * value for name, value in parts.items()) / sum(
            WEIGHTS[name] for name in parts
        ),
        parts, times, seen, expected, timeline, lags, by_lag,
    )  # fmt: skip


WEIGHTS = {"in time": 0.25, "opening": 0.35, "closures": 0.2, "mouth shapes": 0.1, "smooth": 0.1}
"""Of the parts in the score."""


def _parts(
    offset: float, confidence: float, r: float, hits: float | None, chance: float | None, agreement: float,
    tremble: float, rest: float,
) -> dict[str, float]:  # fmt: skip
    allowed = LATE if offset < 0 else EARLY  # a mouth that comes early is a sound that comes late
    in_time = float(np.clip(1.5 - abs(offset) / (2 * allowed), 0, 1)) * min(confidence / SURE, 1.0)
    parts = {
        "in time": in_time,
        "opening": max(r, 0.0),
        "mouth shapes": max(agreement, 0.0),
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


def _correlations(
    mouth: SeenMouth, times: NDArray[np.float64], expected: NDArray[np.float64], spoken: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """r of the expected opening with the seen one moved by each lag, while somebody speaks."""
    lags = np.arange(-FARTHEST, FARTHEST + 1e-9, 1 / RATE)
    wanted = expected[spoken]
    found = [_pearson(wanted, np.interp(times[spoken] + lag, mouth.times, mouth.opening)) for lag in lags]
    return lags, np.array(found)


def _peak(values: NDArray[np.float64], best: int) -> float:
    """Of the parabola through the best and its neighbours, in steps from the best."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, at, after = values[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < -1e-9 else 0.0


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 1e-12 else 0.0


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
