"""Other programs that can stand beside the networks on any sound, not only where the bench stores their curves."""

from __future__ import annotations

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

from ..datasets.align_english import FRAME_S, to_units
from ..datasets.corpora import TRAINING_SPEECH
from ..datasets.teacher import teacher_opening
from ..network import ARKIT_CHANNELS, HOP, SAMPLE_RATE, UNITS
from ..targets import FPS, Phones, unit_curves
from .accuracy import VISEME_INDEX

DHLIVE = "dhlive_fitted_in_time"
"""The bench's name of it."""
STORED = ("dhlive", "cherry", "rhubarb_ps", "rhubarb_phonetic")
"""Programs whose curves the bench stores, for the dev sounds as they are."""


class PhoneTable:
    """pocketsphinx's phones without any text (what Rhubarb's phonetic recogniser is built on) through articulation.csv.

    Performs as a performance.Network does. It knows the phones of English alone.
    """

    label = "pocketsphinx_table"

    def __init__(self) -> None:
        phones = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us-phone.lm.bin"
        self.decoder = pocketsphinx.Decoder(
            lm=None, dict=None, allphone=str(phones), lw=2.0, beam=1e-20, pbeam=1e-20, samprate=SAMPLE_RATE, loglevel="FATAL"
        )

    def perform(self, sound: Sound) -> AnimationTrack:
        """Coefficients, visemes and phones; a frame has one phone, in full."""
        samples = np.concatenate(list(sound.blocks()))
        frames = len(samples) // HOP + 1
        phones = self.phones(samples)
        said = np.maximum(frame_phones(phones, frames), 0)
        units = np.clip(unit_curves(phones, frames), 0, 1)
        sides = [UNITS.index(name.removesuffix("Left").removesuffix("Right")) for name in ARKIT_CHANNELS]
        heard = np.eye(len(PHONES))[said], np.eye(len(VISEMES_15))[VISEME_INDEX[said]]
        values = np.concatenate([units[:, sides], heard[1], heard[0]], axis=1).astype(np.float32)
        return AnimationTrack((*ARKIT_CHANNELS, *VISEMES_15, *PHONES), values, FPS)

    def phones(self, samples: NDArray[np.float32]) -> Phones:
        """What it takes [N] samples at 16 kHz for."""
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        self.decoder.start_utt()
        self.decoder.process_raw(pcm, full_utt=True)
        self.decoder.end_utt()
        heard = [(s.start_frame * FRAME_S, (s.end_frame + 1) * FRAME_S, s.word) for s in self.decoder.seg() or ()]
        return to_units(heard)


@cache
def dhlive_openings() -> dict[str, AnimationTrack]:
    """{utterance: lip opening, "open"} that DH_live heard in the corpora, put in time and fitted in level (shared/data).

    At the same times these curves teach where they train; here they stand for DH_live on lines that never train.
    """
    found = {}
    for corpus in TRAINING_SPEECH:
        for name, (times, opening) in teacher_opening(corpus).items():
            fps = (len(times) - 1) / float(times[-1] - times[0])
            found[name] = AnimationTrack(("open",), opening[:, None], fps, float(times[0]))
    return found
