"""A character as a film: baked, rendered by Blender, with its sound and the mark."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import soundfile

from lipsync_addon.cli import main


def test_a_character_speaks_in_a_film(root: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(root / "examples" / "lines" / "hello_en.flac")
    soundfile.write(tmp_path / "line.wav", samples[: int(0.6 * rate)], rate)
    film, character = tmp_path / "film.mp4", root / "examples" / "character.blend"
    arguments = ["--character", character, "--audio", tmp_path / "line.wav", "--output", film, "--quality", "low"]
    assert main(["video", *map(str, arguments), "--fps", "10"]) == 0
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
    assert found["streams"][0]["height"] == 480 and found["format"]["tags"]["synthetic"] == "true"
