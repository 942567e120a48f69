"""Subtitles of a baked line in Chromium: every word in its cue, the right one shown with the sound.

`--update-golden` keeps the picture in docs/.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from lipsync_addon.cli import main
from tests.engines import browser
from tests.engines.prediction import LINE

TEXT = "Hello! My name is Poppy. Feed me a voice, and watch my mouth move."
SECOND = 4.2


def test_chromium_shows_what_is_said(root: Path, tmp_path: Path, update_golden: bool) -> None:
    assert (
        main(["bake", str(LINE), "--quiet", "--text", TEXT, "--language", "en", "--to", str(tmp_path / "line.vtt")])
        == 0
    )
    samples, rate = soundfile.read(LINE)
    soundfile.write(tmp_path / "line.wav", samples, rate)
    shutil.copy(root / "tests" / "engines" / "web" / "captions.html", tmp_path)
    shutil.copy(root / "examples" / "poppy.png", tmp_path)
    picture = tmp_path / "subtitles.png"
    with browser.served(tmp_path) as address:
        seen = browser.drive("captions.mjs", f"{address}/captions.html", str(picture), str(SECOND))
    assert seen["duration"] == pytest.approx(len(samples) / rate, abs=0.05)
    assert " ".join(cue["plain"] for cue in seen["cues"]) == TEXT
    assert all("<00:00:0" in cue["text"] for cue in seen["cues"]), "words have no times"
    assert all(0 <= a["start"] < a["end"] <= b["start"] for a, b in zip(seen["cues"], seen["cues"][1:]))
    expected = [cue["plain"] for cue in seen["cues"] if cue["start"] <= SECOND < cue["end"]]
    assert seen["shown"] == expected and "mouth move" in expected[0]
    kept = root / "docs" / "pictures" / "subtitles.png"
    if update_golden:
        shutil.copy(picture, kept)
    assert kept.is_file()
