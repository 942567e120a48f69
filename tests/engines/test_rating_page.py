"""The page of `lipsync rate` in Chromium: every clip is seen once, all questions are asked, the answers can be
counted."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lipsync_addon.cli import main
from tests.engines import browser


def test_a_rater_sees_every_clip_and_saves_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [tmp_path / "ours" / "a.mp4", tmp_path / "theirs" / "b.mp4", tmp_path / "theirs" / "c.mp4"]
    for clip in clips:
        clip.parent.mkdir(exist_ok=True)
        make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=96x64:d=0.4", "-pix_fmt", "yuv420p", str(clip)]
        subprocess.run(make, check=True)
    assert main(["rate", *map(str, clips), "--out", str(tmp_path / "test")]) == 0
    with browser.served(tmp_path / "test") as address:
        found = browser.drive("rate.mjs", f"{address}/index.html")
    key = json.loads((tmp_path / "test.key.json").read_text(encoding="utf-8"))
    assert sorted(name for name, _ in found["shown"]) == sorted(key)
    assert {width for _, width in found["shown"]} == {96}
    assert found["saved"]["scores"] == dict.fromkeys(key, {"realism": 4, "sync": 2, "naturalness": 4})
    saved = tmp_path / found["file"]
    saved.write_text(json.dumps(found["saved"]), encoding="utf-8")
    capsys.readouterr()
    assert main(["rate", "--results", str(saved), "--key", str(tmp_path / "test.key.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:3] == ["sync", "ours", "2.00"] for line in lines)
