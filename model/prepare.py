"""Turns every source into the same prepared form: sound, phones, lip opening and mouth units at 50 Hz.

    python -m model.prepare            everything that training takes and that is not prepared yet
    python -m model.prepare grid_s1    one source again, or one of WHEN_NAMED

runs/data/<source>/: audio.npy int16 [N], starts.npy int64 [U + 1] (samples; every utterance a whole number of
frames), phones.npy int16 [F] (-1 unknown), opening.npy float16 [F] (nan unknown), units.npy float16 [F, 17] (nan
unknown), seal.npy bool [F] (middle of p b m), held_out.npy bool [U] (never trains), names.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from lipsync_addon.core.training_frames import bilabial_core, frame_phones, is_held_out

from .command import arguments, in_a_sentence, shared
from .datasets.aligned import aligned_phones
from .datasets.corpora import FACEGOOD_AUDIO, GRID_AUDIO, corpus_sound, dev_utterances, tar_sound, utterances
from .datasets.dutch import dutch_phones
from .datasets.faces import facegood_units, grid_opening
from .datasets.lip_solve import grid_units
from .datasets.synthetic import espeak_lines, festival_lines, flite_lines
from .datasets.teacher import teacher_opening, with_rest
from .network import HOP, UNITS
from .paths import BENCH, FACES, PREPARED, SPEECH
from .targets import FPS, Phones, fused, gap_weights


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance and what is known about it."""

    name: str
    samples: NDArray[np.float32]
    speaker: str = ""
    """Held out as a whole where there are many; empty: lines are held out one by one."""
    phones: Phones | None = None
    opening: tuple[NDArray[np.float64], NDArray[np.float32]] | None = None
    """(times s, lip opening in distances of the outer eye corners)"""
    units: tuple[NDArray[np.float64], NDArray[np.float32]] | None = None
    """(times s, [K, U]) captured mouth units"""


def at_frames(curve: tuple[NDArray, NDArray], frames: int) -> NDArray[np.float32]:
    """Values of (times, values) at the frames' times, never below 0, held beyond the ends."""
    times, values = curve
    return np.maximum(CubicSpline(times, values)(np.clip(np.arange(frames) / FPS, times[0], times[-1])), 0)


def store(source: str, lines: Iterator[Line]) -> None:
    """Writes one source."""
    audio, starts, names, held_out = [], [0], [], []
    phones, openings, units, seals = [], [], [], []
    for line in lines:
        frames = len(line.samples) // HOP
        if frames < 10:
            continue
        pcm = np.clip(line.samples[: frames * HOP], -1, 1) * 32767
        labels = frame_phones(line.phones or [], frames)
        opening = at_frames(line.opening, frames) if line.opening else np.full(frames, np.nan)
        if line.units:
            curves = at_frames(line.units, frames)
            if line.opening is None:
                opening = np.maximum(curves @ gap_weights(), 0)
        elif line.phones:
            curves = fused(line.phones, opening)
        else:
            curves = np.full((frames, len(UNITS)), np.nan)
        audio.append(pcm.astype(np.int16))
        starts.append(starts[-1] + len(audio[-1]))
        names.append(line.name)
        held_out.append(is_held_out(line.name, line.speaker))
        phones.append(labels)
        openings.append(opening.astype(np.float16))
        units.append(curves.astype(np.float16))
        seals.append(bilabial_core(line.phones or [], frames))
    folder = PREPARED / source
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in (("audio", audio), ("phones", phones), ("opening", openings), ("units", units), ("seal", seals)):
        np.save(folder / f"{name}.npy", np.concatenate(parts))
    np.save(folder / "starts.npy", np.array(starts))
    np.save(folder / "held_out.npy", np.array(held_out))
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
    labelled = np.concatenate(phones) >= 0
    print(f"{source}: {len(names)} lines, {starts[-1] / 16000 / 60:.1f} min, {labelled.mean():.0%} with phones", flush=True)


def speech_lines(corpus: str) -> Iterator[Line]:
    """A corpus of shared/data/speech with its phones and the teacher's lip opening, as far as there are any."""
    speakers = {u.name: u.speaker for u in utterances(corpus)}
    many = len(set(speakers.values())) > 1
    phones = dutch_phones() if corpus == "nathalie_nl" else aligned_phones(corpus)
    opening = teacher_opening(corpus)
    for name, samples in corpus_sound(corpus):
        if name in speakers:
            said, lips = phones.get(name), opening.get(name)
            lips = with_rest(lips, said) if said and lips else lips
            yield Line(name, samples, speakers[name] if many else "", said, lips)


def grid_lines() -> Iterator[Line]:
    """The tracked GRID talker."""
    phones, opening, units = aligned_phones("grid_s1"), grid_opening(), grid_units()
    for name, samples in tar_sound(GRID_AUDIO):
        if name in opening and name not in dev_utterances():
            # Without phones the lips' depth is a guess: then the opening alone is asked for.
            yield Line(name, samples, "", phones.get(name), opening[name], units[name] if name in phones else None)


def in_other_voices(lines: Iterator[Line], voices: int, seed: int) -> Iterator[Line]:
    """Each line in so many random voices; what the mouth does stays."""
    from .voices import other_voices, random_changes  # pyworld needs a compiler where it has no wheel; only this needs it

    rng = np.random.default_rng(seed)
    for line in lines:
        for samples in other_voices(line.samples, random_changes(voices, rng)):
            yield replace(line, samples=samples)


def facegood_lines() -> Iterator[Line]:
    """The captured Mandarin takes, without the dev take and the one that is held out."""
    units = facegood_units()
    for name, samples in tar_sound(FACEGOOD_AUDIO):
        if name in units:
            yield Line(name, samples, units=units[name])


def synthetic_lines(speak) -> Iterator[Line]:
    for name, samples, phones in speak():
        yield Line(name, samples, phones=phones)


SOURCES = {
    "grid_s1": grid_lines,
    "facegood": facegood_lines,
    "grid_s1_voices": lambda: in_other_voices(grid_lines(), 3, seed=3),
    "facegood_voices": lambda: in_other_voices(facegood_lines(), 4, seed=4),
    "nathalie_nl": lambda: speech_lines("nathalie_nl"),
    "flite": lambda: synthetic_lines(flite_lines),
    "festival": lambda: synthetic_lines(festival_lines),
    "espeak": lambda: synthetic_lines(espeak_lines),
    "kathleen_en": lambda: speech_lines("kathleen_en"),
    "speechocean762_en": lambda: speech_lines("speechocean762_en"),
    "kerstin_de": lambda: speech_lines("kerstin_de"),
}
WHEN_NAMED = frozenset({"festival"})
"""Sources that the network that ships was not trained on: prepared when they are asked for."""


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"of {', '.join(SOURCES)}")
    wanted = parser.parse_args().sources
    if unknown := set(wanted) - set(SOURCES):
        parser.error(f"there is no source {', '.join(sorted(unknown))}; there are {', '.join(SOURCES)}")
    for folder in (BENCH, FACES, SPEECH):
        shared(folder)
    missing = [name for name in SOURCES if not (PREPARED / name / "names.json").exists()]
    try:
        for source in wanted or [name for name in missing if name not in WHEN_NAMED]:
            store(source, SOURCES[source]())
    except RuntimeError as error:  # a synthesiser that is not installed
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
