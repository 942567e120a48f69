"""A character as a film: baked, rendered by Blender, with its sound and the mark."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import soundfile

from lipsync_addon.blender import film as films
from lipsync_addon.cli import main


@pytest.mark.parametrize("quality", ["low", "high"])
def test_a_character_speaks_in_a_film(root: Path, tmp_path: Path, monkeypatch, quality: str) -> None:
    """Workbench as it is, Cycles small and with few samples."""
    monkeypatch.setitem(films.ENGINES, "high", ("CYCLES", 96))
    monkeypatch.setattr(films, "SAMPLES", 2)
    samples, rate = soundfile.read(root / "examples" / "lines" / "hello_en.flac")
    soundfile.write(tmp_path / "line.wav", samples[: int(0.6 * rate)], rate)
    film, character = tmp_path / "film.mp4", root / "examples" / "character.blend"
    arguments = ["--character", character, "--audio", tmp_path / "line.wav", "--output", film, "--quality", quality]
    assert main(["video", *map(str, arguments), "--fps", "5"]) == 0
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,height:format_tags",
        "-of",
        "json",
        str(film),
    ]
    found = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)
    assert {stream["codec_name"] for stream in found["streams"]} == {"h264", "aac"}
    assert found["streams"][0]["height"] == films.ENGINES[quality][1] and found["format"]["tags"]["synthetic"] == "true"
