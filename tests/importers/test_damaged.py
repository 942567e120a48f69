"""Files with holes, wrong bytes and nonsense in them: curves, or one sentence that names the file."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.exporters import FORMATS, ExportOptions
from lipsync_addon.importers import read_curves, read_phonemes
from tests.exporters.said import MY_NAME_IS_POPPY

ROOT = Path(__file__).parents[2]
READABLE = ("livelink", "json", "csv", "a2f-json", "a2f-csv", "rhubarb-tsv", "rhubarb-xml", "rhubarb-json", "textgrid")
ODD = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"nan",
    b"1e999",
    b"-1",
    b'"',
    b"{",
    b"]",
    b",,,",
    b"\n",
    b"9" * 400,
    "é".encode("latin-1"),
]


@cache
def sound(format_id: str) -> bytes:
    """A file without damage."""
    track = read_curves(ROOT / "tests" / "data" / "spoken.json")
    return b"".join(FORMATS[format_id].render(track, ExportOptions(said=MY_NAME_IS_POPPY)))


def read(name: str, data: bytes) -> str | None:
    """What is said against it; None where it was read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        for reader in (read_phonemes, read_curves):
            said = None
            try:
                track = reader(path)
            except LipsyncError as error:
                assert name in error.message and error.hint and "\n" not in str(error) and len(str(error)) < 1500
                said = error.message
        if said:
            return said
        assert np.isfinite(track.values).all() and np.isfinite(track.fps) and track.values.size < 1e8
        return None


@settings(deadline=None, max_examples=20)
@pytest.mark.parametrize("format_id", READABLE)
@given(place=st.floats(0, 1), length=st.integers(0, 60), put=st.sampled_from(ODD))
def test_a_damaged_place(format_id: str, place: float, length: int, put: bytes) -> None:
    data = sound(format_id)
    start = round(place * len(data))
    read(f"a{FORMATS[format_id].extension}", data[:start] + put + data[start + length :])


@settings(deadline=None, max_examples=20)
@pytest.mark.parametrize("format_id", READABLE)
@given(place=st.floats(0, 0.98))
def test_a_file_that_ends_too_early(format_id: str, place: float) -> None:
    read(f"a{FORMATS[format_id].extension}", sound(format_id)[: round(place * len(sound(format_id)))])


@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("ending", sorted({FORMATS[each].extension for each in READABLE}))
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore"))))
def test_something_else_entirely(ending: str, data: bytes) -> None:
    assert read(f"a{ending}", data) is not None


@pytest.mark.parametrize("format_id", READABLE)
def test_without_damage(format_id: str) -> None:
    assert read(f"a{FORMATS[format_id].extension}", sound(format_id)) is None


@pytest.mark.parametrize("ending", [".csv", ".json", ".flac"])
def test_a_sound_in_the_place_of_curves(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"take{ending}").write_bytes(b"fLaC\x00\x00\x00\x22\x80\xff")
    with pytest.raises(LipsyncError, match="is damaged or of another kind: it is not text") as raised:
        read_curves(tmp_path / f"take{ending}")
    assert "codec" not in raised.value.message and "Readable are" in raised.value.hint


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"mouthCues": []}', "range|index|no mouths"),
        ('{"mouthCues": [{"start": 0, "value": "X"}]}', "'end' is missing"),
        ('{"facsNames": ["jawOpen"], "exportFps": 0, "weightMat": [[0.1], [0.2]]}', "damaged"),
        ('{"format_version": 1, "names": ["a", "a"], "fps": 50, "start": 0, "values": [[1, 2]]}', "unique"),
        ('{"format_version": 1, "names": ["a"], "fps": 1e-300, "start": 0, "values": [[1], [2]]}', "damaged|frames"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_json_that_is_well_formed_and_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(LipsyncError, match=words):
        read_curves(tmp_path / "a.json")
