"""The words in text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.speech.text_file import read_text

FILES = {
    "line.txt": ("﻿Hello there.", "Hello there."),
    "line.srt": (
        "1\n00:00:00,000 --> 00:00:01,000\n<i>Hello</i> {\\an8}there,\nyou\n\n2\n00:00:01,500 --> 00:00:02,000\n7 dogs.\n",
        "Hello there,\nyou\n7 dogs.",
    ),
    "line.vtt": (
        "WEBVTT\n\nNOTE nobody says this\n\nintro\n00:00.000 --> 00:01.000 align:start\n<v Ann>Hello there.\n",
        "Hello there.",
    ),
    "line.fountain": (
        "Title: Nothing\n\nINT. KITCHEN - DAY\n\nAnn walks in.\n\nANN (O.S.)\n(whispers)\nHello *there*.\n[[a note]]\n\n"
        "@McBob\nWho?\n\nCUT TO:\n\nBOB ^\nMe.\n",
        "Hello there.\n\nWho?\nMe.",
    ),
    "pause.fountain": ("ANN\nWell.\n  \nNo.\n\nShe goes.\n  \nHe stays.\n", "Well.\nNo."),
    "names.srt": (
        "1\n00:00:00,000 --> 00:00:01,000\n"
        "JOHN: What?\n- DR. O'NEIL (V.O.): No.\nMAN 1:\nAt 10: go.\nHe said: YES: now.\n",
        "What?\nNo.\nAt 10: go.\nHe said: YES: now.",
    ),
    "names.vtt": ("WEBVTT\n\n00:00.000 --> 00:01.000\n<b>ÅSA</b>: Hej.\n", "Hej."),
    "signs.srt": ("1\n00:00:00,000 --> 00:00:01,000\nTom &amp; Ann&#39;s caf&eacute;\n", "Tom & Ann's café"),
    "signs.vtt": ("WEBVTT\n\n00:00.000 --> 00:01.000\n<b>3 &lt; 4</b>&nbsp;&amp; more\n", "3 < 4\u00a0& more"),
}


@pytest.mark.parametrize("name", FILES)
def test_only_what_is_said_is_read(name: str, tmp_path: Path) -> None:
    content, said = FILES[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert [line for line in read_text(tmp_path / name).splitlines() if line] == [
        line for line in said.splitlines() if line
    ]


def test_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Grüße", encoding="utf-16")
    assert read_text(tmp_path / "a.txt") == "Grüße"


@pytest.mark.parametrize(("content", "complaint"), [(b"\xe4\xf6", "not text in UTF-8"), (b"  \n", "has no words")])
def test_files_that_say_nothing_are_named(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(LipsyncError, match=f"a.txt .*{complaint}"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(LipsyncError, match="b.txt cannot be read"):
        read_text(tmp_path / "b.txt")
