# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthesises the example voice lines listed in `LINES` into examples/lines: `python make_lines.py [FOLDER]`.

Needs the commands `flite`, `espeak-ng` and `ffmpeg`. Writes mono FLAC, peak at -3 dB, and `lines.csv`.
"""
from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

PEAK_DB = -3.0


@dataclass(frozen=True)
class Line:
    """One voice line; `voice` is the synthesiser's own name for it."""

    file: str
    language: str
    voice: str
    synthesiser: str
    text: str


LINES = (
    Line("hello_en.flac", "en-US", "slt", "flite",
         "Hello! My name is Poppy. Feed me a voice, and watch my mouth move."),
    Line("boat_en.flac", "en-US", "rms", "flite",
         "Five brave puppies paddled a blue boat over the moonlit pool."),
    Line("market_en.flac", "en-GB", "awb", "flite",
         "Would you buy me a few fresh plums from the market before we move on?"),
    Line("robot_en.flac", "en-US", "kal16", "flite",
         "Beep, boop. Warming up the vowels: far, few, food, foam and five."),
    Line("zug_de.flac", "de", "de+f3", "espeak-ng",
         "Am Abend fuhr ein bunter Zug über die Brücke, und alle Vögel flogen mit."),
    Line("lobo_es.flac", "es", "es+m3", "espeak-ng",
         "Mi abuelo vive en un pueblo pequeño y prepara un café muy bueno."),
    Line("lune_fr.flac", "fr", "fr-fr+f2", "espeak-ng",
         "Bonjour ! Une petite plume bleue vole au-dessus du pont, sous la lune."),
    Line("fiets_nl.flac", "nl", "nl+m2", "espeak-ng",
         "Mijn buurvrouw fietst vroeg op de ochtend met een mand vol bloemen."),
    Line("paani_hi.flac", "hi", "hi+f2", "espeak-ng", "नमस्ते! मेरा भाई पीले फूल और मीठे आम बाज़ार से लाया।"),
)


def synthesise(line: Line, wav: Path) -> None:
    """Speak the line into a WAV file."""
    if line.synthesiser == "flite":
        command = ["flite", "-voice", line.voice, "-t", line.text, "-o", str(wav)]
    else:
        command = ["espeak-ng", "-v", line.voice, "-s", "150", "-w", str(wav), line.text]
    subprocess.run(command, check=True)


def peak_db(wav: Path) -> float:
    """Highest sample of a sound file in dB of full scale."""
    run = subprocess.run(["ffmpeg", "-hide_banner", "-i", str(wav), "-af", "volumedetect", "-f", "null", "-"],
                         check=True, capture_output=True, text=True)
    found = re.search(r"max_volume: (-?[\d.]+) dB", run.stderr)
    if not found:
        raise RuntimeError(f"ffmpeg gave no peak level for {wav}")
    return float(found.group(1))


def encode(wav: Path, flac: Path) -> None:
    """Write the sound as mono 16-bit FLAC with its peak at PEAK_DB, at its own sample rate."""
    gain = PEAK_DB - peak_db(wav)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(wav), "-af", f"volume={gain}dB", "-ac", "1",
                    "-sample_fmt", "s16", "-compression_level", "12", "-map_metadata", "-1", "-fflags", "+bitexact",
                    "-flags:a", "+bitexact", str(flac)], check=True)


def make(folder: Path) -> None:
    """Make every line and the table."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for line in LINES:
            wav = Path(scratch) / "line.wav"
            synthesise(line, wav)
            encode(wav, folder / line.file)
    with open(folder / "lines.csv", "w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(asdict(LINES[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in LINES)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "lines")
