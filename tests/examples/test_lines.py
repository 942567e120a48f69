# SPDX-License-Identifier: GPL-3.0-or-later
"""The example voice lines are there, as the table says, and small."""
from __future__ import annotations

import csv
from pathlib import Path

import pytest

LINES = Path(__file__).resolve().parents[2] / "examples" / "lines"


def table() -> list[dict[str, str]]:
    with open(LINES / "lines.csv", encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def flac_info(path: Path) -> tuple[int, int, float]:
    """Sample rate (Hz), channels and length (s) from a FLAC file's STREAMINFO block."""
    head = path.read_bytes()[:42]
    assert head[:4] == b"fLaC" and head[4] & 0x7F == 0
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    return rate, channels, samples / rate


def test_table_lists_exactly_the_files() -> None:
    rows = table()
    assert list(rows[0]) == ["file", "language", "voice", "synthesiser", "text"]
    assert sorted(r["file"] for r in rows) == sorted(p.name for p in LINES.glob("*.flac"))
    assert all(value for r in rows for value in r.values())
    assert rows[0]["file"] == "hello_en.flac"


@pytest.mark.parametrize("row", table(), ids=lambda r: r["file"])
def test_line_is_short_mono_speech(row: dict[str, str]) -> None:
    rate, channels, seconds = flac_info(LINES / row["file"])
    assert rate in (16000, 22050)
    assert channels == 1
    assert 3.0 <= seconds <= 6.0
    assert (LINES / row["file"]).stat().st_size < 150_000
