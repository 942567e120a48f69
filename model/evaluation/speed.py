"""How fast the network runs and how large it is. bench/speed.py measures the whole command."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_addon.speech.sound_file import open_sound

from ..paths import BENCH
from .bench import dev_sounds
from .performance import LOUDNESS, SAMPLE_RATE, Network, clip

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Speed:
    """Best of three runs over a minute of speech, the sound in memory and the network loaded."""

    times_real_time: float
    """Seconds of sound per second on the clock; low where the machine has other work."""
    times_real_time_cpu: float
    """Seconds of sound per CPU second, all threads together."""
    cores: int
    load: float
    """Processes that wanted to run meanwhile (mean of a minute); above `cores` the first figure is too low."""
    megabytes: float
    """Network and description on disk."""


def measure(network: Network, path: Path) -> Speed:
    speech = np.concatenate([s for p in dev_sounds().values() for s in open_sound(p, SAMPLE_RATE).blocks()])
    sound = clip(speech[: SECONDS * SAMPLE_RATE])
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    wall, cpu = [], []
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        network.predictor.predict(sound)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    spec = network.predictor.spec
    files = [path, *(path.with_name(graph.file) for graph in (spec.hear, spec.move))]
    size = sum(file.stat().st_size for file in files) / 1e6
    return Speed(sound.duration / min(wall), sound.duration / min(cpu), os.cpu_count() or 1, load, size)


def peers() -> dict[str, float]:
    """{program: seconds of sound per CPU second of the whole command}, as stored in the bench."""
    stored = json.loads((BENCH / "peers_speed.json").read_text(encoding="utf-8"))["peers"]
    return {LOUDNESS if name == "rms" else name: 1 / figures["rtf_cpu"] for name, figures in stored.items()}
