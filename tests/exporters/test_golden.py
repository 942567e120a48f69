"""Every format against a file that was looked at: the words are the same, and the numbers to four decimals."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions, JawCurve, fbx_file
from tests.exporters.readers import fbx_array
from tests.exporters.said import MY_NAME_IS_POPPY

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
OF_CUES = ("rhubarb-tsv", "rhubarb-xml", "rhubarb-json", "papagayo", "moho", "azure")
OPTIONS = ExportOptions(
    max_error=0.01, clip="hello", path="Armature/Face", sound="hello_en.flac",
    jaw=JawCurve("Armature/Head/Jaw", (0.0, 0.0, 90.0), (18.0, 0.0, 90.0)), said=MY_NAME_IS_POPPY,
)  # fmt: skip


@pytest.mark.parametrize("format_id", FORMATS)
def test_golden(root: Path, spoken: AnimationTrack, format_id: str, update_golden: bool) -> None:
    golden = root / "tests" / "exporters" / "golden" / f"{format_id}{FORMATS[format_id].extension}"
    track = spoken
    if format_id not in OF_CUES:  # the "m" of "my" and a little of its vowel are enough
        track = spoken.select(("jawOpen", "mouthClose", *VISEMES_15))
        track = track.with_values(track.values[4:16])
    written = b"".join(FORMATS[format_id].render(track, OPTIONS))
    if update_golden:
        golden.write_bytes(written)
    special = {".npz": same_arrays, ".vmd": same_keys, ".vrma": same_glb, ".glb": same_glb, ".fbx": same_fbx}
    compare = special.get(golden.suffix, same_text)
    compare(written, golden.read_bytes())


def same_text(written: bytes, expected: bytes) -> None:
    written_text, expected_text = written.decode(), expected.decode()
    assert NUMBER.sub("#", written_text) == NUMBER.sub("#", expected_text)
    numbers = [np.array(NUMBER.findall(text), float) for text in (written_text, expected_text)]
    np.testing.assert_allclose(*numbers, atol=1e-4, rtol=1e-4)


def same_keys(written: bytes, expected: bytes) -> None:
    """MMD: 58 bytes of head, keys of 23 bytes, 16 bytes of zeros."""
    assert (written[:58], written[-16:]) == (expected[:58], expected[-16:])
    new, old = (list(struct.iter_unpack("<15sIf", data[58:-16])) for data in (written, expected))
    assert [key[:2] for key in new] == [key[:2] for key in old]
    np.testing.assert_allclose([key[2] for key in new], [key[2] for key in old], atol=1e-4)


def same_glb(written: bytes, expected: bytes) -> None:
    """A chunk of JSON, then one of 32-bit numbers."""
    end = 20 + struct.unpack_from("<I", expected, 12)[0]
    same_text(written[20:end].strip(), expected[20:end].strip())
    new, old = (np.frombuffer(data[-((len(expected) - end) // 4 - 2) * 4 :], "<f4") for data in (written, expected))
    np.testing.assert_allclose(new, old, atol=1e-4)


def same_fbx(written: bytes, expected: bytes) -> None:
    """Node by node; another zlib may compress in another way."""

    def compare(new: list[fbx_file.Node], old: list[fbx_file.Node]) -> None:
        assert [each.name for each in new] == [each.name for each in old]
        for a, b in zip(new, old, strict=True):
            for index, ((kind, stored), (old_kind, old_stored)) in enumerate(
                zip(a.properties, b.properties, strict=True)
            ):
                assert kind == old_kind
                if kind in "fdil":
                    np.testing.assert_allclose(fbx_array(a), fbx_array(b), atol=1e-2)
                elif kind in "FD":
                    assert a.value(index) == pytest.approx(b.value(index), abs=1e-4)
                else:
                    assert stored == old_stored
            compare(a.children, b.children)

    compare(fbx_file.parse(written)[0], fbx_file.parse(expected)[0])


def same_arrays(written: bytes, expected: bytes) -> None:
    new, old = np.load(io.BytesIO(written)), np.load(io.BytesIO(expected))
    assert list(new) == list(old)
    for name in old:
        assert new[name].dtype == old[name].dtype and (new[name] == old[name]).all()
