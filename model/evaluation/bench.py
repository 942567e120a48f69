"""Runs the scripts of shared/bench on curves and reads their numbers; nothing of them is repeated here."""

from __future__ import annotations

import csv
import importlib
import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.phones import arpabet_to_units, ipa_to_units, spread
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.speech.sound_file import open_sound

from ..network import ARKIT_CHANNELS
from ..paths import BENCH, SPEECH
from .performance import CURVE_FPS, OPEN, Network, Phones, opening, write_curves

PROGRAMS = {
    "ours": "this network",
    "ours, wrong sound": "this network, wrong sound",
    "previous": "our previous release",
    "previous, wrong sound": "our previous release, wrong sound",
    "dhlive": "DH_live as it comes",
    "dhlive_in_time": "DH_live, put in time, as it teaches",
    "dhlive_fitted_in_time": "DH_live, put in time, level fitted",
    "cherry": "Cherry Lip Sync",
    "ps5_align": "pocketsphinx, text aligned",
    "ps5_allphone": "pocketsphinx, phones",
    "pocketsphinx_table": "pocketsphinx, phones, our table",
    "rhubarb_ps_text": "Rhubarb, words and text",
    "rhubarb_ps": "Rhubarb, words",
    "rhubarb_phonetic": "Rhubarb, phonetic",
    "rms_band_db": "loudness 300-1200 Hz, dB",
    "(the face itself)": "the face itself",
}
"""The bench's names of what the report shows, in that order; report.json holds the others too."""


def dev_sounds() -> dict[str, Path]:
    """{name: sound file} of every dev clip and Dutch utterance."""
    return {
        path.stem: path
        for folder in (BENCH / "dev" / "audio", BENCH / "dev_nl")
        for path in sorted(folder.iterdir())
        if path.suffix in (".flac", ".opus")
    }


def clip_sets() -> dict[str, str]:
    """{clip: set} of the filmed and captured dev clips."""
    with open(BENCH / "dev" / "clips.tsv", encoding="utf-8") as file:
        return {row["clip"]: row["set"] for row in csv.DictReader(file, delimiter="\t")}


def bake(network: Network, folder: Path) -> None:
    """Curves of every dev sound into `folder`, from file to file as the command `lipsync bake` does it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in dev_sounds().items():
        sound = open_sound(path, network.predictor.spec.sample_rate)
        write_curves(network.perform(sound), folder / f"{name}.csv")


def run(script: str, curves: Path, *options: str, name: str = "ours") -> dict:
    """The numbers of score.py or articulation.py for a folder of curves. Raises RuntimeError with what it said."""
    with tempfile.TemporaryDirectory() as temporary:
        result = Path(temporary) / "result.json"
        command = [sys.executable, script, "--pred", str(curves), "--name", name, "--fps", str(CURVE_FPS)]
        done = subprocess.run(
            [*command, "--json", str(result), *options], cwd=BENCH, capture_output=True, text=True, encoding="utf-8"
        )
        if done.returncode or not result.exists():
            raise RuntimeError(f"{script} failed on {curves}:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
        return json.loads(result.read_text(encoding="utf-8"))


@cache
def script(name: str) -> ModuleType:
    """A script of the bench, for single clips: "eval_openness" has its definitions of closure, level and talking
    part."""
    sys.path.insert(0, str(BENCH))  # they import each other
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCH))


def stored_opening(program: str, sound: str) -> AnimationTrack | None:
    """Lip opening of a peer for a dev sound; None where the bench has no curves of it."""
    for folder in ("peers", "peers_nl"):
        path = BENCH / folder / program / f"{sound}.csv"
        if path.exists():
            return opening_track(*script("eval_openness").read_pred(str(path)))
    return None


def opening_track(times: NDArray[np.float64], lips: NDArray[np.floating]) -> AnimationTrack:
    """[T] evenly spaced seconds and openings as a track."""
    fps = (len(times) - 1) / float(times[-1] - times[0])
    return AnimationTrack((OPEN,), np.asarray(lips)[:, None], fps, float(times[0]))


def at_60(track: AnimationTrack) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, NDArray[np.float32]]]:
    """(times, opening, curves by lower-case name) as articulation.py reads them from a file."""
    times = np.arange(0, track.times[-1] + 1 / 60, 1 / 60)
    lips = np.interp(times, track.times, np.maximum(opening(track), 0))
    if OPEN in track.names:
        return times, lips, {}
    curves = track.select(ARKIT_CHANNELS).at(times)
    return times, lips, {name.lower(): curves[:, i] for i, name in enumerate(ARKIT_CHANNELS)}


def listed_dutch_phones() -> dict[str, list[tuple[float, float, str]]]:
    """{utterance of dev_nl: [(start s, end s, IPA)]} as the bench has them."""
    return json.loads((BENCH / "dev_nl" / "phones.json").read_text(encoding="utf-8"))


def dutch_phones() -> dict[str, Phones]:
    """{utterance of dev_nl: phones}; gaps are silence."""
    found = {}
    for name, phones in listed_dutch_phones().items():
        found[name], last = [], 0.0
        for start, end, ipa in phones:
            if start - last > 0.01:
                found[name].append((last, start, "sil"))
            found[name] += spread(start, end, ipa_to_units(ipa) or ("sil",))
            last = end
    return found


def clip_phones(clip: str) -> Phones:
    """What is known of a GRID clip: all phones of the other talkers; p, b, m and pauses of talker 1."""
    path = BENCH / "dev" / "phones" / f"{clip}.json"
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    phones = [part for start, end, name in listed for part in spread(start, end, arpabet_to_units(name))]
    return sorted(phones + [(start, end, "sil") for start, end, word in clip_words(clip) if word in ("sil", "sp")])


def dev_texts() -> dict[str, tuple[str, str]]:
    """{dev clip or utterance: (its words, language)} of GRID and Dutch."""
    grid = json.loads((BENCH / "dev" / "texts.json").read_text(encoding="utf-8"))
    with open(SPEECH / "nathalie_nl" / "utterances.tsv", encoding="utf-8") as file:
        rows = {row["utt"]: row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    return {name: (text, "en") for name, text in grid.items()} | {name: (rows[name], "nl") for name in dutch_phones()}


def clip_words(clip: str) -> list[tuple[float, float, str]]:
    """[(start s, end s, word)] of a clip of GRID talker 1; [] for others."""
    path = BENCH / "dev" / "phones" / f"{clip}.words.json"
    return [tuple(word) for word in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
