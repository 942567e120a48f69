"""The viewing test: a page that gives nothing away, and mean opinions from what it saves."""

from __future__ import annotations

import json
from pathlib import Path


def test_the_page_is_blind_and_its_answers_are_counted(sample: Path, tmp_path: Path, lipsync) -> None:
    clips = []
    for system in ("ours", "theirs"):
        for number in range(2):
            clip = tmp_path / system / f"{system}_{number}.mp4"
            clip.parent.mkdir(exist_ok=True)
            clip.write_bytes(sample.read_bytes()[:1000])
            clips.append(clip)
    ran = lipsync("rate", *clips, "--out", tmp_path / "test")
    assert ran.code == 0, ran.err
    page = (tmp_path / "test" / "index.html").read_text(encoding="utf-8")
    assert "ours" not in page and "theirs" not in page and page.count(".mp4") == 4
    key = json.loads((tmp_path / "test.key.json").read_text(encoding="utf-8"))
    assert sorted(key.values()) == sorted(map(str, clips))
    files = []
    for rater, (good, bad) in enumerate([(5, 2), (4, 2), (5, 3), (4, 1)]):
        scores = {clip: {"sync": good if "ours_" in source else bad} for clip, source in key.items()}
        files.append(tmp_path / f"{rater}.json")
        files[-1].write_text(json.dumps({"scores": scores}), encoding="utf-8")
    ran = lipsync("rate", "--results", *files, "--key", tmp_path / "test.key.json")
    assert ran.code == 0, ran.err
    ours, theirs = [line.split() for line in ran.out.splitlines()[1:]]
    assert ours[:3] == ["sync", "ours", "4.50"] and theirs[:3] == ["sync", "theirs", "2.00"]
    assert 4 <= float(ours[3]) <= 4.5 <= float(ours[5]) <= 5 and ours[-1] == "4"
    files[0].write_text('{"scores": {"clip001.mp4": {"sync": 9}}}', encoding="utf-8")
    ran = lipsync("rate", "--results", files[0], "--key", tmp_path / "test.key.json")
    assert ran.code == 2 and str(files[0]) in ran.err
