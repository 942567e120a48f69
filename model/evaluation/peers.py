"""The programs that stand beside the networks in every table: what can be run here, and where not, stored curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pocketsphinx
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.training_frames import frame_phones
from lipsync_addon.speech.sound_file import open_sound

from ..datasets.align_english import FRAME_S, EnglishAligner, to_units
from ..datasets.corpora import TRAINING_SPEECH
from ..datasets.teacher import teacher_opening
from ..network import ARKIT_CHANNELS, HOP, SAMPLE_RATE, UNITS
from ..targets import FPS, unit_curves
from . import dhlive, rhubarb
from .accuracy import VISEME_INDEX
from .bench import dev_sounds, listed_dutch_phones, opening_track, stored_opening
from .performance import OPEN, Loudness, Phones, Program, samples_of

CHECKED = ("s1_bbaf2n", "s1_pbav2n", "grid_lbbc2a")
"""Clips on which what runs here is held against what the bench stores of it."""


def peers() -> tuple[list[Program], list[str]]:
    """Rhubarb, DH_live, pocketsphinx's phones and loudness; and a sentence for each that is not installed here.

    Of those the bench's and the corpora's stored curves stand in, for the sounds that they are of.
    """
    found: list[Program] = []
    absent = []
    for mode in rhubarb.MODES:
        label = rhubarb.LABELS[mode]
        stored = Stored(label, lambda name, p=label: stored_opening(p, name))
        found.append(rhubarb.Rhubarb(mode) if rhubarb.installed() else stored)
    if not rhubarb.installed():
        kept = "the bench's stored curves, of the dev sounds as recorded"
        absent.append(f"Rhubarb is not installed here ({rhubarb.HOW}): its rows have {kept}, or nothing.")
    found.append(dhlive.DHLive() if dhlive.installed() else Stored(dhlive.LABEL, _dhlive_of))
    if not dhlive.installed():
        kept = "stored curves, of lines of four corpora, the Dutch dev lines among them"
        absent.append(f"DH_live is not here ({dhlive.HOW}): its row has {kept}, or nothing.")
    return [*found, PhoneTable(), Loudness()], absent


def repeated(programs: Sequence[Program]) -> dict[str, float]:
    """{program: largest difference of its openings from the curves that are stored of it, as it is run here}.

    Of three sounds, in distances of the outer eye corners; {} of what is not run here.
    """
    kept = {rhubarb.LABELS[mode]: CHECKED for mode in rhubarb.MODES} | {dhlive.LABEL: tuple(listed_dutch_phones())[:3]}
    found = {}
    for program in programs:
        if program.label in kept and not isinstance(program, Stored):
            differences = []
            for name in kept[program.label]:
                track = program.perform(open_sound(dev_sounds()[name], SAMPLE_RATE), "en")
                stored = _dhlive_of(name) if program.label == dhlive.LABEL else stored_opening(program.label, name)
                ends = min(track.times[-1], stored.times[-1])
                times = track.times[(track.times >= stored.start) & (track.times <= ends)]
                differences.append(np.abs(track.select((OPEN,)).at(times) - stored.at(times)).max())
            found[program.label] = float(max(differences))
    return found


class Stored(Program):
    """The lip opening that somebody kept of a program, for some sounds as they were recorded."""

    def __init__(self, label: str, curve: Callable[[str], AnimationTrack | None]) -> None:
        self.label = label
        self.curve = curve
        """By the sound's name."""

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack | None:
        return self.curve(sound.source)


def _dhlive_of(name: str) -> AnimationTrack | None:
    return dhlive_openings().get(name)


@cache
def dhlive_openings() -> dict[str, AnimationTrack]:
    """{utterance: lip opening} that DH_live heard in the corpora, put in time (shared/data).

    At the same times these curves teach where they train; here they stand for DH_live on lines that never train.
    """
    return {
        name: opening_track(*curve) for corpus in TRAINING_SPEECH for name, curve in teacher_opening(corpus).items()
    }


class PhoneTable(Program):
    """pocketsphinx's phones (what Rhubarb is built on) through articulation.csv. It knows the phones of English
    alone."""

    label = "pocketsphinx_table"

    def __init__(self) -> None:
        phones = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us-phone.lm.bin"
        self.decoder = pocketsphinx.Decoder(
            lm=None, dict=None, allphone=str(phones), lw=2.0, beam=1e-20, pbeam=1e-20, samprate=SAMPLE_RATE,
            loglevel="FATAL",
        )  # fmt: skip
        self.aligner = EnglishAligner()

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack:
        """Coefficients, visemes and phones; a frame has one phone, in full. An English text is laid over the sound."""
        samples = samples_of(sound)
        frames = len(samples) // HOP + 1
        phones = self._aligned(samples, language, text) or self.phones(samples)
        said = np.maximum(frame_phones(phones, frames), 0)
        units = np.clip(unit_curves(phones, frames), 0, 1)
        sides = [UNITS.index(name.removesuffix("Left").removesuffix("Right")) for name in ARKIT_CHANNELS]
        heard = np.eye(len(PHONES))[said], np.eye(len(VISEMES_15))[VISEME_INDEX[said]]
        values = np.concatenate([units[:, sides], heard[1], heard[0]], axis=1).astype(np.float32)
        return AnimationTrack((*ARKIT_CHANNELS, *VISEMES_15, *PHONES), values, FPS)

    def lay(self, sound: Sound, words: Sequence[tuple[str, ...]], language: str, text: str) -> Phones | None:
        """By forced alignment with its own dictionary; None for other languages and where the words do not fit."""
        return self._aligned(samples_of(sound), language, text)

    def phones(self, samples: NDArray[np.float32]) -> Phones:
        """What it takes [N] samples at 16 kHz for."""
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, full_utt=True)
        self.decoder.end_utt()
        heard = [(s.start_frame * FRAME_S, (s.end_frame + 1) * FRAME_S, s.word) for s in self.decoder.seg() or ()]
        return to_units(heard)

    def _aligned(self, samples: NDArray[np.float32], language: str, text: str) -> Phones | None:
        if not text or not language.startswith("en"):
            return None
        aligned = self.aligner.align(samples, text, {})
        return to_units(aligned) if aligned else None
