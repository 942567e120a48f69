"""DH_live, where its files are, on any sound: a network that moves a photograph, as the opening of the lips.

kleinlee/DH_live at commit a3611cd (July 2024): network and weights, MIT by its README. Its six coefficients become an
opening by the map through which it taught our networks (model/datasets/teacher.py); the 0.10 s by which it is put in
time are those of shared/data/faces/teacher.
"""

from __future__ import annotations

import importlib.util
import os
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.track import AnimationTrack

from ..datasets.teacher import opening_of
from .performance import OPEN, SAMPLE_RATE, Program, samples_of

LABEL = "dhlive_in_time"
HOW = "DH_LIVE=FOLDER names a checkout of kleinlee/DH_live at a3611cd; kaldi-native-fbank from PyPI"
NETWORK, WEIGHTS = "talkingface/models/audio2bs_lstm.py", "checkpoint/audio.pkl"
FPS, FIRST_S, FRAMES_LEFT_OUT = 25.0, 0.02, 2
"""Of an opening: rate, time of the first, and how many of the network's frames come before it."""
AFTER = round(0.2 * SAMPLE_RATE)
"""Samples of silence after the sound, so that its last frames exist."""


def installed() -> bool:
    folder, filters = os.environ.get("DH_LIVE"), importlib.util.find_spec("kaldi_native_fbank")
    return bool(folder) and (Path(folder) / WEIGHTS).exists() and filters is not None


class DHLive(Program):
    """Put in time, as it teaches."""

    label = LABEL

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack:
        """One channel, OPEN."""
        samples = samples_of(sound)
        return AnimationTrack((OPEN,), opening_of(self.coefficients(samples))[:, None], FPS, FIRST_S)

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """[T, 6] at FPS from FIRST_S on, put in time; `samples` mono at SAMPLE_RATE."""
        last = max(int((len(samples) / SAMPLE_RATE - FIRST_S) * FPS) + 1, 1)
        return self._performed(np.concatenate([samples, np.zeros(AFTER, np.float32)]))[FRAMES_LEFT_OUT:][:last]

    @cached_property
    def _network(self) -> torch.nn.Module:
        folder = Path(os.environ["DH_LIVE"])
        description = importlib.util.spec_from_file_location("dh_live_network", folder / NETWORK)
        module = importlib.util.module_from_spec(description)
        description.loader.exec_module(module)
        network = module.Audio2Feature()
        network.load_state_dict(torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True))
        return network.eval()

    def _performed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """[T, 6] at 25 Hz; the features are set as in its audio_model.py."""
        import kaldi_native_fbank as features  # only this needs it

        options = features.FbankOptions()
        options.frame_opts.dither = 0
        options.frame_opts.frame_length_ms = 50
        options.frame_opts.frame_shift_ms = 20
        options.frame_opts.snip_edges = False
        options.mel_opts.num_bins = 80
        bank = features.OnlineFbank(options)
        bank.accept_waveform(SAMPLE_RATE, samples.tolist())
        pairs = bank.num_frames_ready // 2
        bands = np.stack([bank.get_frame(i) for i in range(2 * pairs)])
        memory = torch.zeros(2, 2, 1, 192)
        with torch.no_grad():
            return self._network(torch.from_numpy(bands)[None].float(), *memory)[0][0].numpy()
