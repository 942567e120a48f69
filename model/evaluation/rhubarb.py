"""Rhubarb Lip Sync, where it is installed, on any sound: its mouths as an opening and as visemes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from lipsync_addon.core.audio_clip import Sound
from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import VISEME_OF_PHONE
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.importers.rhubarb import PHONE_OF_SHAPE

from .. import paths
from ..targets import FPS
from . import bench
from .performance import OPEN, SAMPLE_RATE, Program, samples_of

MODES = ("pocketSphinx", "phonetic")
"""Its recognisers: of words, which knows English, and of phones, for every language."""
LABELS = {"pocketSphinx": "rhubarb_ps", "phonetic": "rhubarb_phonetic"}
"""The bench's names."""
HOW = "the command `rhubarb` of DanielSWolf/rhubarb-lip-sync, MIT, on PATH"
VISEME_OF_SHAPE = {shape: VISEMES_15.index(VISEME_OF_PHONE[phone]) for shape, phone in PHONE_OF_SHAPE.items()}
"""One viseme stands for all that share a shape."""


def installed() -> bool:
    return shutil.which("rhubarb") is not None


@cache
def version() -> str:
    """As it says itself; empty where it is not installed."""
    if not installed():
        return ""
    return subprocess.run(["rhubarb", "--version"], capture_output=True, text=True).stdout.strip()


class Rhubarb(Program):
    """One of its recognisers. What it makes of a sound is kept under runs/peers, for it takes long."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.label = LABELS[mode]

    def perform(self, sound: Sound, language: str = "", text: str = "") -> AnimationTrack | None:
        """The opening as the bench reads it of its mouths, and visemes; words are given to it as dialog text."""
        words = self.mode == "pocketSphinx"
        if words and not language.startswith("en"):
            return None
        samples = samples_of(sound)
        cues = self._cues(samples, text if words else "")
        times = np.arange(len(samples) * FPS / SAMPLE_RATE + 1) / FPS
        shapes = np.array([VISEME_OF_SHAPE[shape] for _, shape in cues])
        at = np.maximum(np.searchsorted([start for start, _ in cues], times + 1e-6) - 1, 0)
        lips = np.interp(times, *bench.script("eval_openness").cues_to_open(cues, len(samples) / SAMPLE_RATE))
        values = np.column_stack([lips, np.eye(len(VISEMES_15))[shapes[at]]])
        return AnimationTrack((OPEN, *VISEMES_15), values, FPS)

    def _cues(self, samples: np.ndarray, text: str) -> list[tuple[float, str]]:
        """[(start s, shape)] of [N] samples at 16 kHz. Raises LipsyncError with what it said where it fails."""
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        key = hashlib.sha256("\n".join((version(), self.mode, text)).encode() + pcm.tobytes()).hexdigest()[:24]
        kept = paths.RUNS / "peers" / "rhubarb" / f"{key}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as temporary:
                wav, out, dialog = (Path(temporary) / name for name in ("sound.wav", "out.json", "dialog.txt"))
                soundfile.write(wav, pcm, SAMPLE_RATE)
                dialog.write_text(text, encoding="utf-8")
                command = [
                    "rhubarb", "--quiet", "--exportFormat", "json", "--recognizer", self.mode, "--output", out, wav,
                ]  # fmt: skip
                said = ["--dialogFile", dialog] if text else []
                done = subprocess.run([*command, *said], capture_output=True, text=True, errors="replace")
                if done.returncode:
                    raise LipsyncError("Rhubarb failed.", " ".join((done.stderr or done.stdout).split())[:300])
                shutil.copyfile(out, kept)
        cues = json.loads(kept.read_text(encoding="utf-8"))["mouthCues"]
        return [(cue["start"], cue["value"]) for cue in cues] or [(0.0, "X")]
