"""One mouth at a time: closures are kept, nothing flickers, no gaps; and the files that hold cues."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions
from lipsync_addon.exporters.cues import CLOSURE, FOLDER, HOLD, Cue, viseme_cues

CLOSED = ("viseme_PP", "viseme_FF")


def render(format_id: str, track: AnimationTrack, **options: object) -> str:
    return b"".join(FORMATS[format_id].render(track, ExportOptions(**options))).decode()


def likely(labels: list[int], fps: float = 50.0) -> AnimationTrack:
    """A network that is sure of these visemes, one number per frame."""
    values = np.full((len(labels), 15), 0.1 / 14)
    values[np.arange(len(labels)), labels] = 0.9
    return AnimationTrack(VISEMES_15, values, fps)


def check_whole(cues: list[Cue], end: float) -> None:
    assert cues[0].start == 0 and cues[-1].end == pytest.approx(end)
    assert all(a.end == b.start for a, b in pairwise(cues))


@settings(deadline=None)
@given(st.lists(st.integers(0, 14), min_size=1, max_size=60), st.sampled_from([25.0, 50.0, 60.0]))
def test_no_gap_no_flicker_and_every_closure(labels: list[int], fps: float) -> None:
    track = likely(labels, fps)
    cues = list(viseme_cues(track))
    check_whole(cues, track.duration + 0.5 / fps)
    for before, cue, after in zip(cues, cues[1:], cues[2:], strict=False):  # the recording's ends may cut a mouth short
        crowded = cue.shape in CLOSED and {before.shape, after.shape} & set(CLOSED)
        least = 1 / fps if crowded else CLOSURE if cue.shape in CLOSED else HOLD
        assert cue.end - cue.start >= min(least, track.duration) - 0.5 / fps - 1e-6
    for frame, label in enumerate(labels):
        run_begins = frame == 0 or labels[frame - 1] != label
        if VISEMES_15[label] in CLOSED and run_begins:
            end = frame
            while end < len(labels) and labels[end] == label:
                end += 1
            inside = [
                c for c in cues if c.shape == VISEMES_15[label] and c.start < end / fps and c.end > (frame - 1) / fps
            ]
            assert inside, f"no {VISEMES_15[label]} at {frame / fps} s"


def test_a_flicker_of_one_frame_is_left_out_but_a_closure_of_one_frame_is_not() -> None:
    aa, ih, pp = (VISEMES_15.index(f"viseme_{name}") for name in ("aa", "ih", "PP"))
    assert [cue.shape for cue in viseme_cues(likely([aa] * 8 + [ih] + [aa] * 8))] == ["viseme_aa"]
    cues = list(viseme_cues(likely([aa] * 8 + [pp] + [aa] * 8)))
    assert [cue.shape for cue in cues] == ["viseme_aa", "viseme_PP", "viseme_aa"]
    assert cues[1].start < 8 / 50 < cues[1].end and cues[1].end - cues[1].start == pytest.approx(0.04)


def test_my_name_is_poppy(spoken: AnimationTrack) -> None:
    """m, m, p, p: four closures of the lips, where the sound has them."""
    cues = list(viseme_cues(spoken))
    assert [cue.shape for cue in cues].count("viseme_PP") == 4
    assert cues[0].shape == "viseme_sil"
    check_whole(cues, spoken.duration + 0.01)


def test_an_offset_makes_room_with_silence_or_cuts(spoken: AnimationTrack) -> None:
    late, early = list(viseme_cues(spoken, 1.0)), list(viseme_cues(spoken, -0.5))
    assert late[0] == Cue(0.0, 1.0, "viseme_sil")
    check_whole(late, spoken.duration + 1.01)
    check_whole(early, spoken.duration - 0.49)


@pytest.mark.parametrize("table", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_tables_name_all_visemes(table: Path) -> None:
    data = json.loads(table.read_text(encoding="utf-8"))
    assert data["format_version"] == 1 and data["id"] == table.stem and set(data["shapes"]) == set(VISEMES_15)


def test_rhubarbs_three_files_say_the_same(spoken: AnimationTrack) -> None:
    sound = 'a & "b" <ü>.wav'
    tsv, xml_text, json_text = (render(f"rhubarb-{kind}", spoken, sound=sound) for kind in ("tsv", "xml", "json"))
    lines = [line.split("\t") for line in tsv.splitlines()]
    cues = [(float(a[0]), float(b[0]), a[1]) for a, b in pairwise(lines)]
    assert lines[0][0] == "0.00" and lines[-1][1] == "X" and all(re.fullmatch(r"\d+\.\d\d", time) for time, _ in lines)
    assert {shape for _, _, shape in cues} <= set("ABCDEFGHX") and all(a[2] != b[2] for a, b in pairwise(cues))
    tree = xml.etree.ElementTree.fromstring(xml_text.encode())
    assert tree.tag == "rhubarbResult" and tree.findtext("metadata/soundFile") == sound
    found = [(float(c.get("start")), float(c.get("end")), c.text) for c in tree.findall("mouthCues/mouthCue")]
    data = json.loads(json_text)
    assert found == cues == [(c["start"], c["end"], c["value"]) for c in data["mouthCues"]]
    assert data["metadata"] == {"soundFile": sound, "duration": cues[-1][1]}
    assert float(tree.findtext("metadata/duration")) == cues[-1][1]


@pytest.mark.parametrize("fps", [None, 12.0, 24.0, 30.0])
@pytest.mark.parametrize("format_id, rest, closed", [("papagayo", "rest", "MBP"), ("moho", "X", "A")])
def test_moho(spoken: AnimationTrack, format_id: str, rest: str, closed: str, fps: float | None) -> None:
    head, *lines = render(format_id, spoken, fps=fps).splitlines()
    assert head == "MohoSwitch1"
    frames, shapes = zip(*(line.split(" ") for line in lines))
    frames = [int(frame) for frame in frames]
    assert frames[0] == 1 and frames == sorted(set(frames)) and shapes[-1] == rest
    assert frames[-1] == pytest.approx(1 + spoken.duration * (fps or 24), abs=1.5)
    assert shapes.count(closed) == 4


def test_azure_events(spoken: AnimationTrack) -> None:
    events = json.loads(render("azure", spoken))
    offsets = [event["audioOffset"] for event in events]
    assert offsets[0] == 0 and offsets == sorted(set(offsets)) and offsets[-1] < spoken.duration * 1e7
    assert all(0 <= event["visemeId"] <= 21 for event in events)
    assert [event["visemeId"] for event in events].count(21) == 4
